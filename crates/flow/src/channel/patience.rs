//! Whether to look again for a moment before a wait begins. To put a thread to sleep and to wake it costs both threads several
//! microseconds, and one that has just sent something is often answered sooner. Moments in vain become rare.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// About what a sleep and a wake-up of both threads cost together.
const MOMENT: Duration = Duration::from_micros(15);
/// Each moment in vain doubles how many waits begin without one, up to two to the power of this.
const LONGEST_PAUSE: u32 = 5;

thread_local! {
    static HAS_SENT: Cell<bool> = const { Cell::new(false) };
}

/// This thread has sent something, on whatever channel.
pub(super) fn sent() {
    HAS_SENT.set(true);
}

/// Of one member, whose thread alone uses it; atomic only to be shareable.
#[derive(Default)]
pub(super) struct Patience {
    left_out: AtomicU32,
    pause: AtomicU32,
}

impl Patience {
    /// Whether the wait that is about to begin is to be preceded by a moment: the first one after something was sent, now and then.
    pub(super) fn is_willing(&self) -> bool {
        if !HAS_SENT.replace(false) {
            return false;
        }
        let left_out = self.left_out.load(Ordering::Relaxed);
        self.left_out.store(left_out.saturating_sub(1), Ordering::Relaxed);
        left_out == 0 && has_company()
    }

    /// Tries again whenever something was sent, until it gets something or the moment is over. Relaxed: the count only says when to
    /// look, and what is there to be seen is behind the lock.
    pub(super) fn look<R>(&self, sends: &AtomicU64, mut again: impl FnMut() -> Option<R>) -> Option<R> {
        let until = Instant::now() + MOMENT;
        let mut seen = None;
        while Instant::now() < until {
            let now = sends.load(Ordering::Relaxed);
            if seen.replace(now) == Some(now) {
                std::hint::spin_loop();
            } else if let Some(found) = again() {
                self.pause.store(0, Ordering::Relaxed);
                return Some(found);
            }
        }
        let pause = (self.pause.load(Ordering::Relaxed) + 1).min(LONGEST_PAUSE);
        self.pause.store(pause, Ordering::Relaxed);
        self.left_out.store(1 << pause, Ordering::Relaxed);
        None
    }
}

/// On a single core nothing happens while we look, and a model's threads know no time.
fn has_company() -> bool {
    static COMPANY: OnceLock<bool> = OnceLock::new();
    *COMPANY.get_or_init(|| {
        !cfg!(loom) && std::thread::available_parallelism().is_ok_and(|count| count.get() > 1)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{LONGEST_PAUSE, Patience, has_company, sent};

    #[test]
    fn a_moment_comes_only_after_something_was_sent_and_seldom_when_it_is_in_vain() {
        let patience = Patience::default();
        let sends = AtomicU64::new(0);
        assert!(!patience.is_willing());
        let mut moments = 0;
        for _ in 0..1000 {
            sent();
            if patience.is_willing() {
                moments += 1;
                assert_eq!(patience.look(&sends, || None::<()>), None);
            }
            assert!(!patience.is_willing(), "it is one moment for what was sent");
        }
        assert!(moments <= u32::from(has_company()) * (LONGEST_PAUSE + 1000 / (1 << LONGEST_PAUSE) + 1));
        assert!(moments >= u32::from(has_company()));
    }

    #[test]
    fn it_looks_at_first_and_then_only_when_something_was_sent() {
        let patience = Patience::default();
        let sends = AtomicU64::new(0);
        let mut looks = 0;
        let found = patience.look(&sends, || {
            looks += 1;
            sends.fetch_add(u64::from(looks == 1), Ordering::Relaxed);
            (looks == 2).then_some("found")
        });
        assert_eq!(found, Some("found"));
        looks = 0;
        let nothing = patience.look(&sends, || {
            looks += 1;
            None::<()>
        });
        assert_eq!((nothing, looks), (None, 1));
    }
}
