//! The shepherd's process: started by a vfork-class spawn, watched by pidfd, reaped by its exact pid. Also what this
//! process is: its credentials and its environment.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Mutex;

use protocol::Strings;
use rustix::process::{Gid, Pid, Uid, WaitId, WaitIdOptions};

use crate::supervisor::lock;

/// The lowest number the shepherd's descriptors are moved to before they are put on 3, 4 and 5, so that none is
/// overwritten before its turn.
const ASIDE: i32 = 10;

/// Who this process is, as far as a child inherits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    users: [Uid; 2],
    groups: [Gid; 2],
    supplementary: Vec<Gid>,
}

pub(crate) fn credentials() -> Credentials {
    use rustix::process::{getegid, geteuid, getgid, getgroups, getuid};
    Credentials {
        users: [getuid(), geteuid()],
        groups: [getgid(), getegid()],
        supplementary: getgroups().unwrap_or_default(),
    }
}

/// A child of this process that nobody else waits for.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    pidfd: Mutex<Option<OwnedFd>>,
}

impl Process {
    /// The descriptor to watch for its end, until it is reaped.
    pub(crate) fn watched(&self) -> Option<i32> {
        lock(&self.pidfd).as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Whether it is a zombie now. A pidfd may report news without one, for instance under a tracer.
    pub(crate) fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(rustix::process::waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Waits for this very pid and nothing else. The process has exited, or has closed its sockets, which it does by
    /// exiting: the wait is short.
    pub(crate) fn reap(&self) {
        drop(lock(&self.pidfd).take());
        let _ = rustix::process::waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED);
    }
}

/// Starts the guard executable with its sockets on 3 and 4 and a pidfd of this process on 5.
pub(crate) fn start_shepherd(
    path: &Path,
    mode: &str,
    spawn: &OwnedFd,
    control: &OwnedFd,
) -> Result<Process, i32> {
    let failed = rustix::io::Errno::raw_os_error;
    let aside = |fd: &OwnedFd| rustix::io::fcntl_dupfd_cloexec(fd, ASIDE).map_err(failed);
    let mut sources = vec![aside(spawn)?, aside(control)?];
    if let Ok(own) = super::platform::pidfd(rustix::process::getpid().as_raw_nonzero().get()) {
        sources.push(aside(&own)?);
    }
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    let mode = CString::new(mode).map_err(|_| libc::EINVAL)?;
    let version = CString::new(protocol::VERSION.to_string()).map_err(|_| libc::EINVAL)?;
    let pid = posix_spawn(&path, &[c"sluicegate-shepherd", &mode, &version], &sources)?;
    let pid = Pid::from_raw(pid).ok_or(libc::ESRCH)?;
    let pidfd = super::platform::pidfd(pid.as_raw_nonzero().get()).ok();
    Ok(Process { pid, pidfd: Mutex::new(pidfd) })
}

/// Spawns with an empty environment, in a group of its own, every signal blocked and none ignored.
fn posix_spawn(path: &CStr, arguments: &[&CStr], descriptors: &[OwnedFd]) -> Result<libc::pid_t, i32> {
    let mut argv: Vec<*mut c_char> = arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
    argv.push(std::ptr::null_mut());
    let envp: [*mut c_char; 1] = [std::ptr::null_mut()];
    let mut actions = MaybeUninit::<libc::posix_spawn_file_actions_t>::uninit();
    let mut attributes = MaybeUninit::<libc::posix_spawnattr_t>::uninit();
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut pid = 0;
    let flags = libc::POSIX_SPAWN_SETPGROUP | libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
    // SAFETY: every object is initialised by its own init function before it is used and destroyed once after; strings
    // and arrays are NUL-terminated and outlive the call; the descriptors are open.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        let outcome = check(libc::posix_spawnattr_init(attributes.as_mut_ptr())).and_then(|()| {
            let outcome = check(libc::posix_spawnattr_setsigmask(attributes.as_mut_ptr(), all.as_ptr()))
                .and_then(|()| {
                    check(libc::posix_spawnattr_setsigdefault(attributes.as_mut_ptr(), all.as_ptr()))
                })
                .and_then(|()| check(libc::posix_spawnattr_setpgroup(attributes.as_mut_ptr(), 0)))
                .and_then(|()| {
                    let flags = libc::c_short::try_from(flags).map_err(|_| libc::EINVAL)?;
                    check(libc::posix_spawnattr_setflags(attributes.as_mut_ptr(), flags))
                })
                .and_then(|()| {
                    (3..).zip(descriptors).try_for_each(|(number, fd)| {
                        check(libc::posix_spawn_file_actions_adddup2(
                            actions.as_mut_ptr(),
                            fd.as_raw_fd(),
                            number,
                        ))
                    })
                })
                .and_then(|()| {
                    let (actions, attributes) = (actions.as_ptr(), attributes.as_ptr());
                    let (argv, envp) = (argv.as_ptr(), envp.as_ptr());
                    check(libc::posix_spawn(&raw mut pid, path.as_ptr(), actions, attributes, argv, envp))
                });
            libc::posix_spawnattr_destroy(attributes.as_mut_ptr());
            outcome
        });
        libc::posix_spawn_file_actions_destroy(actions.as_mut_ptr());
        outcome?;
    }
    Ok(pid)
}

fn check(errno: i32) -> Result<(), i32> {
    if errno == 0 { Ok(()) } else { Err(errno) }
}

/// A copy of the process's environment; see [`crate::snapshot_environ`] for who may call it.
pub(crate) fn environ() -> Strings {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let mut copy = Strings::with_capacity(8 * 1024);
    // SAFETY: `environ` is null or an array of NUL-terminated strings that ends with a null; the caller is the thread
    // that changes it, so nothing moves while it is read.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            copy.push(CStr::from_ptr(*entry).to_bytes());
            entry = entry.add(1);
        }
    }
    copy
}
