//! What the test programs share: starting without Rust's runtime, arguments, raw descriptors, forks and a counter file.
//! Nothing of the product depends on it.

mod args;
mod content;
mod counter;
mod descriptor;
mod start;
pub mod sys;

pub use args::Args;
pub use content::Content;
pub use counter::Counter;
pub use descriptor::{Outcome, say, write_all};
pub use start::{Failure, start};
