//! Memory of the receiver's that messages are copied into, one behind the other, with their lengths beside them.

use crate::message::Message;

/// What came of a receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiving {
    /// So many messages are in the intake; never none.
    Taken(usize),
    /// It waits, or found nothing.
    Nothing,
    /// It waits, and there are fewer than it wants.
    Stirred,
    /// The next message has no room: its length is the first in the intake's lengths.
    TooLarge,
    /// There is nothing, and nothing will come.
    Ended,
}

/// Where a receive puts messages.
pub struct Intake<'a> {
    memory: &'a mut [u8],
    lengths: &'a mut [u32],
    used: usize,
    count: usize,
    /// Copied and freed after the channel's lock is released.
    long: Vec<(usize, Message)>,
}

impl<'a> Intake<'a> {
    /// An empty one.
    pub fn new(memory: &'a mut [u8], lengths: &'a mut [u32]) -> Self {
        Self { memory, lengths, used: 0, count: 0, long: Vec::new() }
    }

    /// Whether one more of that length can be put. The first that can't leaves its length where the next one's would be.
    pub(super) fn has_room(&mut self, length: usize) -> bool {
        let Some(place) = self.lengths.get_mut(self.count) else { return false };
        *place = u32::try_from(length).unwrap_or(u32::MAX);
        length <= self.memory.len() - self.used
    }

    /// There is room.
    pub(super) fn put(&mut self, message: Message) {
        let (at, length) = (self.used, message.len());
        self.used += length;
        self.count += 1;
        match &message {
            Message::Short { .. } => copy(self.memory, at, message.bytes()),
            Message::Long(_) => self.long.push((at, message)),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn finish(&mut self) {
        for (at, message) in self.long.drain(..) {
            copy(self.memory, at, message.bytes());
        }
    }
}

fn copy(memory: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(part) = memory.get_mut(at..at + bytes.len()) {
        part.copy_from_slice(bytes);
    }
}
