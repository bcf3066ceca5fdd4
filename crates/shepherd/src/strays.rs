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

/// What is done about orphans outside every known group.
#[derive(Default)]
pub struct Strangers {
    /// Node lives, so whoever left its group may.
    pub may_live: bool,
    /// A keeper was killed: who comes now is its orphan.
    pub hunted: bool,
    tolerated: BTreeSet<pid_t>,
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
        for pid in children.into_iter().filter(|pid| known.binary_search(pid).is_err()) {
            if sys::reap(pid) != Change::None {
                died = true;
            } else if let Some(count) = sys::group_of(pid).and_then(|group| groups.get_mut(&group)) {
                *count += 1;
            } else if !strangers.hunted && strangers.may_live {
                strangers.tolerated.insert(pid);
            } else if !strangers.may_live || !strangers.tolerated.contains(&pid) {
                strays += 1;
                let _ = sys::kill(pid, libc::SIGKILL);
            }
        }
        if !died {
            return strays;
        }
    }
}
