//! A channel's counters and levels at one moment.

use std::time::Duration;

use super::rules::Rules;

/// See the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Messages held.
    pub length: usize,
    /// Their bytes.
    pub held_bytes: usize,
    /// The most that were ever held.
    pub peak_length: usize,
    /// Messages accepted.
    pub sent: u64,
    /// Messages that a receiver has fetched.
    pub received: u64,
    /// Messages dropped by overflow and by `cancel`.
    pub dropped: u64,
    /// How many wait to send or to reserve.
    pub waiting_senders: usize,
    /// How many wait to receive.
    pub waiting_receivers: usize,
    /// Places kept free.
    pub reserved: usize,
    /// Messages that would be accepted now.
    pub available: usize,
    /// How long those waited that wait to send no more.
    pub send_wait: Duration,
    /// The longest of those waits.
    pub longest_send_wait: Duration,
}

impl Levels {
    pub(super) fn of(rules: &Rules) -> Self {
        let waiting_senders = rules.senders.len();
        let taken = rules.held.len().saturating_add(rules.reserved);
        let is_free = rules.is_open() && waiting_senders == 0;
        Self {
            length: rules.held.len(),
            held_bytes: rules.held.bytes(),
            waiting_senders,
            waiting_receivers: rules.receivers.len(),
            reserved: rules.reserved,
            available: if is_free { rules.settings.capacity.saturating_sub(taken) } else { 0 },
            ..rules.counters
        }
    }
}
