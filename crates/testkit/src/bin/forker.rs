//! `forker [--depth N] [--width N] [--stubborn none|all|odd] [--setsid] [--root-exits]`: a tree of processes; prints
//! `ready <processes>` when all are up, and all stay. `--setsid` gives each leaf a session of its own.
#![no_main]

use std::ffi::c_char;

use testkit::sys::{self, Side};
use testkit::{Args, Failure, say, start, write_all};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, forker) }
}

fn forker(args: &Args) -> Result<u8, Failure> {
    let (up, told) = sys::pipe()?;
    let depth = args.number("--depth", 2);
    grow(args, depth, 0, told)?;
    let width = args.number("--width", 2);
    let below: u64 = (1..=depth as u32).map(|level| width.pow(level)).sum();
    for _ in 0..below {
        sys::read(up, &mut [0])?;
    }
    say(&format!("ready {}", below + 1))?;
    if args.has("--root-exits") {
        return Ok(0);
    }
    sys::pause_for_ever()
}

/// Forks the children of one member; each child takes on its role, grows its own, tells and stays.
fn grow(args: &Args, depth: u64, place: u64, told: i32) -> Result<(), Failure> {
    let stubborn = match args.text("--stubborn") {
        Some("all") => true,
        Some("odd") => place % 2 == 1,
        _ => false,
    };
    sys::ignore_requests(stubborn);
    for child in 0..if depth == 0 { 0 } else { args.number("--width", 2) } {
        if let Side::Child = sys::fork()? {
            if depth == 1 && args.has("--setsid") {
                sys::new_session();
            }
            grow(args, depth - 1, place * 2 + child + 1, told)?;
            write_all(told, b".", |_| ())?;
            sys::pause_for_ever();
        }
    }
    Ok(())
}
