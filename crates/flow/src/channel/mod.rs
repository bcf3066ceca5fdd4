//! A bounded channel that threads reach by its name: the lock around the rules, and the part that one member has in it.
//!
//! # Wake-ups
//! Everything is decided under the one lock, and what lets a wait go on is written down there as its outcome. Only then, after
//! the lock is released, the wait's thread is told to look. So a thread that looks sees at least what it was told of, one that
//! looks earlier finds the outcome too, and nobody is ever woken with the lock held.

mod ends;
mod held;
mod intake;
mod levels;
mod patience;
mod rules;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

pub use intake::{Intake, Receiving};
pub use levels::Levels;
use rules::Rules;
pub use rules::{Overflow, Sending, Settings, Settled};

use self::patience::Patience;
use crate::line::Key;
use crate::member::{Member, Wake};
use crate::message::Message;
use crate::registry::Registry;
use crate::sync::{Mutex, MutexGuard};

static CHANNELS: Registry<Shared> = Registry::new();

struct Shared {
    id: String,
    /// Counts the sends.
    sends: AtomicU64,
    rules: Mutex<Rules>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        CHANNELS.remove(&self.id);
    }
}

/// One member's part in a channel: its waits, and the places it keeps free. Dropping it ends both.
///
/// `wait` is always a number of the member's own under which the call may wait, or `None` to try once. What became of the wait
/// is asked for with [`Channel::settled`] or [`Channel::collect`].
pub struct Channel {
    shared: Arc<Shared>,
    owner: u32,
    patience: Patience,
}

impl Channel {
    /// A new one, known by `id` while a member lives.
    #[must_use]
    pub fn open(id: String, settings: Settings, wake: Arc<dyn Wake>) -> Arc<Self> {
        let mut rules = Rules::new(settings);
        let owner = rules.enter(wake);
        let shared = Arc::new(Shared { id, sends: AtomicU64::new(0), rules: Mutex::new(rules) });
        CHANNELS.add(&shared.id, &shared);
        Arc::new(Self { shared, owner, patience: Patience::default() })
    }

    /// Joins the one of that name, if it has a member that has not left.
    #[must_use]
    pub fn join(id: &str, wake: Arc<dyn Wake>) -> Option<Arc<Self>> {
        let shared = CHANNELS.find(id)?;
        let mut rules = lock(&shared);
        if rules.is_abandoned() {
            return None;
        }
        let owner = rules.enter(wake);
        drop(rules);
        Some(Arc::new(Self { shared, owner, patience: Patience::default() }))
    }

    /// What it was opened with.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.with(|rules| rules.settings)
    }

    /// Sends one message.
    pub fn send(&self, wait: Option<u32>, bytes: &[u8]) -> Sending {
        let message = Message::new(bytes);
        patience::sent();
        let outcome = self.with(|rules| rules.send(self.key(wait), message));
        self.shared.sends.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    /// Keeps places free, each for one [`Channel::fulfil`].
    pub fn reserve(&self, wait: Option<u32>, count: usize) -> Sending {
        self.with(|rules| rules.reserve(self.owner, self.key(wait), count))
    }

    /// Sends into a place that this member keeps free. False when the channel was canceled, or there is no such place.
    pub fn fulfil(&self, bytes: &[u8]) -> bool {
        let message = Message::new(bytes);
        self.with(|rules| rules.fulfil(self.owner, message))
    }

    /// Gives places back.
    pub fn release(&self, count: usize) {
        self.with(|rules| rules.release(self.owner, count));
    }

    /// Takes up to `max` messages if there are `min`, or as many as there can be. `is_timed`: the wait is woken once when it could
    /// be given fewer, so that its thread can see to a deadline.
    pub fn take(
        &self,
        wait: Option<u32>,
        min: usize,
        max: usize,
        is_timed: bool,
        into: &mut Intake<'_>,
    ) -> Receiving {
        let mut taken = self.with(|rules| rules.take(None, min, max, is_timed, into));
        if taken == Receiving::Nothing && wait.is_some() {
            if self.patience.is_willing() {
                let again = || {
                    let again = self.with(|rules| rules.take(None, min, max, is_timed, into));
                    (again != Receiving::Nothing).then_some(again)
                };
                taken = self.patience.look(&self.shared.sends, again).unwrap_or(taken);
            }
            if taken == Receiving::Nothing {
                taken = self.with(|rules| rules.take(self.key(wait), min, max, is_timed, into));
            }
        }
        into.finish();
        taken
    }

    /// Fetches messages that a wait was given. When the last of them is fetched, the wait is over.
    pub fn collect(&self, wait: u32, into: &mut Intake<'_>) -> Receiving {
        let taken = self.with(|rules| rules.collect(Key { owner: self.owner, wait }, into));
        into.finish();
        taken
    }

    /// Gives a wait for more messages those that are there. False when there are none.
    pub fn hurry(&self, wait: u32) -> bool {
        self.with(|rules| rules.hurry(Key { owner: self.owner, wait }))
    }

    /// What became of a wait of `send`, `reserve` or `watch`; told once.
    pub fn settled(&self, wait: u32) -> Settled {
        self.with(|rules| rules.settled(Key { owner: self.owner, wait }))
    }

    /// Ends a wait. False when it was served before: its outcome is still to be fetched.
    pub fn give_up(&self, wait: u32) -> bool {
        self.with(|rules| rules.give_up(Key { owner: self.owner, wait }))
    }

    /// No more input; with a cause, receivers are told that in place of the end.
    pub fn close(&self, cause: Option<&[u8]>) {
        self.with(|rules| rules.close(cause.map(Arc::from)));
    }

    /// Nobody receives any more: what is held is dropped.
    pub fn cancel(&self, cause: Option<&[u8]>) {
        self.with(|rules| rules.cancel(cause.map(Arc::from)));
    }

    /// What it was closed or canceled with.
    #[must_use]
    pub fn cause(&self) -> Option<Arc<[u8]>> {
        self.with(|rules| rules.cause())
    }

    /// Whether receivers are told the cause in place of the end.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.with(|rules| rules.has_failed())
    }

    /// Takes no more input.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.with(|rules| !rules.is_open())
    }

    /// True when it is over; else the wait is woken once it is.
    pub fn watch(&self, wait: u32) -> bool {
        self.with(|rules| rules.watch(Key { owner: self.owner, wait }))
    }

    /// Counters and levels at this moment.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.with(|rules| Levels::of(rules))
    }

    fn key(&self, wait: Option<u32>) -> Option<Key> {
        wait.map(|wait| Key { owner: self.owner, wait })
    }

    fn with<R>(&self, step: impl FnOnce(&mut Rules) -> R) -> R {
        let mut rules = lock(&self.shared);
        let result = step(&mut rules);
        let due = rules.take_due();
        drop(rules);
        for (wake, wait) in due {
            wake.wake(wait);
        }
        result
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Rules> {
    shared.rules.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Member for Channel {
    fn leave(&self) {
        self.with(|rules| rules.leave(self.owner));
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Channel").field("id", &self.shared.id).finish_non_exhaustive()
    }
}
