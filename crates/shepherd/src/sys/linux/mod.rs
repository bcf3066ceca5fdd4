//! Linux: sockets that keep messages apart, signalfd, subreapers, PDEATHSIG, pidfds and `/proc`.

mod message;
mod process;
mod procfs;

pub use message::{channel, prepare_socket, receive, send};
pub use process::{
    Stack, become_subreaper, clear_dispositions, clear_mask, close_all_but, close_on_exec_from, die_with,
    drain_signals, errno_pipe, name_process, reap, reap_any, signal_descriptor, signal_if, take_terminal,
    vfork, wait,
};
pub use procfs::{children_of, is_usable, parent_of};

/// Whether a keeper can hold a tree together here.
pub const TREES: bool = true;
