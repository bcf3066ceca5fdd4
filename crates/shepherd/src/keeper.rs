//! The keeper: a fork of the shepherd that holds one tree. Why its steps are in this order:
//!
//! 1. It begins as a copy of the shepherd with all its descriptors. Close-on-exec does nothing without an exec, so before
//!    anything else everything is closed but its own list; otherwise a hung keeper would hold other children's pipes open.
//! 2. It becomes a subreaper before there is a target: no descendant can be orphaned past it.
//! 3. It vforks the target, which shares its memory until execve, so the failure is a plain value here and success needs no
//!    pipe. Meanwhile it can do nothing else; the shepherd's deadline watches over that.
//! 4. It closes the target's ends, waits for the shepherd's word that it has closed its copies too, and only then says
//!    STARTED: from then on an end of file on a pipe means that the target's tree has closed it. The word to the shepherd
//!    comes before STARTED, so a shepherd that times out has either heard it or says Timeout instead of it, never both.
//! 5. Death of the shepherd, and Node's through it, is an end of file on its socket. It must not be a SIGKILL: somebody has
//!    to end the tree. The target has one on the keeper's death; the rest of the tree then goes to the shepherd.
//!
//! Steady descriptors: 0-2 `/dev/null`, 3 socket, 4 status pipe, 5 signals, 6 the terminal if the foreground was asked for.

use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Instant;

use libc::{c_int, c_void, pid_t};
use protocol::{CONTROL_SIZE, Containment, Control, Stage};

use crate::direct;
use crate::exec::{self, Failure, Plan};
use crate::foreground::Terminal;
use crate::link::{Link, WORD_DONE, WORD_FAILED, WORD_STARTED};
use crate::order::{Order, Refusal};
use crate::status::StatusPipe;
use crate::sys::{self, Change, Received, Side};
use crate::target::{Rules, Target};
use crate::{descendants, direct::EXEC_LIMIT};

/// Forks a keeper and closes the target's ends on this side before it is told to go on.
pub fn start(order: Order, proc_usable: bool, now: Instant) -> Result<Link, Refusal> {
    let child = order.request.child;
    let forked = sys::channel().and_then(|pair| Ok((pair, sys::fork()?)));
    match forked {
        Ok(((_, socket), Side::Child)) => sys::leave(run(order, socket, proc_usable)),
        Ok(((socket, _), Side::Parent(pid))) => {
            drop(order.ends);
            Ok(Link::new(pid, socket, order.status, now + EXEC_LIMIT))
        }
        Err(error) => {
            let (status, errno) = (Some(order.status), sys::number(&error));
            Err(Refusal { child, status, stage: Stage::Fork, errno })
        }
    }
}

struct Keeper {
    socket: OwnedFd,
    signals: OwnedFd,
    target: Target,
    proc_usable: bool,
    orphaned: bool,
}

/// The keeper's life. Its result is its exit code, which nobody reads.
fn run(order: Order, socket: OwnedFd, proc_usable: bool) -> c_int {
    let mut kept: Vec<c_int> = order.ends.iter().map(AsRawFd::as_raw_fd).collect();
    kept.extend([socket.as_raw_fd(), order.status.raw()]);
    sys::close_all_but(&kept);
    sys::name_process(c"sluice-keeper");
    let terminal = direct::terminal(&order);
    let Order { request, ends, status, node } = order;
    let rules = Rules::of(&request);
    let equipped = equip(socket, status);
    let (socket, status, signals) = match equipped {
        Ok(equipment) => equipment,
        Err((status, error)) => {
            return give_up(status.as_ref(), None, Stage::Containment, sys::number(&error));
        }
    };
    let plan = Plan::new(request, &ends, node, Some(sys::own_pid()));
    let pid = match launch(&plan) {
        Ok(pid) => pid,
        Err((pid, Failure { stage, errno })) => {
            if let (Some(terminal), Some(pid)) = (&terminal, pid) {
                terminal.take_back(pid);
            }
            return give_up(Some(&status), Some(&socket), stage, errno);
        }
    };
    drop((plan, ends));
    let terminal = terminal.and_then(|terminal| Terminal::place(terminal, 6).ok());
    wait_for_go(&socket);
    let _ = sys::send(socket.as_fd(), &[WORD_STARTED]);
    let target = Target::started(pid, Containment::Tree, rules, status, terminal);
    Keeper { socket, signals, target, proc_usable, orphaned: false }.watch()
}

/// Puts the lasting descriptors on their numbers and makes this process the one that orphans come to.
fn equip(
    socket: OwnedFd,
    status: StatusPipe,
) -> Result<(OwnedFd, StatusPipe, OwnedFd), (Option<StatusPipe>, std::io::Error)> {
    if let Err(error) = sys::become_subreaper() {
        return Err((Some(status), error));
    }
    // The numbers below 6 were the shepherd's own and are free now; what a message brings lies above them.
    let status = status.place(4).map_err(|error| (None, error))?;
    let placed = sys::place(socket, 3).and_then(|socket| {
        Ok((socket, sys::signal_descriptor().and_then(|signals| sys::place(signals, 5))?))
    });
    match placed {
        Ok((socket, signals)) => Ok((socket, status, signals)),
        Err(error) => Err((Some(status), error)),
    }
}

fn give_up(status: Option<&StatusPipe>, socket: Option<&OwnedFd>, stage: Stage, errno: i32) -> c_int {
    if let Some(socket) = socket {
        let _ = sys::send(socket.as_fd(), &[WORD_FAILED]);
    }
    if let Some(status) = status {
        status.fail(stage, errno);
    }
    1
}

/// What parent and vforked child share. The child writes while the parent sleeps, so a cell is enough.
struct Shared<'a> {
    plan: &'a Plan,
    failure: Cell<Option<Failure>>,
}

extern "C" fn child_side(argument: *mut c_void) -> c_int {
    // SAFETY: `launch` passes a `Shared` that outlives this call, and sleeps meanwhile.
    let shared = unsafe { &*argument.cast::<Shared<'_>>() };
    shared.failure.set(Some(exec::become_target(shared.plan)));
    sys::leave(127)
}

/// Starts the target and returns when its program runs.
fn launch(plan: &Plan) -> Result<pid_t, (Option<pid_t>, Failure)> {
    let fork_failed =
        |error: std::io::Error| (None, Failure { stage: Stage::Fork, errno: sys::number(&error) });
    let stack = sys::Stack::new().map_err(fork_failed)?;
    let shared = Shared { plan, failure: Cell::new(None) };
    // The pointer is made from a shared reference and hidden from the optimiser: after the call the cell is read anew.
    let argument = std::hint::black_box((&raw const shared).cast_mut().cast());
    // SAFETY: the child's side is async-signal-safe and leaves by execve or _exit; all signals are blocked since `main`.
    let pid = unsafe { sys::vfork(&stack, child_side, argument) }.map_err(fork_failed)?;
    match std::hint::black_box(&shared).failure.get() {
        None => Ok(pid),
        Some(failure) => {
            // It has left through _exit, so this finds a zombie.
            sys::reap(pid);
            Err((Some(pid), failure))
        }
    }
}

/// The shepherd's first message, or its end: either way it holds none of the target's ends.
fn wait_for_go(socket: &OwnedFd) {
    let mut word = [0; 8];
    while matches!(sys::receive(socket.as_fd(), &mut word), Received::Nothing) {
        sys::poll(&mut [sys::interest(socket.as_fd(), libc::POLLIN)], None);
    }
}

impl Keeper {
    fn watch(mut self) -> c_int {
        loop {
            let now = Instant::now();
            let others = self.reap_others(now);
            if self.target.step(others, now) {
                let _ = sys::send(self.socket.as_fd(), &[WORD_DONE]);
                return 0;
            }
            self.sleep(now);
            sys::drain_signals(self.signals.as_fd());
            self.listen();
        }
    }

    fn sleep(&self, now: Instant) {
        let mut set = vec![sys::interest(self.signals.as_fd(), libc::POLLIN)];
        if !self.orphaned {
            set.push(sys::interest(self.socket.as_fd(), libc::POLLIN));
        }
        set.extend(self.target.closing());
        let timeout = self.target.deadline().map(|at| at.saturating_duration_since(now));
        sys::poll(&mut set, timeout);
    }

    fn listen(&mut self) {
        let mut bytes = [0; 2 * CONTROL_SIZE];
        while !self.orphaned {
            let now = Instant::now();
            match sys::receive(self.socket.as_fd(), &mut bytes) {
                Received::Message(message) => {
                    let command = bytes.get(..message.length).map(Control::decode);
                    if let Some(Ok(command)) = command {
                        self.target.obey(command, now);
                    }
                }
                Received::Nothing => return,
                Received::Closed => {
                    self.orphaned = true;
                    self.target.orphaned();
                    self.target.abandon(now);
                }
            }
        }
    }

    /// Reaps whoever came here and died, one by one by number, since any wait for "anybody" would find the target's zombie.
    /// Returns who is left. The target is looked at first: the orphans it leaves are on the list by the time it is a zombie.
    /// Somebody reaped may have left orphans since the list was made, so only a list of which nobody died is the answer.
    fn reap_others(&mut self, now: Instant) -> usize {
        self.target.observe(now);
        loop {
            let Some(children) = self.proc_usable.then(descendants::children).flatten() else {
                return self.reap_blindly(now);
            };
            let target = self.target.held_pid();
            let others: Vec<pid_t> = children.into_iter().filter(|pid| Some(*pid) != target).collect();
            let left = others.iter().filter(|pid| sys::reap(**pid) == Change::None).count();
            if left == others.len() {
                return left;
            }
        }
    }

    /// Without `/proc` nobody can be named: everybody is reaped, the target too, and an error means that nobody is left.
    fn reap_blindly(&mut self, now: Instant) -> usize {
        loop {
            match sys::reap_any() {
                Ok(Some((pid, exit))) if Some(pid) == self.target.held_pid() => self.target.reaped(exit, now),
                Ok(Some(_)) => {}
                Ok(None) => return 1,
                Err(_) => return 0,
            }
        }
    }
}
