//! Commands about children that are already on their way: they have a socket of their own, which is read first.

use crate::bytes::{Fixed, Reader};
use crate::error::DecodeError;

/// Size of an encoded [`Control`].
pub const CONTROL_SIZE: usize = 24;

/// A command to the shepherd. One that names an unknown child is ignored: that child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Send `signal` (0 to 64) to the target or, with `tree`, to its group and every other member of its tree.
    Signal {
        /// Whom.
        child: u64,
        /// Which.
        signal: u8,
        /// The whole tree or only the target.
        tree: bool,
    },
    /// End the whole tree: `signal`, then SIGKILL after `kill_timeout_ms` ([`crate::NEVER`] = no SIGKILL, 0 = SIGKILL at once).
    Terminate {
        /// Whom.
        child: u64,
        /// The polite signal.
        signal: u8,
        /// How long it may take.
        kill_timeout_ms: u32,
    },
    /// Node has given this child up: if it has not started it never will, if it has it is killed at once.
    Cancel {
        /// Whom.
        child: u64,
    },
    /// Node has closed this child: the target's zombie may be reaped.
    Release {
        /// Whom.
        child: u64,
    },
    /// A JavaScript environment is gone: each of its children gets the ladder with its own kill signal and timeout.
    KillEnvironment {
        /// Which.
        environment: u32,
    },
    /// Give the terminal's foreground to this child's group (again) and let it continue.
    Foreground {
        /// Whom.
        child: u64,
    },
}

impl Control {
    /// The bytes for the control socket.
    #[must_use]
    pub fn encode(&self) -> [u8; CONTROL_SIZE] {
        let (tag, signal, tree, number, child) = match *self {
            Self::Signal { child, signal, tree } => (1, signal, u8::from(tree), 0, child),
            Self::Terminate { child, signal, kill_timeout_ms } => (2, signal, 0, kill_timeout_ms, child),
            Self::Cancel { child } => (3, 0, 0, 0, child),
            Self::Release { child } => (4, 0, 0, 0, child),
            Self::KillEnvironment { environment } => (5, 0, 0, environment, 0),
            Self::Foreground { child } => (6, 0, 0, 0, child),
        };
        Fixed::new().put(&[tag, signal, tree, 0]).put(&number.to_le_bytes()).put(&child.to_le_bytes()).done()
    }

    /// Reads a command.
    ///
    /// # Errors
    /// Any other length, an unknown command, a signal past 64, or a field set that the command doesn't have.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let tag = reader.u8("command")?;
        let signal = reader.u8("signal")?;
        let tree = reader.bool("tree")?;
        reader.zeros(1)?;
        let number = reader.u32("number")?;
        let child = reader.u64("child")?;
        reader.zeros(8)?;
        reader.end()?;
        if signal > 64 {
            return Err(DecodeError::Invalid("signal"));
        }
        let command = match tag {
            1 => Self::Signal { child, signal, tree },
            2 => Self::Terminate { child, signal, kill_timeout_ms: number },
            3 => Self::Cancel { child },
            4 => Self::Release { child },
            5 => Self::KillEnvironment { environment: number },
            6 => Self::Foreground { child },
            _ => return Err(DecodeError::Invalid("command")),
        };
        if command.encode() == bytes { Ok(command) } else { Err(DecodeError::Invalid("padding")) }
    }
}
