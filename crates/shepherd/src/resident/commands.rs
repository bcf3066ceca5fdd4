//! What Node says on the control socket, and to whom it is passed on.

use std::os::fd::AsFd;
use std::time::Instant;

use protocol::{CONTROL_SIZE, Control};

use super::{Resident, State};
use crate::sys::{self, Received};

/// Commands taken in a row, so that a flood of them can't keep deaths from being seen.
const COMMANDS_PER_ROUND: usize = 256;

impl Resident {
    /// False when Node is gone.
    pub(super) fn take_commands(&mut self) -> bool {
        for _ in 0..COMMANDS_PER_ROUND {
            let Some(sockets) = &self.sockets else { return true };
            let mut bytes = [0; 2 * CONTROL_SIZE];
            let message = match sys::receive(sockets.control.as_fd(), &mut bytes) {
                Received::Message(message) => message,
                Received::Nothing => return true,
                Received::Closed => return false,
            };
            let command = bytes.get(..message.length).map(Control::decode);
            if let Some(Ok(command)) = command
                && self.credentials.accept(message.sender)
            {
                self.obey(command);
            }
        }
        true
    }

    pub(super) fn obey(&mut self, command: Control) {
        match command {
            Control::KillEnvironment { environment } => {
                let of_it = self.children.iter().filter(|(_, child)| child.environment == environment);
                for id in of_it.map(|(id, _)| *id).collect::<Vec<_>>() {
                    self.tell(id, command);
                }
                self.early.keep(command);
            }
            Control::Signal { child, .. }
            | Control::Terminate { child, .. }
            | Control::Cancel { child }
            | Control::Release { child }
            | Control::Foreground { child } => {
                if !self.tell(child, command) {
                    self.early.keep(command);
                }
            }
        }
    }

    /// False when there is no such child. One that has not started and is given up gets no time to end.
    pub(super) fn tell(&mut self, id: u64, command: Control) -> bool {
        let gives_up = matches!(command, Control::Cancel { .. } | Control::KillEnvironment { .. });
        if !self.children.contains_key(&id) {
            return false;
        }
        if gives_up {
            // What a keeper has said by now counts: of a start that Node may know of, nobody may deny it.
            self.hear(id);
        }
        let Some(mut child) = self.children.remove(&id) else { return true };
        self.family_changed |= gives_up || matches!(child.state, State::Direct(_));
        match child.state {
            State::Starting(starting) if gives_up => {
                starting.cancel();
                return true;
            }
            // Without its keeper it would be a process that nobody knows: it is ended as soon as it has begun.
            State::Launching(ref mut launching) if gives_up => launching.wait(Control::Cancel { child: id }),
            State::Kept(ref mut link) if gives_up && link.is_starting() => {
                link.pass(Control::Cancel { child: id });
            }
            State::Starting(ref mut starting) => starting.wait(command),
            State::Launching(ref mut launching) => launching.wait(command),
            State::Direct(ref mut target) => target.obey(command, Instant::now()),
            State::Kept(ref mut link) => link.pass(command),
        }
        self.children.insert(id, child);
        true
    }

    /// The spawns that were sent before the early commands have been read: what is still about nobody never will be.
    pub(super) fn catch_up(&mut self) {
        for command in self.early.take() {
            match command {
                Control::KillEnvironment { .. } => {}
                Control::Signal { child, .. }
                | Control::Terminate { child, .. }
                | Control::Cancel { child }
                | Control::Release { child }
                | Control::Foreground { child } => {
                    self.tell(child, command);
                }
            }
        }
    }
}
