//! The wall around what differs between systems: starting a thread without signals, pipe fill and size, hang-up.

mod unix;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{hangup_interest, set_pipe_size};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{hangup_interest, set_pipe_size};

pub use unix::spawn_without_signals;
pub(crate) use unix::{buffered, end_half, hung_up};
