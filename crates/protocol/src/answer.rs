//! The shepherd's word on the spawn socket that a spawn message has left the queue.

use crate::bytes::{Fixed, Reader};
use crate::error::DecodeError;

/// Size of an encoded [`Answer`].
pub const ANSWER_SIZE: usize = 16;

/// "The spawn message of `child` and all before it are mine now, or have failed on their status pipes": Node may send as many more.
///
/// Sent for the messages that ask for it, in the order they came; never says whether the child runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The request's `child`; 0 when the message was too damaged to tell.
    pub child: u64,
}

impl Answer {
    /// The bytes for the spawn socket.
    #[must_use]
    pub fn encode(&self) -> [u8; ANSWER_SIZE] {
        Fixed::new().put(&self.child.to_le_bytes()).done()
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// Any other length, or padding that isn't zero.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let child = reader.u64("child")?;
        reader.zeros(8)?;
        reader.end()?;
        Ok(Self { child })
    }
}
