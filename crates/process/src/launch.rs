//! One spawn as JavaScript asked for it: plain data, complete, validated and defaulted by the caller.

use std::os::fd::OwnedFd;

use protocol::{Containment, Extras, SpawnRequest, Stdio, Strings};

use crate::environ::merge;
use crate::terminal::Terminal;

/// Everything about one spawn.
#[derive(Debug)]
pub struct Launch {
    /// The program: a path with a slash, or a name for the child's own `PATH`.
    pub file: Vec<u8>,
    /// The arguments, the zeroth included.
    pub argv: Strings,
    /// `name=value` entries: overrides of `inherited`, or the whole environment.
    pub env: Strings,
    /// Names to leave out.
    pub unset: Strings,
    /// The environment to merge into, see [`crate::snapshot_environ`].
    pub inherited: Option<Strings>,
    /// Absolute working directory.
    pub cwd: Vec<u8>,
    /// Sources of 0, 1 and 2.
    pub stdio: [Source; 3],
    /// What has to hold the descendants.
    pub containment: Containment,
    /// A session of its own that outlives us.
    pub detached: bool,
    /// End what is left once the child has exited.
    pub kill_on_exit: bool,
    /// The polite signal of a ladder.
    pub kill_signal: u8,
    /// Its time before SIGKILL.
    pub kill_timeout_ms: u32,
    /// Wanted size of the pipes, 0 = the kernel's default.
    pub pipe_size: usize,
    /// Bytes the I/O thread may keep ready of each output, 0 = none.
    pub read_ahead: usize,
    /// Hand the terminal's foreground over.
    pub foreground: bool,
    /// The file mode mask; this process's own at the time of sending if there is none.
    pub umask: Option<u32>,
    /// Sources of 3, 4 and so on.
    pub extra: Vec<Extra>,
    /// What few children need; there whenever `extra` is not empty. Its descriptors are filled in when they are made.
    pub extras: Option<Box<Extras>>,
}

/// A descriptor beyond the standard three.
#[derive(Debug)]
pub struct Extra {
    /// Where it comes from or goes to.
    pub source: Source,
    /// The child reads from it.
    pub input: bool,
}

/// Where one of a child's descriptors comes from or goes to.
#[derive(Debug)]
pub enum Source {
    /// A pipe whose other end is ours.
    Pipe,
    /// A socket that goes both ways, whose other end is ours.
    Duplex,
    /// `/dev/null`.
    Null,
    /// A descriptor already duplicated for the child, or the errno of the attempt.
    Descriptor(Result<OwnedFd, i32>),
    /// A file: read by an input, else created and truncated or appended to.
    File {
        /// Its path, absolute.
        path: Vec<u8>,
        /// Append instead of truncate.
        append: bool,
    },
    /// A pipe that is drained all the time into a ring of so many bytes.
    Tail(usize),
    /// The same as standard output.
    SameAsStdout,
    /// A terminal of its own, in the place of 0 and for all three.
    Terminal(Terminal),
    /// One side of a pipe between two children of one environment, under a number both name.
    Link(u32),
}

impl Launch {
    pub(crate) fn request(
        &self,
        child: u32,
        environment: u32,
        stdio: [Stdio; 3],
        descriptors: Vec<Stdio>,
        umask: impl FnOnce() -> u32,
    ) -> SpawnRequest {
        // It controls a session of its own, and the target's group is in its foreground from the beginning.
        let own_terminal = matches!(self.stdio, [Source::Terminal(_), ..]);
        SpawnRequest {
            child: u64::from(child),
            environment,
            containment: self.containment,
            kill_on_exit: self.kill_on_exit,
            kill_signal: self.kill_signal,
            kill_timeout_ms: self.kill_timeout_ms,
            umask: self.umask.unwrap_or_else(umask),
            setsid: self.detached || own_terminal,
            foreground: self.foreground || own_terminal,
            stdio,
            cwd: self.cwd.clone(),
            file: self.file.clone(),
            argv: self.argv.clone(),
            env: merge(self.inherited.as_ref().unwrap_or(&Strings::default()), &self.env, &self.unset),
            extras: self
                .extras
                .as_ref()
                .map(|extras| Box::new(Extras { descriptors, ..Extras::clone(extras) })),
        }
    }
}
