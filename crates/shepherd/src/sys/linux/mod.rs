//! Linux: sockets that keep messages apart, signalfd, subreapers, PDEATHSIG, pidfds and `/proc`.

mod cgroup;
mod identity;
mod message;
mod process;
mod procfs;

pub use cgroup::{fork_into, is_cgroup2, path, pid_namespace, start_of};
pub use identity::{can_be_root_again, clear_groups, set_gid, set_limit, set_nice, set_uid};
pub use message::{channel, prepare_socket, receive, send, send_order};
pub use process::{
    Stack, become_subreaper, clear_dispositions, clear_mask, close_all_but, close_on_exec_from, die_with,
    drain_signals, errno_pipe, name_process, reap, reap_any, return_freed_memory, signal_descriptor,
    signal_if, take_terminal, vfork, wait,
};
pub use procfs::{children_of, is_usable, parent_of};

/// Whether targets are started by keepers here, which can hold a tree together.
pub const KEEPERS: bool = true;
