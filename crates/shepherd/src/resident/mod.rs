//! The resident shepherd: one poll loop for one Node process. Why it does things in this order:
//!
//! - Commands are read before spawns: a cancelled child must not be started first because its spawn lies further ahead.
//! - Nothing here waits: not for an exec (a keeper's word or a pipe tells), not for room on a socket (commands queue, answers
//!   stop the reading of spawns), not for a death (SIGCHLD wakes the loop).
//! - A keeper's end of file is handled before the family is looked at, so that its number is no longer known by then: it is
//!   reaped with the strays, and so is everything it leaves behind.
//! - What a killed keeper leaves belongs to nobody who could end it later: it is killed on sight. Killed parents hand their
//!   children over, so that reaches the whole of what was lost. Orphans of direct targets live until Node is gone.
//! - When Node is gone, each keeper is told by an end of file, each direct target goes down its ladder, and this process
//!   stays until they are gone; only what outlives SIGKILL for two seconds is left.

mod commands;
mod hearing;
mod spawning;

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use libc::{c_int, pid_t};
use protocol::{Answer, MAX_INLINE};

use crate::Sockets;
use crate::credentials::Credentials;
use crate::direct::Starting;
use crate::early::Early;
use crate::ladder::UNKILLABLE_AFTER;
use crate::launching::Launching;
use crate::link::Link;
use crate::pool::Pool;
use crate::strays::{self, Launches, Strangers};
use crate::sys;
use crate::target::Target;

enum State {
    Starting(Starting),
    Launching(Launching),
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
    pool: Pool,
    /// How many launches there have been.
    launches: u64,
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
    Idle,
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
        pool: Pool::default(),
        launches: 0,
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
        for source in &ready {
            if let Source::Child(child) = source {
                self.hear(*child);
            }
        }
        if ready.iter().any(|source| matches!(source, Source::Idle)) {
            self.pool.expire(Instant::now());
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
                State::Launching(launching) => Some(launching.link.interest()),
                State::Direct(target) => target.closing(),
                State::Kept(link) => Some(link.interest()),
            };
            if let Some(entry) = entry {
                set.push(entry);
                sources.push(Source::Child(*id));
            }
        }
        for entry in self.pool.interests() {
            set.push(entry);
            sources.push(Source::Idle);
        }
        let now = Instant::now();
        sys::poll(&mut set, self.deadline().map(|at| at.saturating_duration_since(now)));
        let ready = set.iter().zip(sources).filter(|(entry, _)| entry.revents != 0);
        ready.map(|(_, source)| source).collect()
    }

    fn deadline(&self) -> Option<Instant> {
        let of_children = self.children.values().filter_map(|child| match &child.state {
            State::Starting(starting) => Some(starting.deadline()),
            State::Launching(launching) => launching.link.deadline(),
            State::Direct(target) => target.deadline(),
            State::Kept(link) => link.deadline(),
        });
        of_children
            .chain(self.pool.deadline())
            .chain(self.only_strays_since.map(|since| since + UNKILLABLE_AFTER))
            .min()
    }

    fn enforce_deadlines(&mut self) {
        let now = Instant::now();
        let late = |at: Instant| at <= now;
        if self.pool.deadline().is_some_and(late) {
            self.pool.expire(now);
        }
        self.family_changed |= self.deadline().is_some_and(late);
        let hung = self.children.iter().filter(|(_, child)| match &child.state {
            State::Starting(starting) => late(starting.deadline()),
            State::Launching(launching) => launching.link.deadline().is_some_and(late),
            State::Kept(link) => link.deadline().is_some_and(late),
            State::Direct(_) => false,
        });
        for id in hung.map(|(id, _)| *id).collect::<Vec<_>>() {
            match self.children.remove(&id).map(|child| child.state) {
                Some(State::Starting(starting)) => starting.time_out(),
                Some(State::Launching(launching)) => self.give_up(launching.link),
                Some(State::Kept(link)) => self.give_up(link),
                Some(State::Direct(_)) | None => {}
            }
        }
    }

    /// Reaps, kills what belongs to nobody, and goes on with every ladder.
    fn look_after_family(&mut self) {
        let now = Instant::now();
        let mut known: Vec<pid_t> = Vec::with_capacity(self.children.len());
        let mut groups: BTreeMap<pid_t, usize> = BTreeMap::new();
        let mut oldest = self.launches;
        for child in self.children.values_mut() {
            match &mut child.state {
                State::Starting(starting) => known.push(starting.pid()),
                State::Launching(launching) => {
                    known.push(launching.link.pid());
                    oldest = oldest.min(launching.number);
                }
                State::Kept(link) => known.push(link.pid()),
                State::Direct(target) => {
                    target.observe(now);
                    known.extend(target.held_pid());
                    groups.extend(target.group().map(|group| (group, 0)));
                }
            }
        }
        known.extend(self.pool.pids());
        known.sort_unstable();
        self.strangers.may_live = self.sockets.is_some();
        self.strangers.launches = Launches { all: self.launches, settled: oldest };
        self.strays = strays::reap_and_kill(self.proc_usable, &known, &mut groups, &mut self.strangers);
        self.strangers.rest(self.strays);
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

    /// Ends everything. What has not started is killed at once: nobody was told of it.
    fn lose_node(&mut self) {
        if self.sockets.take().is_none() {
            return;
        }
        self.answers.clear();
        self.pool.clear();
        for id in self.children.keys().copied().collect::<Vec<_>>() {
            self.hear(id);
        }
        self.family_changed = true;
        let now = Instant::now();
        for (id, mut child) in std::mem::take(&mut self.children) {
            match child.state {
                State::Starting(starting) => {
                    starting.cancel();
                    continue;
                }
                State::Launching(launching) => {
                    launching.link.give_up(false);
                    continue;
                }
                State::Kept(link) if link.is_starting() => {
                    link.give_up(false);
                    continue;
                }
                State::Kept(ref link) => link.hang_up(),
                State::Direct(ref mut target) => target.abandon(now),
            }
            self.children.insert(id, child);
        }
    }
}
