//! What must hold for any bytes at all: each function takes some and panics if it does not. Who makes the bytes up is not known
//! here: libFuzzer, a corpus, or a property test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is how it is told that something does not hold"
)]

mod frames;
mod image;
mod reference;
mod segments;

pub use frames::frames;
pub use segments::segments;
