//! An append-only log of records in segment files, written by one thread of its own with group commit.
//! Owns the files, their lock and their format; knows nothing of JavaScript or of what a payload means.
#![forbid(unsafe_code)]

mod directory;
mod disk;
mod failure;
mod frame;
mod log;
mod processors;
mod record;
mod recovery;
mod scan;
mod segment;
mod writer;

pub use disk::{Disk, System};
pub use failure::Failure;
pub use log::{Block, Log, Options, Position};
pub use record::MAX_BODY;
pub use writer::{Journal, Outcome};
