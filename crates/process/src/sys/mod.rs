//! The wall around the system: descriptors, terminals, sockets with descriptors, the shepherd's process, pidfds, credentials.

mod descriptors;
mod process;
mod socket;
mod terminal;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as platform;

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other as platform;

pub use descriptors::{duplicate, make_blocking, make_pipe, take_over};

pub(crate) use descriptors::{duplicate_own, make_non_blocking, pipe};
pub(crate) use platform::{HOLDS_SLAVE, identity, kill_group, memory_file, set_pipe_size, umask};
pub(crate) use process::{Credentials, Process, credentials, environ, start_shepherd};
pub(crate) use socket::{Sent, send, socket_pair, stream_pair};
pub(crate) use terminal::open_terminal;

/// The error numbers the binding needs by name.
pub use libc::{EAGAIN, EINVAL, EIO};
