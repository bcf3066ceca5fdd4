//! A running target and what belongs to it, seen by the one process that reaps it: its exit, its signals, its ladder, its end.
//!
//! The target's number and its group's are safe to signal because the zombie is held until Node has released it: nobody
//! else can get that number while it is there. Afterwards the group is signalled only while an unreaped child is in it.

use std::time::Instant;

use libc::{c_int, pid_t};
use protocol::{Containment, Control, SpawnRequest, Status};

use crate::descendants::{self, Descendant};
use crate::foreground::Terminal;
use crate::ladder::Ladder;
use crate::leaf::Leaf;
use crate::status::StatusPipe;
use crate::sys::{self, Change, Exit};

/// Passes of SIGKILL in a row while each finds somebody new; what forks faster than that is met again by the next tick.
const PASSES: usize = 16;

/// How to end a target when nobody says how.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub kill_on_exit: bool,
    pub signal: u8,
    pub timeout_ms: u32,
}

impl Rules {
    pub fn of(request: &SpawnRequest) -> Self {
        Self {
            kill_on_exit: request.kill_on_exit,
            signal: request.kill_signal,
            timeout_ms: request.kill_timeout_ms,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Running,
    Zombie,
    Reaped,
}

/// The target, and how far its tree reaches.
#[derive(Debug)]
pub struct Target {
    pid: pid_t,
    reach: Containment,
    status: StatusPipe,
    terminal: Option<Terminal>,
    rules: Rules,
    root: Root,
    ladder: Option<Ladder>,
    leaf: Option<Leaf>,
    released: bool,
    emptied: bool,
    /// How it ended, until the next step tells: nearly always in one breath with the end of the whole.
    unsaid: Option<Status>,
}

impl Target {
    /// The target of this number has executed its program. Says so: the caller holds none of its ends any more.
    pub fn started(
        pid: pid_t,
        reach: Containment,
        rules: Rules,
        status: StatusPipe,
        terminal: Option<Terminal>,
    ) -> Self {
        status.say(Status::Started { pid, containment: reach });
        let root = Root::Running;
        Self {
            pid,
            reach,
            status,
            terminal,
            rules,
            root,
            ladder: None,
            leaf: None,
            released: false,
            emptied: false,
            unsaid: None,
        }
    }

    /// The control group that its tree is in; removed before the end of the tree is told.
    pub fn in_leaf(self, leaf: Option<Leaf>) -> Self {
        Self { leaf, ..self }
    }

    /// The number, as long as it can't be anybody else's.
    pub fn held_pid(&self) -> Option<pid_t> {
        (self.root != Root::Reaped).then_some(self.pid)
    }

    /// Whether it has not exited.
    pub fn is_running(&self) -> bool {
        self.root == Root::Running
    }

    /// The group whose members belong to this target.
    pub fn group(&self) -> Option<pid_t> {
        (self.reach == Containment::Group).then_some(self.pid)
    }

    /// A poll entry for Node's interest, needed only when nothing else is left to wait for.
    pub fn closing(&self) -> Option<libc::pollfd> {
        (self.emptied && !self.released).then(|| self.status.closing())
    }

    /// When `step` is due without any event.
    pub fn deadline(&self) -> Option<Instant> {
        if self.emptied { None } else { self.ladder.and_then(|ladder| ladder.next()) }
    }

    /// Looks what became of the target itself. `step` follows, and tells it.
    pub fn observe(&mut self, now: Instant) {
        while self.root == Root::Running {
            match sys::wait(self.pid) {
                Change::None => return,
                Change::Stopped => {
                    if let Some(terminal) = &self.terminal {
                        terminal.take_back(self.pid);
                        self.status.say_stopped();
                    }
                }
                Change::Exited(exit) => self.exited(exit, Root::Zombie, now),
                Change::Stranger => self.root = Root::Reaped,
            }
        }
    }

    /// The target was reaped by a wait that could not spare it.
    pub fn reaped(&mut self, exit: Exit, now: Instant) {
        if self.root == Root::Running {
            self.exited(exit, Root::Reaped, now);
        }
        self.root = Root::Reaped;
    }

    fn exited(&mut self, exit: Exit, root: Root, now: Instant) {
        self.root = root;
        if let Some(terminal) = self.terminal.take() {
            terminal.take_back(self.pid);
        }
        if !self.emptied {
            self.unsaid = Some(Status::Exited {
                code: exit.code,
                signal: exit.signal,
                core_dumped: exit.core_dumped,
                max_rss_bytes: exit.max_rss,
                user_us: exit.user,
                system_us: exit.system,
            });
        }
        if self.rules.kill_on_exit {
            self.end_within(0, now);
        }
    }

    /// Does what Node asks.
    pub fn obey(&mut self, command: Control, now: Instant) {
        match command {
            Control::Signal { signal, tree: true, .. } => self.signal_tree(signal.into()),
            Control::Signal { signal, tree: false, .. } => {
                self.observe(now);
                self.signal_root(signal.into());
            }
            Control::Terminate { signal, kill_timeout_ms, .. } => {
                self.terminate(signal, kill_timeout_ms, now);
            }
            Control::Cancel { .. } => {
                self.released = true;
                self.end_within(0, now);
            }
            Control::Release { .. } => self.released = true,
            Control::KillEnvironment { .. } => self.abandon(now),
            Control::Foreground { .. } => {
                if let Some(terminal) = self.terminal.as_ref().filter(|_| self.root == Root::Running) {
                    terminal.lend(self.pid);
                    let _ = sys::kill_group(self.pid, libc::SIGCONT);
                }
            }
        }
    }

    /// Tells that the tree is ended because nobody is left above it, unless the target was through by then.
    pub fn orphaned(&self) {
        if self.root == Root::Running {
            self.status.say(Status::Orphaned);
        }
    }

    /// Nobody is interested any more: the tree ends by its own rules and nothing waits for a release.
    pub fn abandon(&mut self, now: Instant) {
        self.released = true;
        self.terminate(self.rules.signal, self.rules.timeout_ms, now);
    }

    /// Goes on with what is due. `others` = direct children of this process, beside the target, that belong to it.
    /// True when nothing is left to do and the target has been reaped.
    pub fn step(&mut self, others: usize, now: Instant) -> bool {
        if !self.emptied {
            self.proceed(others, now);
        }
        if self.emptied && !self.released && self.status.is_abandoned() {
            self.released = true;
        }
        if self.released && self.root == Root::Zombie {
            sys::reap(self.pid);
            self.root = Root::Reaped;
        }
        self.emptied && self.released
    }

    fn proceed(&mut self, others: usize, now: Instant) {
        if self.root != Root::Running && others == 0 {
            let is_gone = self.leaf.take().is_none_or(|leaf| leaf.remove());
            return self.report_empty(u32::from(!is_gone));
        }
        if let Some(exited) = self.unsaid.take() {
            self.status.say(exited);
        }
        let Some(mut ladder) = self.ladder else { return };
        if ladder.forces(now) {
            self.kill_tree();
        }
        self.ladder = Some(ladder);
        if ladder.has_failed(now) {
            let root = usize::from(self.root == Root::Running);
            let survivors = match self.reach {
                // The walk counts the root too.
                Containment::Tree | Containment::Cgroup => descendants::living().max(others.max(root)),
                Containment::Group => others + root,
                Containment::None => root,
            };
            self.report_empty(u32::try_from(survivors).unwrap_or(u32::MAX));
        }
    }

    fn report_empty(&mut self, survivors: u32) {
        self.emptied = true;
        let empty = Status::Empty { survivors };
        match self.unsaid.take() {
            Some(exited) => self.status.say_both(exited, empty),
            None => self.status.say(empty),
        }
    }

    fn terminate(&mut self, signal: u8, timeout_ms: u32, now: Instant) {
        if timeout_ms > 0 && !self.emptied {
            self.signal_tree(signal.into());
            // A stopped process takes nothing but SIGKILL until it is continued; the signal is pending by then.
            self.signal_tree(libc::SIGCONT);
        }
        self.end_within(timeout_ms, now);
    }

    fn end_within(&mut self, timeout_ms: u32, now: Instant) {
        match &mut self.ladder {
            Some(ladder) => ladder.tighten(now, timeout_ms),
            None => self.ladder = Some(Ladder::begin(now, timeout_ms)),
        }
    }

    fn signal_root(&self, signal: c_int) {
        if self.root == Root::Running {
            let _ = sys::kill(self.pid, signal);
        }
    }

    /// The group at once, since no fork can slip between its members; then those who have left it, one by one.
    fn signal_tree(&self, signal: c_int) {
        self.signal_group(signal);
        if self.is_tree() {
            for member in descendants::all() {
                self.signal_outsider(member, signal);
            }
        }
    }

    /// Whether everything below this process belongs to it.
    fn is_tree(&self) -> bool {
        matches!(self.reach, Containment::Tree | Containment::Cgroup)
    }

    fn signal_group(&self, signal: c_int) {
        if self.reach == Containment::None {
            return self.signal_root(signal);
        }
        if self.root != Root::Reaped || sys::has_child_in_group(self.pid) {
            let _ = sys::kill_group(self.pid, signal);
        }
        // A target that has made itself a member of another group is still the target.
        if self.root == Root::Running && sys::group_of(self.pid) != Some(self.pid) {
            self.signal_root(signal);
        }
    }

    fn signal_outsider(&self, member: Descendant, signal: c_int) {
        if Some(member.pid) != self.held_pid() && sys::group_of(member.pid) != Some(self.pid) {
            descendants::signal(member, signal);
        }
    }

    /// Killed parents hand their children over to this process, so repeating this until nobody is left comes to an end.
    fn kill_tree(&self) {
        if let Some(leaf) = &self.leaf {
            leaf.kill();
        }
        self.signal_group(libc::SIGKILL);
        if !self.is_tree() {
            return;
        }
        let mut met: Vec<pid_t> = Vec::new();
        for _ in 0..PASSES {
            let before = met.len();
            for member in descendants::all() {
                if !met.contains(&member.pid) {
                    met.push(member.pid);
                    if Some(member.pid) != self.held_pid() {
                        descendants::signal(member, libc::SIGKILL);
                    }
                }
            }
            if met.len() == before {
                return;
            }
        }
    }
}
