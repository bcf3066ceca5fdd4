//! The I/O thread itself: one poller, jobs posted to it, events handed to endpoints and handlers.
//! Owns the loop and its death; what an event means is decided by who is registered.
//!
//! # Order of things in one turn
//! 1. Wait: for ever, or not at all when an endpoint still has work it was not allowed to finish.
//! 2. Every event is looked up by token and generation; a stale one finds nobody.
//! 3. Jobs posted meanwhile run. A job is appended before the waker is written, and the inbox is emptied after the poll
//!    returned, so a job whose wake-up was swallowed by an earlier one is still seen.
//! 4. Each environment that got completions is woken once.
//!
//! A panic anywhere in a turn ends the thread. It then poisons every environment, so that JavaScript rejects all that is
//! parked, and refuses whatever comes later.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::endpoint::Endpoint;
use crate::environment::{Completion, Environment};
use crate::slots::{Item, Slots};
use crate::sys;

const WAKER: Token = Token(usize::MAX);
const EVENTS: usize = 256;

/// Work for the I/O thread.
type Job = Box<dyn FnOnce(&mut Turn<'_>) + Send>;

/// Who is called on the I/O thread when a descriptor of its own may be ready.
///
/// Arming is edge-triggered: try until the call would block, or no further event is owed. Readiness and hang-up are not
/// told apart; either means "try".
pub trait Handler: Send + Sync {
    /// The descriptor may be ready.
    fn ready(&self, turn: &mut Turn<'_>);
}

/// A handler's place in the poller; see [`Reactor::register`].
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    token: Token,
}

/// The process's I/O thread, reached from any thread.
pub struct Reactor {
    registry: Registry,
    waker: Waker,
    inbox: Mutex<Vec<Job>>,
    slots: Mutex<Slots>,
    environments: Mutex<Vec<Weak<Environment>>>,
    next_environment: AtomicU32,
    poisoned: AtomicBool,
}

impl fmt::Debug for Reactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reactor").field("poisoned", &self.is_poisoned()).finish_non_exhaustive()
    }
}

/// What handlers and jobs may do during a turn of the I/O thread.
pub struct Turn<'a> {
    /// The reactor whose turn it is.
    pub reactor: &'a Reactor,
    owed: &'a mut Vec<Arc<Environment>>,
    again: &'a mut Vec<Arc<Endpoint>>,
}

impl fmt::Debug for Turn<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// Appends a completion; the environment is woken once, at the end of the turn.
    pub fn complete(&mut self, environment: &Arc<Environment>, completion: Completion) {
        if environment.append(completion) {
            self.owed.push(Arc::clone(environment));
        }
    }

    pub(crate) fn again(&mut self, endpoint: Arc<Endpoint>) {
        self.again.push(endpoint);
    }
}

impl Reactor {
    /// The process's reactor; its thread is started by the first call.
    ///
    /// # Errors
    /// What the system said when the poller or the thread could not be made. Later calls try again.
    pub fn global() -> io::Result<&'static Arc<Self>> {
        static GLOBAL: OnceLock<Arc<Reactor>> = OnceLock::new();
        static STARTING: Mutex<()> = Mutex::new(());
        if let Some(reactor) = GLOBAL.get() {
            return Ok(reactor);
        }
        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reactor) = GLOBAL.get() {
            return Ok(reactor);
        }
        let started = Self::start()?;
        Ok(GLOBAL.get_or_init(|| started))
    }

    /// A reactor with a thread of its own; the thread ends only with the process or by a panic.
    ///
    /// # Errors
    /// What the system said when the poller or the thread could not be made.
    pub fn start() -> io::Result<Arc<Self>> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let reactor = Arc::new(Self {
            registry: poll.registry().try_clone()?,
            waker,
            inbox: Mutex::default(),
            slots: Mutex::default(),
            environments: Mutex::default(),
            next_environment: AtomicU32::new(1),
            poisoned: AtomicBool::new(false),
        });
        let running = Arc::clone(&reactor);
        sys::spawn_without_signals("sluicegate-io", move || run(&running, poll))?;
        Ok(reactor)
    }

    /// Adds an environment. `wake` is called from any thread, at most once per batch of completions, and must only
    /// schedule a drain.
    pub fn environment(&self, wake: Box<dyn Fn() + Send + Sync>) -> Arc<Environment> {
        let number = self.next_environment.fetch_add(1, Ordering::Relaxed);
        let environment = Arc::new(Environment::new(number, wake));
        let mut environments = lock(&self.environments);
        environments.retain(|known| known.strong_count() > 0);
        environments.push(Arc::downgrade(&environment));
        drop(environments);
        if self.is_poisoned() {
            environment.poison();
        }
        environment
    }

    /// Ends an environment: no wake-up any more, every endpoint of it closed. Never waits for the I/O thread.
    pub fn retire(&self, environment: &Environment) {
        environment.retire();
        environment.members().leave();
        let endpoints: Vec<_> = lock(&self.slots)
            .endpoints()
            .filter(|endpoint| endpoint.environment().number() == environment.number())
            .cloned()
            .collect();
        for endpoint in endpoints {
            endpoint.close();
        }
    }

    /// Runs a job on the I/O thread, after all that were posted before. False when that thread is dead.
    pub fn post(&self, job: impl FnOnce(&mut Turn<'_>) + Send + 'static) -> bool {
        if self.is_poisoned() {
            return false;
        }
        let mut inbox = lock(&self.inbox);
        inbox.push(Box::new(job));
        let first = inbox.len() == 1;
        drop(inbox);
        // Only the job that found the inbox empty wakes: the loop takes the whole inbox at once, so every later job of
        // the same batch is covered by that wake-up.
        !first || self.waker.wake().is_ok()
    }

    /// Registers a descriptor of the I/O thread's own for reading; the handler is called in each turn that has news.
    ///
    /// # Errors
    /// What the system's poller said.
    pub fn register(&self, fd: RawFd, handler: Arc<dyn Handler>) -> io::Result<Registration> {
        let token = self.insert(|_| Item::Handler(handler))?;
        match self.registry.register(&mut SourceFd(&fd), token, Interest::READABLE) {
            Ok(()) => Ok(Registration { token }),
            Err(error) => {
                lock(&self.slots).remove(token);
                Err(error)
            }
        }
    }

    /// Changes whether the handler also hears of room for writing.
    ///
    /// # Errors
    /// What the system's poller said.
    pub fn watch_writes(&self, fd: RawFd, registration: Registration, on: bool) -> io::Result<()> {
        let interest = if on { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        self.registry.reregister(&mut SourceFd(&fd), registration.token, interest)
    }

    /// Takes a descriptor out of the poller; call it before closing the descriptor.
    pub fn deregister(&self, fd: RawFd, registration: Registration) {
        // The only possible failure is that the descriptor was not in the poller, which is what was asked for.
        drop(self.registry.deregister(&mut SourceFd(&fd)));
        lock(&self.slots).remove(registration.token);
    }

    /// Whether the I/O thread has died of a panic.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::SeqCst)
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn insert(&self, make: impl FnOnce(Token) -> Item) -> io::Result<Token> {
        lock(&self.slots).insert(make).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
    }

    pub(crate) fn remove(&self, token: Token) {
        let removed = lock(&self.slots).remove(token);
        drop(removed);
    }
}

fn run(reactor: &Arc<Reactor>, poll: Poll) {
    let outcome = catch_unwind(AssertUnwindSafe(|| turns(reactor, poll)));
    // Reached by a panic or by a poller that fails for good; both leave nobody who would ever answer.
    drop(outcome);
    reactor.poisoned.store(true, Ordering::SeqCst);
    // Jobs may own descriptors and answers of children: dropped here, they are closed.
    let jobs = std::mem::take(&mut *lock(&reactor.inbox));
    drop(catch_unwind(AssertUnwindSafe(|| drop(jobs))));
    let environments: Vec<_> = lock(&reactor.environments).iter().filter_map(Weak::upgrade).collect();
    for environment in environments {
        environment.poison();
    }
}

fn turns(reactor: &Arc<Reactor>, mut poll: Poll) {
    let mut events = Events::with_capacity(EVENTS);
    let mut owed = Vec::new();
    let mut again: Vec<Arc<Endpoint>> = Vec::new();
    loop {
        let wait = if again.is_empty() { None } else { Some(Duration::ZERO) };
        match poll.poll(&mut events, wait) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        let unfinished = std::mem::take(&mut again);
        let mut turn = Turn { reactor, owed: &mut owed, again: &mut again };
        for endpoint in unfinished {
            Endpoint::ready(&endpoint, &mut turn);
        }
        for event in &events {
            if event.token() == WAKER {
                continue;
            }
            let item = lock(&reactor.slots).get(event.token());
            match item {
                Some(Item::Endpoint(endpoint)) => Endpoint::ready(&endpoint, &mut turn),
                Some(Item::Handler(handler)) => handler.ready(&mut turn),
                None => {}
            }
        }
        let jobs = std::mem::take(&mut *lock(&reactor.inbox));
        for job in jobs {
            job(&mut turn);
        }
        for environment in owed.drain(..) {
            environment.wake();
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
