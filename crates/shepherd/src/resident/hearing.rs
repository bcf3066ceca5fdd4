//! What keepers and starting targets say: started, failed, done, or nothing more at all.

use std::time::Instant;

use super::{Child, Resident, State};
use crate::direct::Settled;
use crate::launching::Launching;
use crate::link::{Heard, Link};
use crate::word::Word;

impl Resident {
    /// A keeper that is killed amid a start leaves a process that nobody knows.
    pub(super) fn give_up(&mut self, link: Link) {
        self.strangers.hunt(link.pid());
        self.family_changed = true;
        link.give_up(true);
    }

    pub(super) fn hear(&mut self, id: u64) {
        let Some(Child { environment, state }) = self.children.remove(&id) else { return };
        let state = match state {
            State::Starting(starting) => {
                let settled = starting.settle();
                self.family_changed |= !matches!(settled, Settled::NotYet(_));
                match settled {
                    Settled::NotYet(starting) => Some(State::Starting(starting)),
                    Settled::Started(target) => Some(State::Direct(target)),
                    Settled::Failed => None,
                }
            }
            State::Launching(launching) => self.hear_launching(launching),
            State::Kept(link) => self.hear_keeper(link),
            State::Direct(mut target) => {
                // Its end was told, so the only news is that Node lets go of it: nobody else is concerned.
                let is_over = target.closing().is_some() && target.step(0, Instant::now());
                (!is_over).then_some(State::Direct(target))
            }
        };
        if let Some(state) = state {
            self.children.insert(id, Child { environment, state });
        }
    }

    pub(super) fn hear_launching(&mut self, mut launching: Launching) -> Option<State> {
        match launching.link.hear() {
            Heard::Word(Word::Started(pid)) => {
                let now = Instant::now();
                self.family_changed |= launching.is_waited_for() || self.strangers.has_unjudged();
                let (mut target, link) = launching.started(pid, now);
                self.keep_idle(link);
                if let Some(target) = &mut target {
                    // Its death may have been looked for before it was known.
                    target.observe(now);
                    self.family_changed |= !target.is_running();
                }
                target.map(State::Direct)
            }
            Heard::Nothing => Some(State::Launching(launching)),
            Heard::Word(word) => self.end_start(launching.link, word),
            Heard::Gone => self.lose_keeper(&launching.link),
        }
    }

    pub(super) fn hear_keeper(&mut self, mut link: Link) -> Option<State> {
        link.flush();
        loop {
            match link.hear() {
                Heard::Nothing => return Some(State::Kept(link)),
                Heard::Word(Word::Started(_)) => drop(link.take_status()),
                Heard::Word(Word::Done) => {
                    self.keep_idle(link);
                    return None;
                }
                Heard::Word(word) => return self.end_start(link, word),
                Heard::Gone => return self.lose_keeper(&link),
            }
        }
    }

    /// There is no target, and why is told; or the keeper goes and has told it.
    pub(super) fn end_start(&mut self, mut link: Link, word: Word) -> Option<State> {
        self.family_changed = true;
        let (Word::Failed(failure) | Word::Unfit(failure)) = word else { return None };
        if let Some(status) = link.take_status() {
            status.fail(failure.stage, failure.errno);
        }
        if matches!(word, Word::Failed(_)) {
            self.keep_idle(link);
        }
        None
    }

    /// One that goes without a word leaves what nobody else could end.
    pub(super) fn lose_keeper(&mut self, link: &Link) -> Option<State> {
        self.family_changed = true;
        self.strangers.hunt(link.pid());
        None
    }

    pub(super) fn keep_idle(&mut self, link: Link) {
        if self.sockets.is_some() {
            self.pool.put(link, Instant::now());
        }
    }
}
