//! The lock of this crate: the standard library's, or that of loom, which tries every order in which threads can take it. And
//! a mark on what loom can't see by itself.

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Something that is not made of loom's types and yet shared: its users take a step before each use, and loom tries these in
/// every order too. Nothing at all without loom.
#[derive(Default)]
pub(crate) struct Steps {
    #[cfg(loom)]
    taken: loom::sync::atomic::AtomicUsize,
}

impl Steps {
    #[cfg_attr(not(loom), expect(clippy::unused_self, reason = "there is something to see under loom only"))]
    pub(crate) fn take(&self) {
        #[cfg(loom)]
        self.taken.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
    }
}
