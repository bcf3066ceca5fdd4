//! Messages between Node and the shepherd, and the records a child's status pipe carries.
//! Owns their bytes (little-endian, every decoder total); does no I/O and knows nothing of descriptors but their order.

#![forbid(unsafe_code)]

mod answer;
mod bytes;
mod cgroup;
mod control;
mod error;
mod extras;
mod frame;
mod request;
mod status;
mod strings;
mod version;

pub use answer::{ANSWER_SIZE, Answer};
pub use cgroup::Cgroup;
pub use control::{CONTROL_SIZE, Control};
pub use error::DecodeError;
pub use extras::{Extras, MAX_EXTRA_FDS, Resource, UNLIMITED};
pub use frame::{Frame, MAX_INLINE, MAX_REQUEST};
pub use request::{Containment, NEVER, SpawnRequest, Stdio};
pub use status::{STATUS_SIZE, Stage, Status};
pub use strings::Strings;
pub use version::VERSION;
