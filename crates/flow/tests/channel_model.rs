//! Random orders of everything that can be done with a channel by several members, one of which may leave at any time. Each
//! step is atomic under the channel's lock, so these are all the orders that threads can produce; wake-ups, which come after
//! the lock, are only recorded, which is as late as they can come.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing test is the point"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use flow::{Channel, Intake, Member, Overflow, Receiving, Sending, Settings, Settled, Wake};
use proptest::prelude::*;

#[derive(Default)]
struct Told(Mutex<BTreeSet<u32>>);

impl Wake for Told {
    fn wake(&self, wait: u32) {
        self.0.lock().unwrap().insert(wait);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Send(u32),
    Reserve(usize),
    Receive,
}

struct Party {
    channel: Arc<Channel>,
    told: Arc<Told>,
    waits: BTreeMap<u32, Kind>,
    places: usize,
}

struct World {
    parties: Vec<Option<Party>>,
    settings: Settings,
    next: u32,
    /// Accepted by the channel, and by nobody yet received or dropped.
    inside: BTreeSet<u32>,
    /// Sent by waits that are not settled.
    offered: BTreeSet<u32>,
    received: BTreeSet<u32>,
    brought_back: usize,
    placed: bool,
    newest_dropped: u64,
}

fn bytes(id: u32, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size.max(4)];
    bytes[..4].copy_from_slice(&id.to_le_bytes());
    bytes
}

impl World {
    fn new(settings: Settings, id: &str) -> Self {
        let parties = (0..3)
            .map(|party| {
                let told = Arc::new(Told::default());
                let wake = Arc::clone(&told) as Arc<dyn Wake>;
                let channel = if party == 0 {
                    Channel::open(id.to_owned(), settings, wake)
                } else {
                    Channel::join(id, wake).unwrap()
                };
                Some(Party { channel, told, waits: BTreeMap::new(), places: 0 })
            })
            .collect();
        Self {
            parties,
            settings,
            next: 1,
            inside: BTreeSet::new(),
            offered: BTreeSet::new(),
            received: BTreeSet::new(),
            brought_back: 0,
            placed: false,
            newest_dropped: 0,
        }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// What a fetch has put into memory.
    fn got(&mut self, count: usize, memory: &[u8], lengths: &[u32]) {
        let (mut at, mut last) = (0, 0);
        for length in &lengths[..count] {
            let id = u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
            at += *length as usize;
            assert!(id > last || self.placed, "out of order");
            last = id;
            assert!(self.received.insert(id), "{id} came twice");
            assert!(self.inside.remove(&id) || self.offered.remove(&id), "{id} was never accepted");
        }
    }

    fn step(&mut self, party: usize, what: u8, argument: u8) {
        let number = self.number();
        let Some(mut party_taken) = self.parties[party].take() else { return };
        let stays = self.act(&mut party_taken, what, argument, number);
        if stays {
            self.parties[party] = Some(party_taken);
        }
        self.check();
    }

    fn act(&mut self, party: &mut Party, what: u8, argument: u8, number: u32) -> bool {
        let wait = (!argument.is_multiple_of(4)).then_some(number);
        let channel = Arc::clone(&party.channel);
        let (mut memory, mut lengths) = ([0; 4096], [0; 16]);
        match what {
            0..=4 => match channel.send(wait, &bytes(number, usize::from(argument))) {
                Sending::Accepted => drop(self.inside.insert(number)),
                Sending::Waiting => {
                    self.offered.insert(number);
                    party.waits.insert(number, Kind::Send(number));
                }
                Sending::Dropped => self.newest_dropped += 1,
                Sending::Full | Sending::Closed => {}
            },
            5..=8 => {
                let (min, max) = if argument < 128 { (1, 1) } else { (usize::from(argument % 3) + 1, 4) };
                let mut intake = Intake::new(&mut memory, &mut lengths);
                match channel.take(wait, min, max, argument.is_multiple_of(2), &mut intake) {
                    Receiving::Taken(count) => self.got(count, &memory, &lengths),
                    Receiving::Nothing | Receiving::Stirred if wait.is_some() => {
                        party.waits.insert(number, Kind::Receive);
                    }
                    Receiving::TooLarge => panic!("there is room for every message"),
                    _ => {}
                }
            }
            9 => {
                let count = usize::from(argument % 3) + 1;
                if count <= self.settings.capacity {
                    match channel.reserve(wait, count) {
                        Sending::Accepted => party.places += count,
                        Sending::Waiting => drop(party.waits.insert(number, Kind::Reserve(count))),
                        _ => {}
                    }
                }
            }
            10 if party.places > 0 => {
                if channel.fulfil(&bytes(number, usize::from(argument))) {
                    party.places -= 1;
                    self.placed = true;
                    self.inside.insert(number);
                }
            }
            11 => {
                channel.release(party.places.min(1));
                party.places -= party.places.min(1);
            }
            12 => {
                if let Some((wait, kind)) =
                    party.waits.iter().nth(usize::from(argument) % 3).map(|(a, b)| (*a, *b))
                {
                    if channel.give_up(wait) {
                        party.waits.remove(&wait);
                        if let Kind::Send(id) = kind {
                            assert!(self.offered.remove(&id));
                        }
                    } else {
                        assert!(party.told.0.lock().unwrap().contains(&wait), "served, but not told");
                    }
                }
            }
            13 => {
                let receive =
                    party.waits.iter().find(|(_, kind)| **kind == Kind::Receive).map(|(wait, _)| *wait);
                if let Some(wait) = receive {
                    channel.hurry(wait);
                }
            }
            14 if argument == 0 => channel.close(None),
            14 if argument == 1 => channel.cancel(None),
            15 if argument < 64 => {
                // What it was given it leaves unseen.
                party.waits.retain(|_, kind| *kind != Kind::Receive);
                self.look(party);
                let before = channel.levels().length;
                channel.leave();
                self.brought_back += channel.levels().length.saturating_sub(before);
                for kind in party.waits.values() {
                    if let Kind::Send(id) = kind {
                        self.offered.remove(id);
                    }
                }
                return false;
            }
            _ => self.look(party),
        }
        true
    }

    /// A thread looks after its waits, told or not.
    fn look(&mut self, party: &mut Party) {
        for (wait, kind) in party.waits.clone() {
            let is_told = party.told.0.lock().unwrap().contains(&wait);
            let outcome = match kind {
                Kind::Receive => self.look_at_receive(party, wait),
                Kind::Send(id) => {
                    let settled = party.channel.settled(wait);
                    if settled != Settled::Waiting {
                        let was_offered = self.offered.remove(&id);
                        if settled == Settled::Done && was_offered {
                            self.inside.insert(id);
                        }
                    }
                    settled != Settled::Waiting
                }
                Kind::Reserve(count) => {
                    let settled = party.channel.settled(wait);
                    if settled == Settled::Done {
                        party.places += count;
                    }
                    settled != Settled::Waiting
                }
            };
            assert!(is_told || !outcome, "served, but not told");
            if outcome {
                party.waits.remove(&wait);
            }
        }
    }

    fn look_at_receive(&mut self, party: &Party, wait: u32) -> bool {
        let (mut memory, mut lengths) = ([0; 4096], [0; 16]);
        let mut is_over = false;
        loop {
            match party.channel.collect(wait, &mut Intake::new(&mut memory, &mut lengths)) {
                Receiving::Taken(count) => {
                    is_over = true;
                    self.got(count, &memory, &lengths);
                }
                Receiving::Ended => return true,
                Receiving::TooLarge => panic!("there is room for every message"),
                Receiving::Nothing | Receiving::Stirred => return is_over,
            }
        }
    }

    fn check(&self) {
        let Some(channel) = self.parties.iter().flatten().map(|party| &party.channel).next() else { return };
        let levels = channel.levels();
        if self.brought_back == 0 {
            assert!(
                levels.length + levels.reserved <= self.settings.capacity,
                "over the capacity: {levels:?}"
            );
            // Permits are good whatever their messages weigh, and a single large message is let in alone.
            if !self.placed && levels.length > 1 {
                assert!(levels.held_bytes <= self.settings.max_bytes, "over the bytes: {levels:?}");
            }
        }
        if levels.length > 0 && levels.waiting_receivers > 0 {
            assert_eq!(levels.waiting_senders, 0, "a sender and a receiver wait for each other: {levels:?}");
        }
        let mut waits = self.parties.iter().flatten().flat_map(|party| party.waits.values());
        if self.settings.max_bytes == usize::MAX && !waits.any(|kind| matches!(kind, Kind::Reserve(_))) {
            let is_full = levels.length + levels.reserved >= self.settings.capacity;
            assert!(is_full || levels.waiting_senders == 0, "a sender waits beside a free place: {levels:?}");
        }
        let places: usize = self.parties.iter().flatten().map(|party| party.places).sum();
        assert!(places <= levels.reserved || channel.is_closed(), "a place is lost: {levels:?}");
    }

    /// All waits are looked after, the channel is closed and emptied: nothing is left over.
    fn finish(mut self) {
        for _ in 0..3 {
            for at in 0..self.parties.len() {
                let Some(mut party) = self.parties[at].take() else { continue };
                party.channel.release(party.places);
                party.places = 0;
                party.channel.close(None);
                self.look(&mut party);
                self.parties[at] = Some(party);
            }
        }
        let Some(at) = self.parties.iter().position(Option::is_some) else { return };
        let last = self.parties[at].take().unwrap();
        loop {
            let (mut memory, mut lengths) = ([0; 4096], [0; 16]);
            match last.channel.take(None, 1, 3, false, &mut Intake::new(&mut memory, &mut lengths)) {
                Receiving::Taken(count) => self.got(count, &memory, &lengths),
                Receiving::Ended => break,
                other => panic!("{other:?} from a closed channel: {:?}", last.channel.levels()),
            }
        }
        let levels = last.channel.levels();
        self.parties[at] = Some(last);
        for at in 0..self.parties.len() {
            let Some(mut party) = self.parties[at].take() else { continue };
            self.look(&mut party);
            assert!(party.waits.is_empty(), "{:?} still wait at the end", party.waits);
        }
        let lost = self.inside.len() as u64 + self.newest_dropped - levels.dropped;
        assert_eq!(lost, 0, "of {:?}, {} were dropped", self.inside, levels.dropped);
        assert_eq!(levels.received, self.received.len() as u64);
        assert!(self.offered.is_empty(), "{:?} are neither accepted nor refused", self.offered);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_reordered_over_the_bound_or_left_waiting(
        capacity in 0_usize..4,
        max_bytes in prop_oneof![Just(usize::MAX), 20_usize..300],
        overflow in prop_oneof![
            Just(Overflow::Block), Just(Overflow::Block), Just(Overflow::DropNewest),
            Just(Overflow::DropOldest), Just(Overflow::Error),
        ],
        steps in prop::collection::vec((0_usize..3, 0_u8..20, any::<u8>()), 1..80),
        seed in any::<u64>(),
    ) {
        let capacity = if overflow == Overflow::DropOldest { capacity.max(1) } else { capacity };
        let settings = Settings { capacity, max_bytes, overflow, codec: 0 };
        let id = format!("model {seed} {:p}", &raw const settings);
        let mut world = World::new(settings, &id);
        for (party, what, argument) in steps {
            world.step(party, what, argument);
        }
        world.finish();
        prop_assert!(Channel::join(&id, Arc::new(Told::default())).is_none(), "it outlives its last member");
    }
}
