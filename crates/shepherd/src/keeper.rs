//! The keeper: a fork of the shepherd that starts targets and holds trees, one after the other. Why its steps are in this order:
//!
//! 1. It begins as a copy of the shepherd with all its descriptors. Close-on-exec does nothing without an exec, so before
//!    anything else everything is closed but its socket; otherwise it would hold other children's pipes open.
//! 2. It becomes a subreaper before there is a target: no descendant can be orphaned past it.
//! 3. It waits for an order. A fork costs more than a message, so one that has nothing left to keep waits for the next.
//! 4. It vforks the target. Of a group that is all: the target is the shepherd's child, not its own.
//! 5. Of a tree it closes the target's ends, waits for the shepherd's word that it has closed its copies too, and only then says
//!    STARTED: from then on an end of file on a pipe means that the target's tree has closed it. The word to the shepherd
//!    comes before STARTED, so a shepherd that times out has either heard it or says Timeout instead of it, never both.
//! 6. Death of the shepherd, and Node's through it, is an end of file on its socket. It must not be a SIGKILL: somebody has
//!    to end the tree. The target has one on the keeper's death; the rest of the tree then goes to the shepherd.
//!
//! Descriptors: 0-2 `/dev/null`, 3 socket, 5 signals, and while it holds a tree 4 status pipe and, if the foreground was asked
//! for, 6 the terminal.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use libc::{c_int, pid_t};
use protocol::{CONTROL_SIZE, Containment, Control, MAX_INLINE, Stage};

use crate::descendants;
use crate::exec::{Failure, Plan};
use crate::foreground::Terminal;
use crate::launch::{launch, launch_into};
use crate::leaf::Leaf;
use crate::link::Link;
use crate::order::{self, Order};
use crate::sys::{self, Change, Parent, Received, Side, Stack};
use crate::target::{Rules, Target};
use crate::word::{WORD_SIZE, Word, order_parts};

/// A target that runs for so long may run for months: from then on its keeper holds no memory it doesn't need.
const LEAN_AFTER: Duration = Duration::from_millis(100);

/// Between two attempts to say a word.
const RETRY: Duration = Duration::from_millis(1);

/// Forks a keeper that waits for its first order.
pub fn fork(proc_usable: bool) -> std::io::Result<Link> {
    let shepherd = sys::own_pid();
    let (socket, theirs) = sys::channel()?;
    match sys::fork()? {
        Side::Child => sys::leave(run(theirs, shepherd, proc_usable)),
        Side::Parent(pid) => Ok(Link::new(pid, socket)),
    }
}

struct Keeper {
    socket: OwnedFd,
    signals: OwnedFd,
    stack: Stack,
    shepherd: pid_t,
    proc_usable: bool,
}

/// The keeper's life. Its result is its exit code, which nobody reads.
fn run(socket: OwnedFd, shepherd: pid_t, proc_usable: bool) -> c_int {
    sys::close_all_but(&[socket.as_raw_fd()]);
    sys::name_process(c"sluice-keeper");
    // The number 3 was the shepherd's own and is free now.
    let Ok(socket) = sys::place(socket, 3) else { return 1 };
    match equip() {
        Ok((signals, stack)) => {
            let keeper = Keeper { socket, signals, stack, shepherd, proc_usable };
            while let Some(order) = keeper.next_order() {
                if !keeper.carry_out(order) {
                    break;
                }
            }
            0
        }
        Err(error) => {
            let failure = Failure { stage: Stage::Fork, errno: sys::number(&error) };
            let _ = sys::send(socket.as_fd(), &Word::Unfit(failure).encode());
            1
        }
    }
}

/// Makes this process the one that orphans come to.
fn equip() -> std::io::Result<(OwnedFd, Stack)> {
    sys::become_subreaper()?;
    let signals = sys::signal_descriptor().and_then(|signals| sys::place(signals, 5))?;
    Ok((signals, Stack::new()?))
}

impl Keeper {
    /// The shepherd counts on every word. There are so few that there is always room for them, so what a send may lack is the
    /// kernel's memory, which nothing tells of when it comes back.
    fn say(&self, word: Word) {
        while !sys::send(self.socket.as_fd(), &word.encode()).unwrap_or(true) {
            sys::poll(&mut [], Some(RETRY));
        }
    }

    /// Waits for an order; `None` when the shepherd needs no keeper any more. Commands about a target that is gone are late, and
    /// a refused order is answered here.
    fn next_order(&self) -> Option<Order> {
        let mut buffer = vec![0; WORD_SIZE + MAX_INLINE + 64];
        loop {
            match sys::receive(self.socket.as_fd(), &mut buffer) {
                Received::Message(message) => {
                    let bytes = buffer.get(..message.length).unwrap_or_default();
                    let Some((node, request)) = order_parts(bytes) else { continue };
                    match order::open(request, message, |_| true) {
                        Ok(order) => return Some(Order { node, ..order }),
                        Err(refusal) => {
                            self.say(Word::Failed(Failure { stage: refusal.stage, errno: refusal.errno }));
                        }
                    }
                }
                Received::Nothing => {
                    sys::poll(&mut [sys::interest(self.socket.as_fd(), libc::POLLIN)], None);
                }
                Received::Closed => return None,
            }
        }
    }

    /// False when it has to leave.
    fn carry_out(&self, order: Order) -> bool {
        let terminal = Terminal::of(&order);
        let Order { request, ends, status, node, memfd } = order;
        drop(memfd);
        let (rules, containment) = (Rules::of(&request), request.containment);
        let (parent, bound_to) = match containment {
            Containment::Tree | Containment::Cgroup => (Parent::Own, sys::own_pid()),
            Containment::Group | Containment::None => (Parent::Same, self.shepherd),
        };
        let leaf = request.cgroup().map(|wanted| Leaf::make(wanted, request.child)).transpose();
        let (leaf, entrance) = match leaf {
            Ok(leaf) => leaf.unzip(),
            Err(failure) => {
                self.say(Word::Failed(failure));
                return true;
            }
        };
        let plan = Plan::new(request, &ends, node, Some(bound_to));
        let started = match &entrance {
            Some(entrance) => launch_into(entrance, &plan),
            None => launch(&plan, &self.stack, parent),
        };
        drop((plan, ends, entrance));
        let pid = match started {
            Ok(pid) => pid,
            Err((pid, failure)) => {
                if let (Some(terminal), Some(pid)) = (&terminal, pid) {
                    terminal.take_back(pid);
                }
                if let (Parent::Own, Some(pid)) = (parent, pid) {
                    // It has left through _exit, so this finds a zombie.
                    while sys::reap(pid) == Change::None {
                        sys::poll(&mut [sys::interest(self.signals.as_fd(), libc::POLLIN)], None);
                        sys::drain_signals(self.signals.as_fd());
                    }
                }
                if let Some(leaf) = leaf {
                    leaf.remove();
                }
                self.say(Word::Failed(failure));
                return true;
            }
        };
        if parent == Parent::Same {
            drop(status);
            self.say(Word::Started(pid));
            return true;
        }
        // Nothing else lies above 5 any more, and 4 is free unless it is the status pipe itself.
        let Ok(status) = status.place(4) else { return false };
        let terminal = terminal.and_then(|terminal| Terminal::place(terminal, 6).ok());
        self.wait_for_go();
        self.say(Word::Started(pid));
        let reach = if leaf.is_some() { Containment::Cgroup } else { Containment::Tree };
        self.hold(Target::started(pid, reach, rules, status, terminal).in_leaf(leaf))
    }

    /// The shepherd's next message, or its end: either way it holds none of the target's ends.
    fn wait_for_go(&self) {
        let mut word = [0; WORD_SIZE];
        while matches!(sys::receive(self.socket.as_fd(), &mut word), Received::Nothing) {
            sys::poll(&mut [sys::interest(self.socket.as_fd(), libc::POLLIN)], None);
        }
    }

    /// Sees a tree to its end. False when something of it outlives this.
    fn hold(&self, target: Target) -> bool {
        let lean_at = Some(Instant::now() + LEAN_AFTER);
        let tree = Tree { keeper: self, target, others: 0, orphaned: false, lean_at };
        let survivors = tree.watch();
        self.say(if survivors == 0 { Word::Done } else { Word::Left });
        survivors == 0
    }
}

/// A tree while it is held.
struct Tree<'a> {
    keeper: &'a Keeper,
    target: Target,
    /// Direct children beside the target, as of the last death. Whoever came since has a living ancestor among them or in the target.
    others: usize,
    orphaned: bool,
    /// When what the start used is given back, if that is still to be done.
    lean_at: Option<Instant>,
}

impl Tree<'_> {
    /// Returns how many could not be ended.
    fn watch(mut self) -> usize {
        loop {
            let now = Instant::now();
            if self.lean_at.is_some_and(|at| at <= now) {
                self.lean_at = None;
                self.keeper.stack.rest();
                sys::return_freed_memory();
            }
            self.listen();
            // A death is pending as a signal, those before the first round too. It is looked for last, since a command may be
            // the first to see the target's: then its orphans are here, and not yet counted.
            if sys::drain_signals(self.keeper.signals.as_fd()) {
                self.others = self.reap_others(now);
            }
            if self.target.step(self.others, now) {
                return self.others + usize::from(self.target.is_running());
            }
            self.sleep(now);
        }
    }

    fn sleep(&self, now: Instant) {
        let mut set = vec![sys::interest(self.keeper.signals.as_fd(), libc::POLLIN)];
        if !self.orphaned {
            set.push(sys::interest(self.keeper.socket.as_fd(), libc::POLLIN));
        }
        set.extend(self.target.closing());
        let due = [self.target.deadline(), self.lean_at].into_iter().flatten().min();
        let timeout = due.map(|at| at.saturating_duration_since(now));
        sys::poll(&mut set, timeout);
    }

    fn listen(&mut self) {
        let mut bytes = [0; 2 * CONTROL_SIZE];
        while !self.orphaned {
            let now = Instant::now();
            match sys::receive(self.keeper.socket.as_fd(), &mut bytes) {
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
            let Some(children) = self.keeper.proc_usable.then(descendants::children).flatten() else {
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
