//! The family below this process: who its children are, who lies further down, and whether that is still so.
//! Signals nobody but through `signal`, which proves the descent first.

use libc::{c_int, pid_t};

use crate::sys;

/// Hops up the parent chain before a descent counts as disproved: more than any sane tree is deep.
const DEEPEST: usize = 4096;

/// A process below this one. A direct one can be reaped by this process alone, so its number can't be somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descendant {
    pub pid: pid_t,
    pub direct: bool,
}

/// Direct children, zombies included; `None` when `/proc` doesn't tell.
///
/// The kernel's list skips nobody as long as only this process takes entries off it, which reaping is; newcomers go to its end.
pub fn children() -> Option<Vec<pid_t>> {
    sys::children_of(sys::own_pid())
}

/// Everything below this process at one moment: processes that fork meanwhile may add more, hence the repeated passes in `Target`.
pub fn all() -> Vec<Descendant> {
    let mut found: Vec<Descendant> =
        children().unwrap_or_default().into_iter().map(|pid| Descendant { pid, direct: true }).collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        for pid in sys::children_of(parent.pid).unwrap_or_default() {
            // A number that was reused while we looked could close a circle.
            if found.iter().all(|known| known.pid != pid) {
                found.push(Descendant { pid, direct: false });
            }
        }
    }
    found
}

/// Signals one descendant found by `all`.
pub fn signal(descendant: Descendant, signal: c_int) {
    if descendant.direct {
        let _ = sys::kill(descendant.pid, signal);
    } else {
        sys::signal_if(descendant.pid, signal, || is_below(descendant.pid));
    }
}

/// How many are below this process and not dead.
pub fn living() -> usize {
    all().into_iter().filter(|found| sys::parent_of(found.pid).is_some_and(|(_, alive)| alive)).count()
}

fn is_below(pid: pid_t) -> bool {
    let own = sys::own_pid();
    let mut at = pid;
    for _ in 0..DEEPEST {
        match sys::parent_of(at) {
            Some((parent, _)) if parent == own => return true,
            Some((parent, _)) if parent > 1 => at = parent,
            _ => return false,
        }
    }
    false
}
