//! The system's poller as mio has it, or one made for loom, whose waits are loom's.

#[cfg(loom)]
pub(crate) use crate::modeled::{Events, Poll, Registry, Waker};
#[cfg(not(loom))]
pub(crate) use mio::{Events, Poll, Registry, Waker};
