//! A budget of bytes: whoever wants to keep bytes in memory takes a hold first and gives it back by dropping it.
//! Knows nothing of what the bytes are or who reads them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bound on bytes held in memory, shared by everybody who clones it.
///
/// Permits are bytes. Nobody waits here: a producer that gets no hold stops producing and is started again by whoever
/// drops one. That keeps the bound exact at every moment, also while producer and consumer run on different threads.
///
/// ```
/// let budget = flow::Budget::new(10);
/// let hold = budget.take(8).unwrap();
/// assert!(budget.take(4).is_none());
/// drop(hold);
/// assert_eq!(budget.available(), 10);
/// ```
#[derive(Clone, Debug)]
pub struct Budget {
    permits: Arc<Semaphore>,
}

impl Budget {
    /// A budget of `bytes`; what exceeds the semaphore's own limit is cut to it.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))) }
    }

    /// Takes `bytes` now, or nothing at all when fewer are left.
    #[must_use]
    pub fn take(&self, bytes: u32) -> Option<Hold> {
        let permit = Arc::clone(&self.permits).try_acquire_many_owned(bytes).ok()?;
        Some(Hold { _permit: permit })
    }

    /// Bytes nobody holds at this moment.
    #[must_use]
    pub fn available(&self) -> usize {
        self.permits.available_permits()
    }
}

/// Bytes taken from a [`Budget`]; dropping it gives them back.
#[derive(Debug)]
pub struct Hold {
    _permit: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_hold_is_given_back_by_dropping_it_and_never_exceeds_the_bound() {
        let budget = Budget::new(3);
        let holds: Vec<_> = (0..5).filter_map(|_| budget.take(1)).collect();
        assert_eq!(holds.len(), 3);
        assert!(budget.take(1).is_none());
        drop(holds);
        assert_eq!(budget.available(), 3);
    }

    #[test]
    fn a_request_that_does_not_fit_takes_nothing() {
        let budget = Budget::new(3);
        assert!(budget.take(4).is_none());
        assert_eq!(budget.available(), 3);
    }

    #[test]
    fn threads_never_hold_more_than_the_bound_together() {
        let budget = Budget::new(100);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let hold = budget.take(40);
                        assert!(budget.available() <= 100);
                        drop(hold);
                    }
                });
            }
        });
        assert_eq!(budget.available(), 100);
    }
}
