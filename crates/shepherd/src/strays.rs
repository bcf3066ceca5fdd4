//! Children that the shepherd did not start: orphans of a killed keeper, or of a direct target that let them go. Reaps the
//! dead, counts those that belong to a target's group, and either tolerates or kills the rest.
//!
//! While Node lives, an orphan of a direct target is nobody's business: it left its group of its own accord, and lives until
//! Node ends. What a killed keeper leaves is another matter, since nobody could end it later. The two can be told apart by
//! time only: the keeper's end of file is heard before its children arrive, so that what is new from then on is its.

use std::collections::{BTreeMap, BTreeSet};

use libc::pid_t;

use crate::descendants;
use crate::sys::{self, Change};

/// How many launches there have been, and how many of the first of them are settled.
#[derive(Default, Clone, Copy)]
pub struct Launches {
    pub all: u64,
    pub settled: u64,
}

/// When somebody was first seen.
struct Sighting {
    /// The launches there had been by then.
    launches: u64,
    /// A killed keeper may have left it.
    hunted: bool,
    /// It was here before the last killed keeper was reaped, so it may be the root of a lost tree, whose own children come when it dies.
    may_be_root: bool,
}

/// What is done about orphans outside every known group.
#[derive(Default)]
pub struct Strangers {
    /// Node lives, so whoever left its group may.
    pub may_live: bool,
    pub launches: Launches,
    /// A keeper was killed: who comes now is its orphan, or an orphan of one.
    hunted: bool,
    /// Keepers that were killed and not reaped yet. Until then their children are still coming.
    keepers: BTreeSet<pid_t>,
    are_coming: bool,
    tolerated: BTreeSet<pid_t>,
    /// Children that may be launches whose keeper has not said so yet.
    unjudged: BTreeMap<pid_t, Sighting>,
}

impl Strangers {
    /// A keeper was killed. What it leaves may have been seen already, and taken for a launch of another.
    pub fn hunt(&mut self, keeper: pid_t) {
        self.hunted = true;
        self.are_coming = true;
        self.keepers.insert(keeper);
        for sighting in self.unjudged.values_mut() {
            sighting.hunted = true;
            sighting.may_be_root = true;
        }
    }

    /// Ends the hunt when nobody is left to kill, and nobody whose children would have to be killed.
    pub fn rest(&mut self, strays: usize) {
        self.hunted &= strays > 0 || self.unjudged.values().any(|sighting| sighting.may_be_root);
    }

    /// Whether somebody waits for launches to settle.
    pub fn has_unjudged(&self) -> bool {
        !self.unjudged.is_empty()
    }

    /// Whether it is too early to say that this is nobody's. A keeper names its target once that runs; until every launch that was
    /// under way at first sight is settled, this may be one of their targets, and its status must not be taken.
    fn may_be_launch(&mut self, pid: pid_t) -> bool {
        if self.keepers.contains(&pid) || self.tolerated.contains(&pid) {
            return false;
        }
        let Launches { all, settled } = self.launches;
        let (hunted, may_be_root) = (self.hunted, self.are_coming);
        let seen = self.unjudged.entry(pid).or_insert(Sighting { launches: all, hunted, may_be_root });
        settled < seen.launches
    }

    /// Whether nobody minds that it lives on.
    fn tolerates(&mut self, pid: pid_t) -> bool {
        if !self.may_live {
            return false;
        }
        let is_hunted = self.hunted || self.unjudged.get(&pid).is_some_and(|sighting| sighting.hunted);
        if !is_hunted {
            self.unjudged.remove(&pid);
            self.tolerated.insert(pid);
        }
        self.tolerated.contains(&pid)
    }
}

/// Looks at every child whose number is not in `known`, which is sorted, and counts the members of each of `groups`.
/// Returns how many are being killed.
///
/// Looks again after each death: the dead may have handed over their own children since the list was made.
pub fn reap_and_kill(
    proc_usable: bool,
    known: &[pid_t],
    groups: &mut BTreeMap<pid_t, usize>,
    strangers: &mut Strangers,
) -> usize {
    loop {
        let Some(children) = proc_usable.then(descendants::children).flatten() else {
            // Nobody can be named. A wait for anybody would take the known ones' statuses, so it is for when there are none.
            if known.is_empty() {
                while matches!(sys::reap_any(), Ok(Some(_))) {}
            }
            return 0;
        };
        let (mut died, mut strays) = (false, 0);
        for count in groups.values_mut() {
            *count = 0;
        }
        strangers.tolerated.retain(|pid| children.contains(pid));
        strangers.keepers.retain(|pid| children.contains(pid));
        strangers.unjudged.retain(|pid, _| children.contains(pid) && known.binary_search(pid).is_err());
        for pid in children.into_iter().filter(|pid| known.binary_search(pid).is_err()) {
            // A launch leads its own group, which is none of these.
            let member = sys::group_of(pid).and_then(|group| groups.get_mut(&group));
            if member.is_none() && strangers.may_be_launch(pid) {
                continue;
            }
            if sys::reap(pid) != Change::None {
                died = true;
            } else if let Some(count) = member {
                *count += 1;
            } else if !strangers.tolerates(pid) {
                strays += 1;
                let _ = sys::kill(pid, libc::SIGKILL);
            }
        }
        strangers.are_coming = !strangers.keepers.is_empty();
        if !died {
            return strays;
        }
    }
}
