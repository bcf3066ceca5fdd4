//! The thread of one log: commands in, outcomes out, both in order.
//!
//! # Group commit
//! The thread takes all commands that wait at once. Appends that follow each other become one group: written, synced once,
//! acknowledged together. While it syncs, the next group gathers by itself; there is no timer and nothing is tuned.
//!
//! # Nothing stays unanswered
//! What was taken in is owed an outcome, and counted. Whatever ends the thread, a panic too, answers all that is owed and
//! everything that comes later.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::{Block, Log, Options, Position};

/// What became of commands, oldest first.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So many of them are done.
    Done(u32),
    /// A read is done.
    Block(Block),
    /// So many of them failed.
    Failed(u32, Failure),
}

enum Command {
    Append { records: Vec<u8>, count: u32 },
    Read { from: Position, until: Option<Position> },
    Compact { below: u64 },
    Close,
}

/// A log and its thread. Dropping it closes the log behind what was given to it.
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Notified when the thread has something to take.
    filled: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    commands: Vec<Command>,
    outcomes: VecDeque<Outcome>,
    owed: u32,
    is_closing: bool,
    /// Set when the thread is gone: what is answered from then on.
    end: Option<Failure>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    /// Starts the thread, which opens the log: its first outcome says what came of that. `wake` is called from the thread
    /// whenever there are outcomes to take.
    ///
    /// # Errors
    /// What the system said when there was no thread to be had.
    pub fn open(
        options: Options,
        disk: Box<dyn Disk>,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> io::Result<Self> {
        let state = Mutex::new(State { owed: 1, ..State::default() });
        let shared = Arc::new(Shared { state, filled: Condvar::new(), wake });
        let own = Arc::clone(&shared);
        reactor::spawn_without_signals("sluicegate-jrnl", move || run(&own, &options, disk))?;
        Ok(Self { shared })
    }

    /// `count` appends, whose records are bodies that each follow their length.
    pub fn append(&self, records: Vec<u8>, count: u32) {
        self.send(Command::Append { records, count }, count);
    }

    /// The records at a place; without an end, up to what is written when this is done.
    pub fn read(&self, from: Position, until: Option<Position>) {
        self.send(Command::Read { from, until }, 1);
    }

    /// See [`Log::compact`].
    pub fn compact(&self, below: u64) {
        self.send(Command::Compact { below }, 1);
    }

    /// Writes what was given before, lets go of the directory and ends the thread.
    pub fn close(&self) {
        self.send(Command::Close, 1);
    }

    /// The oldest outcome that was not taken yet.
    #[must_use]
    pub fn next_outcome(&self) -> Option<Outcome> {
        self.shared.lock().outcomes.pop_front()
    }

    fn send(&self, command: Command, count: u32) {
        let mut state = self.shared.lock();
        let end = state.end.clone().or(state.is_closing.then_some(Failure::Closed));
        if let Some(failure) = end {
            // After a panic there is nothing left to close, which is what was asked for.
            let is_free = failure != Failure::Closed && matches!(command, Command::Close);
            let outcome = if is_free { Outcome::Done(count) } else { Outcome::Failed(count, failure) };
            state.outcomes.push_back(outcome);
            drop(state);
            return (self.shared.wake)();
        }
        state.owed += count;
        state.is_closing = matches!(command, Command::Close);
        state.commands.push(command);
        drop(state);
        self.shared.filled.notify_one();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.shared.lock().is_closing {
            self.close();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Command> {
        let mut state = self.lock();
        while state.commands.is_empty() {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut state.commands)
    }

    fn answer(&self, count: u32, outcome: Outcome) {
        let mut state = self.lock();
        state.owed -= count;
        state.outcomes.push_back(outcome);
        drop(state);
        (self.wake)();
    }

    fn settle(&self, count: u32, result: Result<(), Failure>) {
        let outcome =
            result.map_or_else(|failure| Outcome::Failed(count, failure), |()| Outcome::Done(count));
        self.answer(count, outcome);
    }
}

fn run(shared: &Shared, options: &Options, disk: Box<dyn Disk>) {
    let ended = catch_unwind(AssertUnwindSafe(|| serve(shared, options, disk)));
    let mut state = shared.lock();
    state.commands = Vec::new();
    let owed = std::mem::take(&mut state.owed);
    let failure = if ended.is_ok() { Failure::Closed } else { panicked(options.directory.clone()) };
    if owed > 0 {
        state.outcomes.push_back(Outcome::Failed(owed, failure.clone()));
    }
    state.end = Some(failure);
    drop(state);
    if owed > 0 {
        (shared.wake)();
    }
}

fn serve(shared: &Shared, options: &Options, disk: Box<dyn Disk>) {
    let mut log = match Log::open(options, disk) {
        Ok(log) => log,
        Err(failure) => return shared.settle(1, Err(failure)),
    };
    shared.settle(1, Ok(()));
    let mut poison = Ok(());
    loop {
        let mut waiting = 0;
        for command in shared.take() {
            if let Command::Append { records, count } = command {
                poison = poison.and_then(|()| log.append(&records));
                waiting += count;
                continue;
            }
            commit(shared, &mut log, &mut poison, &mut waiting);
            match command {
                Command::Append { .. } => {}
                Command::Close => {
                    // The directory is free before anybody hears that it is.
                    let closed = if poison.is_ok() {
                        log.close()
                    } else {
                        drop(log);
                        Ok(())
                    };
                    return shared.settle(1, closed);
                }
                Command::Read { from, until } => match poison.clone().and_then(|()| log.read(from, until)) {
                    Ok(block) => shared.answer(1, Outcome::Block(block)),
                    Err(failure) => shared.settle(1, Err(failure)),
                },
                Command::Compact { below } => {
                    let compacted = poison.clone().and_then(|()| log.compact(below));
                    if matches!(compacted, Err(Failure::Poisoned { .. })) {
                        poison.clone_from(&compacted);
                    }
                    shared.settle(1, compacted);
                }
            }
        }
        commit(shared, &mut log, &mut poison, &mut waiting);
    }
}

/// Ends a group: all that wait in it are answered alike.
fn commit(shared: &Shared, log: &mut Log, poison: &mut Result<(), Failure>, waiting: &mut u32) {
    let count = std::mem::take(waiting);
    if count > 0 {
        if poison.is_ok() {
            *poison = log.commit();
        }
        shared.settle(count, poison.clone());
    }
}

fn panicked(directory: PathBuf) -> Failure {
    Failure::Poisoned { syscall: "panic", errno: 0, path: directory }
}
