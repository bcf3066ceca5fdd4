//! What every thread reaches of the I/O thread: jobs posted to it, descriptors registered with it, environments and their end.
//! What its turns do is the loop's matter; what an event means is decided by who is registered.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex as StaticMutex, OnceLock, PoisonError, Weak};

use mio::unix::SourceFd;
use mio::{Interest, Token};

use crate::endpoint::Endpoint;
use crate::environment::{Completion, Environment};
use crate::io_loop::IoLoop;
use crate::poller::{Poll, Registry, Waker};
use crate::slots::{Item, Slots};
use crate::sync::{AtomicBool, Mutex, lock};
use crate::sys;

pub(crate) const WAKER: Token = Token(usize::MAX);

/// Work for the I/O thread.
pub(crate) type Job = Box<dyn FnOnce(&mut Turn<'_>) + Send>;

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
    pub(crate) inbox: Mutex<Vec<Job>>,
    pub(crate) slots: Mutex<Slots>,
    pub(crate) environments: Mutex<Vec<Weak<Environment>>>,
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

impl<'a> Turn<'a> {
    pub(crate) fn new(
        reactor: &'a Reactor,
        owed: &'a mut Vec<Arc<Environment>>,
        again: &'a mut Vec<Arc<Endpoint>>,
    ) -> Self {
        Self { reactor, owed, again }
    }

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
        static STARTING: StaticMutex<()> = StaticMutex::new(());
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
        let (reactor, io_loop) = Self::with_loop()?;
        sys::spawn_without_signals("sluicegate-io", move || io_loop.run())?;
        Ok(reactor)
    }

    /// A reactor without a thread: its caller turns the loop, and decides what happens between the turns.
    ///
    /// # Errors
    /// What the system said when the poller could not be made.
    pub fn with_loop() -> io::Result<(Arc<Self>, IoLoop)> {
        let poll = Poll::new()?;
        let reactor = Arc::new(Self {
            registry: poll.registry().try_clone()?,
            waker: Waker::new(poll.registry(), WAKER)?,
            inbox: Mutex::default(),
            slots: Mutex::default(),
            environments: Mutex::default(),
            next_environment: AtomicU32::new(1),
            poisoned: AtomicBool::new(false),
        });
        Ok((Arc::clone(&reactor), IoLoop::new(reactor, poll)))
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
        let mut inbox = lock(&self.inbox);
        // Under the lock: the end of the loop takes what is in the inbox after it said that it is dead.
        if self.is_poisoned() {
            return false;
        }
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

    /// Refuses everything from now on. Gives the jobs that will never be done.
    pub(crate) fn die(&self) -> Vec<Job> {
        self.poisoned.store(true, Ordering::SeqCst);
        std::mem::take(&mut *lock(&self.inbox))
    }
}
