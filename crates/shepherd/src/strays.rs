//! Children that the shepherd did not start: orphans of a dead keeper or of a direct target. Reaps the dead, counts those
//! that belong to a target's group, and kills the rest on sight, since nobody could end them later.

use std::collections::BTreeMap;

use libc::pid_t;

use crate::descendants;
use crate::sys::{self, Change};

/// Looks at every child whose number is not in `known`, which is sorted, and counts the members of each of `groups`.
/// Returns how many are being killed.
///
/// Looks again after each death: the dead may have handed over their own children since the list was made.
pub fn reap_and_kill(proc_usable: bool, known: &[pid_t], groups: &mut BTreeMap<pid_t, usize>) -> usize {
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
        for pid in children.into_iter().filter(|pid| known.binary_search(pid).is_err()) {
            if sys::reap(pid) != Change::None {
                died = true;
            } else if let Some(count) = sys::group_of(pid).and_then(|group| groups.get_mut(&group)) {
                *count += 1;
            } else {
                strays += 1;
                let _ = sys::kill(pid, libc::SIGKILL);
            }
        }
        if !died {
            return strays;
        }
    }
}
