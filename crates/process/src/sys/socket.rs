//! Socket pairs that keep message borders, and sending descriptors over them without ever blocking.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::MAX_EXTRA_FDS;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// The most descriptors one message carries: three for stdio and those beyond, the status pipe, a memfd.
const MOST: usize = MAX_EXTRA_FDS + 5;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Done,
    /// No room, or too many descriptors in flight: again after the next answer.
    Full,
    /// Nobody is on the other side.
    Lost,
    Failed(i32),
}

/// A non-blocking pair; one end becomes the shepherd's, whose blocking mode is its own affair. The kernel puts the
/// sender's credentials on every message from the first one on.
pub(crate) fn socket_pair() -> Result<(OwnedFd, OwnedFd), i32> {
    super::platform::socket_pair().map_err(Errno::raw_os_error)
}

/// A blocking pair of sockets that are streams, for a child and us.
pub(crate) fn stream_pair() -> Result<(OwnedFd, OwnedFd), i32> {
    super::platform::stream_pair().map_err(Errno::raw_os_error)
}

/// Sends all of `message` with `fds`, or nothing.
pub(crate) fn send(socket: BorrowedFd<'_>, message: &[u8], fds: &[&OwnedFd]) -> Sent {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(|fd| fd.as_fd()).collect();
    if !borrowed.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(&borrowed)) {
        return Sent::Failed(libc::EINVAL);
    }
    loop {
        let flags = SendFlags::DONTWAIT | super::platform::NO_SIGNAL;
        match sendmsg(socket, &[IoSlice::new(message)], &mut ancillary, flags) {
            Ok(_) => return Sent::Done,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::TOOMANYREFS | Errno::NOBUFS) => return Sent::Full,
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => return Sent::Lost,
            Err(error) => return Sent::Failed(error.raw_os_error()),
        }
    }
}
