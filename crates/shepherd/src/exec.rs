//! The child's side of a spawn, from the fork to execve. After the fork it allocates nothing, locks nothing and unwinds
//! nothing: between vfork and execve the memory is the parent's. `Plan` holds all it needs, made before.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

use libc::{c_char, c_int, pid_t};
use protocol::{Extras, SpawnRequest, Stage, Strings};

use crate::descriptors::Sources;
use crate::{foreground, identity, search, sys};

/// Why a child could not become its target.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    pub stage: Stage,
    pub errno: c_int,
}

/// Bytes of a failure on a pipe.
pub const FAILURE_SIZE: usize = 5;

impl Failure {
    pub fn encode(self) -> [u8; FAILURE_SIZE] {
        let [a, b, c, d] = self.errno.to_le_bytes();
        [self.stage.to_byte(), a, b, c, d]
    }

    pub fn decode(bytes: [u8; FAILURE_SIZE]) -> Self {
        let [stage, a, b, c, d] = bytes;
        let stage = Stage::from_byte(stage).unwrap_or(Stage::Exec);
        Self { stage, errno: c_int::from_le_bytes([a, b, c, d]) }
    }
}

/// A list of C strings and the pointers to them, as execve takes them.
struct Words {
    pointers: Vec<*const c_char>,
    #[expect(dead_code, reason = "owns what the pointers point at")]
    strings: Strings,
}

impl Words {
    fn new(strings: Strings) -> Self {
        let pointers = strings.iter().map(|string| string.as_ptr().cast()).chain([ptr::null()]).collect();
        Self { pointers, strings }
    }
}

/// Everything a child needs to become its target.
pub struct Plan {
    argv: Words,
    env: Words,
    candidates: Vec<Vec<u8>>,
    cwd: Option<Vec<u8>>,
    umask: libc::mode_t,
    setsid: bool,
    /// The process whose terminal's foreground the target gets, where that is its to lend.
    foreground: Option<pid_t>,
    sources: Sources,
    extras: Option<Box<Extras>>,
    /// The process whose death kills the target; `None` for a target that outlives its starter.
    bound_to: Option<pid_t>,
}

impl Plan {
    /// `ends` are the passed descriptors in the order of their slots; they stay the caller's and open until the exec.
    /// `node` is who asked.
    pub fn new(request: SpawnRequest, ends: &[OwnedFd], node: pid_t, bound_to: Option<pid_t>) -> Self {
        let extra = request.extras.as_ref().map_or(&[][..], |extras| &extras.descriptors);
        let sources = Sources::new(request.stdio, extra, ends.iter().map(AsRawFd::as_raw_fd));
        let mut cwd = request.cwd;
        cwd.push(0);
        Self {
            candidates: search::candidates(&request.file, &request.env),
            argv: Words::new(request.argv),
            env: Words::new(request.env),
            cwd: (cwd.len() > 1).then_some(cwd),
            umask: request.umask as libc::mode_t,
            setsid: request.setsid,
            foreground: request.foreground.then_some(node),
            sources,
            extras: request.extras,
            bound_to,
        }
    }
}

impl Plan {
    /// How many descriptors the target has.
    pub fn slots(&self) -> usize {
        self.sources.end() as usize
    }
}

/// Becomes the target; returns only when it can't. Runs in a new process with all signals blocked.
pub fn become_target(plan: &Plan) -> Failure {
    let attempt = || -> Result<(), Failure> {
        // All others are at their default since `main`, and exec takes nothing but ignored ones along.
        sys::restore_sigpipe();
        bind(plan)?;
        // SAFETY: no memory is passed.
        step(Stage::Session, unsafe { if plan.setsid { libc::setsid() } else { libc::setpgid(0, 0) } })?;
        plan.sources.place()?;
        // SAFETY: no memory is passed.
        unsafe { libc::umask(plan.umask) };
        if let Some(cwd) = &plan.cwd {
            // SAFETY: a C string.
            step(Stage::Chdir, unsafe { libc::chdir(cwd.as_ptr().cast()) })?;
        }
        if let Some(node) = plan.foreground {
            take_foreground(plan.setsid, node)?;
        }
        if let Some(extras) = &plan.extras
            && identity::take_on(extras)?
        {
            bind(plan)?;
        }
        // Last, as SIGTTOU must be blocked above; what arrives from here on is the target's.
        sys::clear_mask();
        Ok(())
    };
    match attempt() {
        Ok(()) => Failure { stage: Stage::Exec, errno: execute(plan) },
        Err(failure) => failure,
    }
}

/// Ties the target's life to its parent's, if it shall not outlive it.
fn bind(plan: &Plan) -> Result<(), Failure> {
    if plan.bound_to.is_some_and(|parent| !sys::die_with(parent)) {
        return Err(Failure { stage: Stage::Fork, errno: libc::ECHILD });
    }
    Ok(())
}

/// The result of a call that says -1 when it fails.
pub fn step(stage: Stage, result: c_int) -> Result<c_int, Failure> {
    if result < 0 { Err(Failure { stage, errno: sys::errno() }) } else { Ok(result) }
}

/// In a session of its own the terminal becomes the controlling one, which brings the foreground with it. A terminal that
/// controls another session has no foreground to give; it can be read all the same.
fn take_foreground(own_session: bool, node: pid_t) -> Result<(), Failure> {
    let result = if own_session {
        sys::take_terminal()
    } else {
        // SAFETY: standard input is open: it is the terminal.
        if foreground::is_taken(unsafe { BorrowedFd::borrow_raw(0) }, node) {
            return Ok(());
        }
        // SAFETY: plain numbers.
        unsafe { libc::tcsetpgrp(0, libc::getpid()) }
    };
    match step(Stage::Foreground, result) {
        Err(Failure { errno: libc::ENOTTY, .. }) if !own_session => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Tries the candidates. Only "not there" goes on to the next; of a program that may not be run nothing else is tried, no
/// shell either. EACCES is remembered: it is a better answer than the ENOENT of the folders after it.
fn execute(plan: &Plan) -> c_int {
    let mut denied = false;
    let mut errno = libc::ENOENT;
    for path in &plan.candidates {
        // SAFETY: C strings and null-ended lists of them, alive in the plan.
        unsafe {
            libc::execve(path.as_ptr().cast(), plan.argv.pointers.as_ptr(), plan.env.pointers.as_ptr())
        };
        errno = sys::errno();
        denied |= errno == libc::EACCES;
        if !search::goes_on(errno) {
            return errno;
        }
    }
    // A later folder that isn't one says as little as one without the program.
    match (denied, plan.candidates.len()) {
        (true, _) => libc::EACCES,
        (false, 1) => errno,
        (false, _) => libc::ENOENT,
    }
}
