//! Pipes and duplicates, every one close-on-exec from its first moment.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;

/// A pipe, both ends blocking.
pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd), i32> {
    super::platform::pipe().map_err(rustix::io::Errno::raw_os_error)
}

/// A pipe with both ends non-blocking, for endpoints in this process.
///
/// # Errors
/// The errno.
pub fn make_pipe() -> Result<(OwnedFd, OwnedFd), i32> {
    let (read, write) = pipe()?;
    make_non_blocking(read.as_fd())?;
    make_non_blocking(write.as_fd())?;
    Ok((read, write))
}

pub(crate) fn make_non_blocking(fd: BorrowedFd<'_>) -> Result<(), i32> {
    change_flags(fd, |flags| flags | OFlags::NONBLOCK)
}

/// Takes `O_NONBLOCK` off a description that is ours alone and about to be a child's.
///
/// # Errors
/// The errno.
pub fn make_blocking(fd: &OwnedFd) -> Result<(), i32> {
    change_flags(fd.as_fd(), |flags| flags - OFlags::NONBLOCK)
}

/// A duplicate of a descriptor of the program's own, for a child.
///
/// # Errors
/// The errno: `EBADF` when there is no such descriptor.
pub fn duplicate(fd: i32) -> Result<OwnedFd, i32> {
    if fd < 0 {
        return Err(libc::EBADF);
    }
    // SAFETY: the number came from the program as one of its descriptors; it is only borrowed for the call, and the call
    // fails with EBADF if it is none.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_dupfd_cloexec(borrowed, 3).map_err(rustix::io::Errno::raw_os_error)
}

/// A second descriptor for one of ours.
pub(crate) fn duplicate_own(fd: &OwnedFd) -> Result<OwnedFd, i32> {
    rustix::io::fcntl_dupfd_cloexec(fd, 3).map_err(rustix::io::Errno::raw_os_error)
}

/// What an idle endpoint gave up, made fit for a child; `EBADF` when it was closed.
///
/// # Errors
/// The errno.
pub fn take_over(fd: Option<OwnedFd>) -> Result<OwnedFd, i32> {
    let fd = fd.ok_or(libc::EBADF)?;
    make_blocking(&fd)?;
    Ok(fd)
}

fn change_flags(fd: BorrowedFd<'_>, change: impl FnOnce(OFlags) -> OFlags) -> Result<(), i32> {
    rustix::fs::fcntl_getfl(fd)
        .and_then(|flags| rustix::fs::fcntl_setfl(fd, change(flags)))
        .map_err(rustix::io::Errno::raw_os_error)
}
