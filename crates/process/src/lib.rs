//! Node's side of a child process: what is asked of the shepherd, the pipes between, and what the status pipe tells.
//! Owns pids and pipes; starts no program but the shepherd, and never waits for a process that is not its own.

mod child;
mod connection;
mod environ;
mod event;
mod launch;
mod stdio;
mod supervisor;
mod sys;
mod terminal;

pub use child::Child;
pub use environ::snapshot as snapshot_environ;
pub use event::{Event, Exit, Failure};
pub use launch::{Extra, Launch, Source};
pub use supervisor::{Supervisor, retire};
pub use sys::{EAGAIN, EINVAL, EIO, duplicate, make_blocking, make_pipe, take_over};
pub use terminal::Terminal;
