//! The resident shepherd: one poll loop for one Node process. Why it does things in this order:
//!
//! - Commands are read before spawns: a cancelled child must not be started first because its spawn lies further ahead.
//! - Nothing here waits: not for an exec (a pipe or a keeper's word tells), not for room on a socket (commands queue, answers
//!   stop the reading of spawns), not for a death (SIGCHLD wakes the loop).
//! - A keeper's end of file is handled before the family is looked at, so that its number is no longer known by then: it is
//!   reaped with the strays, and so is everything it leaves behind.
//! - What a killed keeper leaves belongs to nobody who could end it later: it is killed on sight. Killed parents hand their
//!   children over, so that reaches the whole of what was lost. Orphans of direct targets live until Node is gone.
//! - When Node is gone, each keeper is told by an end of file, each direct target goes down its ladder, and this process
//!   stays until they are gone; only what outlives SIGKILL for two seconds is left.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use libc::{c_int, pid_t};
use protocol::{Answer, CONTROL_SIZE, Containment, Control, MAX_INLINE, Stage};

use crate::Sockets;
use crate::credentials::Credentials;
use crate::direct::{self, Settled, Starting};
use crate::early::Early;
use crate::keeper;
use crate::ladder::UNKILLABLE_AFTER;
use crate::link::Link;
use crate::order::{self, Order, Refusal};
use crate::strays::{self, Strangers};
use crate::sys::{self, Message, Received};
use crate::target::Target;

/// Spawns taken in a row before the loop looks at everything else again.
const SPAWNS_PER_ROUND: usize = 8;

/// Commands taken in a row, so that a flood of them can't keep deaths from being seen.
const COMMANDS_PER_ROUND: usize = 256;

enum State {
    Starting(Starting),
    Direct(Target),
    Kept(Link),
}

struct Child {
    environment: u32,
    state: State,
}

struct Resident {
    /// `None` when Node is gone.
    sockets: Option<Sockets>,
    signals: OwnedFd,
    credentials: Credentials,
    proc_usable: bool,
    children: BTreeMap<u64, Child>,
    answers: VecDeque<Answer>,
    early: Early,
    /// Somebody may have died, been let go, or be due: the family must be looked at before the next sleep.
    family_changed: bool,
    strays: usize,
    strangers: Strangers,
    /// Since when strays are all that is left.
    only_strays_since: Option<Instant>,
    buffer: Vec<u8>,
}

/// Which descriptor an entry of the poll set stands for.
#[derive(Clone, Copy)]
enum Source {
    Wake,
    Node,
    Child(u64),
}

/// Runs until Node is gone and nothing of its children is left. Returns the exit code.
pub fn run(sockets: Sockets) -> c_int {
    // Where there are no subreapers this fails, and there are no trees either.
    let _ = sys::become_subreaper();
    let Ok(signals) = sys::signal_descriptor() else { return 1 };
    let mut resident = Resident {
        sockets: Some(sockets),
        signals,
        credentials: Credentials::of_this_process(),
        proc_usable: sys::is_usable(),
        children: BTreeMap::new(),
        answers: VecDeque::new(),
        early: Early::default(),
        family_changed: false,
        strays: 0,
        strangers: Strangers::default(),
        only_strays_since: None,
        buffer: vec![0; MAX_INLINE + 64],
    };
    while !resident.is_done() {
        resident.round();
    }
    0
}

impl Resident {
    fn is_done(&self) -> bool {
        let unkillable = self.only_strays_since.is_some_and(|since| since.elapsed() >= UNKILLABLE_AFTER);
        self.sockets.is_none() && self.children.is_empty() && (self.strays == 0 || unkillable)
    }

    fn round(&mut self) {
        let ready = self.sleep();
        self.family_changed |= sys::drain_signals(self.signals.as_fd());
        if ready.iter().any(|source| matches!(source, Source::Node)) || !self.take_commands() {
            self.lose_node();
        }
        for source in ready {
            if let Source::Child(child) = source {
                self.hear(child);
            }
        }
        self.enforce_deadlines();
        if std::mem::take(&mut self.family_changed) {
            self.look_after_family();
        }
        self.send_answers();
        if !self.take_spawns() {
            self.lose_node();
        }
        if std::mem::take(&mut self.family_changed) {
            self.look_after_family();
        }
    }

    fn sleep(&self) -> Vec<Source> {
        let mut set = vec![sys::interest(self.signals.as_fd(), libc::POLLIN)];
        let mut sources = vec![Source::Wake];
        if let Some(sockets) = &self.sockets {
            // Spawns are not read while an answer waits for room: the sender's window is what it fails to empty.
            let spawn = if self.answers.is_empty() { libc::POLLIN } else { libc::POLLOUT };
            set.push(sys::interest(sockets.control.as_fd(), libc::POLLIN));
            set.push(sys::interest(sockets.spawn.as_fd(), spawn));
            sources.extend([Source::Wake, Source::Wake]);
            if let Some(node) = &sockets.node {
                set.push(sys::interest(node.as_fd(), libc::POLLIN));
                sources.push(Source::Node);
            }
        }
        for (id, child) in &self.children {
            let entry = match &child.state {
                State::Starting(starting) => Some(starting.settling()),
                State::Direct(target) => target.closing(),
                State::Kept(link) => Some(link.interest()),
            };
            if let Some(entry) = entry {
                set.push(entry);
                sources.push(Source::Child(*id));
            }
        }
        let now = Instant::now();
        sys::poll(&mut set, self.deadline().map(|at| at.saturating_duration_since(now)));
        let ready = set.iter().zip(sources).filter(|(entry, _)| entry.revents != 0);
        ready.map(|(_, source)| source).collect()
    }

    fn deadline(&self) -> Option<Instant> {
        let of_children = self.children.values().filter_map(|child| match &child.state {
            State::Starting(starting) => Some(starting.deadline()),
            State::Direct(target) => target.deadline(),
            State::Kept(link) => link.deadline(),
        });
        of_children.chain(self.only_strays_since.map(|since| since + UNKILLABLE_AFTER)).min()
    }

    /// False when Node is gone.
    fn take_commands(&mut self) -> bool {
        for _ in 0..COMMANDS_PER_ROUND {
            let Some(sockets) = &self.sockets else { return true };
            let mut bytes = [0; 2 * CONTROL_SIZE];
            let message = match sys::receive(sockets.control.as_fd(), &mut bytes) {
                Received::Message(message) => message,
                Received::Nothing => return true,
                Received::Closed => return false,
            };
            let command = bytes.get(..message.length).map(Control::decode);
            if let Some(Ok(command)) = command
                && self.credentials.accept(message.sender)
            {
                self.obey(command);
            }
        }
        true
    }

    fn obey(&mut self, command: Control) {
        match command {
            Control::KillEnvironment { environment } => {
                let of_it = self.children.iter().filter(|(_, child)| child.environment == environment);
                for id in of_it.map(|(id, _)| *id).collect::<Vec<_>>() {
                    self.tell(id, command);
                }
                self.early.keep(command);
            }
            Control::Signal { child, .. }
            | Control::Terminate { child, .. }
            | Control::Cancel { child }
            | Control::Release { child }
            | Control::Foreground { child } => {
                if !self.tell(child, command) {
                    self.early.keep(command);
                }
            }
        }
    }

    /// False when there is no such child. One that has not started and is given up leaves no trace.
    fn tell(&mut self, id: u64, command: Control) -> bool {
        let gives_up = matches!(command, Control::Cancel { .. } | Control::KillEnvironment { .. });
        let Some(mut child) = self.children.remove(&id) else { return false };
        self.family_changed |= gives_up || matches!(child.state, State::Direct(_));
        match child.state {
            State::Starting(starting) if gives_up => {
                starting.cancel();
                return true;
            }
            State::Kept(mut link) if gives_up => {
                if link.is_starting() {
                    link.cancel();
                    self.strangers.hunted = true;
                    return true;
                }
                link.pass(command);
                child.state = State::Kept(link);
            }
            State::Starting(ref mut starting) => starting.wait(command),
            State::Direct(ref mut target) => target.obey(command, Instant::now()),
            State::Kept(ref mut link) => link.pass(command),
        }
        self.children.insert(id, child);
        true
    }

    fn hear(&mut self, id: u64) {
        let Some(Child { environment, state }) = self.children.remove(&id) else { return };
        let state = match state {
            State::Starting(starting) => match starting.settle() {
                Settled::NotYet(starting) => State::Starting(starting),
                Settled::Failed => {
                    self.family_changed = true;
                    return;
                }
                Settled::Started(target) => {
                    self.family_changed = true;
                    State::Direct(target)
                }
            },
            State::Kept(mut link) => {
                link.flush();
                if !link.listen() {
                    self.family_changed = true;
                    self.strangers.hunted |= !link.is_done();
                    return;
                }
                State::Kept(link)
            }
            target @ State::Direct(_) => {
                self.family_changed = true;
                target
            }
        };
        self.children.insert(id, Child { environment, state });
    }

    fn enforce_deadlines(&mut self) {
        let now = Instant::now();
        let late = |at: Instant| at <= now;
        self.family_changed |= self.deadline().is_some_and(late);
        let hung = self.children.iter().filter(|(_, child)| match &child.state {
            State::Starting(starting) => late(starting.deadline()),
            State::Kept(link) => link.deadline().is_some_and(late),
            State::Direct(_) => false,
        });
        for id in hung.map(|(id, _)| *id).collect::<Vec<_>>() {
            match self.children.remove(&id).map(|child| child.state) {
                Some(State::Starting(starting)) => starting.time_out(),
                Some(State::Kept(link)) => {
                    self.strangers.hunted = true;
                    link.time_out();
                }
                Some(State::Direct(_)) | None => {}
            }
        }
    }

    /// Reaps, kills what belongs to nobody, and goes on with every ladder.
    fn look_after_family(&mut self) {
        let now = Instant::now();
        let mut known: Vec<pid_t> = Vec::with_capacity(self.children.len());
        let mut groups: BTreeMap<pid_t, usize> = BTreeMap::new();
        for child in self.children.values_mut() {
            match &mut child.state {
                State::Starting(starting) => known.push(starting.pid()),
                State::Kept(link) => known.push(link.pid()),
                State::Direct(target) => {
                    target.observe(now);
                    known.extend(target.held_pid());
                    groups.extend(target.group().map(|group| (group, 0)));
                }
            }
        }
        known.sort_unstable();
        self.strangers.may_live = self.sockets.is_some();
        self.strays = strays::reap_and_kill(self.proc_usable, &known, &mut groups, &mut self.strangers);
        self.strangers.hunted &= self.strays > 0;
        self.children.retain(|_, child| match &mut child.state {
            State::Direct(target) => {
                let others = target.group().and_then(|group| groups.get(&group)).copied();
                !target.step(others.unwrap_or(0), now)
            }
            _ => true,
        });
        if self.sockets.is_some() || !self.children.is_empty() || self.strays == 0 {
            self.only_strays_since = None;
        } else {
            self.only_strays_since.get_or_insert(now);
        }
    }

    fn send_answers(&mut self) {
        let Some(sockets) = &self.sockets else { return };
        while let Some(answer) = self.answers.front() {
            if !sys::send(sockets.spawn.as_fd(), &answer.encode()).unwrap_or(true) {
                return;
            }
            self.answers.pop_front();
        }
    }

    /// False when Node is gone.
    fn take_spawns(&mut self) -> bool {
        for _ in 0..SPAWNS_PER_ROUND {
            let Some(sockets) = self.sockets.as_ref().filter(|_| self.answers.is_empty()) else {
                return true;
            };
            match sys::receive(sockets.spawn.as_fd(), &mut self.buffer) {
                Received::Message(message) => self.take_spawn(message),
                Received::Nothing => {
                    self.catch_up();
                    return true;
                }
                Received::Closed => return false,
            }
            self.send_answers();
        }
        true
    }

    /// The spawns that were sent before the early commands have been read: what is still about nobody never will be.
    fn catch_up(&mut self) {
        for command in self.early.take() {
            match command {
                Control::KillEnvironment { .. } => {}
                Control::Signal { child, .. }
                | Control::Terminate { child, .. }
                | Control::Cancel { child }
                | Control::Release { child }
                | Control::Foreground { child } => {
                    self.tell(child, command);
                }
            }
        }
    }

    fn take_spawn(&mut self, message: Message) {
        let bytes = self.buffer.get(..message.length).unwrap_or_default();
        let credentials = &mut self.credentials;
        let opened = order::open(bytes, message, |sender| credentials.accept(sender));
        let child = match opened {
            Ok(order) => {
                let child = order.request.child;
                if let Err(refusal) = self.start(order) {
                    refusal.tell();
                }
                child
            }
            Err(refusal) => {
                let child = refusal.child;
                refusal.tell();
                child
            }
        };
        self.answers.push_back(Answer { child });
    }

    fn start(&mut self, order: Order) -> Result<(), Refusal> {
        let (id, environment) = (order.request.child, order.request.environment);
        let refuse =
            |order: Order, stage, errno| Err(Refusal { child: id, status: Some(order.status), stage, errno });
        if self.early.give_up(id, environment) {
            return Ok(());
        }
        if self.children.contains_key(&id) {
            return refuse(order, Stage::Decode, libc::EEXIST);
        }
        let now = Instant::now();
        let state = match order.request.containment {
            Containment::None => return refuse(order, Stage::Containment, libc::EINVAL),
            Containment::Tree if sys::TREES => State::Kept(keeper::start(order, self.proc_usable, now)?),
            Containment::Tree | Containment::Group => {
                State::Starting(direct::start(order, Containment::Group, true, now)?)
            }
        };
        self.children.insert(id, Child { environment, state });
        Ok(())
    }

    /// Ends everything. What has not started is killed at once: nobody was told of it.
    fn lose_node(&mut self) {
        if self.sockets.take().is_none() {
            return;
        }
        self.answers.clear();
        self.family_changed = true;
        let now = Instant::now();
        for (id, mut child) in std::mem::take(&mut self.children) {
            match child.state {
                State::Starting(starting) => {
                    starting.cancel();
                    continue;
                }
                State::Kept(mut link) => {
                    if link.is_starting() {
                        link.cancel();
                        continue;
                    }
                    link.hang_up();
                    child.state = State::Kept(link);
                }
                State::Direct(ref mut target) => target.abandon(now),
            }
            self.children.insert(id, child);
        }
    }
}
