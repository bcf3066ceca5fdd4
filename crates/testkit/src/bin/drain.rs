//! `drain`: reads standard input to its end, 64 KiB at a time, and prints how many bytes came and how many nanoseconds went by
//! from the first of them to the end. The bare loop that the bench compares a reader with.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Instant;

const BLOCK: usize = 64 * 1024;

fn main() -> io::Result<()> {
    // Not through `Stdin`, which has a lock and a buffer of its own.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut block = vec![0; BLOCK];
    let mut total = input.read(&mut block)?;
    let since = Instant::now();
    loop {
        let count = input.read(&mut block)?;
        if count == 0 {
            break;
        }
        total += count;
    }
    writeln!(io::stdout(), "{total} {}", since.elapsed().as_nanos())
}
