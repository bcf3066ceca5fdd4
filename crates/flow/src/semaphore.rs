//! A semaphore for threads that wait without blocking: tokio's, whose waits are polled when their thread is told to look.
//! What the permits stand for is the user's matter.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore as Permits};

use crate::member::{Member, Wake};
use crate::registry::Registry;
use crate::sync::{Mutex, MutexGuard, Steps};

static SEMAPHORES: Registry<Shared> = Registry::new();

struct Shared {
    id: String,
    total: u32,
    /// Members that have not left.
    members: AtomicUsize,
    permits: Arc<Permits>,
    steps: Steps,
}

impl Shared {
    fn permits(&self) -> &Arc<Permits> {
        self.steps.take();
        &self.permits
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        SEMAPHORES.remove(&self.id);
    }
}

type Acquire = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// One member's part in a semaphore: its waits, and the permits it holds. Dropping it gives back both.
///
/// Strictly first in, first out, whoever asks: what is released goes to the one that waits longest, also when that is
/// not enough for it yet, so neither a smaller request nor [`Semaphore::try_acquire`] overtakes it.
pub struct Semaphore {
    shared: Arc<Shared>,
    wake: Arc<dyn Wake>,
    part: Mutex<Part>,
}

#[derive(Default)]
struct Part {
    waits: HashMap<u32, (u32, Acquire)>,
    /// Waits that have their permits, of which nobody was told yet.
    granted: HashSet<u32>,
    held: usize,
    has_left: bool,
}

impl Semaphore {
    /// A new one, known by `id` while a member lives.
    #[must_use]
    pub fn open(id: String, total: u32, wake: Arc<dyn Wake>) -> Arc<Self> {
        let permits = Arc::new(Permits::new(total as usize));
        let shared =
            Arc::new(Shared { id, total, members: AtomicUsize::new(1), permits, steps: Steps::default() });
        SEMAPHORES.add(&shared.id, &shared);
        Self::member(shared, wake)
    }

    /// Joins the one of that name, if it has a member that has not left.
    #[must_use]
    pub fn join(id: &str, wake: Arc<dyn Wake>) -> Option<Arc<Self>> {
        let shared = SEMAPHORES.find(id)?;
        // Relaxed: the count guards no other data, it only never rises again from none.
        let joined = shared.members.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            if count == 0 { None } else { Some(count + 1) }
        });
        joined.is_ok().then(|| Self::member(shared, wake))
    }

    fn member(shared: Arc<Shared>, wake: Arc<dyn Wake>) -> Arc<Self> {
        Arc::new(Self { shared, wake, part: Mutex::default() })
    }

    /// How many permits there are in all.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.shared.total
    }

    /// Permits that could be had now: none that somebody who waits has been given already.
    #[must_use]
    pub fn available(&self) -> usize {
        self.shared.permits().available_permits()
    }

    /// Takes permits if nobody waits and there are enough.
    pub fn try_acquire(&self, count: u32) -> bool {
        let mut part = self.lock();
        if part.has_left {
            return false;
        }
        let Ok(permit) = self.shared.permits().try_acquire_many(count) else { return false };
        permit.forget();
        part.held += count as usize;
        true
    }

    /// Takes permits, or waits for them under that number; true when it has them.
    pub fn acquire(&self, wait: u32, count: u32) -> bool {
        let mut part = self.lock();
        if part.has_left {
            return false;
        }
        part.waits
            .insert(wait, (count, Box::pin(Arc::clone(self.shared.permits()).acquire_many_owned(count))));
        self.poll(&mut part, wait);
        part.granted.remove(&wait)
    }

    /// Whether that wait has its permits now. Yes is said once.
    pub fn is_granted(&self, wait: u32) -> bool {
        let mut part = self.lock();
        self.poll(&mut part, wait);
        part.granted.remove(&wait)
    }

    /// Ends a wait. False when it has its permits, as is still to be asked.
    pub fn give_up(&self, wait: u32) -> bool {
        let mut part = self.lock();
        self.poll(&mut part, wait);
        if part.granted.contains(&wait) {
            return false;
        }
        // Gives back what it had been given in part, and whoever is next goes on.
        self.shared.steps.take();
        part.waits.remove(&wait);
        true
    }

    /// Gives permits back.
    pub fn release(&self, count: u32) {
        let mut part = self.lock();
        // One that has left gave them back then.
        let count = (count as usize).min(part.held);
        part.held -= count;
        drop(part);
        self.shared.permits().add_permits(count);
    }

    /// The lock of one part is held while another's thread is woken: `Wake` takes no lock of this crate, so no circle is closed.
    fn poll(&self, part: &mut Part, wait: u32) {
        let Some((count, acquire)) = part.waits.get_mut(&wait) else { return };
        let waker = Waker::from(Arc::new(Told { wake: Arc::clone(&self.wake), wait }));
        self.shared.steps.take();
        // The semaphore is never closed, so there is no error.
        if let Poll::Ready(Ok(permit)) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
            permit.forget();
            part.held += *count as usize;
            part.waits.remove(&wait);
            part.granted.insert(wait);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Part> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member for Semaphore {
    fn leave(&self) {
        let mut part = self.lock();
        if std::mem::replace(&mut part.has_left, true) {
            return;
        }
        self.shared.members.fetch_sub(1, Ordering::Relaxed);
        let waits = std::mem::take(&mut part.waits);
        let held = std::mem::take(&mut part.held);
        drop(part);
        self.shared.steps.take();
        drop(waits);
        self.shared.permits().add_permits(held);
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Semaphore").field("total", &self.total()).finish_non_exhaustive()
    }
}

/// The waker of one wait.
struct Told {
    wake: Arc<dyn Wake>,
    wait: u32,
}

impl std::task::Wake for Told {
    fn wake(self: Arc<Self>) {
        self.wake.wake(self.wait);
    }
}
