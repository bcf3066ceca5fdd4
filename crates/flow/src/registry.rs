//! What can be found by its name while somebody holds it. Knows nothing of what that is. Its lock is the standard library's
//! under loom too, whose locks can't be static: what is done under it is one step of a model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

pub(crate) struct Registry<T>(Mutex<BTreeMap<String, Weak<T>>>);

impl<T> Registry<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub(crate) fn add(&self, id: &str, value: &Arc<T>) {
        self.lock().insert(id.to_owned(), Arc::downgrade(value));
    }

    /// None once the last holder is gone, also while it is just going.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<T>> {
        self.lock().get(id)?.upgrade()
    }

    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Weak<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
