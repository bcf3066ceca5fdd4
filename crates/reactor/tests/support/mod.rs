//! A reactor on a thread of its own, and an environment of it that the test stands for.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and a failing test is the point"
)]

use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reactor::{Completion, Endpoint, Environment, Lane, Reactor};

/// Longer than any of this takes; only a lost wake-up waits for it.
pub const DEADLINE: Duration = Duration::from_secs(10);

pub struct Fixture {
    pub reactor: Arc<Reactor>,
    pub environment: Arc<Environment>,
    pub wakes: Receiver<()>,
}

impl Fixture {
    pub fn new() -> Self {
        let reactor = Reactor::start().unwrap();
        let (sender, wakes) = sync_channel(10_000);
        let environment = reactor.environment(Box::new(move || {
            let _ = sender.send(());
        }));
        Self { reactor, environment, wakes }
    }

    pub fn endpoint(&self, fd: impl Into<OwnedFd>, lane: Lane) -> Arc<Endpoint> {
        let fd = fd.into();
        rustix::io::ioctl_fionbio(&fd, true).unwrap();
        Endpoint::new(&self.reactor, &self.environment, fd, lane).unwrap()
    }

    /// Sleeps until it is woken, and gives what it was told.
    pub fn wait(&self) -> Vec<Completion> {
        self.wakes.recv_timeout(DEADLINE).unwrap();
        self.taken()
    }

    /// What it was told since.
    pub fn taken(&self) -> Vec<Completion> {
        let mut seen = Vec::new();
        self.environment.drain(1000, |completion| seen.push(completion)).unwrap();
        seen
    }

    /// Returns when the I/O thread has been through a whole turn since the call.
    pub fn barrier(&self) {
        for _ in 0..2 {
            let done = Arc::new(OnceLock::new());
            let (sender, receiver) = sync_channel(10_000);
            let mark = Arc::clone(&done);
            assert!(self.reactor.post(move |_| {
                let _ = mark.set(());
                let _ = sender.send(());
            }));
            receiver.recv_timeout(DEADLINE).unwrap();
        }
    }
}
