//! A thread that sleeps while it waits, and is woken as an environment is: by a number, from whichever thread.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and a failing test is the point"
)]

use std::sync::Arc;

#[cfg(loom)]
use loom::sync::{Condvar, Mutex};
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex};

use flow::{Channel, Intake, Receiving, Semaphore, Settings, Wake};

/// Lets a thread sleep until it is told of a wait.
pub struct Bell {
    rung: Mutex<Vec<u32>>,
    changed: Condvar,
}

impl Wake for Bell {
    fn wake(&self, wait: u32) {
        self.rung.lock().unwrap().push(wait);
        self.changed.notify_one();
    }
}

impl Bell {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { rung: Mutex::new(Vec::new()), changed: Condvar::new() })
    }

    pub fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap();
        while rung.is_empty() {
            rung = self.changed.wait(rung).unwrap();
        }
        rung.clear();
    }

    /// The waits it was told of since it was last asked or slept.
    pub fn taken(&self) -> Vec<u32> {
        std::mem::take(&mut self.rung.lock().unwrap())
    }
}

pub fn open_channel(id: &str, settings: Settings) -> (Arc<Channel>, Arc<Bell>) {
    let bell = Bell::new();
    (Channel::open(id.to_owned(), settings, Arc::clone(&bell) as Arc<dyn Wake>), bell)
}

pub fn join_channel(id: &str) -> (Arc<Channel>, Arc<Bell>) {
    let bell = Bell::new();
    (Channel::join(id, Arc::clone(&bell) as Arc<dyn Wake>).unwrap(), bell)
}

pub fn open_semaphore(id: &str, total: u32) -> (Arc<Semaphore>, Arc<Bell>) {
    let bell = Bell::new();
    (Semaphore::open(id.to_owned(), total, Arc::clone(&bell) as Arc<dyn Wake>), bell)
}

pub fn join_semaphore(id: &str) -> (Arc<Semaphore>, Arc<Bell>) {
    let bell = Bell::new();
    (Semaphore::join(id, Arc::clone(&bell) as Arc<dyn Wake>).unwrap(), bell)
}

/// Takes one message, or begins to wait for it.
pub fn take(channel: &Channel, wait: Option<u32>) -> Result<Vec<u8>, Receiving> {
    let (mut memory, mut lengths) = ([0; 1000], [0; 1]);
    let taken = channel.take(wait, 1, 1, false, &mut Intake::new(&mut memory, &mut lengths));
    first(taken, &memory, lengths)
}

/// Fetches what a wait was given.
pub fn collect(channel: &Channel, wait: u32) -> Result<Vec<u8>, Receiving> {
    let (mut memory, mut lengths) = ([0; 1000], [0; 1]);
    let taken = channel.collect(wait, &mut Intake::new(&mut memory, &mut lengths));
    first(taken, &memory, lengths)
}

fn first(taken: Receiving, memory: &[u8], [length]: [u32; 1]) -> Result<Vec<u8>, Receiving> {
    match taken {
        Receiving::Taken(1) => Ok(memory.iter().take(length as usize).copied().collect()),
        other => Err(other),
    }
}

/// Takes one message, asleep while there is none.
pub fn receive(channel: &Channel, bell: &Bell) -> Result<Vec<u8>, Receiving> {
    let mut next = take(channel, Some(1));
    while next == Err(Receiving::Nothing) {
        // It may be told of something that was fetched before.
        bell.sleep();
        next = collect(channel, 1);
    }
    next
}
