//! The terminal's foreground: lent to a child's group, taken back when the child stops or ends.
//! The one descriptor kept for it (number 6 in a keeper) exists only for children that asked for the foreground.

use std::os::fd::{AsFd, OwnedFd};

use libc::pid_t;

use crate::sys;

/// The terminal that is a child's standard input, and the process whose group gets the foreground back.
#[derive(Debug)]
pub struct Terminal {
    tty: OwnedFd,
    node: pid_t,
}

impl Terminal {
    pub fn new(tty: OwnedFd, node: pid_t) -> Self {
        Self { tty, node }
    }

    /// Lends the foreground. SIGTTOU, the answer to such a call from the background, is blocked here like all signals.
    pub fn lend(&self, group: pid_t) {
        sys::set_foreground(self.tty.as_fd(), group);
    }

    /// Takes the foreground back, but only from that group: a user's shell may have moved it elsewhere since.
    pub fn take_back(&self, group: pid_t) {
        if sys::foreground(self.tty.as_fd()) != Some(group) {
            return;
        }
        if let Some(home) = sys::group_of(self.node) {
            sys::set_foreground(self.tty.as_fd(), home);
        }
    }

    pub fn place(self, at: std::os::fd::RawFd) -> std::io::Result<Self> {
        Ok(Self { tty: sys::place(self.tty, at)?, node: self.node })
    }
}
