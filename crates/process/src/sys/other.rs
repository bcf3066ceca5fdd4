//! Systems without pipe2, memfd and pidfd: an unlinked temporary file, and process groups by number.

use std::io::{Seek as _, Write as _};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, Signal};
use rustix::pty::{OpenptFlags, openpt};

/// There is no such flag here; Node ignores SIGPIPE for the whole process.
pub(crate) const NO_SIGNAL: SendFlags = SendFlags::empty();

/// Between the two calls another thread's spawn could inherit the ends: there is no call here that does both at once.
pub(crate) fn pipe() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe()?;
    rustix::io::fcntl_setfd(&read, FdFlags::CLOEXEC)?;
    rustix::io::fcntl_setfd(&write, FdFlags::CLOEXEC)?;
    Ok((read, write))
}

/// A slave's last close waits here until its output was read, which the I/O thread must not.
pub(crate) const HOLDS_SLAVE: bool = false;

/// With a moment between the two calls, as for pipes.
pub(crate) fn open_master() -> rustix::io::Result<OwnedFd> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    rustix::io::fcntl_setfd(&master, FdFlags::CLOEXEC)?;
    Ok(master)
}

pub(crate) fn open_slave(master: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    super::terminal::slave_by_name(master)
}

/// There is no SEQPACKET here: a stream, on which every message has its length in front.
pub(crate) fn socket_pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
    for fd in [&ours, &theirs] {
        rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(fd, true)?;
    }
    Ok((ours, theirs))
}

pub(crate) fn stream_pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
    for fd in [&ours, &theirs] {
        rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
    }
    Ok((ours, theirs))
}

pub(crate) fn set_pipe_size(_fd: BorrowedFd<'_>, _bytes: usize) {}

pub(crate) fn memory_file(bytes: &[u8]) -> Result<OwnedFd, i32> {
    let failed = |error: std::io::Error| error.raw_os_error().unwrap_or(libc::EIO);
    let path = format!("/tmp/sluicegate-{}-{:p}", rustix::process::getpid().as_raw_nonzero(), bytes);
    let mut file =
        std::fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(failed)?;
    std::fs::remove_file(&path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.rewind()).map_err(failed)?;
    Ok(OwnedFd::from(file))
}

pub(crate) fn pidfd(_pid: i32) -> Result<OwnedFd, i32> {
    Err(libc::ENOSYS)
}

pub(crate) fn identity(_pid: i32) -> Result<OwnedFd, i32> {
    Err(libc::ENOSYS)
}

pub(crate) fn kill_group(_leader: BorrowedFd<'_>, group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// There is no way to read the mask without changing it for every thread; children get the common one.
pub(crate) fn umask() -> u32 {
    0o022
}
