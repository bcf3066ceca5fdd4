//! The calls that control groups need: what a folder is, whose namespace this is, and a fork right into a group.

use std::fs;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use libc::pid_t;

use super::super::{Side, check, errno, fork};

/// `CGROUP2_SUPER_MAGIC`
const CGROUP2: i64 = 0x6367_7270;

/// A path that came as bytes.
pub fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// Whether this is a folder of the unified hierarchy.
pub fn is_cgroup2(path: &Path) -> io::Result<bool> {
    let name = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: plain numbers, for which zero is a value.
    let mut found: libc::statfs = unsafe { zeroed() };
    // SAFETY: a C string, and room for one structure.
    check(unsafe { libc::statfs(name.as_ptr(), &raw mut found) })?;
    Ok(i128::from(found.f_type) == i128::from(CGROUP2))
}

/// A number for the pid namespace of this process.
pub fn pid_namespace() -> io::Result<u64> {
    fs::metadata("/proc/self/ns/pid").map(|namespace| namespace.ino())
}

/// When a process was started, in the kernel's own measure; `None` when there is none of that number.
pub fn start_of(pid: pid_t) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, which may hold anything, ends with the last parenthesis; the state, which comes next, is field 3.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(22 - 3)?.parse().ok()
}

/// A fork whose child begins in that group; joining later would stop every fork of the machine for a moment. False with
/// kernels, and under filters, that don't have the call: then the child is still where its parent is.
pub fn fork_into(group: BorrowedFd<'_>) -> io::Result<(Side, bool)> {
    let mut arguments = CloneArguments {
        flags: CLONE_INTO_CGROUP,
        exit_signal: libc::SIGCHLD as u64,
        cgroup: group.as_raw_fd() as u64,
        ..CloneArguments::default()
    };
    // SAFETY: the kernel reads one structure. Without a stack or shared memory this is a fork of a program with one thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<CloneArguments>()) };
    match pid {
        0 => Ok((Side::Child, true)),
        pid if pid > 0 => Ok((Side::Parent(pid as pid_t), true)),
        _ if matches!(errno(), libc::ENOSYS | libc::EINVAL | libc::E2BIG | libc::EPERM) => {
            Ok((fork()?, false))
        }
        _ => Err(io::Error::last_os_error()),
    }
}

const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// `struct clone_args` in its third version.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}
