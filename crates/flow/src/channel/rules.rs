//! The state of a channel and its rules: who gets in, who gets what. Each step leaves it settled: nobody waits for what is there.
//! Locking and waking are the channel's matter, closing and leaving are in `ends`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::held::Held;
use super::intake::{Intake, Receiving};
use super::levels::Levels;
use crate::line::{Key, Line};
use crate::member::Wake;
use crate::message::Message;

/// What happens with a message that finds the channel full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Its sender waits.
    Block,
    /// It is dropped.
    DropNewest,
    /// The oldest ones are.
    DropOldest,
    /// It is refused.
    Error,
}

/// What a channel is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Messages held; 0 is a rendezvous.
    pub capacity: usize,
    /// Bytes held; a larger message is let into an empty channel.
    pub max_bytes: usize,
    /// What a full channel does.
    pub overflow: Overflow,
    /// How the bytes are meant; kept for those who join.
    pub codec: u32,
}

/// What came of a send or a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// The channel, or a receiver, has it.
    Accepted,
    /// It waits.
    Waiting,
    /// There is no room, and it doesn't wait.
    Full,
    /// Nothing is accepted any more.
    Closed,
    /// There is no room, and it is gone.
    Dropped,
}

/// What became of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing yet.
    Waiting,
    /// It has what it wanted; for a watch: the channel is over.
    Done,
    /// The channel was closed or canceled before.
    Refused,
}

pub(super) enum Wanted {
    Room(Message),
    Places(usize),
}

pub(super) struct Sender {
    pub wanted: Wanted,
    since: Instant,
}

pub(super) struct Receiver {
    min: usize,
    /// Is to be told when it could be given fewer.
    is_timed: bool,
}

pub(super) enum Outcome {
    Done,
    Refused,
    Ended,
    /// The messages it was given, with their places in the order.
    Given(VecDeque<(u64, Message)>),
}

pub(super) struct Owner {
    wake: Arc<dyn Wake>,
    pub reserved: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Closing,
    Ended,
    Canceled,
}

pub(crate) struct Rules {
    pub(super) settings: Settings,
    pub(super) phase: Phase,
    pub(super) cause: Option<Arc<[u8]>>,
    pub(super) has_failed: bool,
    pub(super) held: Held,
    pub(super) reserved: usize,
    pub(super) senders: Line<Sender>,
    pub(super) receivers: Line<Receiver>,
    pub(super) watchers: Vec<Key>,
    pub(super) outcomes: HashMap<Key, Outcome>,
    /// Outcomes with messages: while there is one, its owner's end may bring them back.
    pub(super) given: usize,
    pub(super) owners: HashMap<u32, Owner>,
    pub(super) counters: Levels,
    next_owner: u32,
    due: Vec<(Arc<dyn Wake>, u32)>,
}

impl Rules {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            phase: Phase::Open,
            cause: None,
            has_failed: false,
            held: Held::default(),
            reserved: 0,
            senders: Line::default(),
            receivers: Line::default(),
            watchers: Vec::new(),
            outcomes: HashMap::new(),
            given: 0,
            owners: HashMap::new(),
            counters: Levels::default(),
            next_owner: 0,
            due: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, wake: Arc<dyn Wake>) -> u32 {
        self.next_owner += 1;
        self.owners.insert(self.next_owner, Owner { wake, reserved: 0 });
        self.next_owner
    }

    /// Those who are to be woken as soon as the lock is released.
    pub(super) fn take_due(&mut self) -> Vec<(Arc<dyn Wake>, u32)> {
        std::mem::take(&mut self.due)
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Nothing comes any more, and nothing is left.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended | Phase::Canceled)
    }

    pub(super) fn send(&mut self, key: Option<Key>, message: Message) -> Sending {
        if !self.is_open() {
            return Sending::Closed;
        }
        let Some(message) = self.pass(message) else { return Sending::Accepted };
        match self.settings.overflow {
            Overflow::DropNewest => {
                self.counters.dropped += 1;
                Sending::Dropped
            }
            Overflow::Error => Sending::Full,
            // Places that are kept free hold nothing that could be dropped, so those are waited for.
            Overflow::DropOldest if self.senders.is_empty() && self.reserved < self.settings.capacity => {
                while !self.fits(1, message.len()) {
                    self.drop_oldest();
                }
                self.hold(message);
                Sending::Accepted
            }
            Overflow::Block | Overflow::DropOldest => self.park(key, Wanted::Room(message)),
        }
    }

    pub(super) fn reserve(&mut self, owner: u32, key: Option<Key>, count: usize) -> Sending {
        if !self.is_open() {
            return Sending::Closed;
        }
        self.hurry_first(count, 0);
        if self.senders.is_empty() && self.fits(count, 0) {
            self.keep(owner, count);
            return Sending::Accepted;
        }
        match self.settings.overflow {
            Overflow::Error => Sending::Full,
            Overflow::DropOldest
                if self.senders.is_empty() && self.reserved + count <= self.settings.capacity =>
            {
                while !self.fits(count, 0) {
                    self.drop_oldest();
                }
                self.keep(owner, count);
                Sending::Accepted
            }
            _ => self.park(key, Wanted::Places(count)),
        }
    }

    /// The place is there, whatever the byte budget says.
    pub(super) fn fulfil(&mut self, owner: u32, message: Message) -> bool {
        let Some(owner) = self.owners.get_mut(&owner).filter(|owner| owner.reserved > 0) else {
            return false;
        };
        owner.reserved -= 1;
        self.reserved -= 1;
        self.hold(message);
        true
    }

    pub(super) fn release(&mut self, owner: u32, count: usize) {
        let Some(owner) = self.owners.get_mut(&owner) else { return };
        let count = count.min(owner.reserved);
        owner.reserved -= count;
        self.reserved -= count;
        self.settle();
    }

    pub(super) fn take(
        &mut self,
        key: Option<Key>,
        min: usize,
        max: usize,
        is_timed: bool,
        into: &mut Intake<'_>,
    ) -> Receiving {
        if self.receivers.is_empty() && self.is_ripe(min) {
            while into.count() < max && self.next_length().is_some_and(|length| into.has_room(length)) {
                let Some((_, message)) = self.next() else { break };
                into.put(message);
            }
            self.counters.received += into.count() as u64;
            self.end_if_done();
            return if into.count() == 0 { Receiving::TooLarge } else { Receiving::Taken(into.count()) };
        }
        if self.is_over() {
            return Receiving::Ended;
        }
        let Some(key) = key else { return Receiving::Nothing };
        let is_stirred = is_timed && self.receivers.is_empty() && !self.held.is_empty();
        self.receivers.push(key, Receiver { min, is_timed: is_timed && !is_stirred });
        if is_stirred { Receiving::Stirred } else { Receiving::Nothing }
    }

    pub(super) fn collect(&mut self, key: Key, into: &mut Intake<'_>) -> Receiving {
        match self.outcomes.get_mut(&key) {
            Some(Outcome::Given(messages)) => {
                while messages.front().is_some_and(|(_, message)| into.has_room(message.len())) {
                    let Some((_, message)) = messages.pop_front() else { break };
                    into.put(message);
                }
                if messages.is_empty() {
                    self.outcomes.remove(&key);
                    self.given -= 1;
                }
                self.counters.received += into.count() as u64;
                self.end_if_done();
                if into.count() == 0 { Receiving::TooLarge } else { Receiving::Taken(into.count()) }
            }
            Some(_) => {
                self.outcomes.remove(&key);
                Receiving::Ended
            }
            None => Receiving::Nothing,
        }
    }

    pub(super) fn hurry(&mut self, key: Key) -> bool {
        let is_first = self.receivers.first().is_some_and(|(first, _)| *first == key);
        if is_first && !self.held.is_empty() {
            self.serve_first();
            self.settle();
            return true;
        }
        if let Some(receiver) = self.receivers.get_mut(key) {
            receiver.is_timed = true;
        }
        false
    }

    pub(super) fn settled(&mut self, key: Key) -> Settled {
        match self.outcomes.remove(&key) {
            None => Settled::Waiting,
            Some(Outcome::Refused) => Settled::Refused,
            Some(_) => Settled::Done,
        }
    }

    /// Lets everybody go on who can.
    pub(super) fn settle(&mut self) {
        if self.is_over() {
            return;
        }
        self.admit();
        while let Some((_, Receiver { min, .. })) = self.receivers.first() {
            if !self.is_ripe(*min) {
                break;
            }
            self.serve_first();
        }
        if !self.held.is_empty() {
            self.stir_first();
        }
        self.counters.peak_length = self.counters.peak_length.max(self.held.len());
        self.end_if_done();
    }

    /// Gives the message to the channel or to a receiver, or gives it back.
    fn pass(&mut self, message: Message) -> Option<Message> {
        if !self.senders.is_empty() {
            return Some(message);
        }
        self.hurry_first(1, message.len());
        if self.fits(1, message.len()) {
            self.hold(message);
            return None;
        }
        if self.receivers.is_empty() || !self.held.is_empty() {
            return Some(message);
        }
        // From hand to hand: the channel never holds it.
        self.push(message);
        self.serve_first();
        self.settle();
        None
    }

    /// Gives what is there to one that waits for more, since nothing else can come in.
    fn hurry_first(&mut self, count: usize, size: usize) {
        if !self.held.is_empty() && !self.receivers.is_empty() && !self.fits(count, size) {
            self.serve_first();
        }
    }

    /// Places, and bytes; a message over the budget fits when nothing else is held.
    fn fits(&self, count: usize, size: usize) -> bool {
        let places = self.held.len().saturating_add(self.reserved).saturating_add(count);
        places <= self.settings.capacity
            && (self.held.is_empty() || self.held.bytes().saturating_add(size) <= self.settings.max_bytes)
    }

    /// Nothing more can come in until something is taken.
    fn is_stuck(&self) -> bool {
        !self.senders.is_empty()
            || self.held.len() >= self.settings.capacity
            || self.held.bytes() >= self.settings.max_bytes
            || (self.phase == Phase::Closing && self.reserved == 0)
    }

    fn is_ripe(&self, min: usize) -> bool {
        self.held.len() >= min || (self.is_stuck() && self.next_length().is_some())
    }

    /// Takes a message in, and lets go on who waits for it.
    fn hold(&mut self, message: Message) {
        self.push(message);
        if self.receivers.is_empty() && self.is_open() {
            self.counters.peak_length = self.counters.peak_length.max(self.held.len());
        } else {
            self.settle();
        }
    }

    fn push(&mut self, message: Message) {
        self.held.push(message);
        self.counters.sent += 1;
    }

    fn keep(&mut self, owner: u32, count: usize) {
        let Some(owner) = self.owners.get_mut(&owner) else { return };
        owner.reserved += count;
        self.reserved += count;
    }

    fn park(&mut self, key: Option<Key>, wanted: Wanted) -> Sending {
        let Some(key) = key else { return Sending::Full };
        self.senders.push(key, Sender { wanted, since: Instant::now() });
        Sending::Waiting
    }

    fn drop_oldest(&mut self) {
        if self.held.pop().is_some() {
            self.counters.dropped += 1;
        }
    }

    /// Length of what [`Rules::next`] would give. A reservation has nothing in its hand and is not overtaken.
    fn next_length(&self) -> Option<usize> {
        if let Some(message) = self.held.first() {
            return Some(message.len());
        }
        match self.senders.first() {
            Some((_, Sender { wanted: Wanted::Room(message), .. })) => Some(message.len()),
            _ => None,
        }
    }

    /// The next message: held, or from the hand of a sender that waits.
    fn next(&mut self) -> Option<(u64, Message)> {
        if self.held.is_empty() {
            self.next_length()?;
            let (key, sender) = self.senders.pop()?;
            self.enter_sender(key, sender);
        }
        let next = self.held.pop();
        self.admit();
        next
    }

    /// Lets in, in their order, those senders for whom there is room.
    fn admit(&mut self) {
        while let Some((_, Sender { wanted, .. })) = self.senders.first() {
            let fits = match wanted {
                Wanted::Room(message) => self.fits(1, message.len()),
                Wanted::Places(count) => self.fits(*count, 0),
            };
            let Some((key, sender)) = (if fits { self.senders.pop() } else { None }) else { return };
            self.enter_sender(key, sender);
        }
    }

    fn enter_sender(&mut self, key: Key, sender: Sender) {
        self.count_wait(sender.since);
        self.tell(key, Outcome::Done);
        match sender.wanted {
            Wanted::Room(message) => self.push(message),
            Wanted::Places(count) => self.keep(key.owner, count),
        }
    }

    pub(super) fn count_wait(&mut self, since: Instant) {
        let waited = since.elapsed();
        self.counters.send_wait += waited;
        self.counters.longest_send_wait = self.counters.longest_send_wait.max(waited);
    }

    /// Gives the first receiver what it wants, or as much of it as there is.
    fn serve_first(&mut self) {
        let Some((key, Receiver { min, .. })) = self.receivers.pop() else { return };
        let mut messages = VecDeque::new();
        while messages.len() < min {
            let Some(message) = self.next() else { break };
            messages.push_back(message);
        }
        self.given += 1;
        self.tell(key, Outcome::Given(messages));
    }

    fn stir_first(&mut self) {
        let Some((key, receiver)) = self.receivers.first_mut() else { return };
        if std::mem::take(&mut receiver.is_timed) {
            let key = *key;
            self.wake(key);
        }
    }

    pub(super) fn tell(&mut self, key: Key, outcome: Outcome) {
        self.outcomes.insert(key, outcome);
        self.wake(key);
    }

    fn wake(&mut self, key: Key) {
        if let Some(owner) = self.owners.get(&key.owner) {
            self.due.push((Arc::clone(&owner.wake), key.wait));
        }
    }
}

impl Sender {
    pub(super) fn since(&self) -> Instant {
        self.since
    }
}
