//! How waits and the channel itself come to an end: giving up, closing, canceling, and the end of a member.

use std::sync::Arc;

use super::rules::{Outcome, Phase, Rules, Sender, Wanted};
use crate::line::Key;

impl Rules {
    /// Who waited behind it may go on.
    pub(super) fn give_up(&mut self, key: Key) -> bool {
        if let Some(sender) = self.senders.remove(key) {
            self.count_wait(sender.since());
        } else if self.receivers.remove(key).is_none() {
            self.watchers.retain(|watcher| *watcher != key);
            return !self.outcomes.contains_key(&key);
        }
        self.settle();
        true
    }

    /// Sends that wait keep their turn; reservations have no message yet, so they are refused.
    pub(super) fn close(&mut self, cause: Option<Arc<[u8]>>) {
        if !self.is_open() {
            return;
        }
        self.phase = Phase::Closing;
        self.has_failed = cause.is_some();
        self.cause = cause;
        for (key, sender) in self.senders.remove_all(|_, sender| matches!(sender.wanted, Wanted::Places(_))) {
            self.refuse(key, &sender);
        }
        self.settle();
    }

    pub(super) fn cancel(&mut self, cause: Option<Arc<[u8]>>) {
        if self.is_over() {
            return;
        }
        self.phase = Phase::Canceled;
        if !self.has_failed {
            self.cause = cause;
        }
        self.counters.dropped += self.held.len() as u64;
        self.held.clear();
        self.reserved = 0;
        self.owners.values_mut().for_each(|owner| owner.reserved = 0);
        while let Some((key, sender)) = self.senders.pop() {
            self.refuse(key, &sender);
        }
        self.tell_end();
    }

    pub(super) fn cause(&self) -> Option<Arc<[u8]>> {
        self.cause.clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    pub(super) fn watch(&mut self, key: Key) -> bool {
        if !self.is_over() {
            self.watchers.push(key);
        }
        self.is_over()
    }

    /// What was given to the member and not fetched goes back to its place in the order, also beyond the capacity: it was accepted.
    pub(super) fn leave(&mut self, owner: u32) {
        let Some(left) = self.owners.remove(&owner) else { return };
        for (_, sender) in self.senders.remove_all(|key, _| key.owner == owner) {
            self.count_wait(sender.since());
        }
        self.receivers.remove_all(|key, _| key.owner == owner);
        self.watchers.retain(|key| key.owner != owner);
        let is_over = self.is_over();
        self.outcomes.retain(|key, outcome| {
            if key.owner != owner {
                return true;
            }
            if let Outcome::Given(messages) = outcome {
                self.given -= 1;
                for (place, message) in messages.drain(..) {
                    if is_over {
                        self.counters.dropped += 1;
                    } else {
                        self.held.bring_back(place, message);
                    }
                }
            }
            false
        });
        self.reserved -= left.reserved;
        if self.is_abandoned() {
            self.held.clear();
        }
        self.settle();
    }

    /// All members have left: nobody can join any more, and nothing is held.
    pub(super) fn is_abandoned(&self) -> bool {
        self.owners.is_empty()
    }

    pub(super) fn end_if_done(&mut self) {
        let is_done = self.phase == Phase::Closing
            && self.held.is_empty()
            && self.reserved == 0
            && self.given == 0
            && self.senders.is_empty();
        if is_done {
            self.phase = Phase::Ended;
            self.tell_end();
        }
    }

    fn tell_end(&mut self) {
        while let Some((key, _)) = self.receivers.pop() {
            self.tell(key, Outcome::Ended);
        }
        for key in std::mem::take(&mut self.watchers) {
            self.tell(key, Outcome::Ended);
        }
    }

    fn refuse(&mut self, key: Key, sender: &Sender) {
        self.count_wait(sender.since());
        self.tell(key, Outcome::Refused);
    }
}
