//! The addon: converts between JavaScript values and the crates below, and decides nothing.

mod endpoint;
mod environment;
mod event;
mod exports;
#[cfg(feature = "faults")]
mod faults;
mod journal;
mod request;
mod shared_channel;
mod shared_semaphore;
