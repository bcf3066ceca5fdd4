//! What Node sends on the spawn socket: each message is taken apart, given to a keeper, and answered if it asks for that.

use std::os::fd::AsFd;
use std::time::Instant;

use protocol::{Answer, Containment, Frame, Stage};

use super::{Child, Resident, State};
use crate::direct;
use crate::launching::Launching;
use crate::order::{self, Order, Refusal};
use crate::sys::{self, Message, Received};

/// Spawns taken in a row before the loop looks at everything else again.
const SPAWNS_PER_ROUND: usize = 8;

impl Resident {
    pub(super) fn send_answers(&mut self) {
        let Some(sockets) = &self.sockets else { return };
        while let Some(answer) = self.answers.front() {
            if !sys::send(sockets.spawn.as_fd(), &answer.encode()).unwrap_or(true) {
                return;
            }
            self.answers.pop_front();
        }
    }

    /// False when Node is gone.
    pub(super) fn take_spawns(&mut self) -> bool {
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

    pub(super) fn take_spawn(&mut self, message: Message) {
        let buffer = std::mem::take(&mut self.buffer);
        let bytes = buffer.get(..message.length).unwrap_or_default();
        let credentials = &mut self.credentials;
        let opened = order::open(bytes, message, |sender| credentials.accept(sender));
        let child = match opened {
            Ok(order) => {
                let child = order.request.child;
                if let Err(refusal) = self.start(order, bytes) {
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
        if Frame::wants_answer(bytes) {
            self.answers.push_back(Answer { child });
        }
        self.buffer = buffer;
    }

    /// `message` is the order as it came.
    pub(super) fn start(&mut self, order: Order, message: &[u8]) -> Result<(), Refusal> {
        let (id, environment) = (order.request.child, order.request.environment);
        if self.early.give_up(id, environment) {
            return Ok(());
        }
        if self.children.contains_key(&id) {
            return Err(order.refuse(Stage::Decode, libc::EEXIST));
        }
        let state = match order.request.containment {
            Containment::None | Containment::Cgroup => {
                return Err(order.refuse(Stage::Containment, libc::EINVAL));
            }
            Containment::Tree | Containment::Group if sys::KEEPERS => self.order(order, message)?,
            Containment::Tree | Containment::Group => {
                State::Starting(direct::start(order, Containment::Group, true, Instant::now())?)
            }
        };
        self.children.insert(id, Child { environment, state });
        Ok(())
    }

    /// Gives the order to a keeper. An idle one may have died since; then it is another's.
    pub(super) fn order(&mut self, mut order: Order, message: &[u8]) -> Result<State, Refusal> {
        loop {
            let now = Instant::now();
            let is_new = self.pool.is_empty();
            let mut link = match self.pool.take(self.proc_usable) {
                Ok(link) => link,
                Err(error) => return Err(order.refuse(Stage::Fork, sys::number(&error))),
            };
            let outcome = if order.request.containment == Containment::Tree {
                link.order(order, message, now).map(|()| State::Kept(link))
            } else {
                let mut launching = Launching::new(link, &order, self.launches);
                self.launches += 1;
                launching.link.order(order, message, now).map(|()| State::Launching(launching))
            };
            match outcome {
                Ok(state) => return Ok(state),
                Err(unsent) if is_new => {
                    let (order, error) = *unsent;
                    return Err(order.refuse(Stage::Fork, sys::number(&error)));
                }
                Err(unsent) => (order, _) = *unsent,
            }
        }
    }
}
