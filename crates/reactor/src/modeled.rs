//! A poller for loom, with the names and rules of mio's: edge-triggered, and entering reports what is ready already. Its waits
//! are loom's, so that a wake-up that is lost is a deadlock. Descriptors are real ones, looked at whenever it is woken.
#![expect(clippy::unnecessary_wraps, reason = "what it stands for can fail")]

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use loom::sync::{Condvar, Mutex};
use mio::unix::SourceFd;
use mio::{Interest, Token};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sync::lock;

pub(crate) struct Poll {
    registry: Registry,
}

pub(crate) struct Registry {
    shared: Arc<Shared>,
}

pub(crate) struct Waker {
    shared: Arc<Shared>,
    token: Token,
}

pub(crate) struct Events(Vec<Event>);

pub(crate) struct Event(Token);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    woken: Option<Token>,
    entries: BTreeMap<RawFd, Entry>,
}

struct Entry {
    token: Token,
    interest: Interest,
    is_told: bool,
}

impl Poll {
    pub(crate) fn new() -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        Ok(Self { registry: Registry { shared } })
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn poll(&mut self, events: &mut Events, most: Option<Duration>) -> io::Result<()> {
        let shared = &self.registry.shared;
        let mut state = lock(&shared.state);
        loop {
            events.0 = state.woken.take().into_iter().map(Event).collect();
            for (fd, entry) in &mut state.entries {
                if !entry.is_told && is_ready(*fd, entry.interest) {
                    entry.is_told = true;
                    events.0.push(Event(entry.token));
                }
            }
            if !events.0.is_empty() || most.is_some() {
                return Ok(());
            }
            state = shared.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

impl Registry {
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { shared: Arc::clone(&self.shared) })
    }

    pub(crate) fn register(
        &self,
        source: &mut SourceFd<'_>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        lock(&self.shared.state).entries.insert(*source.0, Entry { token, interest, is_told: false });
        self.shared.changed.notify_one();
        Ok(())
    }

    pub(crate) fn reregister(
        &self,
        source: &mut SourceFd<'_>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.register(source, token, interest)
    }

    pub(crate) fn deregister(&self, source: &mut SourceFd<'_>) -> io::Result<()> {
        let removed = lock(&self.shared.state).entries.remove(source.0);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Waker {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self { shared: Arc::clone(&registry.shared), token })
    }

    pub(crate) fn wake(&self) -> io::Result<()> {
        lock(&self.shared.state).woken = Some(self.token);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Events {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(crate) fn iter(&self) -> slice::Iter<'_, Event> {
        self.0.iter()
    }
}

impl Event {
    pub(crate) fn token(&self) -> Token {
        self.0
    }
}

fn is_ready(fd: RawFd, interest: Interest) -> bool {
    // SAFETY: an endpoint takes its descriptor out before it closes it, and this happens under the lock that does that.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut wanted = PollFlags::empty();
    wanted.set(PollFlags::IN, interest.is_readable());
    wanted.set(PollFlags::OUT, interest.is_writable());
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(&fd, wanted)], Some(&now)).is_ok_and(|count| count > 0)
}
