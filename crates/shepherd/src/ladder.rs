//! The time plan of ending a tree: politely now, by force later, given up after that. Sends nothing itself.

use std::time::{Duration, Instant};

/// How long processes may outlive SIGKILL before they count as survivors.
pub const UNKILLABLE_AFTER: Duration = Duration::from_secs(2);

/// How often SIGKILL is repeated while something is left: forks that raced with the last pass are found by the next.
const PASS: Duration = Duration::from_millis(20);

/// A ladder on its way.
#[derive(Debug, Clone, Copy)]
pub struct Ladder {
    force_at: Option<Instant>,
    forced_at: Option<Instant>,
    last_pass: Option<Instant>,
}

impl Ladder {
    /// Begins now and turns to force after `timeout_ms`; [`protocol::NEVER`] = not at all.
    pub fn begin(now: Instant, timeout_ms: u32) -> Self {
        Self { force_at: deadline(now, timeout_ms), forced_at: None, last_pass: None }
    }

    /// The sooner of two deadlines wins: nobody's patience is stretched by somebody else's.
    pub fn tighten(&mut self, now: Instant, timeout_ms: u32) {
        self.force_at = match (self.force_at, deadline(now, timeout_ms)) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// Whether a pass of SIGKILL is due. Asked after every change in the family too, so a new orphan is killed without delay.
    pub fn forces(&mut self, now: Instant) -> bool {
        if self.forced_at.is_none() && self.force_at.is_some_and(|at| at <= now) {
            self.forced_at = Some(now);
        }
        if self.forced_at.is_some() {
            self.last_pass = Some(now);
        }
        self.forced_at.is_some()
    }

    /// Whether what is left now is left for good.
    pub fn has_failed(&self, now: Instant) -> bool {
        self.forced_at.is_some_and(|at| now >= at + UNKILLABLE_AFTER)
    }

    /// When to look again.
    pub fn next(&self) -> Option<Instant> {
        self.last_pass.map(|at| at + PASS).or(self.force_at)
    }
}

fn deadline(now: Instant, timeout_ms: u32) -> Option<Instant> {
    if timeout_ms == protocol::NEVER {
        return None;
    }
    now.checked_add(Duration::from_millis(timeout_ms.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_patience_wins() {
        let now = Instant::now();
        let mut ladder = Ladder::begin(now, protocol::NEVER);
        assert!(!ladder.forces(now + Duration::from_secs(1 << 20)));
        assert_eq!(ladder.next(), None);
        ladder.tighten(now, 50);
        ladder.tighten(now, 500);
        assert_eq!(ladder.next(), Some(now + Duration::from_millis(50)));
        ladder.tighten(now, protocol::NEVER);
        assert!(!ladder.forces(now + Duration::from_millis(49)));
        assert!(ladder.forces(now + Duration::from_millis(50)));
    }

    #[test]
    fn force_is_repeated_and_then_given_up() {
        let now = Instant::now();
        let mut ladder = Ladder::begin(now, 0);
        assert!(ladder.forces(now));
        assert_eq!(ladder.next(), Some(now + PASS));
        assert!(!ladder.has_failed(now + PASS));
        assert!(ladder.has_failed(now + UNKILLABLE_AFTER));
    }
}
