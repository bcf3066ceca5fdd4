//! The one-shot helper: starts one target that is held together with nothing and may outlive everybody. It tells how it
//! ended while somebody listens, and leaves without a word to it when nobody does.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use libc::c_int;
use protocol::{Answer, CONTROL_SIZE, Containment, Control, Frame, MAX_INLINE};

use crate::Sockets;
use crate::credentials::Credentials;
use crate::direct::{self, Settled, Starting};
use crate::order::{self, Refusal};
use crate::sys::{self, Received};
use crate::target::Target;

struct Oneshot {
    sockets: Sockets,
    signals: OwnedFd,
    credentials: Credentials,
}

/// Takes one spawn, sees it through, and returns the exit code.
pub fn run(sockets: Sockets) -> c_int {
    let Ok(signals) = sys::signal_descriptor() else { return 1 };
    let mut oneshot = Oneshot { sockets, signals, credentials: Credentials::of_this_process() };
    let Some(starting) = oneshot.take_spawn() else { return 1 };
    match oneshot.await_start(starting) {
        Some(target) => oneshot.watch(target),
        None => 1,
    }
}

impl Oneshot {
    fn sleep(&self, extra: Option<libc::pollfd>, deadline: Option<Instant>) {
        let mut set = vec![
            sys::interest(self.signals.as_fd(), libc::POLLIN),
            sys::interest(self.sockets.control.as_fd(), libc::POLLIN),
        ];
        set.extend(self.sockets.node.as_ref().map(|node| sys::interest(node.as_fd(), libc::POLLIN)));
        set.extend(extra);
        sys::poll(&mut set, deadline.map(|at| at.saturating_duration_since(Instant::now())));
        sys::drain_signals(self.signals.as_fd());
    }

    /// Whether Node has ended; its sockets may live on in a process that inherited them.
    fn node_is_gone(&self) -> bool {
        let Some(node) = &self.sockets.node else { return false };
        let mut set = [sys::interest(node.as_fd(), libc::POLLIN)];
        sys::poll(&mut set, Some(std::time::Duration::ZERO));
        let [entry] = set;
        entry.revents != 0
    }

    fn take_spawn(&mut self) -> Option<Starting> {
        let mut buffer = vec![0; MAX_INLINE + 64];
        let message = loop {
            match sys::receive(self.sockets.spawn.as_fd(), &mut buffer) {
                Received::Message(message) => break message,
                Received::Nothing if self.node_is_gone() => return None,
                Received::Nothing => {
                    self.sleep(Some(sys::interest(self.sockets.spawn.as_fd(), libc::POLLIN)), None);
                }
                Received::Closed => return None,
            }
        };
        let bytes = buffer.get(..message.length).unwrap_or_default();
        let credentials = &mut self.credentials;
        let started = order::open(bytes, message, |sender| credentials.accept(sender)).and_then(|order| {
            let child = order.request.child;
            // A target of its own group could be signalled as one; anything more takes a resident shepherd.
            let reach = match order.request.containment {
                Containment::None => Containment::None,
                Containment::Group | Containment::Tree | Containment::Cgroup => Containment::Group,
            };
            direct::start(order, reach, false, Instant::now()).map(|starting| (child, starting))
        });
        let child = match &started {
            Ok((child, _)) | Err(Refusal { child, .. }) => *child,
        };
        if Frame::wants_answer(bytes) {
            let _ = sys::send(self.sockets.spawn.as_fd(), &Answer { child }.encode());
        }
        match started {
            Ok((_, starting)) => Some(starting),
            Err(refusal) => {
                refusal.tell();
                None
            }
        }
    }

    /// The next command; `Err` when nobody is there to give one.
    fn command(&mut self) -> Result<Option<Control>, ()> {
        if self.node_is_gone() {
            return Err(());
        }
        let mut bytes = [0; 2 * CONTROL_SIZE];
        loop {
            match sys::receive(self.sockets.control.as_fd(), &mut bytes) {
                Received::Message(message) => {
                    let command = bytes.get(..message.length).map(Control::decode);
                    if let Some(Ok(command)) = command
                        && self.credentials.accept(message.sender)
                    {
                        return Ok(Some(command));
                    }
                }
                Received::Nothing => return Ok(None),
                Received::Closed => return Err(()),
            }
        }
    }

    /// An exec that hangs is killed at its deadline or when it is cancelled, but not because Node is gone.
    fn await_start(&mut self, mut starting: Starting) -> Option<Target> {
        loop {
            starting = match starting.settle() {
                Settled::Started(target) => return Some(target),
                Settled::Failed => return None,
                Settled::NotYet(starting) => starting,
            };
            if starting.deadline() <= Instant::now() {
                starting.time_out();
                return None;
            }
            match self.command() {
                Ok(Some(Control::Cancel { .. })) => {
                    starting.cancel();
                    return None;
                }
                // A detached target doesn't end with the environment that started it.
                Ok(Some(Control::KillEnvironment { .. })) => {}
                Ok(Some(command)) => starting.wait(command),
                Ok(None) => self.sleep(Some(starting.settling()), Some(starting.deadline())),
                Err(()) => return None,
            }
        }
    }

    fn watch(&mut self, mut target: Target) -> c_int {
        loop {
            loop {
                match self.command() {
                    // A detached target doesn't end with the environment that started it.
                    Ok(Some(Control::KillEnvironment { .. })) => {}
                    Ok(Some(command)) => target.obey(command, Instant::now()),
                    Ok(None) => break,
                    Err(()) => return 0,
                }
            }
            let now = Instant::now();
            target.observe(now);
            if target.step(0, now) {
                return 0;
            }
            self.sleep(target.closing(), target.deadline());
        }
    }
}
