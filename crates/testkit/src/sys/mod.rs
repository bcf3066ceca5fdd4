//! Forks, sessions, signals and pauses: the only folder of the testkit with process calls.

use std::ffi::CString;
use std::time::Duration;

use crate::start::Failure;

mod mask;
pub use mask::{Refusal, take_away};

/// Which side of a fork this is.
pub enum Side {
    /// The new process.
    Child,
    /// The old one, with the new one's pid.
    Parent(i32),
}

/// Forks. Test programs are single-threaded, so the child may do anything.
#[expect(clippy::disallowed_methods, reason = "a program whose purpose is to fork; never loaded into Node")]
pub fn fork() -> Result<Side, Failure> {
    // SAFETY: the process has one thread, so the child's memory is consistent.
    match unsafe { libc::fork() } {
        0 => Ok(Side::Child),
        pid if pid > 0 => Ok(Side::Parent(pid)),
        _ => Err(Failure::last("fork")),
    }
}

/// Starts a session of its own, where it can.
pub fn new_session() {
    // SAFETY: takes and returns plain numbers.
    unsafe { libc::setsid() };
}

/// Ignores the signals that ask a process to go, or dies of them again (a fork inherits what its parent ignored).
pub fn ignore_requests(ignore: bool) {
    let disposition = if ignore { libc::SIG_IGN } else { libc::SIG_DFL };
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: both are valid dispositions for each of these.
        unsafe { libc::signal(signal, disposition) };
    }
}

/// Stops this process, as the terminal's Ctrl-Z can't be refused.
pub fn stop_self() {
    // SAFETY: raises a signal in this very process.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Leaves without running anything that was set up before a fork.
pub fn leave(code: i32) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

/// Becomes the program of that name, searched in PATH.
pub fn execute<T>(words: &[CString]) -> Result<T, Failure> {
    let Some(program) = words.first() else { return Err(Failure::new("no program")) };
    let mut list: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
    list.push(std::ptr::null());
    // SAFETY: C strings, and a list of them that ends with null.
    unsafe { libc::execvp(program.as_ptr(), list.as_ptr()) };
    Err(Failure::last("exec"))
}

/// Waits for signals until one kills.
pub fn pause_for_ever() -> ! {
    loop {
        // SAFETY: no arguments, no memory.
        unsafe { libc::pause() };
    }
}

/// Sleeps.
pub fn sleep_ms(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// A pipe: (read end, write end). Both stay open across forks.
pub fn pipe() -> Result<(i32, i32), Failure> {
    let mut ends = [0_i32; 2];
    // SAFETY: room for two descriptors.
    match unsafe { libc::pipe(ends.as_mut_ptr()) } {
        0 => Ok((ends[0], ends[1])),
        _ => Err(Failure::last("pipe")),
    }
}

/// Closes a descriptor.
pub fn close(fd: i32) {
    // SAFETY: a plain number; callers close what they opened or inherited.
    unsafe { libc::close(fd) };
}

/// Reads what is there: 0 is the end.
pub fn read(fd: i32, into: &mut [u8]) -> Result<usize, Failure> {
    loop {
        // SAFETY: pointer and length are those of one live slice.
        let count = unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) };
        if let Ok(count) = usize::try_from(count) {
            return Ok(count);
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(Failure::last("read"));
        }
    }
}

/// Ids, group, session and umask, each with its name in the probe's answer.
pub fn identity() -> [(&'static str, i64); 10] {
    // SAFETY: none of these takes a pointer; umask is set back at once, in a process of one thread.
    unsafe {
        let umask = libc::umask(0);
        libc::umask(umask);
        [
            ("ppid", libc::getppid().into()),
            ("pgid", libc::getpgid(0).into()),
            ("sid", libc::getsid(0).into()),
            ("foreground", libc::tcgetpgrp(0).into()),
            ("umask", umask.into()),
            ("uid", libc::getuid().into()),
            ("euid", libc::geteuid().into()),
            ("gid", libc::getgid().into()),
            ("egid", libc::getegid().into()),
            ("nice", libc::getpriority(libc::PRIO_PROCESS, 0).into()),
        ]
    }
}

/// Supplementary groups.
pub fn groups() -> Vec<libc::gid_t> {
    let mut groups = vec![0; 256];
    // SAFETY: room for so many groups.
    let count = unsafe { libc::getgroups(256, groups.as_mut_ptr()) };
    groups.truncate(usize::try_from(count).unwrap_or(0));
    groups
}

/// The signal that this process gets when its parent dies; 0 = none.
pub fn death_signal() -> i32 {
    let mut signal = 0_i32;
    #[cfg(target_os = "linux")]
    // SAFETY: the call writes one int.
    unsafe {
        libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut signal);
    }
    signal
}

/// The calls by which this process could become root, one after the other. Whoever is root already can.
pub fn regain_root() -> Vec<&'static str> {
    // SAFETY: plain numbers and an empty list.
    let results = unsafe {
        [
            ("setgroups", libc::setgroups(0, std::ptr::null())),
            ("setgid", libc::setgid(0)),
            ("setegid", libc::setegid(0)),
            ("setregid", libc::setregid(0, 0)),
            ("setuid", libc::setuid(0)),
            ("seteuid", libc::seteuid(0)),
            ("setreuid", libc::setreuid(0, 0)),
        ]
    };
    results.into_iter().filter(|(_, result)| *result == 0).map(|(name, _)| name).collect()
}

/// Whether reads and writes on `fd` come back at once.
pub fn is_non_blocking(fd: i32) -> bool {
    // SAFETY: takes plain numbers; a closed descriptor gives -1.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_NONBLOCK != 0
}

/// Every open descriptor below 1024 with what it is (empty where the system can't tell).
pub fn open_descriptors() -> Vec<(i32, String)> {
    let open = (0..1024).filter(|fd| {
        // SAFETY: takes plain numbers; a closed descriptor gives -1.
        unsafe { libc::fcntl(*fd, libc::F_GETFD) >= 0 }
    });
    open.map(|fd| {
        let link = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default();
        (fd, link.to_string_lossy().into_owned())
    })
    .collect()
}
