//! Commands that overtook the spawn they are about: they have a socket of their own, which is read first. Each is kept
//! until the spawns that were sent before it have been read, and then either finds its child or is about none.

use std::collections::VecDeque;

use protocol::Control;

/// More than can overtake: Node leaves only so many spawns unanswered. Beyond that the oldest is dropped.
const MOST: usize = 1024;

/// The commands kept.
#[derive(Debug, Default)]
pub struct Early(VecDeque<Control>);

impl Early {
    pub fn keep(&mut self, command: Control) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(command);
    }

    /// Whether a spawn that is read now has been given up already.
    pub fn give_up(&self, child: u64, environment: u32) -> bool {
        self.0.iter().any(|command| match *command {
            Control::Cancel { child: other } => other == child,
            Control::KillEnvironment { environment: other } => other == environment,
            _ => false,
        })
    }

    /// Hands over everything: no spawn sent before these commands is unread any more.
    pub fn take(&mut self) -> VecDeque<Control> {
        std::mem::take(&mut self.0)
    }
}
