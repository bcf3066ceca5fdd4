//! The one error of every decoder.

use std::error::Error;
use std::fmt;

/// Why some bytes are not a message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside the named field.
    Truncated(&'static str),
    /// The named field holds a value that has no meaning.
    Invalid(&'static str),
    /// Bytes are left over after a complete message.
    Trailing,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(field) => write!(f, "message ends inside `{field}`"),
            Self::Invalid(field) => write!(f, "`{field}` has no valid value"),
            Self::Trailing => f.write_str("bytes are left over after the message"),
        }
    }
}

impl Error for DecodeError {}
