//! One child as Node knows it: its events in order, and the handler of its status pipe.
//!
//! The status pipe is written only by the process that reaps the child. Its end of file is the one sign that nobody is
//! left to tell anything: before `Started` the spawn failed, before `Exited` the status is lost. Neither is ever inferred
//! from the standard pipes, so it doesn't matter which of them ends first.

use std::cell::Cell;
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use protocol::{Containment, Control, STATUS_SIZE, Status};
use reactor::{Completion, Endpoint, Environment, Handler, Lane, Registration, Turn};

use crate::connection::Connection;
use crate::event::{Event, Exit, Failure};
use crate::stdio::{OurEnd, OurEnds};
use crate::supervisor::{Supervisor, lock};
use crate::sys;

/// A child from the request to its last event.
#[derive(Debug)]
pub struct Child {
    id: u32,
    pub(crate) environment: Arc<Environment>,
    events: Mutex<VecDeque<Event>>,
    tail: OnceLock<Arc<Endpoint>>,
    status: OnceLock<Weak<StatusPipe>>,
    pub(crate) connection: OnceLock<Arc<Connection>>,
    pub(crate) cancelled: AtomicBool,
    orphaned: AtomicBool,
    exited: AtomicBool,
    empty: AtomicBool,
    pid: AtomicI32,
    /// Of one that leads a group.
    leader: OnceLock<OwnedFd>,
}

impl Child {
    pub(crate) fn new(id: u32, environment: Arc<Environment>) -> Self {
        Self {
            id,
            environment,
            events: Mutex::default(),
            tail: OnceLock::new(),
            status: OnceLock::new(),
            connection: OnceLock::new(),
            cancelled: AtomicBool::new(false),
            orphaned: AtomicBool::new(false),
            exited: AtomicBool::new(false),
            empty: AtomicBool::new(false),
            pid: AtomicI32::new(0),
            leader: OnceLock::new(),
        }
    }

    /// The id that completions carry; unique in the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The oldest event not yet taken.
    #[must_use]
    pub fn next_event(&self) -> Option<Event> {
        lock(&self.events).pop_front()
    }

    /// The last bytes of standard error, when it goes to a ring.
    #[must_use]
    pub fn stderr_tail(&self) -> Vec<u8> {
        self.tail.get().map(|endpoint| endpoint.tail()).unwrap_or_default()
    }

    /// Whether the child has exited.
    #[must_use]
    pub fn has_exited(&self) -> bool {
        self.exited.load(Ordering::SeqCst)
    }

    /// Whether nothing of its tree is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.empty.load(Ordering::SeqCst)
    }

    /// Closes the status pipe of a child that has nothing more to tell, which is the word that its zombie may go. False while
    /// there is something to come.
    pub(crate) fn close_status(&self, turn: &mut Turn<'_>) -> bool {
        if !self.is_empty() {
            return false;
        }
        if let Some(pipe) = self.status.get().and_then(Weak::upgrade) {
            pipe.end(turn);
        }
        true
    }

    pub(crate) fn push(&self, turn: &mut Turn<'_>, event: Event) {
        lock(&self.events).push_back(event);
        turn.complete(&self.environment, Completion::Child(self.id));
    }

    /// Its shepherd is gone. The owner hears of it before the pipes end, so that it doesn't take a cut output for a whole
    /// one: the kernel ends a direct target after it has closed the shepherd's sockets, and a keeper says so first.
    pub(crate) fn shepherd_lost(&self, turn: &mut Turn<'_>) {
        self.kill_orphaned_group();
        self.orphaned(turn);
    }

    fn orphaned(&self, turn: &mut Turn<'_>) {
        let running = self.pid.load(Ordering::SeqCst) != 0 && !self.has_exited();
        if running && !self.orphaned.swap(true, Ordering::SeqCst) {
            self.push(turn, Event::Orphaned);
        }
    }

    /// The shepherd that reaps this child is gone: nobody but us can end a group that it led. The leader's identity was
    /// taken while its zombie was held, so it is that of no other process.
    pub(crate) fn kill_orphaned_group(&self) {
        if let Some(leader) = self.leader.get() {
            sys::kill_group(leader.as_fd(), self.pid.load(Ordering::SeqCst));
        }
    }

    /// Nobody takes its events any more: the ends that came with its start are closed.
    pub(crate) fn discard_events(&self) {
        let events = std::mem::take(&mut *lock(&self.events));
        for event in events {
            if let Event::Started { stdio, extra, .. } = event {
                stdio.iter().chain(&extra).flatten().for_each(|endpoint| endpoint.close());
            }
        }
    }

    fn started(&self, turn: &mut Turn<'_>, pid: i32, containment: Containment, ours: OurEnds) {
        if self.cancelled.load(Ordering::SeqCst) {
            // The order to end it overtook its start in the shepherd, or is on its way: our ends are closed here.
            return;
        }
        self.pid.store(pid, Ordering::SeqCst);
        if containment == Containment::Group
            && let Ok(identity) = sys::identity(pid)
        {
            drop(self.leader.set(identity));
        }
        let Ok(reactor) = reactor::Reactor::global() else { return };
        let missing = Cell::new(None);
        let endpoint = |end: OurEnd| {
            let made = Endpoint::new(reactor, &self.environment, end.fd, end.lane);
            let endpoint =
                made.map_err(|error| missing.set(error.raw_os_error().or(Some(libc::EIO)))).ok()?;
            if end.grows {
                endpoint.let_grow();
            }
            if let Some(half) = end.half {
                endpoint.be_half(half);
            }
            Some(endpoint)
        };
        let extra: Vec<_> = ours.extra.into_iter().map(|end| end.and_then(endpoint)).collect();
        let mut stdio = [None, None, None];
        for (slot, end) in stdio.iter_mut().zip(ours.standard) {
            let Some(end) = end else { continue };
            let is_tail = matches!(end.lane, Lane::Tail(_));
            match endpoint(end) {
                Some(endpoint) if is_tail => drop(self.tail.set(endpoint)),
                endpoint => *slot = endpoint,
            }
        }
        if let Some(tail) = self.tail.get() {
            // The ring's endpoint is reported too: whoever waits for the pipes to end has to hear of its end.
            let [_, _, slot] = &mut stdio;
            *slot = Some(Arc::clone(tail));
        }
        if let Some(errno) = missing.get() {
            // A child without one of its streams is none that was asked for.
            stdio.iter().chain(&extra).flatten().for_each(|endpoint| endpoint.close());
            self.cancelled.store(true, Ordering::SeqCst);
            if let Some(connection) = self.connection.get() {
                connection.command(turn, Control::Cancel { child: u64::from(self.id) });
            }
            return self.push(turn, Event::Failed(Failure::new("pipe", errno)));
        }
        self.push(turn, Event::Started { pid, containment, stdio, extra });
    }
}

/// The reading end of a child's status pipe.
#[derive(Debug)]
pub(crate) struct StatusPipe {
    child: Arc<Child>,
    fd: OwnedFd,
    registration: OnceLock<Registration>,
    progress: Mutex<Progress>,
    /// The slave of the child's terminal. Open as long as the child runs, so that only its exit makes the end of its output.
    held: Mutex<Option<OwnedFd>>,
}

#[derive(Debug)]
enum Progress {
    Starting(OurEnds),
    Running,
    Exited,
    Over,
}

impl StatusPipe {
    /// Registers the pipe; our ends of the standard pipes wait in it for the start.
    pub(crate) fn open(
        turn: &Turn<'_>,
        child: Arc<Child>,
        fd: OwnedFd,
        ours: OurEnds,
        held: Option<OwnedFd>,
    ) -> std::io::Result<Arc<Self>> {
        let raw = fd.as_raw_fd();
        let progress = Mutex::new(Progress::Starting(ours));
        let pipe =
            Arc::new(Self { child, fd, registration: OnceLock::new(), progress, held: Mutex::new(held) });
        let registration = turn.reactor.register(raw, Arc::clone(&pipe) as Arc<dyn Handler>)?;
        let _ = pipe.registration.set(registration);
        let _ = pipe.child.status.set(Arc::downgrade(&pipe));
        Ok(pipe)
    }

    fn record(&self, turn: &mut Turn<'_>, status: Status) {
        let mut progress = lock(&self.progress);
        let is_first = matches!(*progress, Progress::Starting(_));
        let next = match (status, std::mem::replace(&mut *progress, Progress::Over)) {
            (Status::Failed { stage, errno }, Progress::Starting(_)) => {
                self.child.push(turn, Event::Failed(failure_of(stage, errno)));
                Progress::Over
            }
            (Status::Started { pid, containment }, Progress::Starting(ours)) => {
                self.child.started(turn, pid, containment, ours);
                Progress::Running
            }
            (Status::Stopped, Progress::Running) => {
                self.child.push(turn, Event::Stopped);
                Progress::Running
            }
            (Status::Orphaned, Progress::Running) => {
                self.child.orphaned(turn);
                Progress::Running
            }
            (
                Status::Exited { code, signal, core_dumped, max_rss_bytes, user_us, system_us },
                Progress::Running,
            ) => {
                let exit = Exit { code, signal, core_dumped, lost: false, max_rss_bytes, user_us, system_us };
                self.exited(turn, exit);
                Progress::Exited
            }
            (Status::Empty { survivors }, Progress::Exited) => {
                self.empty(turn, survivors);
                Progress::Over
            }
            // Given up: the target outlived SIGKILL, so nobody waits for how it ends.
            (Status::Empty { survivors }, Progress::Running) => {
                self.lost(turn, survivors);
                Progress::Over
            }
            // A record out of order says nothing that could be trusted.
            (_, before) => before,
        };
        *progress = next;
        drop(progress);
        if is_first {
            Supervisor::child_heard(turn, &self.child);
        }
    }

    fn exited(&self, turn: &mut Turn<'_>, exit: Exit) {
        // Before anybody is told, who would find the terminal still in use.
        drop(lock(&self.held).take());
        self.child.exited.store(true, Ordering::SeqCst);
        Supervisor::child_exited(&self.child);
        self.child.push(turn, Event::Exited(exit));
    }

    fn empty(&self, turn: &mut Turn<'_>, survivors: u32) {
        self.child.empty.store(true, Ordering::SeqCst);
        self.child.push(turn, Event::Empty { survivors });
    }

    /// Nobody will tell how it ended.
    fn lost(&self, turn: &mut Turn<'_>, survivors: u32) {
        self.exited(turn, Exit { code: -1, lost: true, ..Exit::default() });
        self.empty(turn, survivors);
    }

    /// Nobody can write any more.
    fn ended(&self, turn: &mut Turn<'_>) {
        let before = std::mem::replace(&mut *lock(&self.progress), Progress::Over);
        match before {
            Progress::Starting(ours) => {
                drop(ours);
                self.child.push(turn, Event::Failed(Failure::shepherd_lost()));
            }
            Progress::Running => {
                self.child.kill_orphaned_group();
                self.lost(turn, 0);
            }
            Progress::Exited => self.empty(turn, 0),
            Progress::Over => {}
        }
        self.end(turn);
    }

    /// Out of the poller; the last reference closes it.
    fn end(&self, turn: &mut Turn<'_>) {
        if let Some(registration) = self.registration.get() {
            turn.reactor.deregister(self.fd.as_raw_fd(), *registration);
        }
        Supervisor::child_ended(turn, &self.child);
    }
}

impl Handler for StatusPipe {
    fn ready(&self, turn: &mut Turn<'_>) {
        let mut bytes = [0; STATUS_SIZE * 4];
        loop {
            match rustix::io::read(&self.fd, &mut bytes) {
                Ok(0) => return self.ended(turn),
                Ok(count) => {
                    for record in bytes.get(..count).unwrap_or_default().chunks(STATUS_SIZE) {
                        if let Ok(status) = Status::decode(record) {
                            self.record(turn, status);
                        }
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return,
                Err(_) => return self.ended(turn),
            }
        }
    }
}

fn failure_of(stage: protocol::Stage, errno: i32) -> Failure {
    let code = stage.is_containment().then_some("ERR_CONTAINMENT");
    Failure { code, ..Failure::new(stage.as_str(), errno) }
}
