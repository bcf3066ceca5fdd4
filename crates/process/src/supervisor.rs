//! All children of the process: the queue of spawns, the window of unanswered ones, who is alive under which shepherd.
//! Its state is touched on the I/O thread only; JavaScript threads post to it.
//!
//! # The window
//! Pipes are made just before they are sent, and at most [`WINDOW`] spawns are unanswered: a socket pair holds only a few
//! dozen messages, and descriptors in flight count against the user's limit. Every answer, every start and end of a child
//! and every loss pumps the queue, so a full socket or a spent limit needs no timer.
//!
//! # Running out
//! `EMFILE` and its like are one rejection. But while earlier spawns are unanswered, or children are on their way out,
//! descriptors will come back without anybody's doing; the spawn at the head of the queue waits for that instead.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Containment, Control, Frame, MAX_INLINE, MAX_REQUEST};
use reactor::{Environment, Reactor, Turn};

use crate::child::{Child, StatusPipe};
use crate::connection::{Connection, Mode, helpers_wind_up};
use crate::event::{Event, Failure};
use crate::launch::Launch;
use crate::stdio::{Links, Prepared, abandon_links, prepare};
use crate::sys::{self, Sent};

/// Spawns that may be unanswered at once.
const WINDOW: usize = 32;

static SUPERVISOR: Mutex<Option<Supervisor>> = Mutex::new(None);

/// The I/O thread's view of all children.
#[derive(Debug, Default)]
pub struct Supervisor {
    current: Option<Arc<Connection>>,
    queue: VecDeque<Pending>,
    links: Links,
    children: HashMap<u32, Arc<Child>>,
    /// Exited, but not yet released by their owner: their descriptors are about to come back.
    leaving: HashSet<u32>,
}

#[derive(Debug)]
struct Pending {
    child: Arc<Child>,
    launch: Box<Launch>,
    shepherd: PathBuf,
    /// What was made for it: it stays for the next attempt, since the launch has nothing left to make it from.
    ready: Option<Box<Ready>>,
}

/// A spawn whose descriptors exist; its message is encoded as soon as there is room for that.
#[derive(Debug)]
struct Ready {
    prepared: Prepared,
    message: Option<Message>,
}

/// What is sent beside the descriptors of a spawn.
#[derive(Debug)]
struct Message {
    bytes: Vec<u8>,
    memfd: Option<OwnedFd>,
}

impl Supervisor {
    /// Queues a spawn and returns at once; everything else, failures too, comes as an [`Event`].
    /// `shepherd` is the path of the guard executable.
    #[must_use]
    pub fn spawn(
        reactor: &Reactor,
        environment: &Arc<Environment>,
        shepherd: &[u8],
        launch: Launch,
    ) -> Arc<Child> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let child = Arc::new(Child::new(NEXT.fetch_add(1, Ordering::Relaxed), Arc::clone(environment)));
        let pending = Pending {
            child: Arc::clone(&child),
            launch: Box::new(launch),
            shepherd: PathBuf::from(OsString::from_vec(shepherd.to_vec())),
            ready: None,
        };
        reactor.post(move |turn| {
            with(|supervisor| supervisor.queue.push_back(pending));
            Self::pump(turn);
        });
        child
    }

    /// Sends a signal to the child, or to its whole tree. False once there is nobody left to send it to.
    #[must_use]
    pub fn signal(reactor: &Reactor, child: &Arc<Child>, signal: u8, tree: bool) -> bool {
        if if tree { child.is_empty() } else { child.has_exited() } {
            return false;
        }
        Self::command(reactor, child, Control::Signal { child: u64::from(child.id()), signal, tree })
    }

    /// Ends the whole tree: the polite signal, then SIGKILL after the timeout.
    pub fn terminate(reactor: &Reactor, child: &Arc<Child>, signal: u8, kill_timeout_ms: u32) {
        Self::command(
            reactor,
            child,
            Control::Terminate { child: u64::from(child.id()), signal, kill_timeout_ms },
        );
    }

    /// Hands the terminal's foreground to the child again and lets it continue.
    pub fn foreground(reactor: &Reactor, child: &Arc<Child>) {
        Self::command(reactor, child, Control::Foreground { child: u64::from(child.id()) });
    }

    /// The owner is through with an exited child: its zombie may be reaped.
    pub fn release(reactor: &Reactor, child: &Arc<Child>) {
        let child = Arc::clone(child);
        reactor.post(move |turn| {
            with(|supervisor| supervisor.leaving.remove(&child.id()));
            if !child.close_status(turn) {
                send(turn, &child, Control::Release { child: u64::from(child.id()) });
                Self::pump(turn);
            }
        });
    }

    /// The owner no longer wants a child that has not started. One that starts all the same is killed.
    pub fn cancel(reactor: &Reactor, child: &Arc<Child>) {
        let child = Arc::clone(child);
        child.cancelled.store(true, Ordering::SeqCst);
        reactor.post(move |turn| {
            let queued = with(|supervisor| {
                let place = supervisor.queue.iter().position(|pending| pending.child.id() == child.id());
                let pending = place.and_then(|place| supervisor.queue.remove(place));
                pending.map(|pending| supervisor.abandon(&pending)).is_some()
            });
            if !queued {
                send(turn, &child, Control::Cancel { child: u64::from(child.id()) });
                // Nobody will ask for its exit; the zombie need not wait.
                send(turn, &child, Control::Release { child: u64::from(child.id()) });
            }
            // Starts are told on this thread too: one before this is among the events, one after it finds the order.
            child.discard_events();
        });
    }

    fn command(reactor: &Reactor, child: &Arc<Child>, command: Control) -> bool {
        let child = Arc::clone(child);
        reactor.post(move |turn| send(turn, &child, command))
    }

    /// Sends what the window, the socket and the descriptor limit allow.
    pub(crate) fn pump(turn: &mut Turn<'_>) {
        while let Some((child, outcome)) = with(|supervisor| supervisor.step(turn)) {
            match outcome {
                Step::Sent => {}
                Step::Failed(failure) => child.push(turn, Event::Failed(failure)),
            }
        }
    }

    pub(crate) fn child_ended(turn: &mut Turn<'_>, child: &Child) {
        let idle = with(|supervisor| {
            supervisor.children.remove(&child.id());
            supervisor.leaving.remove(&child.id());
            let used = child.connection.get()?;
            // Given up without a word: only who had read the message has closed its end of the pipe.
            used.taken(child.id());
            let serves = |other: &Arc<Connection>| Arc::ptr_eq(other, used);
            let in_use = supervisor.current.as_ref().is_some_and(serves)
                || supervisor.children.values().any(|child| child.connection.get().is_some_and(serves));
            (!in_use).then(|| Arc::clone(used))
        });
        if let Some(connection) = idle {
            // It was replaced, or served this child only: without sockets its process ends by itself.
            connection.lose(turn);
        }
        Self::pump(turn);
    }

    /// Something was heard of a child for the first time.
    pub(crate) fn child_heard(turn: &mut Turn<'_>, child: &Child) {
        if let Some(connection) = child.connection.get() {
            connection.taken(child.id());
        }
        Self::pump(turn);
    }

    /// The descriptors of an exited child come back as soon as its owner has closed it.
    pub(crate) fn child_exited(child: &Child) {
        if !child.cancelled.load(Ordering::SeqCst) && !child.environment.is_retired() {
            with(|supervisor| supervisor.leaving.insert(child.id()));
        }
    }

    pub(crate) fn connection_lost(turn: &mut Turn<'_>, lost: &Arc<Connection>) {
        let orphans: Vec<_> = with(|supervisor| {
            if supervisor.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, lost)) {
                supervisor.current = None;
            }
            let of_lost =
                |child: &&Arc<Child>| child.connection.get().is_some_and(|used| Arc::ptr_eq(used, lost));
            supervisor.children.values().filter(of_lost).cloned().collect()
        });
        for child in orphans {
            child.shepherd_lost(turn);
        }
        Self::pump(turn);
    }

    /// One attempt at the head of the queue; None when there is nothing to do or something to wait for.
    fn step(&mut self, turn: &Turn<'_>) -> Option<(Arc<Child>, Step)> {
        let mut pending = self.queue.pop_front()?;
        let child = Arc::clone(&pending.child);
        if child.cancelled.load(Ordering::SeqCst) || child.environment.is_retired() {
            self.abandon(&pending);
            return Some((child, Step::Sent));
        }
        self.replace_outdated(turn, &pending.launch);
        let unanswered = self.current.as_ref().map_or(0, |current| current.unanswered());
        if unanswered >= WINDOW {
            self.queue.push_front(pending);
            return None;
        }
        let outcome = self.attempt(turn, &mut pending);
        match outcome {
            Attempt::Done(step) => {
                self.abandon(&pending);
                Some((child, step))
            }
            Attempt::Again => {
                self.queue.push_front(pending);
                Some((child, Step::Sent))
            }
            Attempt::OutOf(failure) => {
                if unanswered > 0 || !self.leaving.is_empty() || helpers_wind_up() {
                    self.queue.push_front(pending);
                    return None;
                }
                self.abandon(&pending);
                Some((child, Step::Failed(failure)))
            }
        }
    }

    /// A spawn that leaves the queue, sent or not: whatever it has not fetched of its links.
    fn abandon(&mut self, pending: &Pending) {
        abandon_links(&pending.launch, pending.child.environment.number(), &mut self.links);
    }

    fn attempt(&mut self, turn: &Turn<'_>, pending: &mut Pending) -> Attempt {
        let mut ready = match pending.ready.take() {
            Some(ready) => ready,
            None => match prepare(&mut pending.launch, pending.child.environment.number(), &mut self.links) {
                Ok(prepared) => Box::new(Ready { prepared, message: None }),
                Err(failure) => return out_of_or_failed(failure),
            },
        };
        let (connection, sent) = match self.send(turn, pending, &mut ready) {
            Ok(sent) => sent,
            Err(failure) => {
                pending.ready = Some(ready);
                return out_of_or_failed(failure);
            }
        };
        let attempt = match sent {
            Sent::Done => self.listen(turn, &pending.child, &connection, ready.prepared),
            Sent::Full => {
                pending.ready = Some(ready);
                Attempt::OutOf(Failure::new("shepherd", libc::EAGAIN))
            }
            Sent::Lost => {
                pending.ready = Some(ready);
                self.current.take_if(|current| Arc::ptr_eq(current, &connection));
                Attempt::Again
            }
            Sent::Failed(errno) => Attempt::Done(Step::Failed(Failure::new("shepherd", errno))),
        };
        if connection.mode == Mode::OneShot && !matches!(attempt, Attempt::Done(Step::Sent)) {
            // There will be no child whose end could close it.
            connection.close(turn);
        }
        attempt
    }

    /// Sends the message, which is made first if it isn't there yet, over the shepherd for this spawn.
    fn send(
        &mut self,
        turn: &Turn<'_>,
        pending: &Pending,
        Ready { prepared, message }: &mut Ready,
    ) -> Result<(Arc<Connection>, Sent), Failure> {
        let Message { bytes, memfd } = match message {
            Some(message) => message,
            none => none.insert(encode(pending, prepared)?),
        };
        let connection = self.connect(turn, pending)?;
        let fds: Vec<&OwnedFd> =
            prepared.sent.iter().chain([&prepared.status_write]).chain(memfd.as_ref()).collect();
        let sent = connection.send(pending.child.id(), bytes, &fds);
        Ok((connection, sent))
    }

    /// The child was sent: from now on its status pipe tells of it.
    fn listen(
        &mut self,
        turn: &Turn<'_>,
        child: &Arc<Child>,
        connection: &Arc<Connection>,
        Prepared { status, ours, held, .. }: Prepared,
    ) -> Attempt {
        drop(child.connection.set(Arc::clone(connection)));
        match StatusPipe::open(turn, Arc::clone(child), status, ours, held) {
            Ok(_) => {
                self.children.insert(child.id(), Arc::clone(child));
                Attempt::Done(Step::Sent)
            }
            Err(error) => {
                connection.taken(child.id());
                connection.command(turn, Control::Cancel { child: u64::from(child.id()) });
                let errno = error.raw_os_error().unwrap_or(libc::EIO);
                Attempt::Done(Step::Failed(Failure::new("pipe", errno)))
            }
        }
    }

    /// After a change of privileges the resident shepherd still has the old ones: it sees to what it has, and starts nothing
    /// more. One that has nothing is let go at once.
    fn replace_outdated(&mut self, turn: &Turn<'_>, launch: &Launch) {
        let is_other = |current: &mut Arc<Connection>| current.credentials != sys::credentials();
        let old = if is_one_shot(launch) { None } else { self.current.take_if(is_other) };
        let Some(old) = old else { return };
        let serves = |child: &Arc<Child>| child.connection.get().is_some_and(|used| Arc::ptr_eq(used, &old));
        if !self.children.values().any(serves) {
            old.close(turn);
        }
    }

    /// The shepherd for this spawn: the resident one, or one of its own for a child that shall outlive us.
    fn connect(&mut self, turn: &Turn<'_>, pending: &Pending) -> Result<Arc<Connection>, Failure> {
        if is_one_shot(&pending.launch) {
            return Connection::open(turn, &pending.shepherd, Mode::OneShot);
        }
        if let Some(current) = self.current.as_ref().filter(|current| !current.is_lost()) {
            return Ok(Arc::clone(current));
        }
        let connection = Connection::open(turn, &pending.shepherd, Mode::Resident)?;
        self.current = Some(Arc::clone(&connection));
        Ok(connection)
    }
}

/// Ends an environment: its queued spawns are forgotten, its children get the ladder, its links are closed.
pub fn retire(reactor: &Reactor, environment: &Arc<Environment>) {
    reactor.retire(environment);
    let number = environment.number();
    reactor.post(move |turn| {
        let mut connections: Vec<Arc<Connection>> = Vec::new();
        with(|supervisor| {
            supervisor.queue.retain(|pending| pending.child.environment.number() != number);
            supervisor.links.retain(|(environment, _), _| *environment != number);
            for child in supervisor.children.values().filter(|child| child.environment.number() == number) {
                if let Some(used) = child.connection.get()
                    && !connections.iter().any(|known| Arc::ptr_eq(known, used))
                {
                    connections.push(Arc::clone(used));
                }
                supervisor.leaving.remove(&child.id());
            }
        });
        for connection in connections {
            connection.command(turn, Control::KillEnvironment { environment: number });
        }
        Supervisor::pump(turn);
    });
}

/// Whether a shepherd of its own starts it.
fn is_one_shot(launch: &Launch) -> bool {
    launch.detached || launch.containment == Containment::None
}

#[derive(Debug)]
enum Step {
    Sent,
    Failed(Failure),
}

enum Attempt {
    Done(Step),
    /// The shepherd had died meanwhile: at once again, with another.
    Again,
    /// Something is used up that may come back.
    OutOf(Failure),
}

fn out_of_or_failed(failure: Failure) -> Attempt {
    match failure.errno {
        // Its descriptor was duplicated, or not, when it was asked for.
        _ if failure.stage == "descriptor" => Attempt::Done(Step::Failed(failure)),
        libc::EMFILE | libc::ENFILE | libc::ETOOMANYREFS | libc::ENOMEM | libc::EAGAIN => {
            Attempt::OutOf(failure)
        }
        _ => Attempt::Done(Step::Failed(failure)),
    }
}

/// The message of a spawn with these descriptors. A large one travels in a memfd.
fn encode(pending: &Pending, prepared: &Prepared) -> Result<Message, Failure> {
    let child = pending.child.id();
    let (environment, extra) = (pending.child.environment.number(), prepared.extra_slots.clone());
    let encoded = pending.launch.request(child, environment, prepared.slots, extra, sys::umask).encode();
    if encoded.len() <= MAX_INLINE {
        return Ok(Message { bytes: Frame::Spawn(encoded).encode(), memfd: None });
    }
    if encoded.len() > MAX_REQUEST {
        return Err(Failure::new("exec", libc::E2BIG));
    }
    let memfd = sys::memory_file(&encoded).map_err(|errno| Failure::new("shepherd", errno))?;
    let frame = Frame::SpawnInMemfd { child: u64::from(child), length: encoded.len() as u32 };
    Ok(Message { bytes: frame.encode(), memfd: Some(memfd) })
}

fn send(turn: &Turn<'_>, child: &Child, command: Control) {
    if let Some(connection) = child.connection.get() {
        connection.command(turn, command);
    }
}

/// Runs `body` on the state. Never called from within itself: nothing in a body calls back into the supervisor.
fn with<T>(body: impl FnOnce(&mut Supervisor) -> T) -> T {
    body(lock(&SUPERVISOR).get_or_insert_with(Supervisor::default))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
