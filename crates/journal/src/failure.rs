//! What can go wrong, with what the user needs to find it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Bytes that were written once are not what they were.
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where in it the first bad record begins.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// Another owner, in this process or another, has the directory open.
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// What the system said; the log itself is as it was.
    Io {
        /// The call.
        syscall: &'static str,
        /// The system's error number, 0 when it gave none.
        errno: i32,
        /// What the call was about.
        path: PathBuf,
    },
    /// A write or sync failed, now or earlier: what the disk has is not known any more until the log is opened again.
    Poisoned {
        /// The call that failed.
        syscall: &'static str,
        /// The system's error number, 0 when it gave none.
        errno: i32,
        /// What the call was about.
        path: PathBuf,
    },
    /// The log was closed.
    Closed,
}

impl Failure {
    pub(crate) fn io(syscall: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { syscall, errno: error.raw_os_error().unwrap_or(0), path: path.to_owned() }
    }

    /// The same as the end of all appending.
    pub(crate) fn poison(self) -> Self {
        match self {
            Self::Io { syscall, errno, path } => Self::Poisoned { syscall, errno, path },
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { path, offset, reason } => {
                write!(formatter, "{} at byte {offset}: {reason}", path.display())
            }
            Self::Locked { path } => write!(formatter, "{} is open elsewhere", path.display()),
            Self::Io { syscall, errno, path } | Self::Poisoned { syscall, errno, path } => {
                write!(formatter, "{syscall} of {}: error {errno}", path.display())
            }
            Self::Closed => formatter.write_str("the log is closed"),
        }
    }
}

impl std::error::Error for Failure {}
