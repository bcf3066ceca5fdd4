//! Writing to raw descriptors: no buffering, so that what was counted is what the kernel took.

use crate::start::Failure;

/// What came of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All bytes were taken.
    Written,
    /// The reader is gone.
    Closed,
}

/// Writes all of `bytes`, telling `taken` after each call how many more the kernel has.
pub fn write_all(fd: i32, mut bytes: &[u8], mut taken: impl FnMut(usize)) -> Result<Outcome, Failure> {
    while !bytes.is_empty() {
        // SAFETY: pointer and length are those of one live slice.
        let count = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        let Ok(count) = usize::try_from(count) else {
            match std::io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => continue,
                Some(libc::EAGAIN) => wait_for_room(fd),
                Some(libc::EPIPE) => return Ok(Outcome::Closed),
                _ => return Err(Failure::last("write")),
            }
            continue;
        };
        taken(count);
        bytes = bytes.get(count..).unwrap_or_default();
    }
    Ok(Outcome::Written)
}

/// A line on standard output, written in one call.
pub fn say(line: &str) -> Result<(), Failure> {
    write_all(1, format!("{line}\n").as_bytes(), |_| ()).map(|_| ())
}

fn wait_for_room(fd: i32) {
    let mut poll = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one live pollfd, and its count is one.
    unsafe { libc::poll(&raw mut poll, 1, -1) };
}
