//! The first-in-first-out line of waits. Leaving from the middle costs no search. Who is served when is its owner's matter.

use std::collections::{BTreeMap, HashMap};

/// A wait: whose, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub owner: u32,
    pub wait: u32,
}

pub(crate) struct Line<W> {
    places: BTreeMap<u64, (Key, W)>,
    tickets: HashMap<Key, u64>,
    next: u64,
}

impl<W> Default for Line<W> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), tickets: HashMap::new(), next: 0 }
    }
}

impl<W> Line<W> {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(crate) fn push(&mut self, key: Key, wait: W) {
        self.places.insert(self.next, (key, wait));
        self.tickets.insert(key, self.next);
        self.next += 1;
    }

    pub(crate) fn first(&self) -> Option<&(Key, W)> {
        self.places.first_key_value().map(|(_, entry)| entry)
    }

    pub(crate) fn first_mut(&mut self) -> Option<&mut (Key, W)> {
        self.places.first_entry().map(std::collections::btree_map::OccupiedEntry::into_mut)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut W> {
        let ticket = self.tickets.get(&key)?;
        self.places.get_mut(ticket).map(|(_, wait)| wait)
    }

    pub(crate) fn pop(&mut self) -> Option<(Key, W)> {
        let (_, entry) = self.places.pop_first()?;
        self.tickets.remove(&entry.0);
        Some(entry)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<W> {
        let ticket = self.tickets.remove(&key)?;
        self.places.remove(&ticket).map(|(_, wait)| wait)
    }

    /// Takes out all of which `is_wanted` is true, oldest first.
    pub(crate) fn remove_all(&mut self, mut is_wanted: impl FnMut(Key, &W) -> bool) -> Vec<(Key, W)> {
        let keys: Vec<Key> =
            self.places.values().filter(|(key, wait)| is_wanted(*key, wait)).map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| self.remove(key).map(|wait| (key, wait))).collect()
    }
}
