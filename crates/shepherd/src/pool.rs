//! Keepers without work. A fork is the dearest part of a start, so the last ones to become free are kept for a moment.

use std::time::{Duration, Instant};

use libc::pid_t;

use crate::keeper;
use crate::link::{Heard, Link};
use crate::sys;

/// Keepers that may wait at once: as many as a busy server starts side by side.
const MOST: usize = 16;

/// How long one waits: longer than the pauses inside a burst of starts, so short that nobody finds processes of ours idle.
const IDLE_LIMIT: Duration = Duration::from_millis(250);

struct Idle {
    link: Link,
    until: Instant,
}

/// The latest is taken first: its pages are warm, and those below it can leave.
#[derive(Default)]
pub struct Pool(Vec<Idle>);

impl Pool {
    /// A keeper for an order; a new one when none waits.
    pub fn take(&mut self, proc_usable: bool) -> std::io::Result<Link> {
        match self.0.pop() {
            Some(idle) => Ok(idle.link),
            None => keeper::fork(proc_usable),
        }
    }

    /// Takes back one that said it waits for its next order.
    pub fn put(&mut self, link: Link, now: Instant) {
        if self.0.len() < MOST {
            self.0.push(Idle { link, until: now + IDLE_LIMIT });
        }
    }

    /// Lets go of those whose time is over, and of those that have died. An end of file makes a keeper leave.
    pub fn expire(&mut self, now: Instant) {
        self.0.retain_mut(|idle| idle.until > now && matches!(idle.link.hear(), Heard::Nothing));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|idle| idle.until).min()
    }

    pub fn pids(&self) -> impl Iterator<Item = pid_t> {
        self.0.iter().map(|idle| idle.link.pid())
    }

    /// Poll entries: an idle keeper says nothing, so whatever wakes one is its end.
    pub fn interests(&self) -> impl Iterator<Item = libc::pollfd> {
        self.0.iter().map(|idle| sys::interest(idle.link.as_fd(), libc::POLLIN))
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
