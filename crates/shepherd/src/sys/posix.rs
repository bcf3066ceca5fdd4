//! System calls that are the same everywhere, each as one small function that takes and gives owned descriptors.

use std::ffi::CStr;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use libc::{c_int, pid_t};

/// The error of the last failed call, as a number.
pub fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// The result of a call that says -1 when it fails.
pub fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The number inside an error.
pub fn number(error: &io::Error) -> c_int {
    error.raw_os_error().unwrap_or(libc::EIO)
}

/// Owns a descriptor that a call has just made.
pub fn own(result: c_int) -> io::Result<OwnedFd> {
    let fd = check(result)?;
    // SAFETY: the call returned a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Puts `/dev/null` on 0, 1 and 2. These three are never close-on-exec: a target keeps those it was given nothing for.
pub fn null_stdio() -> io::Result<()> {
    // SAFETY: a constant path and constant flags.
    let null = check(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) })?;
    for slot in 0..3 {
        // SAFETY: both are plain numbers; dup2 onto itself changes nothing.
        check(unsafe { libc::dup2(null, slot) })?;
    }
    if null > 2 {
        // SAFETY: opened above, owned by nobody else.
        unsafe { libc::close(null) };
    }
    Ok(())
}

/// Goes to `/`, so that no mount is held.
pub fn leave_directory() {
    // SAFETY: a constant path.
    unsafe { libc::chdir(c"/".as_ptr()) };
}

/// Leads a group of its own, so that the terminal's keys don't reach this process.
pub fn lead_group() {
    // SAFETY: no memory is passed. It fails for a session leader, which leads its group already.
    unsafe { libc::setpgid(0, 0) };
}

/// Adopts an inherited descriptor if that number is open, and makes it close-on-exec.
pub fn adopt(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: a plain number; a closed one is an error.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).ok()?;
    // SAFETY: it is open, was inherited for this very use, and each number is adopted once.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Moves a descriptor to the number `at`, close-on-exec; whatever was there is closed.
pub fn place(fd: OwnedFd, at: RawFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() == at {
        return Ok(fd);
    }
    // SAFETY: plain numbers. The caller has closed everything but its list, so nobody owns `at`.
    check(unsafe { libc::dup2(fd.as_raw_fd(), at) })?;
    adopt(at).ok_or_else(io::Error::last_os_error)
}

/// A second descriptor for the same description: the lowest free number from `least` on, close-on-exec.
pub fn duplicate(fd: BorrowedFd<'_>, least: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: plain numbers.
    own(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least) })
}

/// Never wait in a call on this description.
pub fn never_block(fd: BorrowedFd<'_>) {
    // SAFETY: plain numbers.
    unsafe {
        let flags = libc::fcntl(fd.as_raw_fd(), libc::F_GETFL);
        if flags >= 0 {
            libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK);
        }
    }
}

/// How many bytes of a pipe nobody has read yet.
pub fn unread(fd: BorrowedFd<'_>) -> usize {
    let mut count: c_int = 0;
    // SAFETY: the request writes one int.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if result < 0 { 0 } else { usize::try_from(count).unwrap_or(0) }
}

/// One write; whole or not at all for a record below `PIPE_BUF`.
pub fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: the slice is valid for its length.
    let written = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
    if written < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// One read.
pub fn read(fd: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the slice is valid for its length.
    let got = unsafe { libc::read(fd.as_raw_fd(), into.as_mut_ptr().cast(), into.len()) };
    usize::try_from(got).map_err(|_| io::Error::last_os_error())
}

/// Fills the buffer from the file's beginning; false when the file is too short or unreadable.
pub fn read_from_start(fd: BorrowedFd<'_>, into: &mut [u8]) -> bool {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let offset = filled as libc::off_t;
        // SAFETY: the slice is valid for its length.
        let got = unsafe { libc::pread(fd.as_raw_fd(), rest.as_mut_ptr().cast(), rest.len(), offset) };
        match usize::try_from(got) {
            Ok(0) => return false,
            Ok(got) => filled += got,
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return false,
        }
    }
    true
}

/// Waits for one of the descriptors, at most so long; `None` waits for ever. An interruption counts as a wake-up.
pub fn poll(set: &mut [libc::pollfd], timeout: Option<Duration>) {
    // Rounded up: a deadline that is one microsecond away must not become a poll that spins.
    let millis = timeout.map_or(-1, |t| c_int::try_from(t.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX));
    // SAFETY: the slice is valid for its length.
    let result = unsafe { libc::poll(set.as_mut_ptr(), set.len() as libc::nfds_t, millis) };
    if result < 0 {
        for entry in set {
            entry.revents = 0;
        }
    }
}

/// An entry of a poll set.
pub fn interest(fd: BorrowedFd<'_>, events: libc::c_short) -> libc::pollfd {
    libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 }
}

/// Signals one process that this process could reap and has not. 0, 1 and negative numbers are refused.
#[expect(clippy::disallowed_methods, reason = "the reaping process signals, and its own children only")]
pub fn kill(pid: pid_t, signal: c_int) -> io::Result<()> {
    if pid <= 1 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: no memory is passed.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Signals a group whose number is held by a process this process has not reaped. Its own group is refused.
pub fn kill_group(group: pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: no memory is passed.
    if group <= 1 || group == unsafe { libc::getpgrp() } {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: no memory is passed.
    check(unsafe { libc::killpg(group, signal) }).map(drop)
}

/// The group of a process.
pub fn group_of(pid: pid_t) -> Option<pid_t> {
    // SAFETY: no memory is passed.
    let group = unsafe { libc::getpgid(pid) };
    (group > 0).then_some(group)
}

/// Whether anybody is in that group.
pub fn group_exists(group: pid_t) -> bool {
    // SAFETY: no memory is passed.
    group > 1 && (unsafe { libc::killpg(group, 0) } == 0 || errno() == libc::EPERM)
}

/// The session of a process.
pub fn session_of(pid: pid_t) -> Option<pid_t> {
    // SAFETY: no memory is passed.
    let session = unsafe { libc::getsid(pid) };
    (session > 0).then_some(session)
}

/// Whether this process has a child left, dead or alive, in that group.
pub fn has_child_in_group(group: pid_t) -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `siginfo_t` is plain numbers, for which zero is a value.
    let mut info: libc::siginfo_t = unsafe { zeroed() };
    // SAFETY: the call writes one `siginfo_t`.
    unsafe { libc::waitid(libc::P_PGID, group as libc::id_t, &raw mut info, options) == 0 }
}

/// This process.
pub fn own_pid() -> pid_t {
    // SAFETY: no memory is passed.
    unsafe { libc::getpid() }
}

/// Real user and group of this process.
pub fn own_user() -> (libc::uid_t, libc::gid_t) {
    // SAFETY: no memory is passed.
    unsafe { (libc::getuid(), libc::getgid()) }
}

/// The foreground group of a terminal.
pub fn foreground(tty: BorrowedFd<'_>) -> Option<pid_t> {
    // SAFETY: a plain number.
    let group = unsafe { libc::tcgetpgrp(tty.as_raw_fd()) };
    (group > 0).then_some(group)
}

/// The session whose controlling terminal it is, if that is this process's own.
pub fn session_on(tty: BorrowedFd<'_>) -> Option<pid_t> {
    // SAFETY: a plain number.
    let session = unsafe { libc::tcgetsid(tty.as_raw_fd()) };
    (session > 0).then_some(session)
}

/// Changes the foreground group of a terminal. SIGTTOU is blocked in every process that calls this.
pub fn set_foreground(tty: BorrowedFd<'_>, group: pid_t) {
    // SAFETY: plain numbers.
    unsafe { libc::tcsetpgrp(tty.as_raw_fd(), group) };
}

/// Blocks every signal and sets two dispositions that an unlucky parent may have left: an ignored SIGCHLD loses every
/// status, and a SIGPIPE must never end this process.
pub fn shield_from_signals() {
    super::clear_dispositions();
    // SAFETY: the set is initialised by sigfillset before it is used; dispositions are constants.
    unsafe {
        let mut all: libc::sigset_t = zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// The one disposition that [`shield_from_signals`] leaves ignored, back to its default. Async-signal-safe.
pub fn restore_sigpipe() {
    // SAFETY: constants.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// The process made by [`fork`], or this one.
#[derive(Debug)]
pub enum Side {
    Child,
    Parent(pid_t),
}

/// A plain fork. This program has one thread, so the child may do anything its parent could.
#[expect(
    clippy::disallowed_methods,
    reason = "the shepherd is the one small, single-threaded process that forks"
)]
pub fn fork() -> io::Result<Side> {
    // SAFETY: single-threaded: no lock can be held by a thread that doesn't exist in the child.
    match check(unsafe { libc::fork() })? {
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(pid)),
    }
}

/// Ends this process without unwinding: nothing of a forked parent's state is dropped twice.
pub fn leave(code: c_int) -> ! {
    // SAFETY: never returns.
    unsafe { libc::_exit(code) }
}

/// The arguments after the zeroth, as `main` got them.
///
/// # Safety
/// `list` must hold `count` pointers to C strings that live as long as the process.
pub unsafe fn arguments(count: c_int, list: *const *const libc::c_char) -> Vec<&'static CStr> {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: what the caller promises.
    (1..count).map(|index| unsafe { CStr::from_ptr(*list.add(index)) }).collect()
}

/// Ends this side's half of a connection: the other side reads an end of file.
pub fn hang_up(socket: BorrowedFd<'_>) {
    // SAFETY: a plain number.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) };
}

/// Whether this process may do what only root may. Async-signal-safe.
pub fn is_root() -> bool {
    // SAFETY: no memory is passed.
    unsafe { libc::geteuid() == 0 }
}
