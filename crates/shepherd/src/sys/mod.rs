//! The wall between the shepherd and the operating system: every platform choice is made in this folder.
//! `posix` works everywhere; the folder named after a system has what differs, under the same names.

mod posix;
pub use posix::*;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

use std::os::fd::OwnedFd;

/// Who sent a message, by the kernel's word. Nobody (`pid` 0) when the kernel gave none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sender {
    pub pid: libc::pid_t,
    pub uid: libc::uid_t,
    pub gid: libc::gid_t,
}

/// A message that came with its descriptors, all of them close-on-exec.
#[derive(Debug)]
pub struct Message {
    pub length: usize,
    pub descriptors: Vec<OwnedFd>,
    pub sender: Sender,
    /// The message was longer than the buffer.
    pub cut: bool,
    /// Descriptors were lost on the way: this process is at its limit.
    pub descriptors_lost: bool,
}

/// What a receive found.
#[derive(Debug)]
pub enum Received {
    Message(Message),
    Nothing,
    Closed,
}

/// Whose child a vforked process becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// This process's.
    Own,
    /// This process's parent's: the new process is a sibling, reaped by who made this one.
    Same,
}

/// What became of a process that was asked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    None,
    Stopped,
    Exited(Exit),
    /// It is no child of this process (any more).
    Stranger,
}

/// How a process ended. Sizes in bytes, times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exit {
    pub code: i32,
    pub signal: i32,
    pub core_dumped: bool,
    pub max_rss: u64,
    pub user: u64,
    pub system: u64,
}
