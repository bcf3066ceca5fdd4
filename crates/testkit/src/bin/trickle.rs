//! `trickle [--bytes N] [--every MS] [--count N] [--lines] [--counter FILE]`: writes N known bytes each MS milliseconds,
//! `--count` times or without end. With `--lines` each portion ends with a line feed.
#![no_main]

use std::ffi::c_char;

use testkit::{Args, Content, Counter, Failure, Outcome, start, sys, write_all};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, trickle) }
}

fn trickle(args: &Args) -> Result<u8, Failure> {
    let bytes = args.number("--bytes", 1) as usize;
    let every = args.number("--every", 10);
    let count = args.number("--count", u64::MAX);
    let counter = Counter::open(args.text("--counter"))?;
    let mut content = if args.has("--lines") { Content::lines(bytes) } else { Content::plain(bytes) };
    for portion in 0..count {
        let from = portion * bytes as u64;
        let outcome = write_all(1, content.at(from, bytes), |_| ())?;
        if outcome == Outcome::Closed {
            return Ok(141);
        }
        counter.set(from + bytes as u64);
        sys::sleep_ms(every);
    }
    Ok(0)
}
