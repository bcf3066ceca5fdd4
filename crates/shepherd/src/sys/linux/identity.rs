//! Limits, niceness and credentials of the calling process, by raw calls: all of these are async-signal-safe, also where
//! the memory is shared with the parent, as they change nothing but the kernel's record of this one process.

use std::ptr;

use libc::{c_int, c_uint};
use protocol::Resource;

/// Leaves an id as it is.
const SAME: c_uint = c_uint::MAX;

/// The nice value of this process; -1 when it can't be.
pub fn set_nice(nice: c_int) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::syscall(libc::SYS_setpriority, libc::PRIO_PROCESS, 0, nice) as c_int }
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
    // The kernel's own structure: soft and hard; all ones = no limit.
    let both = [limit.unwrap_or(u64::MAX); 2];
    let old = ptr::null_mut::<u64>();
    // SAFETY: the kernel reads one structure of two words.
    unsafe { libc::syscall(libc::SYS_prlimit64, 0, kind, both.as_ptr(), old) as c_int }
}

/// No supplementary groups; -1 when it can't be.
pub fn clear_groups() -> c_int {
    // SAFETY: a list of none.
    unsafe { libc::syscall(libc::SYS_setgroups, 0, ptr::null::<libc::gid_t>()) as c_int }
}

/// Real, effective and saved group; -1 when it can't be.
pub fn set_gid(gid: u32) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) as c_int }
}

/// Real, effective and saved user; -1 when it can't be.
pub fn set_uid(uid: u32) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) as c_int }
}

/// Whether this process could make itself root. If so it is, by now.
pub fn can_be_root_again() -> bool {
    // SAFETY: plain numbers.
    unsafe { libc::syscall(libc::SYS_setresuid, SAME, 0, SAME) == 0 }
}
