//! One end of a pipe that JavaScript reads or writes. Owns the descriptor and its place in the poller.
//!
//! # One lock
//! `state` guards the descriptor, what it is armed for and the bytes read ahead. Every system call on the descriptor and
//! its one `close(2)` happen under it, so a close can't meet a read and a descriptor number can't be used after it was
//! given back. The order of locks is: endpoint, then completion list; the slot table is never held with either.
//!
//! # One-shot
//! mio is edge-triggered, not one-shot: left in the poller, a pipe nobody asks about would wake us for each of the
//! child's writes. So an endpoint enters the poller when somebody parks and leaves it when that is delivered. Entering
//! reports readiness that is already there, on epoll and on kqueue, so nothing is lost between a read that would block
//! and the arming after it.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};

use mio::unix::SourceFd;
use mio::{Interest, Token};
use rustix::buffer::spare_capacity;

use crate::ahead::{Ahead, Filled};
use crate::environment::{Completion, Environment};
use crate::growth::Growth;
use crate::reactor::{Reactor, Turn};
use crate::slots::Item;
use crate::sync::{Mutex, lock};
use crate::sys;
use crate::tail::Tail;
use crate::terminal::{self, InputEnd};

/// Bytes one endpoint may read in one turn of the I/O thread before others get theirs.
const SHARE: usize = 256 * 1024;

/// Who reads the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// JavaScript, when somebody has asked.
    Demand,
    /// The I/O thread, up to that many bytes ahead of JavaScript.
    Ahead(usize),
    /// The I/O thread, all the time, into a ring of that many last bytes.
    Tail(usize),
}

/// Which direction of a socket an endpoint is; the other one is an endpoint with a descriptor of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What the other side writes.
    Reading,
    /// What the other side reads.
    Writing,
}

/// What a parked operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Bytes, the end, or an error.
    Readable,
    /// Room in the pipe, or an error.
    Writable,
    /// Nobody is left on the other side.
    HangUp,
}

/// One end of a pipe, shared by its JavaScript object and the I/O thread.
pub struct Endpoint {
    id: u32,
    token: Token,
    environment: Arc<Environment>,
    reactor: Weak<Reactor>,
    state: Mutex<State>,
}

struct State {
    fd: Option<OwnedFd>,
    /// In the poller at this moment.
    armed: bool,
    /// A hang-up was asked for while the I/O thread does the reading.
    hangup_wanted: bool,
    /// For a pipe that may grow.
    growth: Option<Growth>,
    /// For one direction of a socket.
    half: Option<Half>,
    lane: Reader,
}

enum Reader {
    Demand,
    Ahead(Ahead),
    Tail { ring: Tail, ended: bool },
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Endpoint").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Takes over a non-blocking descriptor. With a lane other than [`Lane::Demand`] reading starts at once.
    ///
    /// # Errors
    /// What the poller said; the descriptor is closed then.
    pub fn new(
        reactor: &Arc<Reactor>,
        environment: &Arc<Environment>,
        fd: OwnedFd,
        lane: Lane,
    ) -> io::Result<Arc<Self>> {
        let reader = match lane {
            Lane::Demand => Reader::Demand,
            Lane::Ahead(limit) => Reader::Ahead(Ahead::new(limit, environment.read_ahead().clone())),
            Lane::Tail(keep) => Reader::Tail { ring: Tail::new(keep), ended: false },
        };
        let mut made = None;
        reactor.insert(|token| {
            let state = State {
                fd: Some(fd),
                armed: false,
                hangup_wanted: false,
                growth: None,
                half: None,
                lane: reader,
            };
            let endpoint = Arc::new(Self {
                id: environment.endpoint_id(),
                token,
                environment: Arc::clone(environment),
                reactor: Arc::downgrade(reactor),
                state: Mutex::new(state),
            });
            made = Some(Arc::clone(&endpoint));
            Item::Endpoint(endpoint)
        })?;
        let endpoint = made.ok_or_else(|| io::Error::from(io::ErrorKind::Other))?;
        if lane != Lane::Demand {
            let entered = endpoint.enter(&mut lock(&endpoint.state), Interest::READABLE);
            if let Err(error) = entered {
                endpoint.close();
                return Err(error);
            }
        }
        if environment.is_retired() {
            endpoint.close();
        }
        Ok(endpoint)
    }

    /// The id that completions carry.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The environment it belongs to.
    #[must_use]
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// Lets the pipe become larger once the consumer of what is read ahead has kept up for a while.
    pub fn let_grow(&self) {
        lock(&self.state).growth = Some(Growth::default());
    }

    /// Makes it one direction of a socket: closing it ends that direction, though the socket has another descriptor.
    pub fn be_half(&self, half: Half) {
        lock(&self.state).half = Some(half);
    }

    /// Whether the I/O thread reads ahead of JavaScript.
    #[must_use]
    pub fn reads_ahead(&self) -> bool {
        matches!(lock(&self.state).lane, Reader::Ahead(_))
    }

    /// One `read(2)` into `into`: 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there, else what the system said; `EBADF` after a close, `EBUSY` when the I/O
    /// thread does the reading.
    pub fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        let state = lock(&self.state);
        if !matches!(state.lane, Reader::Demand) {
            return Err(io::Error::from_raw_os_error(libc::EBUSY));
        }
        let fd = open(&state)?;
        match retry(|| terminal::read(fd, rustix::io::read(fd, &mut *into))) {
            // The other side went away without having read everything, which is for our writes to tell.
            Err(error) if state.half.is_some() && error.raw_os_error() == Some(libc::ECONNRESET) => Ok(0),
            outcome => outcome,
        }
    }

    /// One `write(2)` of `from`: the bytes the kernel took.
    ///
    /// # Errors
    /// `WouldBlock` when the pipe is full, `EPIPE` when nobody reads, `EBADF` after a close.
    pub fn write(&self, from: &[u8]) -> io::Result<usize> {
        let state = lock(&self.state);
        let fd = open(&state)?;
        retry(|| terminal::write(fd, rustix::io::write(fd, from)))
    }

    /// Bytes read ahead, at most `max`: `Ok(None)` = nothing yet, an empty vector = the end.
    ///
    /// # Errors
    /// What ended the stream.
    pub fn take_block(&self, max: usize) -> io::Result<Option<Vec<u8>>> {
        let mut state = lock(&self.state);
        open(&state)?;
        let State { fd, growth, lane, .. } = &mut *state;
        let Reader::Ahead(ahead) = lane else {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        };
        let taken = ahead.take(max.max(1));
        if let (Some(bytes), Some(growth), Some(fd)) = (&taken, growth, fd) {
            growth.saw(bytes.len(), fd.as_fd());
        }
        if taken.is_some() {
            if ahead.paused && ahead.end.is_none() {
                ahead.paused = false;
                self.enter(&mut state, Interest::READABLE)?;
            }
            return Ok(taken);
        }
        match ahead.end {
            None => Ok(None),
            Some(0) => Ok(Some(Vec::new())),
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
        }
    }

    /// Asks for one completion when `watch` may be met. Spurious ones are possible; they only mean "try again".
    ///
    /// # Errors
    /// What the poller said, `EBADF` after a close, `EIO` when the I/O thread is dead.
    pub fn arm(&self, watch: Watch) -> io::Result<()> {
        let mut state = lock(&self.state);
        open(&state)?;
        let at_once = match &mut state.lane {
            Reader::Demand => {
                let interest = match watch {
                    Watch::Readable => Interest::READABLE,
                    Watch::Writable => Interest::WRITABLE,
                    Watch::HangUp => sys::hangup_interest(),
                };
                return self.enter(&mut state, interest);
            }
            Reader::Ahead(ahead) if watch == Watch::Readable => {
                ahead.wanted = true;
                !ahead.is_empty() || ahead.end.is_some()
            }
            Reader::Ahead(ahead) => ahead.end.is_some(),
            Reader::Tail { ended, .. } => *ended,
        };
        if watch == Watch::HangUp {
            state.hangup_wanted = true;
            if !at_once && !state.armed {
                // Paused for want of permits: only the hang-up is still of interest.
                self.enter(&mut state, sys::hangup_interest())?;
            }
        }
        if at_once {
            self.environment.complete(Completion::Endpoint(self.id));
        }
        Ok(())
    }

    /// Takes back what [`Endpoint::arm`] asked for. A completion already on its way may still come.
    pub fn disarm(&self) {
        let mut state = lock(&self.state);
        state.hangup_wanted = false;
        match &mut state.lane {
            Reader::Demand => self.leave(&mut state),
            Reader::Ahead(ahead) => ahead.wanted = false,
            Reader::Tail { .. } => {}
        }
    }

    /// Bytes that wait in the kernel's pipe.
    ///
    /// # Errors
    /// `EBADF` after a close.
    pub fn buffered(&self) -> io::Result<u64> {
        sys::buffered(open(&lock(&self.state))?)
    }

    /// Whether nobody is left on the other side. Bytes may still wait to be read. True after a close.
    #[must_use]
    pub fn hung_up(&self) -> bool {
        open(&lock(&self.state)).map_or(true, sys::hung_up)
    }

    /// Asks for another size of the kernel's pipe; gives the size it has then.
    ///
    /// # Errors
    /// What the kernel said: the quota of the user, or no such call.
    pub fn set_pipe_size(&self, bytes: usize) -> io::Result<usize> {
        sys::set_pipe_size(open(&lock(&self.state))?, bytes)
    }

    /// Changes the size of the terminal that this is the master of.
    ///
    /// # Errors
    /// `ENOTTY` when it is none, `EBADF` after a close.
    pub fn resize(&self, columns: u16, rows: u16) -> io::Result<()> {
        Ok(terminal::resize(open(&lock(&self.state))?, columns, rows)?)
    }

    /// What ends the input of a terminal that this is the master of, after `last` was the last byte written. `raw`: it was
    /// asked for without lines.
    ///
    /// # Errors
    /// `ENOTTY` when it is none, `EBADF` after a close.
    pub fn input_end(&self, last: Option<u8>, raw: bool) -> io::Result<Option<InputEnd>> {
        Ok(terminal::input_end(open(&lock(&self.state))?, last, raw)?)
    }

    /// The ring's bytes, after whatever the kernel still holds was drained into it. Empty without a ring.
    #[must_use]
    pub fn tail(&self) -> Vec<u8> {
        let mut state = lock(&self.state);
        drain_tail(&mut state, usize::MAX);
        match &state.lane {
            Reader::Tail { ring, .. } => ring.copy(),
            Reader::Demand | Reader::Ahead(_) => Vec::new(),
        }
    }

    /// Takes the descriptor away for another owner; the endpoint is closed from then on.
    #[must_use]
    pub fn take(&self) -> Option<OwnedFd> {
        let mut state = lock(&self.state);
        self.leave(&mut state);
        let fd = state.fd.take();
        state.growth = None;
        drop(state);
        if let Some(reactor) = self.reactor.upgrade() {
            reactor.remove(self.token);
        }
        fd
    }

    /// Out of the poller, then closed. The child gets EPIPE or end of file. Repeated calls do nothing.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        self.leave(&mut state);
        if let (Some(fd), Some(half)) = (&state.fd, state.half) {
            sys::end_half(fd.as_fd(), half == Half::Writing);
        }
        // Under the lock: nobody can be inside a call on the descriptor.
        drop((state.fd.take(), state.growth.take()));
        state.lane = match std::mem::replace(&mut state.lane, Reader::Demand) {
            Reader::Tail { ring, .. } => Reader::Tail { ring, ended: true },
            Reader::Demand | Reader::Ahead(_) => Reader::Demand,
        };
        drop(state);
        if let Some(reactor) = self.reactor.upgrade() {
            reactor.remove(self.token);
        }
    }

    /// The poller has news of this endpoint, or its share of the last turn did not suffice.
    pub(crate) fn ready(endpoint: &Arc<Self>, turn: &mut Turn<'_>) {
        let mut guard = lock(&endpoint.state);
        let state = &mut *guard;
        let Some(fd) = &state.fd else { return };
        let mut report = false;
        match &mut state.lane {
            Reader::Demand => {
                // An event that was under way while the endpoint was disarmed finds it out of the poller.
                if state.armed {
                    endpoint.leave(state);
                    report = true;
                }
            }
            Reader::Ahead(ahead) => {
                let filled = ahead.fill(SHARE, |into| {
                    let result = rustix::io::read(fd, spare_capacity(into));
                    terminal::read(fd.as_fd(), result).map_err(rustix::io::Errno::raw_os_error)
                });
                let ended = filled == Filled::Ended;
                ahead.paused = filled == Filled::Paused;
                if ahead.wanted && (ended || !ahead.is_empty()) {
                    ahead.wanted = false;
                    report = true;
                }
                if state.hangup_wanted && (ended || sys::hung_up(fd.as_fd())) {
                    state.hangup_wanted = false;
                    report = true;
                }
                let watch_hangup = state.hangup_wanted;
                match filled {
                    Filled::Idle => {}
                    Filled::More => turn.again(Arc::clone(endpoint)),
                    Filled::Paused if watch_hangup => drop(endpoint.enter(state, sys::hangup_interest())),
                    Filled::Paused | Filled::Ended => endpoint.leave(state),
                }
            }
            Reader::Tail { .. } => {
                let more = drain_tail(state, SHARE);
                if matches!(state.lane, Reader::Tail { ended: true, .. }) {
                    endpoint.leave(state);
                    report = std::mem::take(&mut state.hangup_wanted);
                } else if more {
                    turn.again(Arc::clone(endpoint));
                }
            }
        }
        drop(guard);
        if report {
            turn.complete(&endpoint.environment, Completion::Endpoint(endpoint.id));
        }
    }

    fn enter(&self, state: &mut State, interest: Interest) -> io::Result<()> {
        let reactor = self.reactor.upgrade().filter(|reactor| !reactor.is_poisoned());
        let reactor = reactor.ok_or_else(|| io::Error::from_raw_os_error(libc::EIO))?;
        let fd = open(state)?.as_raw_fd();
        if state.armed {
            reactor.registry().reregister(&mut SourceFd(&fd), self.token, interest)?;
        } else {
            reactor.registry().register(&mut SourceFd(&fd), self.token, interest)?;
        }
        state.armed = true;
        Ok(())
    }

    fn leave(&self, state: &mut State) {
        if !std::mem::take(&mut state.armed) {
            return;
        }
        if let (Some(fd), Some(reactor)) = (&state.fd, self.reactor.upgrade()) {
            // It can only fail because the descriptor is not in the poller, which is what was asked for.
            drop(reactor.registry().deregister(&mut SourceFd(&fd.as_raw_fd())));
        }
    }
}

/// Reads what is there into the ring; true when the share was used up before the pipe was empty.
fn drain_tail(state: &mut State, share: usize) -> bool {
    let (Some(fd), Reader::Tail { ring, ended }) = (&state.fd, &mut state.lane) else { return false };
    let mut block = [0; 16 * 1024];
    let mut taken = 0;
    while taken < share && !*ended {
        match rustix::io::read(fd, &mut block) {
            Ok(0) => *ended = true,
            Ok(count) => {
                ring.push(block.get(..count).unwrap_or_default());
                taken = taken.saturating_add(count);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => return false,
            Err(_) => *ended = true,
        }
    }
    !*ended
}

fn open(state: &State) -> io::Result<BorrowedFd<'_>> {
    state.fd.as_ref().map(AsFd::as_fd).ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
}

fn retry(mut call: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}
