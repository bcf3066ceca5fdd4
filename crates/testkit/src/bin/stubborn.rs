//! `stubborn [--setsid] [--double-fork] [--close] [--stop]`: ignores TERM, INT, HUP and QUIT, prints `ready <pid>`, and stays.
//! `--setsid` leaves the group and session, `--double-fork` the parent (the first process then exits 0),
//! `--close` lets the standard streams go after the line, `--stop` stops itself.
#![no_main]

use std::ffi::c_char;

use testkit::sys::{self, Side};
use testkit::{Args, Failure, say, start};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, stubborn) }
}

fn stubborn(args: &Args) -> Result<u8, Failure> {
    if args.has("--double-fork") {
        if let Side::Parent(_) = sys::fork()? {
            return Ok(0);
        }
        sys::new_session();
        if let Side::Parent(_) = sys::fork()? {
            sys::leave(0);
        }
    }
    if args.has("--setsid") {
        if let Side::Parent(_) = sys::fork()? {
            sys::pause_for_ever();
        }
        sys::new_session();
    }
    sys::ignore_requests(true);
    say(&format!("ready {}", std::process::id()))?;
    if args.has("--close") {
        (0..3).for_each(sys::close);
    }
    if args.has("--stop") {
        sys::stop_self();
    }
    sys::pause_for_ever()
}
