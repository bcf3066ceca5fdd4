//! A target of a group on its way to its program: a keeper starts it as the shepherd's child and is free again at once.

use std::time::Instant;

use libc::pid_t;
use protocol::{Containment, Control};

use crate::foreground::Terminal;
use crate::link::Link;
use crate::order::Order;
use crate::target::{Rules, Target};

/// Commands that may wait for the start. Node has little to say before it knows of one.
const MOST_WAITING: usize = 16;

pub struct Launching {
    pub link: Link,
    /// Starts are numbered: what was under way at some moment is settled when all up to that number are.
    pub number: u64,
    rules: Rules,
    terminal: Option<Terminal>,
    waiting: Vec<Control>,
}

impl Launching {
    /// For an order that `link` is about to be given.
    pub fn new(link: Link, order: &Order, number: u64) -> Self {
        let terminal = Terminal::of(order);
        Self { link, number, rules: Rules::of(&order.request), terminal, waiting: Vec::new() }
    }

    /// Keeps a command until the program runs.
    pub fn wait(&mut self, command: Control) {
        if matches!(command, Control::Cancel { .. }) {
            // Nothing else matters beside this one.
            self.waiting.clear();
        }
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(command);
        }
    }

    /// Whether the target will have something to do as soon as it runs.
    pub fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The program runs. The keeper comes back for its next order.
    pub fn started(mut self, pid: pid_t, now: Instant) -> (Option<Target>, Link) {
        let target = self.link.take_status().map(|status| {
            let mut target = Target::started(pid, Containment::Group, self.rules, status, self.terminal);
            for command in self.waiting {
                target.obey(command, now);
            }
            target
        });
        (target, self.link)
    }
}
