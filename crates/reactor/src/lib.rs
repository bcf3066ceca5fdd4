//! The one I/O thread of a process and what JavaScript threads share with it.
//! Owns the poller, descriptors of byte endpoints and the completion lists; knows nothing of children or of JavaScript.

mod ahead;
mod endpoint;
mod environment;
mod growth;
mod io_loop;
#[cfg(loom)]
mod modeled;
mod poller;
mod reactor;
mod slots;
mod sync;
mod sys;
mod tail;
mod terminal;

pub use endpoint::{Endpoint, Half, Lane, Watch};
pub use environment::{Completion, Environment};
pub use io_loop::IoLoop;
pub use reactor::{Handler, Reactor, Registration, Turn};
pub use sys::spawn_without_signals;
pub use terminal::InputEnd;
