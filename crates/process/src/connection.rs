//! One running shepherd: its sockets, its process, the credentials it was started with.
//! Owns the descriptors and reaps the process; what is sent, and when, is the supervisor's decision.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use protocol::{ANSWER_SIZE, Answer, Control, Frame};
use reactor::{Handler, Registration, Turn};

use crate::event::Failure;
use crate::supervisor::{Supervisor, lock};
use crate::sys::{self, Credentials, Sent};

/// Every so many spawns one asks to be answered. A start that hangs says nothing else, and must not stop those behind it.
const ANSWER_EVERY: u32 = 8;

/// One-shot helpers that have nothing left to do and are not gone yet: their process ids and descriptors are about to come back.
static WINDING_UP: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn helpers_wind_up() -> bool {
    WINDING_UP.load(Ordering::SeqCst) > 0
}

/// Whether the shepherd serves the process or one child that shall outlive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Resident,
    OneShot,
}

/// The link to one shepherd process.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Empty once lost: closing both is what tells a shepherd that still runs to finish.
    sockets: Mutex<Option<Sockets>>,
    process: sys::Process,
    pub(crate) mode: Mode,
    pub(crate) credentials: Credentials,
    /// Spawns of which it is not known that they were taken, in the order they were sent.
    unanswered: Mutex<VecDeque<u32>>,
    sent: AtomicU32,
    lost: AtomicBool,
    /// Commands the socket had no room for; a stopped shepherd reads none.
    waiting: Mutex<VecDeque<Control>>,
    waits_for_room: AtomicBool,
    /// Places in the poller, by role.
    registrations: [OnceLock<Registration>; 3],
}

#[derive(Debug)]
struct Sockets {
    spawn: OwnedFd,
    control: OwnedFd,
}

impl Connection {
    /// Starts a shepherd and listens to it.
    pub(crate) fn open(turn: &Turn<'_>, path: &Path, mode: Mode) -> Result<Arc<Self>, Failure> {
        let failed =
            |errno| Failure { detail: path.display().to_string(), ..Failure::new("shepherd", errno) };
        let (spawn, their_spawn) = sys::socket_pair().map_err(failed)?;
        let (control, their_control) = sys::socket_pair().map_err(failed)?;
        let argument = if mode == Mode::Resident { "resident" } else { "oneshot" };
        let process = sys::start_shepherd(path, argument, &their_spawn, &their_control).map_err(failed)?;
        drop((their_spawn, their_control));
        let (answers_fd, control_fd) = (spawn.as_raw_fd(), control.as_raw_fd());
        let connection = Arc::new(Self {
            sockets: Mutex::new(Some(Sockets { spawn, control })),
            process,
            mode,
            credentials: sys::credentials(),
            unanswered: Mutex::default(),
            sent: AtomicU32::new(0),
            lost: AtomicBool::new(false),
            waiting: Mutex::default(),
            waits_for_room: AtomicBool::new(false),
            registrations: Default::default(),
        });
        let watched = connection.process.watched();
        for (role, fd) in
            [(Role::Answers, Some(answers_fd)), (Role::Control, Some(control_fd)), (Role::Process, watched)]
        {
            let Some(fd) = fd else { continue };
            let handler = Arc::new(Listener { connection: Arc::clone(&connection), role });
            match turn.reactor.register(fd, handler) {
                Ok(registration) => drop(connection.registration(role).set(registration)),
                Err(error) => {
                    connection.close(turn);
                    return Err(failed(error.raw_os_error().unwrap_or(libc::EIO)));
                }
            }
        }
        Ok(connection)
    }

    fn registration(&self, role: Role) -> &OnceLock<Registration> {
        let [answers, control, process] = &self.registrations;
        match role {
            Role::Answers => answers,
            Role::Control => control,
            Role::Process => process,
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    pub(crate) fn unanswered(&self) -> usize {
        lock(&self.unanswered).len()
    }

    /// The spawn of this child was taken, and so were all sent before it. An answer says so, and so does anything else that is
    /// heard of the child: most spawns need no answer.
    pub(crate) fn taken(&self, child: u32) {
        let mut unanswered = lock(&self.unanswered);
        if let Some(place) = unanswered.iter().position(|sent| *sent == child) {
            unanswered.drain(..=place);
        }
    }

    /// Sends the spawn message of a child with its descriptors.
    pub(crate) fn send(&self, child: u32, message: &mut [u8], fds: &[&OwnedFd]) -> Sent {
        if self.sent.load(Ordering::SeqCst) % ANSWER_EVERY == ANSWER_EVERY - 1 {
            Frame::ask_for_answer(message);
        }
        let sent = match &*lock(&self.sockets) {
            Some(sockets) => sys::send(sockets.spawn.as_fd(), message, fds),
            None => Sent::Lost,
        };
        if sent == Sent::Done {
            self.sent.fetch_add(1, Ordering::SeqCst);
            lock(&self.unanswered).push_back(child);
        }
        sent
    }

    /// Sends a command after all earlier ones; without room it waits here.
    pub(crate) fn command(&self, turn: &Turn<'_>, command: Control) {
        if self.is_lost() {
            return;
        }
        lock(&self.waiting).push_back(command);
        self.flush(turn);
    }

    fn flush(&self, turn: &Turn<'_>) {
        let sockets = lock(&self.sockets);
        let Some(Sockets { control, .. }) = &*sockets else { return };
        let mut waiting = lock(&self.waiting);
        while let Some(command) = waiting.front() {
            match sys::send(control.as_fd(), &command.encode(), &[]) {
                Sent::Full => break,
                Sent::Done => drop(waiting.pop_front()),
                // Its death is told by the end of file; these commands have no addressee any more.
                Sent::Lost | Sent::Failed(_) => waiting.clear(),
            }
        }
        let full = !waiting.is_empty();
        let changes = full != self.waits_for_room.swap(full, Ordering::SeqCst);
        if let (true, Some(registration)) = (changes, self.registration(Role::Control).get()) {
            drop(turn.reactor.watch_writes(control.as_raw_fd(), *registration, full));
        }
    }

    /// Takes the answers that have come; false at the end of file.
    fn take_answers(&self) -> bool {
        let sockets = lock(&self.sockets);
        let Some(Sockets { spawn, .. }) = &*sockets else { return false };
        let mut bytes = [0; ANSWER_SIZE];
        loop {
            match rustix::io::read(spawn, &mut bytes) {
                Ok(0) => return false,
                Ok(count) => {
                    if let Some(Ok(Answer { child })) = bytes.get(..count).map(Answer::decode) {
                        self.taken(u32::try_from(child).unwrap_or(0));
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return true,
                Err(_) => return false,
            }
        }
    }

    /// The shepherd is gone or no longer needed.
    pub(crate) fn lose(self: &Arc<Self>, turn: &mut Turn<'_>) {
        if self.close(turn) {
            Supervisor::connection_lost(turn, self);
        }
    }

    /// Out of the poller, once: without sockets the process ends by itself, and is reaped when it has. For a connection of which
    /// the supervisor knows no child.
    pub(crate) fn close(&self, turn: &Turn<'_>) -> bool {
        if self.lost.swap(true, Ordering::SeqCst) {
            return false;
        }
        let sockets = lock(&self.sockets).take();
        if let Some(Sockets { spawn, control }) = &sockets {
            for (fd, role) in [(spawn, Role::Answers), (control, Role::Control)] {
                if let Some(registration) = self.registration(role).get() {
                    turn.reactor.deregister(fd.as_raw_fd(), *registration);
                }
            }
        }
        drop(sockets);
        if self.registration(Role::Process).get().is_none() {
            self.process.reap();
        } else if self.mode == Mode::OneShot && self.process.watched().is_some() {
            WINDING_UP.fetch_add(1, Ordering::SeqCst);
        }
        true
    }

    fn reap(&self, turn: &Turn<'_>) {
        if let (Some(fd), Some(registration)) =
            (self.process.watched(), self.registration(Role::Process).get())
            && self.process.has_exited()
        {
            turn.reactor.deregister(fd, *registration);
            self.process.reap();
            if self.mode == Mode::OneShot && self.is_lost() {
                WINDING_UP.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Role {
    Answers,
    Control,
    Process,
}

struct Listener {
    connection: Arc<Connection>,
    role: Role,
}

impl Handler for Listener {
    fn ready(&self, turn: &mut Turn<'_>) {
        match self.role {
            Role::Answers => {
                if self.connection.take_answers() {
                    Supervisor::pump(turn);
                } else {
                    self.connection.lose(turn);
                }
            }
            Role::Control => self.connection.flush(turn),
            Role::Process => {
                self.connection.reap(turn);
                if self.connection.process.watched().is_none() {
                    self.connection.lose(turn);
                    Supervisor::pump(turn);
                }
            }
        }
    }
}
