//! The terminal of one spawn: its slave is the child's 0, 1 and 2, its master both a writer and a reader here.
//!
//! The two of ours are one open file: closing one of them means nothing to the child, closing both hangs its terminal up.

use std::os::fd::{AsFd, OwnedFd};

use protocol::Stdio;
use reactor::Lane;

use crate::event::Failure;
use crate::stdio::{OurEnd, OurEnds, Prepared, status_pipe};
use crate::sys;

/// A terminal as it was asked for. The size is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
    /// Bytes pass as they are: no echo, no lines, no signals.
    pub raw: bool,
}

impl Terminal {
    /// Opens it. `lane` is how its output is read.
    pub(crate) fn prepare(self, lane: Lane) -> Result<Prepared, Failure> {
        let failed = |errno| Failure {
            detail: "no terminal can be opened here".to_owned(),
            ..Failure::new("terminal", errno)
        };
        let copy =
            |fd: &OwnedFd| fd.try_clone().map_err(|error| failed(error.raw_os_error().unwrap_or(libc::EIO)));
        let (master, slave) = sys::open_terminal(self.columns, self.rows, self.raw).map_err(failed)?;
        sys::make_non_blocking(master.as_fd()).map_err(failed)?;
        let writer = OurEnd { fd: copy(&master)?, lane: Lane::Demand, grows: false, half: None };
        let reader = OurEnd { fd: master, lane, grows: false, half: None };
        let held = if sys::HOLDS_SLAVE { Some(copy(&slave)?) } else { None };
        let (status, status_write) = status_pipe()?;
        Ok(Prepared {
            slots: [Stdio::Passed, Stdio::Passed, Stdio::SameAsStdout],
            extra_slots: Vec::new(),
            sent: vec![copy(&slave)?, slave],
            ours: OurEnds { standard: [Some(writer), Some(reader), None], extra: Vec::new() },
            held,
            status,
            status_write,
        })
    }
}
