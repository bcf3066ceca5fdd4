//! The threads that share something: how one is told that a wait of its own may go on, and how all that it holds is
//! given back when it dies.

use std::sync::{Arc, PoisonError, Weak};

use crate::sync::Mutex;

/// Tells a thread to look after one of its waits.
///
/// Called from whichever thread let the wait go on, with no lock of this crate held. It may come late: after the wait
/// was given up, or when its outcome was taken already.
pub trait Wake: Send + Sync {
    /// `wait` is the number under which the wait was begun.
    fn wake(&self, wait: u32);
}

/// One thread's part in something shared.
pub trait Member: Send + Sync {
    /// Ends its waits and gives back what it holds. Later calls do nothing.
    fn leave(&self);
}

/// Everything that one thread takes part in, so that its end gives all of it back.
#[derive(Default)]
pub struct Members {
    known: Mutex<Vec<Weak<dyn Member>>>,
}

impl Members {
    /// Adds one; keeps nothing alive.
    pub fn add(&self, member: Weak<dyn Member>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Sweeping only when the list would grow keeps the cost of an addition constant.
        if known.len() == known.capacity() {
            known.retain(|member| member.strong_count() > 0);
        }
        known.push(member);
    }

    /// All that still live leave.
    pub fn leave(&self) {
        let known = std::mem::take(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner));
        known.iter().filter_map(Weak::upgrade).for_each(|member: Arc<dyn Member>| member.leave());
    }
}
