//! A spawn message taken apart: the request, the descriptors in their roles, and who asked. Starts nothing.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use libc::pid_t;
use protocol::{Frame, SpawnRequest, Stage};

use crate::status::StatusPipe;
use crate::sys::{self, Message, Sender};

/// A spawn that can be tried.
pub struct Order {
    pub request: SpawnRequest,
    /// The target's ends, in the order of their slots.
    pub ends: Vec<OwnedFd>,
    pub status: StatusPipe,
    /// What a long request came in, for passing the message on.
    pub memfd: Option<OwnedFd>,
    /// The process that asked.
    pub node: pid_t,
}

impl Order {
    /// A refusal of it.
    pub fn refuse(self, stage: Stage, errno: i32) -> Refusal {
        Refusal { child: self.request.child, status: Some(self.status), stage, errno }
    }

    /// The descriptors as they stood in the message.
    pub fn descriptors(&self) -> Vec<RawFd> {
        let memfd = self.memfd.iter().map(AsRawFd::as_raw_fd);
        self.ends.iter().map(AsRawFd::as_raw_fd).chain([self.status.raw()]).chain(memfd).collect()
    }
}

/// A spawn that can't, and whom to tell why.
pub struct Refusal {
    pub child: u64,
    pub status: Option<StatusPipe>,
    pub stage: Stage,
    pub errno: i32,
}

impl Refusal {
    /// Says so on the status pipe if that has arrived.
    pub fn tell(self) {
        if let Some(status) = self.status {
            status.fail(self.stage, self.errno);
        }
    }
}

/// Takes a message apart. Descriptors without a role are closed; so are all when the message is refused.
pub fn open(bytes: &[u8], message: Message, trusts: impl FnOnce(Sender) -> bool) -> Result<Order, Refusal> {
    let mut descriptors = message.descriptors;
    let lost = message.descriptors_lost;
    let refuse = |child, status, stage, errno| Err(Refusal { child, status, stage, errno });
    let damage = if lost { (Stage::Descriptors, libc::EMFILE) } else { (Stage::Decode, libc::EBADMSG) };

    let mut memfd = None;
    let (child, encoded) = match Frame::decode(bytes) {
        Ok(Frame::Spawn(encoded)) => (SpawnRequest::peek_child(&encoded).unwrap_or(0), Some(encoded)),
        // The memfd is the last descriptor; when some were lost it is the first to be.
        Ok(Frame::SpawnInMemfd { child, .. }) if lost => (child, None),
        Ok(Frame::SpawnInMemfd { child, length }) => {
            memfd = descriptors.pop();
            (child, memfd.as_ref().and_then(|memfd| load(memfd, length)))
        }
        Err(_) => (0, None),
    };
    let request = encoded.and_then(|encoded| SpawnRequest::decode(&encoded).ok());
    let Some(request) = request.filter(|request| request.child == child && !message.cut) else {
        // Without the request only the count tells the roles: the status pipe is last, if all have arrived.
        let status = if lost { None } else { descriptors.pop().map(StatusPipe::new) };
        return refuse(child, status, damage.0, damage.1);
    };

    let passed = request.passed();
    let surplus = descriptors.len() > passed + 1;
    let status = (descriptors.len() > passed).then(|| descriptors.swap_remove(passed)).map(StatusPipe::new);
    descriptors.truncate(passed);
    let Some(status) = status else { return refuse(child, None, damage.0, damage.1) };
    if lost || surplus {
        return refuse(child, Some(status), damage.0, damage.1);
    }
    if !trusts(message.sender) {
        return refuse(child, Some(status), Stage::Credentials, libc::EPERM);
    }
    Ok(Order { request, ends: descriptors, status, memfd, node: message.sender.pid })
}

fn load(memfd: &OwnedFd, length: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    sys::read_from_start(memfd.as_fd(), &mut bytes).then_some(bytes)
}
