//! A pseudoterminal: both ends opened, sized and set up. Who gets which end is decided by the caller.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{grantpt, ptsname, unlockpt};
use rustix::termios::{InputModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

/// A new pair, master first. Both are close-on-exec, and neither becomes a terminal of this process: it may lead a session
/// that has none.
pub(crate) fn open_terminal(columns: u16, rows: u16, raw: bool) -> Result<(OwnedFd, OwnedFd), i32> {
    let open = || {
        let master = super::platform::open_master()?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let slave = super::platform::open_slave(master.as_fd())?;
        set_up(slave.as_fd(), columns, rows, raw)?;
        Ok((master, slave))
    };
    open().map_err(rustix::io::Errno::raw_os_error)
}

/// Before there is a program: what it finds first is what was asked for.
fn set_up(slave: BorrowedFd<'_>, columns: u16, rows: u16, raw: bool) -> rustix::io::Result<()> {
    let mut modes = tcgetattr(slave)?;
    if raw {
        modes.make_raw();
    } else {
        // An erase takes a whole character then, not a byte of it.
        modes.input_modes |= InputModes::IUTF8;
    }
    tcsetattr(slave, OptionalActions::Now, &modes)?;
    tcsetwinsize(slave, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
}

/// The other end, by its name in this process's `/dev`.
pub(super) fn slave_by_name(master: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let name = ptsname(master, Vec::new())?;
    rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
}
