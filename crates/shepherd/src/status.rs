//! The write end of a child's status pipe. A reader that is gone or asleep stops nobody here.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use protocol::{STATUS_SIZE, Stage, Status};

use crate::sys;

/// Unread bytes from which on further stops are not told: the smallest pipe always has room for the records that matter.
const CROWDED: usize = 32 * STATUS_SIZE;

/// Owns the write end. Dropping it is a word too: nothing more will be said.
#[derive(Debug)]
pub struct StatusPipe(OwnedFd);

impl StatusPipe {
    pub fn new(fd: OwnedFd) -> Self {
        sys::never_block(fd.as_fd());
        Self(fd)
    }

    /// Writes a record; whether anybody reads it is not this process's business.
    pub fn say(&self, status: Status) {
        let _ = sys::write(self.0.as_fd(), &status.encode());
    }

    /// Writes two records at once, which wakes the reader once.
    pub fn say_both(&self, first: Status, second: Status) {
        let mut bytes = [0; 2 * STATUS_SIZE];
        let (head, tail) = bytes.split_at_mut(STATUS_SIZE);
        head.copy_from_slice(&first.encode());
        tail.copy_from_slice(&second.encode());
        let _ = sys::write(self.0.as_fd(), &bytes);
    }

    /// The target does not run, and this is why.
    pub fn fail(&self, stage: Stage, errno: i32) {
        self.say(Status::Failed { stage, errno });
    }

    /// Tells of a stop unless many such records wait unread.
    pub fn say_stopped(&self) {
        if sys::unread(self.0.as_fd()) < CROWDED {
            self.say(Status::Stopped);
        }
    }

    /// Whether Node has closed its end.
    pub fn is_abandoned(&self) -> bool {
        let mut set = [sys::interest(self.0.as_fd(), 0)];
        sys::poll(&mut set, Some(Duration::ZERO));
        let [entry] = set;
        entry.revents & (libc::POLLERR | libc::POLLHUP) != 0
    }

    /// A poll entry that wakes up when Node closes its end.
    pub fn closing(&self) -> libc::pollfd {
        sys::interest(self.0.as_fd(), 0)
    }

    pub fn raw(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// The same pipe on the number `at`.
    pub fn place(self, at: RawFd) -> std::io::Result<Self> {
        sys::place(self.0, at).map(Self)
    }
}
