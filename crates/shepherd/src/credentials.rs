//! Decides whose messages count: those of the one Node process, while it is the same user as the shepherd.

use libc::pid_t;

use crate::sys::{self, Sender};

/// The shepherd's own user and, once it has spoken, the process it works for.
///
/// A Node that has given up root must not get children of root: the kernel's word on each message is compared, not the state at start.
#[derive(Debug)]
pub struct Credentials {
    uid: libc::uid_t,
    gid: libc::gid_t,
    node: Option<pid_t>,
}

impl Credentials {
    pub fn of_this_process() -> Self {
        let (uid, gid) = sys::own_user();
        Self { uid, gid, node: None }
    }

    /// Whether a message from this sender counts. The first that does settles which process is Node.
    pub fn accept(&mut self, sender: Sender) -> bool {
        sender.pid > 0
            && (sender.uid, sender.gid) == (self.uid, self.gid)
            && *self.node.get_or_insert(sender.pid) == sender.pid
    }
}
