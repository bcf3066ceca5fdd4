//! The table from tokens to what is registered under them. A token carries a generation, so an event that was on its
//! way while its slot was given to somebody else finds nobody.

use std::sync::Arc;

use mio::Token;

use crate::endpoint::Endpoint;
use crate::reactor::Handler;

const INDEX_BITS: u32 = 32;

#[derive(Clone)]
pub(crate) enum Item {
    Endpoint(Arc<Endpoint>),
    Handler(Arc<dyn Handler>),
}

#[derive(Default)]
pub(crate) struct Slots {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

struct Entry {
    generation: u32,
    item: Option<Item>,
}

impl Slots {
    /// Stores what `make` builds for the token it will be known by.
    pub(crate) fn insert(&mut self, make: impl FnOnce(Token) -> Item) -> Option<Token> {
        let index = if let Some(index) = self.free.pop() {
            index
        } else {
            self.entries.push(Entry { generation: 0, item: None });
            u32::try_from(self.entries.len() - 1).ok()?
        };
        let entry = self.entries.get_mut(index as usize)?;
        let token = token(index, entry.generation)?;
        entry.item = Some(make(token));
        Some(token)
    }

    pub(crate) fn get(&self, token: Token) -> Option<Item> {
        let (index, generation) = parts(token);
        let entry = self.entries.get(index as usize)?;
        if entry.generation == generation { entry.item.clone() } else { None }
    }

    /// Empties the slot; its next tenant gets another generation.
    pub(crate) fn remove(&mut self, token: Token) -> Option<Item> {
        let (index, generation) = parts(token);
        let entry = self.entries.get_mut(index as usize)?;
        if entry.generation != generation {
            return None;
        }
        let item = entry.item.take()?;
        // The top bit stays clear so that no token equals the waker's, which is all ones.
        entry.generation = (generation + 1) & (u32::MAX >> 1);
        self.free.push(index);
        Some(item)
    }

    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.entries.iter().filter_map(|entry| match &entry.item {
            Some(Item::Endpoint(endpoint)) => Some(endpoint),
            _ => None,
        })
    }
}

fn token(index: u32, generation: u32) -> Option<Token> {
    let value = (u64::from(generation) << INDEX_BITS) | u64::from(index);
    usize::try_from(value).ok().map(Token)
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a 64-bit token are taken apart")]
fn parts(token: Token) -> (u32, u32) {
    let value = token.0 as u64;
    (value as u32, (value >> INDEX_BITS) as u32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Item, Slots};
    use crate::reactor::{Handler, Turn};

    struct Nothing;
    impl Handler for Nothing {
        fn ready(&self, _turn: &mut Turn<'_>) {}
    }

    #[test]
    fn a_token_of_a_former_tenant_finds_nobody() {
        let mut slots = Slots::default();
        let first = slots.insert(|_| Item::Handler(Arc::new(Nothing))).unwrap();
        assert!(slots.remove(first).is_some());
        let second = slots.insert(|_| Item::Handler(Arc::new(Nothing))).unwrap();
        assert_ne!(first, second);
        assert!(slots.get(first).is_none());
        assert!(slots.remove(first).is_none());
        assert!(slots.get(second).is_some());
    }
}
