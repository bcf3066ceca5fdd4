//! What the I/O thread does, step by step: waiting for news, handing it out, and its end. On which thread, and how often, is
//! decided by whoever runs it.
//!
//! # Order of things in one turn
//! 1. Wait: for ever, or not at all when an endpoint still has work it was not allowed to finish.
//! 2. Every event is looked up by token and generation; a stale one finds nobody.
//! 3. Jobs posted meanwhile run. A job is appended before the waker is written, and the inbox is emptied after the poll
//!    returned, so a job whose wake-up was swallowed by an earlier one is still seen.
//! 4. Each environment that got completions is woken once.
//!
//! A panic anywhere in a turn ends the loop. It then poisons every environment, so that JavaScript rejects all that is
//! parked, and refuses whatever comes later.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::environment::Environment;
use crate::poller::{Events, Poll};
use crate::reactor::{Reactor, Turn, WAKER};
use crate::slots::Item;
use crate::sync::lock;

const EVENTS: usize = 256;

/// The loop of one reactor. Until it ends, everything that is asked of the reactor waits for its turns.
pub struct IoLoop {
    reactor: Arc<Reactor>,
    poll: Poll,
    events: Events,
    /// Environments that got completions in this turn.
    owed: Vec<Arc<Environment>>,
    /// Endpoints whose share of the last turn did not suffice.
    again: Vec<Arc<Endpoint>>,
}

impl fmt::Debug for IoLoop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IoLoop").field("reactor", &self.reactor).finish_non_exhaustive()
    }
}

impl IoLoop {
    pub(crate) fn new(reactor: Arc<Reactor>, poll: Poll) -> Self {
        let events = Events::with_capacity(EVENTS);
        Self { reactor, poll, events, owed: Vec::new(), again: Vec::new() }
    }

    /// Turns until the poller fails for good or something panics, and ends.
    pub(crate) fn run(mut self) {
        // Either leaves nobody who would ever answer.
        drop(catch_unwind(AssertUnwindSafe(|| while self.turn().is_ok() {})));
        self.end();
    }

    /// One turn: waits until there is something to do, and does it.
    ///
    /// # Errors
    /// What the poller said that is no interruption.
    pub fn turn(&mut self) -> io::Result<()> {
        self.wait(None)?;
        self.hand_out();
        Ok(())
    }

    /// The first half of a turn: collects the news, after `most` at the latest.
    ///
    /// # Errors
    /// What the poller said that is no interruption.
    pub fn wait(&mut self, most: Option<Duration>) -> io::Result<()> {
        let most = if self.again.is_empty() { most } else { Some(Duration::ZERO) };
        loop {
            match self.poll.poll(&mut self.events, most) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// The second half: gives each piece of news to whom it is for, runs what was posted, and wakes who got completions.
    pub fn hand_out(&mut self) {
        let unfinished = std::mem::take(&mut self.again);
        let reactor = &*self.reactor;
        let mut turn = Turn::new(reactor, &mut self.owed, &mut self.again);
        for endpoint in unfinished {
            Endpoint::ready(&endpoint, &mut turn);
        }
        for event in self.events.iter().filter(|event| event.token() != WAKER) {
            let item = lock(&reactor.slots).get(event.token());
            match item {
                Some(Item::Endpoint(endpoint)) => Endpoint::ready(&endpoint, &mut turn),
                Some(Item::Handler(handler)) => handler.ready(&mut turn),
                None => {}
            }
        }
        let jobs = std::mem::take(&mut *lock(&reactor.inbox));
        for job in jobs {
            job(&mut turn);
        }
        for environment in self.owed.drain(..) {
            environment.wake();
        }
    }

    /// Nothing is answered any more: poisons every environment, and refuses whatever comes later.
    pub fn end(self) {
        let reactor = &self.reactor;
        let jobs = reactor.die();
        // Jobs may own descriptors and answers of children: dropped here, they are closed.
        drop(catch_unwind(AssertUnwindSafe(|| drop(jobs))));
        let environments: Vec<_> = lock(&reactor.environments).iter().filter_map(Weak::upgrade).collect();
        for environment in environments {
            environment.poison();
        }
    }
}
