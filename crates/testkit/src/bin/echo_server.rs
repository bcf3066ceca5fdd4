//! `echo-server [--block N] [--exit CODE]`: writes each block it reads back at once, and ends with its input.
#![no_main]

use std::ffi::c_char;

use testkit::{Args, Failure, Outcome, start, sys, write_all};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, echo) }
}

fn echo(args: &Args) -> Result<u8, Failure> {
    let mut block = vec![0; args.number("--block", 65_536) as usize];
    loop {
        let count = sys::read(0, &mut block)?;
        if count == 0 {
            return Ok(args.number("--exit", 0) as u8);
        }
        if write_all(1, block.get(..count).unwrap_or_default(), |_| ())? == Outcome::Closed {
            return Ok(141);
        }
    }
}
