//! Putting a target's descriptors on their numbers, between the fork and the exec: nothing is allocated here.

use std::cell::Cell;
use std::os::fd::RawFd;

use libc::c_int;
use protocol::{Stage, Stdio};

use crate::exec::{Failure, step};
use crate::sys;

/// Where a slot comes from, by number: one of the message's descriptors, or one of these two.
const NULL: RawFd = -1;
const SAME_AS_STDOUT: RawFd = -2;

/// The sources of 0, 1, 2 and so on. Cells, since the child moves them in memory it may share with its parent, which
/// looks at them no more.
pub struct Sources {
    standard: [Cell<RawFd>; 3],
    extra: Box<[Cell<RawFd>]>,
}

impl Sources {
    /// `passed` are the message's descriptors in the order of their slots.
    pub fn new(standard: [Stdio; 3], extra: &[Stdio], mut passed: impl Iterator<Item = RawFd>) -> Self {
        let mut source = |slot: Stdio| {
            Cell::new(match slot {
                Stdio::Null => NULL,
                Stdio::Passed => passed.next().unwrap_or(NULL),
                Stdio::SameAsStdout => SAME_AS_STDOUT,
            })
        };
        Self { standard: standard.map(&mut source), extra: extra.iter().copied().map(source).collect() }
    }

    /// The number above those of all slots.
    pub fn end(&self) -> c_int {
        3 + self.extra.len() as c_int
    }

    /// Puts the sources on their slots. Whatever lies on a slot's number, this process's own or the source of another
    /// slot, is moved up or overwritten here, and is nobody's loss: the table is the child's own.
    pub fn place(&self) -> Result<(), Failure> {
        let end = self.end();
        for source in &self.extra {
            // 0 is `/dev/null` until a slot is filled.
            if source.get() == NULL {
                source.set(0);
            }
        }
        let all = || self.standard.iter().chain(&self.extra);
        for source in all().filter(|source| (0..end).contains(&source.get())) {
            // SAFETY: plain numbers.
            let moved = unsafe { libc::fcntl(source.get(), libc::F_DUPFD_CLOEXEC, end) };
            source.set(step(Stage::Stdio, moved)?);
        }
        for (slot, source) in (0..).zip(all()) {
            let source = if source.get() == SAME_AS_STDOUT { 1 } else { source.get() };
            if source != NULL {
                // SAFETY: plain numbers; the copy is not close-on-exec.
                step(Stage::Stdio, unsafe { libc::dup2(source, slot) })?;
            }
        }
        sys::close_on_exec_from(end);
        Ok(())
    }
}
