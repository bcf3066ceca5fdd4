//! The shepherd's side of a keeper: its socket, the commands that wait for room on it, and, until the keeper's first word
//! about an order, a second hold on the status pipe.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use libc::pid_t;
use protocol::{Containment, Control, Stage};

use crate::direct::EXEC_LIMIT;
use crate::order::Order;
use crate::status::StatusPipe;
use crate::sys::{self, Received};
use crate::word::{GO, WORD_SIZE, Word, order_head};

/// Signals that may wait for room. Of more than that the oldest is dropped: that many unread ones mean a stopped keeper, and
/// the kernel itself keeps only one of a kind.
const MOST_SIGNALS: usize = 64;

struct Starting {
    status: StatusPipe,
    deadline: Instant,
}

/// A keeper, between orders or with one.
pub struct Link {
    pid: pid_t,
    socket: OwnedFd,
    /// The keeper has not been told yet that it may go on: the kernel had no memory for it.
    owes_go: bool,
    waiting: VecDeque<Control>,
    starting: Option<Starting>,
}

/// An order that could not be given, and why.
pub type Unsent = Box<(Order, io::Error)>;

/// What there is to hear.
pub enum Heard {
    Nothing,
    Word(Word),
    /// The keeper is gone.
    Gone,
}

impl Link {
    pub fn new(pid: pid_t, socket: OwnedFd) -> Self {
        Self { pid, socket, owes_go: false, waiting: VecDeque::new(), starting: None }
    }

    /// Has a target started; the order comes back when the keeper can't be reached. `message` is the order as it came. The
    /// target's ends are closed on this side before the keeper is told to go on.
    pub fn order(&mut self, order: Order, message: &[u8], now: Instant) -> Result<(), Unsent> {
        let head = order_head(order.node);
        self.waiting.clear();
        if let Err(error) = sys::send_order(self.socket.as_fd(), &head, message, &order.descriptors()) {
            return Err(Box::new((order, error)));
        }
        let is_tree = order.request.containment == Containment::Tree;
        let Order { ends, memfd, status, .. } = order;
        drop((ends, memfd));
        self.owes_go = is_tree;
        self.flush();
        self.starting = Some(Starting { status, deadline: now + EXEC_LIMIT });
        Ok(())
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub fn pid(&self) -> pid_t {
        self.pid
    }

    /// Whether it has not said yet how the start went. To be asked after hearing it out: its word comes before STARTED, so Node
    /// can't know of a start that this denies.
    pub fn is_starting(&self) -> bool {
        self.starting.is_some()
    }

    /// When the start counts as hung.
    pub fn deadline(&self) -> Option<Instant> {
        self.starting.as_ref().map(|starting| starting.deadline)
    }

    pub fn interest(&self) -> libc::pollfd {
        let room = if self.has_sent_all() { 0 } else { libc::POLLOUT };
        sys::interest(self.socket.as_fd(), libc::POLLIN | room)
    }

    /// The keeper's next word.
    pub fn hear(&mut self) -> Heard {
        let mut word = [0; WORD_SIZE];
        match sys::receive(self.socket.as_fd(), &mut word) {
            Received::Message(_) => Heard::Word(Word::decode(word)),
            Received::Nothing => Heard::Nothing,
            Received::Closed => Heard::Gone,
        }
    }

    /// The start is over: from here on the status pipe is the keeper's, or whoever takes it.
    pub fn take_status(&mut self) -> Option<StatusPipe> {
        self.starting.take().map(|starting| starting.status)
    }

    /// Passes a command on, at once or when there is room.
    pub fn pass(&mut self, command: Control) {
        self.flush();
        if self.has_sent_all() && sys::send(self.socket.as_fd(), &command.encode()).unwrap_or(true) {
            return;
        }
        self.wait(command);
    }

    fn has_sent_all(&self) -> bool {
        !self.owes_go && self.waiting.is_empty()
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

    /// Sends what waits, as far as there is room. The keeper takes whatever comes first for the word to go on.
    pub fn flush(&mut self) {
        self.owes_go = self.owes_go && !sys::send(self.socket.as_fd(), &[GO]).unwrap_or(true);
        if self.owes_go {
            return;
        }
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

    /// Kills a keeper that has not started its target, for having taken too long if it is told so. What was on its way to be the
    /// target dies of its PDEATHSIG or comes to the shepherd.
    pub fn give_up(mut self, is_late: bool) {
        let _ = sys::kill(self.pid, libc::SIGKILL);
        // Its last words: after a start nothing else may be told.
        while let Heard::Word(_) = self.hear() {
            self.starting = None;
        }
        if let (true, Some(starting)) = (is_late, self.starting) {
            starting.status.fail(Stage::Timeout, libc::ETIMEDOUT);
        }
    }
}
