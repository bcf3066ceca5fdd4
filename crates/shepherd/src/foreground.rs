//! The terminal's foreground: lent to a child's group, taken back when the child stops or ends.
//! The one descriptor kept for it (number 6 in a keeper) exists only for children that asked for the foreground.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use libc::{c_int, pid_t};
use protocol::Stdio;

use crate::order::Order;
use crate::sys;

/// Whether somebody else has the foreground of the terminal that `node` is on: a shell has put Node into the background, or
/// another child has it. Then there is nothing to lend. A group that died with the foreground keeps it from nobody.
/// Allocates nothing: it is also asked between a fork and its exec.
pub fn is_taken(tty: BorrowedFd<'_>, node: pid_t) -> bool {
    let Some(holder) = sys::foreground(tty) else { return false };
    sys::group_of(node) != Some(holder)
        && sys::group_exists(holder)
        && sys::session_of(node).is_some_and(|session| sys::session_on(tty) == Some(session))
}

/// The terminal that is a child's standard input, and the process whose group gets the foreground back.
#[derive(Debug)]
pub struct Terminal {
    tty: OwnedFd,
    node: pid_t,
}

impl Terminal {
    /// The terminal of a request that asks for its foreground. One that becomes the target's own has none to give back, and
    /// must not be held here: its end is when the target's tree lets go of it.
    pub fn of(order: &Order) -> Option<Self> {
        let [stdin, ..] = order.request.stdio;
        if !order.request.foreground || order.request.setsid || stdin != Stdio::Passed {
            return None;
        }
        // Above the numbers of the target's descriptors, which a forked child puts on theirs.
        let least = order.request.slots().max(6) as c_int;
        let tty = sys::duplicate(order.ends.first()?.as_fd(), least).ok()?;
        Some(Self { tty, node: order.node })
    }

    /// Lends the foreground if it is Node's. SIGTTOU, the answer to such a call from the background, is blocked here like
    /// all signals.
    pub fn lend(&self, group: pid_t) {
        if !is_taken(self.tty.as_fd(), self.node) {
            sys::set_foreground(self.tty.as_fd(), group);
        }
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
