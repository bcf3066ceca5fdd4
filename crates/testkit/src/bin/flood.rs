//! `flood [--block N] [--total N] [--fd N] [--lines N] [--counter FILE] [--exit CODE]`: writes known bytes as fast as they
//! are taken, without end or `--total` of them. The counter file always holds how many bytes the kernel took.
#![no_main]

use std::ffi::c_char;

use testkit::{Args, Content, Counter, Failure, Outcome, start, write_all};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, flood) }
}

fn flood(args: &Args) -> Result<u8, Failure> {
    let block = args.number("--block", 65_536) as usize;
    let total = args.number("--total", u64::MAX);
    let fd = args.number("--fd", 1) as i32;
    let counter = Counter::open(args.text("--counter"))?;
    let mut content = match args.number("--lines", 0) {
        0 => Content::plain(block),
        length => Content::lines(length as usize),
    };
    let mut written = 0_u64;
    while written < total {
        let limit = usize::try_from(total - written).unwrap_or(block).min(block);
        let before = written;
        let outcome = write_all(fd, content.at(before, limit), |taken| {
            written += taken as u64;
            counter.set(written);
        })?;
        if outcome == Outcome::Closed {
            return Ok(141);
        }
    }
    Ok(args.number("--exit", 0) as u8)
}
