//! Targets started by this process itself, where there are no keepers or none is wanted: a plain fork whose exec nobody
//! waits for.
//! A pipe that execve closes tells how it went: end of file = the program runs, five bytes = why it doesn't.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use libc::pid_t;
use protocol::{Containment, Control, Stage};

use crate::exec::{self, FAILURE_SIZE, Failure, Plan};
use crate::foreground::Terminal;
use crate::order::{Order, Refusal};
use crate::status::StatusPipe;
use crate::sys::{self, Side};
use crate::target::{Rules, Target};

/// How long an exec may take before it counts as hung.
pub const EXEC_LIMIT: Duration = Duration::from_secs(30);

/// A child on its way to its program.
pub struct Starting {
    pid: pid_t,
    outcome: OwnedFd,
    status: StatusPipe,
    terminal: Option<Terminal>,
    rules: Rules,
    reach: Containment,
    deadline: Instant,
    waiting: Vec<Control>,
}

/// Commands that may wait for the start. Node has little to say before it knows of one.
const MOST_WAITING: usize = 16;

/// What came of it.
pub enum Settled {
    NotYet(Starting),
    /// Told on its status pipe. The dead child is for the caller's next look at its family.
    Failed,
    Started(Target),
}

/// Forks. `bound` targets die with this process. The ends are closed here when this returns.
pub fn start(order: Order, reach: Containment, bound: bool, now: Instant) -> Result<Starting, Refusal> {
    let terminal = Terminal::of(&order);
    let Order { request, ends, status, node, memfd } = order;
    drop(memfd);
    let (child, rules, slots) = (request.child, Rules::of(&request), request.slots());
    let plan = Plan::new(request, &ends, node, bound.then(sys::own_pid));
    let forked = errno_pipe(slots).and_then(|pipe| Ok((pipe, sys::fork()?)));
    match forked {
        Ok(((_, writer), Side::Child)) => {
            let failure = exec::become_target(&plan);
            if let Some(terminal) = &terminal {
                terminal.take_back(sys::own_pid());
            }
            let _ = sys::write(writer.as_fd(), &failure.encode());
            sys::leave(127)
        }
        Ok(((outcome, _), Side::Parent(pid))) => Ok(Starting {
            pid,
            outcome,
            status,
            terminal,
            rules,
            reach,
            deadline: now + EXEC_LIMIT,
            waiting: Vec::new(),
        }),
        Err(error) => {
            Err(Refusal { child, status: Some(status), stage: Stage::Fork, errno: sys::number(&error) })
        }
    }
}

/// A pipe for the outcome of a start. The child's end lies above the numbers that the child puts its descriptors on.
pub fn errno_pipe(slots: usize) -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = sys::errno_pipe()?;
    let writer = if slots > 3 { sys::duplicate(writer.as_fd(), slots as RawFd)? } else { writer };
    Ok((reader, writer))
}

impl Starting {
    pub fn pid(&self) -> pid_t {
        self.pid
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The poll entry that wakes up when it is settled.
    pub fn settling(&self) -> libc::pollfd {
        sys::interest(self.outcome.as_fd(), libc::POLLIN)
    }

    /// Reads the outcome if there is one.
    pub fn settle(self) -> Settled {
        let mut bytes = [0; FAILURE_SIZE];
        match sys::read(self.outcome.as_fd(), &mut bytes) {
            Ok(FAILURE_SIZE) => {
                let Failure { stage, errno } = Failure::decode(bytes);
                self.status.fail(stage, errno);
                Settled::Failed
            }
            Ok(_) => {
                let Self { pid, reach, rules, status, terminal, waiting, .. } = self;
                let mut target = Target::started(pid, reach, rules, status, terminal);
                for command in waiting {
                    target.obey(command, Instant::now());
                }
                Settled::Started(target)
            }
            Err(_) => Settled::NotYet(self),
        }
    }

    /// Keeps a command until the program runs.
    pub fn wait(&mut self, command: Control) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(command);
        }
    }

    /// Kills it. Nothing is said: whoever cancelled it knows.
    pub fn cancel(self) {
        let _ = sys::kill(self.pid, libc::SIGKILL);
    }

    /// Kills it for having taken too long, and says so.
    pub fn time_out(self) {
        self.status.fail(Stage::Timeout, libc::ETIMEDOUT);
        self.cancel();
    }
}
