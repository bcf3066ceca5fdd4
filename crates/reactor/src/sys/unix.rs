//! What every Unix does alike: FIONREAD, poll for a hang-up, a thread that takes no signals.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{Shutdown, shutdown};

/// Bytes that wait in the kernel.
pub(crate) fn buffered(fd: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(rustix::io::ioctl_fionread(fd)?)
}

/// Whether the other side is gone: no writer for a read end, no reader for a write end. Data may still wait.
pub(crate) fn hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut fds, Some(&now)) {
        Ok(_) => fds.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR)),
        Err(_) => false,
    }
}

/// Ends one direction of a socket.
pub(crate) fn end_half(fd: BorrowedFd<'_>, writing: bool) {
    // A socket whose other side is gone has nothing left to end.
    let _ = shutdown(fd, if writing { Shutdown::Write } else { Shutdown::Read });
}

/// Starts a thread with every signal blocked: the process's signals stay with the threads that expect them.
///
/// # Errors
/// What the system said when there was no thread to be had.
pub fn spawn_without_signals(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `all` is written by sigfillset before it is read, `before` by pthread_sigmask; both outlive the calls.
    let blocked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr())
    };
    let started = thread::Builder::new().name(name.to_owned()).stack_size(256 * 1024).spawn(body);
    if blocked == 0 {
        // SAFETY: `before` was filled by the successful call above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    started.map(drop)
}
