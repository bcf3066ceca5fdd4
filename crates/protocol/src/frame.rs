//! The message on the spawn socket: a request inside it, or the word that the request lies in a memfd sent along.

use crate::bytes::Reader;
use crate::error::DecodeError;

/// Longest encoded request that travels inside the message; a longer one travels in a memfd.
pub const MAX_INLINE: usize = 16 * 1024;

/// Longest encoded request at all. The kernel takes no more than 6 MiB of argv and environment.
pub const MAX_REQUEST: usize = 16 * 1024 * 1024;

const INLINE: u8 = 1;
const IN_MEMFD: u8 = 2;
const PADDING: usize = 6;

/// Where a message says whether it wants to be answered.
const ANSWER: usize = 1;

/// One message on the spawn socket.
///
/// Descriptors sent along, in this order: those of the slots that are [`crate::Stdio::Passed`], the status pipe's
/// write end, and for [`Frame::SpawnInMemfd`] the memfd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// An encoded [`crate::SpawnRequest`] of at most [`MAX_INLINE`] bytes.
    Spawn(Vec<u8>),
    /// The first `length` bytes of the memfd are the encoded request.
    SpawnInMemfd {
        /// The request's `child`, so that the message can be answered when the memfd was lost on the way.
        child: u64,
        /// Length of the request, at most [`MAX_REQUEST`].
        length: u32,
    },
}

impl Frame {
    /// The bytes for the spawn socket.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Spawn(request) => {
                let mut bytes = Vec::with_capacity(8 + request.len());
                bytes.extend_from_slice(&[INLINE, 0, 0, 0, 0, 0, 0, 0]);
                bytes.extend_from_slice(request);
                bytes
            }
            Self::SpawnInMemfd { child, length } => {
                let mut bytes = vec![IN_MEMFD, 0, 0, 0, 0, 0, 0, 0];
                bytes.extend_from_slice(&child.to_le_bytes());
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes
            }
        }
    }

    /// Makes an encoded message ask for an [`crate::Answer`]. Not every message needs one: an answer says that all earlier ones
    /// have been taken too.
    pub fn ask_for_answer(message: &mut [u8]) {
        if let Some(byte) = message.get_mut(ANSWER) {
            *byte = 1;
        }
    }

    /// Whether a message wants to be answered; one that can't be read does.
    #[must_use]
    pub fn wants_answer(message: &[u8]) -> bool {
        message.get(ANSWER).is_none_or(|byte| *byte != 0)
    }

    /// Reads a message; the request inside it is not looked at.
    ///
    /// # Errors
    /// An unknown kind, a request that is empty or longer than its way of travelling allows, or bytes left over.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8("kind")?;
        reader.bool("answer")?;
        reader.zeros(PADDING)?;
        match kind {
            INLINE => match reader.rest() {
                [] => Err(DecodeError::Truncated("request")),
                request if request.len() > MAX_INLINE => Err(DecodeError::Invalid("request")),
                request => Ok(Self::Spawn(request.to_vec())),
            },
            IN_MEMFD => {
                let child = reader.u64("child")?;
                let length = reader.u32("length")?;
                reader.end()?;
                if length == 0 || usize::try_from(length).is_ok_and(|length| length > MAX_REQUEST) {
                    return Err(DecodeError::Invalid("length"));
                }
                Ok(Self::SpawnInMemfd { child, length })
            }
            _ => Err(DecodeError::Invalid("kind")),
        }
    }
}
