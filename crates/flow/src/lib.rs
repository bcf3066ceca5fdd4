//! What is bounded and passed from one thread to another: permits for bytes in flight, channels, semaphores.
//! Owns no descriptor, does no I/O, starts no thread and contains no unsafe code.
#![forbid(unsafe_code)]

mod budget;
mod channel;
mod line;
mod member;
mod message;
mod registry;
mod semaphore;
mod sync;

pub use budget::{Budget, Hold};
pub use channel::{Channel, Intake, Levels, Overflow, Receiving, Sending, Settings, Settled};
pub use member::{Member, Members, Wake};
pub use semaphore::Semaphore;
