//! The messages that a channel holds, in their order and with their bytes. Bounds are the rules' matter.

use std::collections::{BTreeMap, VecDeque};

use crate::message::Message;

#[derive(Default)]
pub(super) struct Held {
    messages: VecDeque<Message>,
    /// What came back from members that left, by its place in the order. Each of them comes before all of `messages`.
    returned: BTreeMap<u64, Message>,
    /// The place of the first of `messages`.
    place: u64,
    bytes: usize,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.messages.len() + self.returned.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn first(&self) -> Option<&Message> {
        self.returned.first_key_value().map(|(_, message)| message).or_else(|| self.messages.front())
    }

    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    /// The first message and its place in the order.
    pub(super) fn pop(&mut self) -> Option<(u64, Message)> {
        let (place, message) = match self.returned.pop_first() {
            Some(first) => first,
            None => (self.place, self.messages.pop_front()?),
        };
        // What came back keeps its place, which is before this one.
        self.place = self.place.max(place + 1);
        self.bytes -= message.len();
        Some((place, message))
    }

    pub(super) fn bring_back(&mut self, place: u64, message: Message) {
        self.bytes += message.len();
        self.returned.insert(place, message);
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.returned.clear();
        self.bytes = 0;
    }
}
