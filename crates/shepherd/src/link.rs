//! The shepherd's side of a keeper: its socket, the commands that wait for room on it, and, until the keeper's first word,
//! a second hold on the status pipe.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use libc::pid_t;
use protocol::{Control, Stage};

use crate::status::StatusPipe;
use crate::sys::{self, Received};

/// Signals that may wait for room. Of more than that the oldest is dropped: that many unread ones mean a stopped keeper, and
/// the kernel itself keeps only one of a kind.
const MOST_SIGNALS: usize = 64;

/// What the keeper says, once: how the start went.
pub const WORD_STARTED: u8 = 1;
pub const WORD_FAILED: u8 = 2;

/// What it says last: nothing of its tree is left. A keeper that goes without it leaves processes behind.
pub const WORD_DONE: u8 = 4;

/// What the shepherd says first: the target's ends are closed on its side, so STARTED may be told.
pub const WORD_GO: u8 = 3;

struct Starting {
    status: StatusPipe,
    deadline: Instant,
}

/// A keeper.
pub struct Link {
    pid: pid_t,
    socket: OwnedFd,
    waiting: VecDeque<Control>,
    starting: Option<Starting>,
    is_done: bool,
}

impl Link {
    /// Tells a new keeper to go on.
    pub fn new(pid: pid_t, socket: OwnedFd, status: StatusPipe, deadline: Instant) -> Self {
        let _ = sys::send(socket.as_fd(), &[WORD_GO]);
        Self {
            pid,
            socket,
            waiting: VecDeque::new(),
            starting: Some(Starting { status, deadline }),
            is_done: false,
        }
    }

    pub fn pid(&self) -> pid_t {
        self.pid
    }

    /// Whether it has not said yet how the start went. Asked after hearing it out: its word comes before STARTED, so Node can't
    /// know of a start that this denies.
    pub fn is_starting(&mut self) -> bool {
        self.listen();
        self.starting.is_some()
    }

    /// Whether it has said that it leaves nothing behind.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// When the start counts as hung.
    pub fn deadline(&self) -> Option<Instant> {
        self.starting.as_ref().map(|starting| starting.deadline)
    }

    pub fn interest(&self) -> libc::pollfd {
        let room = if self.waiting.is_empty() { 0 } else { libc::POLLOUT };
        sys::interest(self.socket.as_fd(), libc::POLLIN | room)
    }

    /// Hears the keeper out; false when it is gone.
    pub fn listen(&mut self) -> bool {
        let mut word = [0; 8];
        loop {
            match sys::receive(self.socket.as_fd(), &mut word) {
                // Whatever it said, the start is over: the status pipe is the keeper's alone from here on.
                Received::Message(_) => {
                    self.starting = None;
                    self.is_done |= matches!(word, [WORD_DONE | WORD_FAILED, ..]);
                }
                Received::Nothing => return true,
                Received::Closed => return false,
            }
        }
    }

    /// Passes a command on, at once or when there is room.
    pub fn pass(&mut self, command: Control) {
        self.flush();
        if self.waiting.is_empty() && sys::send(self.socket.as_fd(), &command.encode()).unwrap_or(true) {
            return;
        }
        self.wait(command);
    }

    fn wait(&mut self, command: Control) {
        match command {
            Control::Signal { .. } => {
                let is_signal = |waiting: &Control| matches!(waiting, Control::Signal { .. });
                if self.waiting.iter().filter(|waiting| is_signal(waiting)).count() >= MOST_SIGNALS
                    && let Some(oldest) = self.waiting.iter().position(is_signal)
                {
                    self.waiting.remove(oldest);
                }
            }
            // The keeper lets the shorter patience win, and so does the queue: one per signal, with the shortest.
            Control::Terminate { signal, kill_timeout_ms, .. } => {
                for waiting in &mut self.waiting {
                    if let Control::Terminate { signal: other, kill_timeout_ms: patience, .. } = waiting
                        && *other == signal
                    {
                        *patience = kill_timeout_ms.min(*patience);
                        return;
                    }
                }
            }
            // The rest says the same however often it is said.
            _ if self.waiting.contains(&command) => return,
            _ => {}
        }
        self.waiting.push_back(command);
    }

    /// Sends what waits, as far as there is room.
    pub fn flush(&mut self) {
        while let Some(command) = self.waiting.front() {
            if !sys::send(self.socket.as_fd(), &command.encode()).unwrap_or(true) {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Node is gone: the keeper sees an end of file and ends its tree by its own rules.
    pub fn hang_up(&self) {
        sys::hang_up(self.socket.as_fd());
    }

    /// Kills a keeper that has not started its target. The target dies of its PDEATHSIG or comes to the shepherd.
    pub fn cancel(self) {
        let _ = sys::kill(self.pid, libc::SIGKILL);
    }

    /// The same for a start that took too long. Its last words are heard first: after `WORD_STARTED` nothing else may be told.
    pub fn time_out(mut self) {
        let _ = sys::kill(self.pid, libc::SIGKILL);
        self.listen();
        if let Some(starting) = self.starting {
            starting.status.fail(Stage::Timeout, libc::ETIMEDOUT);
        }
    }
}
