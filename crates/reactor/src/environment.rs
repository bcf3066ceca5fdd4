//! What one JavaScript environment (the main thread or a worker) shares with other threads: its completion list, its
//! wake-up, its budget for read-ahead and what it takes part in. Knows nothing of descriptors.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use flow::{Budget, Members, Wake};

use crate::sync::{Mutex, lock};

/// Bytes that all read-ahead blocks of one environment may take together.
const READ_AHEAD_BYTES: usize = 64 * 1024 * 1024;

/// Something JavaScript should look at. Carries no data: it only says where to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The endpoint of that id may be ready.
    Endpoint(u32),
    /// The child of that id has events.
    Child(u32),
    /// The journal of that id has outcomes.
    Journal(u32),
    /// The wait of that number, in something that threads share, may go on.
    Wait(u32),
}

/// One JavaScript environment, as the I/O thread sees it.
///
/// # Wake-ups
/// A completion is appended under the list's lock. Whoever turns `signalled` from false to true owes one wake-up; all
/// others rely on it. Draining clears the flag under the same lock *before* entries leave, so an entry appended
/// afterwards finds the flag down and wakes again: none can be stranded. The wake-up itself is called under a lock of
/// its own, the gate, which is what makes [`Environment::retire`] final: once it has returned, no thread is inside the
/// callback or will ever enter it. Were it the list's, the thread that is woken would run into it at once.
pub struct Environment {
    number: u32,
    wake: Box<dyn Fn() + Send + Sync>,
    /// Whether the environment still is. Never taken together with the list.
    gate: Mutex<bool>,
    list: Mutex<List>,
    next_id: AtomicU32,
    read_ahead: Budget,
    members: Members,
}

#[derive(Default)]
struct List {
    retired: bool,
    poisoned: bool,
    signalled: bool,
    pending: Vec<Completion>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Environment").field("number", &self.number).finish_non_exhaustive()
    }
}

/// The I/O thread is gone: nothing parked will ever be answered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisoned;

impl Environment {
    pub(crate) fn new(number: u32, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            number,
            wake,
            gate: Mutex::new(true),
            list: Mutex::default(),
            next_id: AtomicU32::new(0),
            read_ahead: Budget::new(READ_AHEAD_BYTES),
            members: Members::default(),
        }
    }

    /// A number that no other environment of this process has.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The next endpoint id of this environment, from 1.
    pub(crate) fn endpoint_id(&self) -> u32 {
        // Relaxed: only uniqueness matters, nothing is published through the counter.
        self.next_id.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    pub(crate) fn read_ahead(&self) -> &Budget {
        &self.read_ahead
    }

    /// What it takes part in; left when it is torn down.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Appends a completion and wakes JavaScript at once when nobody has yet.
    pub fn complete(&self, completion: Completion) {
        if self.append(completion) {
            self.wake();
        }
    }

    /// Appends a completion; true when the caller now owes the wake-up of this batch.
    pub(crate) fn append(&self, completion: Completion) -> bool {
        append(&mut lock(&self.list), completion)
    }

    /// Pays the wake-up that [`Environment::append`] left to its caller.
    pub(crate) fn wake(&self) {
        let is_open = lock(&self.gate);
        if *is_open {
            (self.wake)();
        }
    }

    /// Moves up to `room` completions to `take`, oldest first.
    ///
    /// # Errors
    /// [`Poisoned`] for ever once the I/O thread has died.
    pub fn drain(&self, room: usize, mut take: impl FnMut(Completion)) -> Result<(), Poisoned> {
        let mut list = lock(&self.list);
        if list.poisoned {
            return Err(Poisoned);
        }
        list.signalled = false;
        let count = list.pending.len().min(room);
        list.pending.drain(..count).for_each(&mut take);
        // Entries that did not fit are fetched by the caller's next call; until then the flag stays up for them.
        list.signalled = !list.pending.is_empty();
        Ok(())
    }

    /// The environment is being torn down: no wake-up is running or will run after this returns.
    pub fn retire(&self) {
        *lock(&self.gate) = false;
        let mut list = lock(&self.list);
        list.retired = true;
        list.pending = Vec::new();
    }

    /// Whether the environment has been torn down.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        lock(&self.list).retired
    }

    pub(crate) fn poison(&self) {
        lock(&self.list).poisoned = true;
        self.wake();
    }
}

impl Wake for Environment {
    fn wake(&self, wait: u32) {
        self.complete(Completion::Wait(wait));
    }
}

fn append(list: &mut List, completion: Completion) -> bool {
    if list.retired {
        return false;
    }
    list.pending.push(completion);
    !std::mem::replace(&mut list.signalled, true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Completion, Environment, Poisoned};

    fn counted() -> (Environment, Arc<AtomicUsize>) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&wakes);
        let wake = move || {
            counter.fetch_add(1, Ordering::SeqCst);
        };
        (Environment::new(1, Box::new(wake)), wakes)
    }

    #[test]
    fn many_completions_before_a_drain_are_one_wake_up() {
        let (environment, wakes) = counted();
        (0..1000).for_each(|id| environment.complete(Completion::Endpoint(id)));
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        let mut seen = 0;
        environment.drain(2000, |_| seen += 1).unwrap();
        assert_eq!(seen, 1000);
        environment.complete(Completion::Child(1));
        assert_eq!(wakes.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn entries_that_did_not_fit_need_no_second_wake_up() {
        let (environment, wakes) = counted();
        (0..10).for_each(|id| environment.complete(Completion::Endpoint(id)));
        let mut seen = Vec::new();
        environment.drain(4, |completion| seen.push(completion)).unwrap();
        environment.complete(Completion::Endpoint(10));
        environment.drain(100, |completion| seen.push(completion)).unwrap();
        assert_eq!(seen, (0..11).map(Completion::Endpoint).collect::<Vec<_>>());
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_retired_environment_is_never_woken_again() {
        let (environment, wakes) = counted();
        environment.retire();
        environment.complete(Completion::Child(1));
        environment.wake();
        environment.poison();
        assert_eq!(wakes.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn poison_wakes_and_is_told_by_every_drain() {
        let (environment, wakes) = counted();
        environment.poison();
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert_eq!(environment.drain(8, |_| ()), Err(Poisoned));
        assert_eq!(environment.drain(8, |_| ()), Err(Poisoned));
    }
}
