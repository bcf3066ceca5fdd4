//! Messages on SEQPACKET sockets with descriptors and the kernel's word on who sent them.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use protocol::MAX_EXTRA_FDS;

use super::super::{Message, Received, Sender, check, errno};

/// Descriptors a message can bring. More than any valid message has, so that extras are seen and closed, not lost.
const MOST_DESCRIPTORS: usize = MAX_EXTRA_FDS + 8;

/// Room for the descriptors and the credentials, in words so that it is aligned as a control header must be.
const CONTROL_WORDS: usize = MOST_DESCRIPTORS / 2 + 8;

/// From now on every message on this socket says who sent it.
pub fn prepare_socket(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option takes one int.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PASSCRED,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// A pair of sockets between the shepherd and a keeper.
pub fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut pair = [0; 2];
    // SAFETY: the call writes two ints.
    check(unsafe {
        libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, pair.as_mut_ptr())
    })?;
    let [one, other] = pair;
    // SAFETY: two new descriptors that nothing else owns.
    Ok(unsafe { (OwnedFd::from_raw_fd(one), OwnedFd::from_raw_fd(other)) })
}

/// Sends without waiting; false when there is no room now.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<bool> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the slice is valid for its length.
    let sent = unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), flags) };
    if sent >= 0 {
        return Ok(true);
    }
    match errno() {
        libc::EAGAIN | libc::EINTR | libc::ENOBUFS | libc::ENOMEM => Ok(false),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

/// Sends an order: its head, the spawn message it carries, and that message's descriptors. An order never waits: the socket of
/// a keeper that has nothing to do is empty.
pub fn send_order(
    socket: BorrowedFd<'_>,
    head: &[u8],
    message: &[u8],
    descriptors: &[RawFd],
) -> io::Result<()> {
    let slice =
        |bytes: &[u8]| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut slices = [slice(head), slice(message)];
    let mut control = [0_u64; CONTROL_WORDS];
    let payload = size_of_val(descriptors);
    if descriptors.len() > MOST_DESCRIPTORS {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: `msghdr` is plain numbers and pointers, for which zero is a value.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_iov = slices.as_mut_ptr();
    header.msg_iovlen = slices.len() as _;
    header.msg_control = control.as_mut_ptr().cast();
    // SAFETY: arithmetic, and writes inside the buffer: it has room for a header and the most descriptors.
    unsafe {
        header.msg_controllen = libc::CMSG_SPACE(payload as u32) as _;
        if let Some(entry) = libc::CMSG_FIRSTHDR(&raw const header).as_mut() {
            entry.cmsg_level = libc::SOL_SOCKET;
            entry.cmsg_type = libc::SCM_RIGHTS;
            entry.cmsg_len = libc::CMSG_LEN(payload as u32) as _;
            ptr::copy_nonoverlapping(descriptors.as_ptr().cast(), libc::CMSG_DATA(entry), payload);
        }
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the header points at buffers of the lengths it names.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, flags) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes one message without waiting. An error that doesn't pass counts as the end: nothing can come any more.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Received {
    let mut control = [0_u64; CONTROL_WORDS];
    let mut slice = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: `msghdr` is plain numbers and pointers, for which zero is a value.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_iov = &raw mut slice;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header points at a buffer and a control buffer of the lengths it names.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
    if got < 0 {
        return match errno() {
            libc::EAGAIN | libc::EINTR | libc::ENOMEM | libc::ENOBUFS => Received::Nothing,
            _ => Received::Closed,
        };
    }
    // SAFETY: the header is as the successful call left it.
    let (descriptors, sender) = unsafe { ancillary(&header) };
    let length = usize::try_from(got).unwrap_or(0);
    if length == 0 {
        return Received::Closed;
    }
    let cut = header.msg_flags & libc::MSG_TRUNC != 0;
    let descriptors_lost = header.msg_flags & libc::MSG_CTRUNC != 0;
    Received::Message(Message { length, descriptors, sender, cut, descriptors_lost })
}

/// # Safety
/// `header` must come from a successful `recvmsg` whose control buffer is still alive.
unsafe fn ancillary(header: &libc::msghdr) -> (Vec<OwnedFd>, Sender) {
    let mut descriptors = Vec::new();
    let mut sender = Sender::default();
    // SAFETY: the kernel wrote a well-formed chain of control messages into the buffer.
    let mut entry = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: null or a header inside the buffer, by the kernel's chain.
    while let Some(found) = unsafe { entry.as_ref() } {
        // SAFETY: the data lies behind the header, inside the buffer.
        let data = unsafe { libc::CMSG_DATA(found) };
        if found.cmsg_level == libc::SOL_SOCKET && found.cmsg_type == libc::SCM_RIGHTS {
            for index in 0..MOST_DESCRIPTORS {
                let end = (index + 1) * size_of::<libc::c_int>();
                // SAFETY: arithmetic. Its type and that of the length differ between C libraries.
                if unsafe { libc::CMSG_LEN(end as u32) } as libc::size_t > found.cmsg_len as _ {
                    break;
                }
                // SAFETY: within the payload, by the check above.
                let fd = unsafe {
                    data.add(index * size_of::<libc::c_int>()).cast::<libc::c_int>().read_unaligned()
                };
                // SAFETY: the kernel made it for this process; nothing else owns it.
                descriptors.push(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        } else if found.cmsg_level == libc::SOL_SOCKET && found.cmsg_type == libc::SCM_CREDENTIALS {
            // SAFETY: the kernel's payload is one `ucred`.
            let word: libc::ucred = unsafe { data.cast::<libc::ucred>().read_unaligned() };
            sender = Sender { pid: word.pid, uid: word.uid, gid: word.gid };
        }
        // SAFETY: as for the first header.
        entry = unsafe { libc::CMSG_NXTHDR(header, found) };
    }
    (descriptors, sender)
}
