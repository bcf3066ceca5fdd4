//! The JavaScript object of one instance of a shared semaphore.

use std::sync::Arc;

use flow::{Member, Semaphore};
use napi::Either;
use napi::bindgen_prelude::Null;
use napi_derive::napi;

use crate::environment::JsEnvironment;

/// One instance's part in a semaphore.
#[napi(js_name = "SharedSemaphore")]
pub struct JsSharedSemaphore {
    inner: Arc<Semaphore>,
}

#[napi]
impl JsEnvironment {
    /// A new semaphore of that name.
    #[napi(catch_unwind)]
    pub fn open_semaphore(&self, id: String, permits: u32) -> JsSharedSemaphore {
        let wake = Arc::clone(&self.environment);
        self.semaphore(Semaphore::open(id, permits, wake))
    }

    /// The semaphore of that name; null once nobody holds it.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "that is how strings are handed over")]
    pub fn join_semaphore(&self, id: String) -> Either<JsSharedSemaphore, Null> {
        let wake = Arc::clone(&self.environment);
        Semaphore::join(&id, wake).map_or(Either::B(Null), |semaphore| Either::A(self.semaphore(semaphore)))
    }
}

impl JsEnvironment {
    fn semaphore(&self, inner: Arc<Semaphore>) -> JsSharedSemaphore {
        let member: Arc<dyn Member> = Arc::clone(&inner) as Arc<dyn Member>;
        self.environment.members().add(Arc::downgrade(&member));
        JsSharedSemaphore { inner }
    }
}

#[napi]
impl JsSharedSemaphore {
    /// How many there are in all.
    #[napi(catch_unwind)]
    pub fn total(&self) -> u32 {
        self.inner.total()
    }

    /// How many could be had now.
    #[napi(catch_unwind)]
    pub fn available(&self) -> u32 {
        u32::try_from(self.inner.available()).unwrap_or(u32::MAX)
    }

    /// Takes permits at once or not at all.
    #[napi(catch_unwind)]
    pub fn try_acquire(&self, permits: u32) -> bool {
        self.inner.try_acquire(permits)
    }

    /// True when it has them; else it waits.
    #[napi(catch_unwind)]
    pub fn acquire(&self, wait: u32, permits: u32) -> bool {
        self.inner.acquire(wait, permits)
    }

    /// Whether that wait has its permits now.
    #[napi(catch_unwind)]
    pub fn is_granted(&self, wait: u32) -> bool {
        self.inner.is_granted(wait)
    }

    /// Ends a wait; false when it has its permits.
    #[napi(catch_unwind)]
    pub fn give_up(&self, wait: u32) -> bool {
        self.inner.give_up(wait)
    }

    /// Gives permits back.
    #[napi(catch_unwind)]
    pub fn release(&self, permits: u32) {
        self.inner.release(permits);
    }

    /// Gives back everything and ends all waits of this instance.
    #[napi(catch_unwind)]
    pub fn leave(&self) {
        self.inner.leave();
    }
}
