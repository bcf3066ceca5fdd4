//! Bounds that are passed from one thread to another: permits for bytes in flight.
//! Owns no descriptor, does no I/O and contains no unsafe code.
#![forbid(unsafe_code)]

mod budget;

pub use budget::{Budget, Hold};
