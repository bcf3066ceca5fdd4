//! What a child's owner is told, in the order in which it happened.

use std::sync::Arc;

use protocol::Containment;
use reactor::Endpoint;

/// One fact about a child. `Failed` comes alone; otherwise `Started`, any number of `Stopped`, `Exited`, `Empty`, and
/// `Orphaned` once between `Started` and `Exited` if it comes at all.
#[derive(Debug)]
pub enum Event {
    /// The program was executed.
    Started {
        /// Its process id, not reused before it is released.
        pid: i32,
        /// What holds its descendants.
        containment: Containment,
        /// Our ends of the three pipes, where they are pipes of ours.
        stdio: [Option<Arc<Endpoint>>; 3],
        /// Two for each descriptor beyond them: our end, and of a socket the end that writes.
        extra: Vec<Option<Arc<Endpoint>>>,
    },
    /// Nothing was executed.
    Failed(Failure),
    /// A foreground child was stopped from the terminal; the foreground was taken back.
    Stopped,
    /// Its shepherd is gone, so its tree is being ended by whoever is left. Told before any end of file that comes of it.
    Orphaned,
    /// The child has exited, or its status is lost.
    Exited(Exit),
    /// Nothing of its tree is left but what can't be killed. The last event.
    Empty {
        /// Processes that outlived SIGKILL.
        survivors: u32,
    },
}

/// Why nothing was executed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was being done: `exec`, `chdir`, `open`, `pipe`, …
    pub stage: &'static str,
    /// The system's error number, 0 when none applies.
    pub errno: i32,
    /// An error code of ours that says more than the number.
    pub code: Option<&'static str>,
    /// The path or other detail the message should name.
    pub detail: String,
}

impl Failure {
    pub(crate) fn new(stage: &'static str, errno: i32) -> Self {
        Self { stage, errno, code: None, detail: String::new() }
    }

    pub(crate) fn shepherd_lost() -> Self {
        Self { code: Some("ERR_SHEPHERD_LOST"), ..Self::new("shepherd", 0) }
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exit {
    /// Exit code; -1 = a signal ended it, or the status is lost.
    pub code: i32,
    /// The signal, 0 = none.
    pub signal: i32,
    /// Whether a core file was left.
    pub core_dumped: bool,
    /// Nobody was left who could tell how it ended.
    pub lost: bool,
    /// Largest resident set.
    pub max_rss_bytes: u64,
    /// Processor time in user mode, microseconds.
    pub user_us: u64,
    /// Processor time in the kernel, microseconds.
    pub system_us: u64,
}
