//! What an endpoint needs to know of terminals, of which it may have the master: how their end looks, their size, and the
//! bytes that stand for the end of their input.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::termios::{
    InputModes, LocalModes, SpecialCodeIndex as Code, Termios, Winsize, isatty, tcgetattr, tcsetwinsize,
};

/// A master whose other side is gone says EIO, once everything was read: that is an end like any other.
pub(crate) fn read(fd: BorrowedFd<'_>, result: rustix::io::Result<usize>) -> rustix::io::Result<usize> {
    match result {
        Err(Errno::IO) if isatty(fd) => Ok(0),
        other => other,
    }
}

/// And nobody takes what is written to it, which on a pipe is EPIPE.
pub(crate) fn write(fd: BorrowedFd<'_>, result: rustix::io::Result<usize>) -> rustix::io::Result<usize> {
    match result {
        Err(Errno::IO) if isatty(fd) => Err(Errno::PIPE),
        other => other,
    }
}

/// The foreground group hears of it by SIGWINCH if it is a change.
pub(crate) fn resize(fd: BorrowedFd<'_>, columns: u16, rows: u16) -> rustix::io::Result<()> {
    tcsetwinsize(fd, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
}

/// What ends the input of whoever reads the terminal now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputEnd {
    /// The character that does it.
    pub character: u8,
    /// How often. In a line that has begun the first only hands out what there is of it.
    pub times: u8,
}

/// `last` is the last byte that was written, if there was one. `None`: no byte ends anything here.
pub(crate) fn input_end(
    fd: BorrowedFd<'_>,
    last: Option<u8>,
    raw: bool,
) -> rustix::io::Result<Option<InputEnd>> {
    let modes = tcgetattr(fd)?;
    let character = modes.special_codes[Code::VEOF];
    let in_lines = modes.local_modes.contains(LocalModes::ICANON);
    // Without lines it is up to the program what the character means, and a shell that edits lines by itself takes it for
    // the end. Who asked for raw bytes gets no byte of ours among them.
    if character == 0 || (raw && !in_lines) {
        return Ok(None);
    }
    let times = if in_lines && last.is_some_and(|last| !ends_line(&modes, last)) { 2 } else { 1 };
    Ok(Some(InputEnd { character, times }))
}

/// Whether nothing is left of the line behind that byte.
fn ends_line(modes: &Termios, byte: u8) -> bool {
    let is = |codes: &[Code]| byte != 0 && codes.iter().any(|code| modes.special_codes[*code] == byte);
    byte == b'\n'
        || (byte == b'\r' && modes.input_modes.contains(InputModes::ICRNL))
        || is(&[Code::VEOF, Code::VEOL, Code::VEOL2, Code::VKILL])
        || (modes.local_modes.contains(LocalModes::ISIG) && is(&[Code::VINTR, Code::VQUIT, Code::VSUSP]))
}
