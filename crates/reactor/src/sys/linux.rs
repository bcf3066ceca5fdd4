//! Linux: `F_SETPIPE_SZ`, and an interest that only hang-ups can meet.

use std::io;
use std::os::fd::BorrowedFd;

use mio::Interest;

/// Pipes never have priority data, and epoll reports hang-up and error whatever was asked for: this wakes on nothing else.
pub(crate) fn hangup_interest() -> Interest {
    Interest::PRIORITY
}

pub(crate) fn set_pipe_size(fd: BorrowedFd<'_>, bytes: usize) -> io::Result<usize> {
    Ok(rustix::pipe::fcntl_setpipe_size(fd, bytes)?)
}
