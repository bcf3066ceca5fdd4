//! Making, waiting for and signalling processes the Linux way.

use std::ffi::CStr;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use libc::{c_int, c_long, c_uint, c_void, pid_t};

use super::super::{Change, Exit, Parent, check, errno, own};

/// Orphans below this process come back to it.
pub fn become_subreaper() -> io::Result<()> {
    // SAFETY: no memory is passed.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(drop)
}

/// The name in `ps`.
pub fn name_process(name: &CStr) {
    // SAFETY: the kernel copies at most 16 bytes of a C string.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
}

/// SIGKILL for this process when its parent dies; false when the parent is no longer `parent`. Async-signal-safe.
pub fn die_with(parent: pid_t) -> bool {
    // SAFETY: no memory is passed. Asked after it is set: a parent that dies between the two is seen by the question.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) == 0 && libc::getppid() == parent }
}

/// A descriptor that is readable when any signal is pending.
pub fn signal_descriptor() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised before it is used.
    unsafe {
        let mut all: libc::sigset_t = zeroed();
        libc::sigfillset(&raw mut all);
        own(libc::signalfd(-1, &raw const all, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))
    }
}

/// Forgets the pending signals; false when there were none. SIGCHLD only ever means "look at the children": signals of one
/// kind don't queue.
pub fn drain_signals(fd: BorrowedFd<'_>) -> bool {
    let mut any = false;
    let mut buffer = [0_u8; 4 * size_of::<libc::signalfd_siginfo>()];
    // SAFETY: the buffer is valid for its length.
    while unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) } > 0 {
        any = true;
    }
    any
}

/// Every disposition to its default, including the two signals that the C library keeps to itself: its own functions
/// refuse those. Async-signal-safe.
pub fn clear_dispositions() {
    // Handler, flags, restorer and mask of the kernel's own structure: all zero is the default action.
    let default = [0_u64; 4];
    let old = ptr::null_mut::<c_void>();
    for signal in 1..=64 as c_int {
        // SAFETY: the kernel reads one structure of four words. SIGKILL and SIGSTOP are refused, which is as well.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), old, size_of::<u64>()) };
    }
}

/// An empty signal mask. Async-signal-safe.
pub fn clear_mask() {
    let none = 0_u64;
    let old = ptr::null_mut::<c_void>();
    // SAFETY: the kernel reads a mask of one word.
    unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const none, old, size_of::<u64>())
    };
}

fn close_range(first: RawFd, last: RawFd, flags: c_uint) -> bool {
    // SAFETY: plain numbers. Callers say which descriptors they own there.
    unsafe { libc::syscall(libc::SYS_close_range, first as c_uint, last as c_uint, flags) == 0 }
}

/// A number above those of all descriptors of this process. Async-signal-safe.
fn end_of_descriptors() -> RawFd {
    table_size().unwrap_or_else(|| {
        // SAFETY: the call writes one `rlimit`.
        let limit = unsafe {
            let mut limit: libc::rlimit = zeroed();
            if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 { limit.rlim_cur } else { 1024 }
        };
        // Kept within what a loop may visit.
        RawFd::try_from(limit.min(65_536)).unwrap_or(1024)
    })
}

/// The kernel's table has room for the highest descriptor, and for little more: the limit may be a million.
fn table_size() -> Option<RawFd> {
    // What stands before the line is shorter.
    let mut text = [0_u8; 512];
    // SAFETY: a C string, a buffer with its length, and a descriptor that is closed where it was opened.
    let got = unsafe {
        let status = libc::open(c"/proc/self/status".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        let got = libc::read(status, text.as_mut_ptr().cast(), text.len());
        libc::close(status);
        got
    };
    let name = b"FDSize:\t";
    let text = text.get(..usize::try_from(got).ok()?)?;
    let start = text.windows(name.len()).position(|window| window == name)? + name.len();
    let digits = text.get(start..)?.split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Closes every descriptor from 3 on that is not in the list.
///
/// For the start of a process, when the list is all that it owns: owners of the others must be forgotten, not dropped.
pub fn close_all_but(kept: &[RawFd]) {
    let mut kept: Vec<RawFd> = kept.iter().copied().filter(|fd| *fd > 2).collect();
    kept.sort_unstable();
    let mut first = 3;
    for next in kept.into_iter().chain([RawFd::MAX]) {
        if next > first && !close_range(first, next - 1, 0) {
            for fd in first..next.min(end_of_descriptors()) {
                // SAFETY: a plain number; a closed one is an error that nobody needs.
                unsafe { libc::close(fd) };
            }
        }
        first = next.saturating_add(1);
    }
}

/// Makes every descriptor from `first` on close-on-exec. Async-signal-safe.
pub fn close_on_exec_from(first: RawFd) {
    if close_range(first, RawFd::MAX, libc::CLOSE_RANGE_CLOEXEC) {
        return;
    }
    for fd in first..end_of_descriptors() {
        // SAFETY: a plain number; a closed one is an error that nobody needs.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// A pipe, read end first, both close-on-exec, the read end never waiting.
pub fn errno_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut pair = [0; 2];
    // SAFETY: the call writes two ints.
    check(unsafe { libc::pipe2(pair.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) })?;
    let [reader, writer] = pair;
    // SAFETY: two new descriptors that nothing else owns.
    Ok(unsafe { (OwnedFd::from_raw_fd(reader), OwnedFd::from_raw_fd(writer)) })
}

/// The raw call, which has an argument for the usage that the C library's function lacks. 0 = no child has changed.
fn waitid(
    kind: libc::idtype_t,
    id: pid_t,
    options: c_int,
) -> io::Result<(pid_t, libc::siginfo_t, libc::rusage)> {
    // SAFETY: both structures are plain numbers, for which zero is a value.
    let (mut info, mut usage): (libc::siginfo_t, libc::rusage) = unsafe { (zeroed(), zeroed()) };
    loop {
        // SAFETY: the call writes one structure of each kind.
        let result = unsafe {
            libc::syscall(libc::SYS_waitid, kind, id, &raw mut info, options | libc::WNOHANG, &raw mut usage)
        };
        if result == 0 {
            // SAFETY: zeroed above or written by a wait, so the pid is a number.
            return Ok((unsafe { info.si_pid() }, info, usage));
        }
        if errno() != libc::EINTR {
            return Err(io::Error::last_os_error());
        }
    }
}

/// What became of a child; its zombie stays. A stop is told once.
pub fn wait(pid: pid_t) -> Change {
    match waitid(libc::P_PID, pid, libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT) {
        Err(_) => Change::Stranger,
        Ok((0, ..)) => Change::None,
        Ok((_, info, _)) if matches!(info.si_code, libc::CLD_STOPPED | libc::CLD_TRAPPED) => {
            // Without WNOWAIT this time, so that the same stop isn't found again.
            let _ = waitid(libc::P_PID, pid, libc::WSTOPPED);
            Change::Stopped
        }
        Ok((_, info, usage)) => Change::Exited(exit(&info, &usage)),
    }
}

/// Reaps a child if it is dead.
pub fn reap(pid: pid_t) -> Change {
    match waitid(libc::P_PID, pid, libc::WEXITED) {
        Err(_) => Change::Stranger,
        Ok((0, ..)) => Change::None,
        Ok((_, info, usage)) => Change::Exited(exit(&info, &usage)),
    }
}

/// Reaps any dead child: for when `/proc` can't name them. `Ok(None)` = all are alive, an error = there is no child.
pub fn reap_any() -> io::Result<Option<(pid_t, Exit)>> {
    let (pid, info, usage) = waitid(libc::P_ALL, 0, libc::WEXITED)?;
    Ok((pid != 0).then(|| (pid, exit(&info, &usage))))
}

fn exit(info: &libc::siginfo_t, usage: &libc::rusage) -> Exit {
    // SAFETY: written by a wait, so the status is a number.
    let status = unsafe { info.si_status() };
    let (code, signal) = if info.si_code == libc::CLD_EXITED { (status, 0) } else { (-1, status) };
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    Exit {
        code,
        signal,
        core_dumped: info.si_code == libc::CLD_DUMPED,
        max_rss: usage.ru_maxrss as u64 * 1024,
        user: micros(usage.ru_utime),
        system: micros(usage.ru_stime),
    }
}

/// Signals a process that somebody else may reap: the pidfd pins who it is, then `still` checks that it is the one meant.
/// Without pidfds the check comes right before a plain kill.
pub fn signal_if(pid: pid_t, signal: c_int, still: impl Fn() -> bool) {
    // SAFETY: plain numbers.
    let pinned = own(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) as c_int });
    if pinned.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH)) || !still() {
        return;
    }
    let sent = pinned.is_ok_and(|pidfd| {
        let (fd, info) = (c_long::from(pidfd.as_raw_fd()), ptr::null::<c_void>());
        // SAFETY: no memory is passed.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, info, 0) };
        result == 0 || matches!(errno(), libc::ESRCH | libc::EPERM)
    });
    if !sent {
        let _ = super::super::kill(pid, signal);
    }
}

/// Gives freed memory back to the system, where the C library doesn't by itself.
pub fn return_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no memory is passed; only what is free is given back.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The stack of a vforked child.
#[derive(Debug)]
pub struct Stack {
    base: *mut c_void,
}

const STACK_SIZE: usize = 64 * 1024;
const GUARD: usize = 64 * 1024;

impl Stack {
    /// Memory for one child, with unmapped pages below it: an overflow is a fault in the child, not damage in this process.
    pub fn new() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: new memory of nobody's.
        let base = unsafe { libc::mmap(ptr::null_mut(), STACK_SIZE + GUARD, libc::PROT_NONE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self { base };
        // SAFETY: the upper part of the mapping made above.
        check(unsafe {
            libc::mprotect(base.byte_add(GUARD), STACK_SIZE, libc::PROT_READ | libc::PROT_WRITE)
        })?;
        Ok(stack)
    }
}

impl Stack {
    /// Gives its pages back until the next child needs them.
    pub fn rest(&self) {
        // SAFETY: the mapping made in `new`; no child uses it now, and none needs what is on it.
        unsafe { libc::madvise(self.base, STACK_SIZE + GUARD, libc::MADV_DONTNEED) };
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; the child that used it has executed its program or is gone.
        unsafe { libc::munmap(self.base, STACK_SIZE + GUARD) };
    }
}

/// Runs `entry` in a child that shares this process's memory; returns when it has executed its program or has exited.
///
/// # Safety
/// `entry` must be async-signal-safe, must not return into code of this process, and all signals must be blocked.
pub unsafe fn vfork(
    stack: &Stack,
    parent: Parent,
    entry: extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
) -> io::Result<pid_t> {
    // SAFETY: the top of the stack is aligned, the memory outlives the child's use of it; the rest is the caller's promise.
    check(unsafe {
        let top = stack.base.byte_add(GUARD + STACK_SIZE);
        let sibling = if parent == Parent::Same { libc::CLONE_PARENT } else { 0 };
        libc::clone(entry, top, libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD | sibling, argument)
    })
}

/// Makes standard input the controlling terminal of this process's new session. -1 when it can't be. Async-signal-safe.
pub fn take_terminal() -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::ioctl(0, libc::TIOCSCTTY as _, 0) }
}
