//! Systems without F_SETPIPE_SZ, where a hang-up is reported as an end of file on the read filter.

use std::io;
use std::os::fd::BorrowedFd;

use mio::Interest;

pub(crate) fn hangup_interest() -> Interest {
    Interest::READABLE
}

pub(crate) fn set_pipe_size(_fd: BorrowedFd<'_>, _bytes: usize) -> io::Result<usize> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}
