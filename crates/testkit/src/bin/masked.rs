//! `masked --without CALL,CALL… [--forbidden] -- PROGRAM [ARGUMENT…]`: runs a program on a kernel without those system calls
//! (see `sys/mask.rs` for their names), which it and all that it starts find missing, or forbidden.
#![no_main]

use std::ffi::{CString, c_char};

use testkit::sys::{Refusal, execute, take_away};
use testkit::{Args, Failure, start};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, masked) }
}

fn masked(args: &Args) -> Result<u8, Failure> {
    let usage = || Failure::new("usage: masked --without CALL,CALL… [--forbidden] -- PROGRAM [ARGUMENT…]");
    let mut parts = args.all().splitn(2, |word| word == "--");
    let own = Args::new(parts.next().unwrap_or_default().to_vec());
    let words = parts.next().filter(|words| !words.is_empty()).ok_or_else(usage)?;
    let names: Vec<&str> = own.text("--without").ok_or_else(usage)?.split(',').collect();
    let words: Result<Vec<CString>, _> = words.iter().map(|word| CString::new(word.as_str())).collect();
    take_away(&names, if own.has("--forbidden") { Refusal::Forbidden } else { Refusal::Unknown })?;
    execute(&words.map_err(|_| usage())?)
}
