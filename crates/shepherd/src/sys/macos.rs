//! macOS: no subreaper, no PDEATHSIG, no pidfd and no SEQPACKET. Frames are a four-byte length and a payload on a STREAM
//! socket, signals come through kqueue, and a tree is never held together by more than its group.

use std::ffi::CStr;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::ptr;

use libc::{c_int, c_void, pid_t};
use protocol::{MAX_EXTRA_FDS, Resource};

use super::{Change, Exit, Message, Parent, Received, Sender, Side, check, errno, own};

/// Whether targets are started by keepers here, which can hold a tree together.
pub const KEEPERS: bool = false;

/// Room for the most descriptors a message can bring, in words so that it is aligned as a control header must be.
const CONTROL_WORDS: usize = 16 + MAX_EXTRA_FDS / 2;

/// Nothing to do: the peer's credentials can be asked for at any time.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on the other system")]
pub fn prepare_socket(_socket: BorrowedFd<'_>) -> io::Result<()> {
    Ok(())
}

/// Keepers don't exist here.
pub fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Keepers don't exist here.
pub fn send_order(
    _socket: BorrowedFd<'_>,
    _head: &[u8],
    _message: &[u8],
    _descriptors: &[RawFd],
) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Sends one frame; false when there is no room now. A frame is far smaller than the buffer, so it goes whole or not at all.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<bool> {
    let mut frame = (bytes.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(bytes);
    // SAFETY: the buffer is valid for its length; SIGPIPE is ignored.
    let sent =
        unsafe { libc::send(socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), libc::MSG_DONTWAIT) };
    if sent >= 0 {
        return Ok(true);
    }
    match errno() {
        libc::EAGAIN | libc::EINTR | libc::ENOBUFS => Ok(false),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

/// Takes one frame. The length comes with the descriptors; the payload was sent in the same call and is waited for.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Received {
    let mut prefix = [0_u8; 4];
    let mut control = [0_u64; CONTROL_WORDS];
    let mut slice = libc::iovec { iov_base: prefix.as_mut_ptr().cast(), iov_len: prefix.len() };
    // SAFETY: `msghdr` is plain numbers and pointers, for which zero is a value.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_iov = &raw mut slice;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    // SAFETY: the header points at buffers of the lengths it names.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_DONTWAIT) };
    if got < 0 && matches!(errno(), libc::EAGAIN | libc::EINTR) {
        return Received::Nothing;
    }
    if got != 4 {
        return Received::Closed;
    }
    // SAFETY: the header is as the successful call left it.
    let descriptors = unsafe { received(&header) };
    let length = u32::from_le_bytes(prefix) as usize;
    let Some(payload) = buffer.get_mut(..length) else { return Received::Closed };
    // SAFETY: the slice is valid for its length.
    let got =
        unsafe { libc::recv(socket.as_raw_fd(), payload.as_mut_ptr().cast(), length, libc::MSG_WAITALL) };
    if usize::try_from(got) != Ok(length) {
        return Received::Closed;
    }
    let descriptors_lost = header.msg_flags & libc::MSG_CTRUNC != 0;
    Received::Message(Message { length, descriptors, sender: peer(socket), cut: false, descriptors_lost })
}

/// # Safety
/// `header` must come from a successful `recvmsg` whose control buffer is still alive.
unsafe fn received(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    // SAFETY: the kernel wrote a well-formed chain of control messages into the buffer.
    let mut entry = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: null or a header inside the buffer, by the kernel's chain.
    while let Some(found) = unsafe { entry.as_ref() } {
        if found.cmsg_level == libc::SOL_SOCKET && found.cmsg_type == libc::SCM_RIGHTS {
            // SAFETY: arithmetic on constants, and the data behind the header.
            let (payload, data) =
                unsafe { (found.cmsg_len as usize - libc::CMSG_LEN(0) as usize, libc::CMSG_DATA(found)) };
            for index in 0..payload / size_of::<c_int>() {
                // SAFETY: within the payload; each is a new descriptor that nothing else owns.
                let fd = unsafe { data.add(index * size_of::<c_int>()).cast::<c_int>().read_unaligned() };
                // SAFETY: as above.
                descriptors.extend(unsafe {
                    libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
                    Some(OwnedFd::from_raw_fd(fd))
                });
            }
        }
        // SAFETY: as for the first header.
        entry = unsafe { libc::CMSG_NXTHDR(header, found) };
    }
    descriptors
}

fn peer(socket: BorrowedFd<'_>) -> Sender {
    let mut sender = Sender::default();
    let mut size = size_of::<pid_t>() as libc::socklen_t;
    // SAFETY: each call writes the numbers it is given pointers to.
    unsafe {
        libc::getpeereid(socket.as_raw_fd(), &raw mut sender.uid, &raw mut sender.gid);
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_LOCAL,
            libc::LOCAL_PEERPID,
            (&raw mut sender.pid).cast(),
            &raw mut size,
        );
    }
    sender
}

/// There are no subreapers here.
pub fn become_subreaper() -> io::Result<()> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// A process has the name of its file here.
pub fn name_process(_name: &CStr) {}

/// Nothing kills a child with its parent here; only a parent that is gone already is noticed.
pub fn die_with(parent: pid_t) -> bool {
    // SAFETY: no memory is passed.
    unsafe { libc::getppid() == parent }
}

/// A kqueue that is readable after SIGCHLD, which it sees although the signal is blocked.
pub fn signal_descriptor() -> io::Result<OwnedFd> {
    // SAFETY: makes a new descriptor.
    let queue = own(unsafe { libc::kqueue() })?;
    // SAFETY: `kevent` is plain numbers, for which zero is a value.
    let mut change: libc::kevent = unsafe { zeroed() };
    change.ident = libc::SIGCHLD as usize;
    change.filter = libc::EVFILT_SIGNAL;
    change.flags = libc::EV_ADD | libc::EV_CLEAR;
    // SAFETY: one change, no room for events.
    check(unsafe { libc::kevent(queue.as_raw_fd(), &raw const change, 1, ptr::null_mut(), 0, ptr::null()) })?;
    // SAFETY: plain numbers.
    check(unsafe { libc::fcntl(queue.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    Ok(queue)
}

/// Forgets the pending signals; false when there were none.
pub fn drain_signals(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: plain numbers, for which zero is a value.
    let (mut event, now): (libc::kevent, libc::timespec) = unsafe { zeroed() };
    // SAFETY: room for one event.
    unsafe { libc::kevent(fd.as_raw_fd(), ptr::null(), 0, &raw mut event, 1, &raw const now) > 0 }
}

/// Every disposition to its default. Async-signal-safe.
pub fn clear_dispositions() {
    for signal in 1..32 {
        // SAFETY: constants.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// An empty signal mask. Async-signal-safe.
pub fn clear_mask() {
    // SAFETY: zero is the empty set here.
    unsafe {
        let none: libc::sigset_t = zeroed();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

fn highest_descriptor() -> RawFd {
    // SAFETY: no memory is passed.
    unsafe { libc::getdtablesize() }.clamp(256, 65_536)
}

/// Closes every descriptor from 3 on that is not in the list.
pub fn close_all_but(kept: &[RawFd]) {
    for fd in (3..highest_descriptor()).filter(|fd| !kept.contains(fd)) {
        // SAFETY: a plain number; a closed one is an error that nobody needs.
        unsafe { libc::close(fd) };
    }
}

/// Makes every descriptor from `first` on close-on-exec. Async-signal-safe.
pub fn close_on_exec_from(first: RawFd) {
    for fd in first..highest_descriptor() {
        // SAFETY: a plain number; a closed one is an error that nobody needs.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// A pipe, read end first, both close-on-exec, the read end never waiting.
pub fn errno_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut pair = [0; 2];
    // SAFETY: the call writes two ints; the rest are plain numbers. One thread: nothing forks in between.
    unsafe {
        check(libc::pipe(pair.as_mut_ptr()))?;
        for fd in pair {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
        }
        let [reader, writer] = pair;
        Ok((OwnedFd::from_raw_fd(reader), OwnedFd::from_raw_fd(writer)))
    }
}

fn waitid(kind: libc::idtype_t, id: pid_t, options: c_int) -> io::Result<(pid_t, libc::siginfo_t)> {
    // SAFETY: plain numbers, for which zero is a value; the call writes one structure.
    let (result, info) = unsafe {
        let mut info: libc::siginfo_t = zeroed();
        (libc::waitid(kind, id as libc::id_t, &raw mut info, options | libc::WNOHANG), info)
    };
    check(result)?;
    Ok((info.si_pid, info))
}

/// What became of a child; its zombie stays. A stop is told once.
pub fn wait(pid: pid_t) -> Change {
    match waitid(libc::P_PID, pid, libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT) {
        Err(_) => Change::Stranger,
        Ok((0, _)) => Change::None,
        Ok((_, info)) if matches!(info.si_code, libc::CLD_STOPPED | libc::CLD_TRAPPED) => {
            let _ = waitid(libc::P_PID, pid, libc::WSTOPPED);
            Change::Stopped
        }
        Ok((_, info)) => Change::Exited(exit(&info)),
    }
}

/// Reaps a child if it is dead.
pub fn reap(pid: pid_t) -> Change {
    match waitid(libc::P_PID, pid, libc::WEXITED) {
        Err(_) => Change::Stranger,
        Ok((0, _)) => Change::None,
        Ok((_, info)) => Change::Exited(exit(&info)),
    }
}

/// Reaps any dead child. `Ok(None)` = all are alive, an error = there is no child.
pub fn reap_any() -> io::Result<Option<(pid_t, Exit)>> {
    let (pid, info) = waitid(libc::P_ALL, 0, libc::WEXITED)?;
    Ok((pid != 0).then(|| (pid, exit(&info))))
}

/// Usage can't be had here without reaping, which must wait for the release: it is told as zero.
fn exit(info: &libc::siginfo_t) -> Exit {
    let exited = info.si_code == libc::CLD_EXITED;
    let (code, signal) = if exited { (info.si_status, 0) } else { (-1, info.si_status) };
    Exit { code, signal, core_dumped: info.si_code == libc::CLD_DUMPED, ..Exit::default() }
}

/// Signals a process after the check; there is nothing to pin it with.
pub fn signal_if(pid: pid_t, signal: c_int, still: impl Fn() -> bool) {
    if still() {
        let _ = super::kill(pid, signal);
    }
}

/// The family of a process isn't asked for here.
pub fn children_of(_pid: pid_t) -> Option<Vec<pid_t>> {
    None
}

/// The family of a process isn't asked for here.
pub fn parent_of(_pid: pid_t) -> Option<(pid_t, bool)> {
    None
}

/// There is no `/proc`.
pub fn is_usable() -> bool {
    false
}

/// Nothing: keepers don't exist here.
#[derive(Debug)]
pub struct Stack;

/// Keepers, who need it, don't exist here.
pub fn return_freed_memory() {}

impl Stack {
    /// Nothing to give back.
    pub fn rest(&self) {}

    /// Keepers don't exist here.
    pub fn new() -> io::Result<Self> {
        Err(io::Error::from_raw_os_error(libc::ENOSYS))
    }
}

/// Keepers don't exist here.
///
/// # Safety
/// Nothing is done.
pub unsafe fn vfork(
    _stack: &Stack,
    _parent: Parent,
    _entry: extern "C" fn(*mut c_void) -> c_int,
    _argument: *mut c_void,
) -> io::Result<pid_t> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Makes standard input the controlling terminal of this process's new session. -1 when it can't be. Async-signal-safe.
pub fn take_terminal() -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::ioctl(0, libc::TIOCSCTTY.into(), 0) }
}

/// The nice value of this process; -1 when it can't be.
pub fn set_nice(nice: c_int) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }
}

/// Soft and hard limit of a resource; `None` = no limit. -1 when it can't be.
pub fn set_limit(resource: Resource, limit: Option<u64>) -> c_int {
    let kind = match resource {
        Resource::Nofile => libc::RLIMIT_NOFILE,
        Resource::Nproc => libc::RLIMIT_NPROC,
        Resource::As => libc::RLIMIT_AS,
        Resource::Cpu => libc::RLIMIT_CPU,
        Resource::Core => libc::RLIMIT_CORE,
        Resource::Fsize => libc::RLIMIT_FSIZE,
    };
    let limit = limit.unwrap_or(libc::RLIM_INFINITY);
    let both = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: the call reads one structure.
    unsafe { libc::setrlimit(kind, &raw const both) }
}

/// No supplementary groups; -1 when it can't be.
pub fn clear_groups() -> c_int {
    // SAFETY: a list of none.
    unsafe { libc::setgroups(0, ptr::null()) }
}

/// Real, effective and, by root, saved group; -1 when it can't be.
pub fn set_gid(gid: u32) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::setgid(gid) }
}

/// Real, effective and, by root, saved user; -1 when it can't be.
pub fn set_uid(uid: u32) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::setuid(uid) }
}

/// Whether this process could make itself root. If so it is, by now.
pub fn can_be_root_again() -> bool {
    // SAFETY: plain numbers.
    unsafe { libc::seteuid(0) == 0 }
}

/// A path that came as bytes.
pub fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// There are no control groups here.
pub fn is_cgroup2(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// There are no control groups here.
pub fn pid_namespace() -> io::Result<u64> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// There are no control groups here.
pub fn start_of(_pid: pid_t) -> Option<u64> {
    None
}

/// There are no control groups here.
pub fn fork_into(_group: BorrowedFd<'_>) -> io::Result<(Side, bool)> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}
