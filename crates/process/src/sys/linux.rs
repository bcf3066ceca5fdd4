//! Linux: pipe2, memfd, pidfd, and the file mode mask from /proc.

use std::io::Write as _;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, MemfdFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, socketpair};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt};

/// Flag of `pidfd_send_signal` (Linux 6.9): to the process group the pidfd's process leads.
const PIDFD_SIGNAL_PROCESS_GROUP: libc::c_uint = 1 << 2;

/// Held until the child has exited. Without it the terminal would seem to be at its end as soon as a program that lives on
/// has closed its three descriptors, and our answer would hang it up.
pub(crate) const HOLDS_SLAVE: bool = true;

pub(crate) fn open_master() -> rustix::io::Result<OwnedFd> {
    openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
}

/// By the master: a name says little where another `devpts` is mounted.
pub(crate) fn open_slave(master: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    ioctl_tiocgptpeer(master, flags).or_else(|_| super::terminal::slave_by_name(master))
}

/// A message to a peer that is gone is an error and nothing else.
pub(crate) const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;

pub(crate) fn pipe() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
}

pub(crate) fn socket_pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    // On both ends before anything is sent: only then does the first message carry its sender.
    set_socket_passcred(&ours, true)?;
    set_socket_passcred(&theirs, true)?;
    Ok((ours, theirs))
}

pub(crate) fn stream_pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

pub(crate) fn set_pipe_size(fd: BorrowedFd<'_>, bytes: usize) {
    // Refused by quota or ceiling: the pipe keeps the size it has, which is what the caller documents.
    let _ = rustix::pipe::fcntl_setpipe_size(fd, bytes);
}

pub(crate) fn memory_file(bytes: &[u8]) -> Result<OwnedFd, i32> {
    let failed = Errno::raw_os_error;
    let file = rustix::fs::memfd_create("sluicegate-spawn", MemfdFlags::CLOEXEC).map_err(failed)?;
    let mut writer = std::fs::File::from(file);
    writer.write_all(bytes).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?;
    Ok(OwnedFd::from(writer))
}

pub(crate) fn pidfd(pid: i32) -> Result<OwnedFd, i32> {
    let pid = Pid::from_raw(pid).ok_or(libc::ESRCH)?;
    pidfd_open(pid, PidfdFlags::empty()).map_err(Errno::raw_os_error)
}

/// What says later on whether a process is still the one it is now: a pidfd, or its folder in `/proc` where there are none.
pub(crate) fn identity(pid: i32) -> Result<OwnedFd, i32> {
    pidfd(pid).or_else(|_| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty()).map_err(Errno::raw_os_error)
    })
}

/// SIGKILL to the group that the process of this identity led. Kernels that can't address a group by pidfd are given its
/// number, which is its own as long as its leader is there. Without a leader it is what is left of the group, if anything is:
/// somebody else's process of that number would have been found.
pub(crate) fn kill_group(leader: BorrowedFd<'_>, group: i32) {
    // SAFETY: a system call on a descriptor that is borrowed for it; no memory is passed.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            leader.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            PIDFD_SIGNAL_PROCESS_GROUP,
        )
    };
    let Some(group) = Pid::from_raw(group).filter(|_| sent != 0) else { return };
    let is_there = pidfd_send_signal(leader, Signal::KILL).is_ok()
        || rustix::fs::statat(leader, "stat", AtFlags::empty()).is_ok();
    if is_there || rustix::process::test_kill_process(group) == Err(Errno::SRCH) {
        // An empty group is no error here: the leader was its last member.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// The file mode mask of this process, without changing it.
pub(crate) fn umask() -> u32 {
    static STATUS: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let status = STATUS.get_or_init(|| {
        rustix::fs::open("/proc/self/status", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
    });
    let mut text = [0; 128];
    let read = status.as_ref().and_then(|status| rustix::io::pread(status, &mut text, 0).ok()).unwrap_or(0);
    text.get(..read).and_then(parse_umask).unwrap_or(0o022)
}

fn parse_umask(status: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(status).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(value.trim(), 8).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_mask_is_the_one_of_this_process() {
        let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
        assert_eq!(super::umask(), 0o027);
        rustix::process::umask(before);
        assert_eq!(super::umask(), before.as_raw_mode());
    }
}
