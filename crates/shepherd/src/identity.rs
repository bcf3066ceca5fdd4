//! The limits, the niceness and the identity that a target asked for, taken on between the fork and the exec. Raw calls
//! only: the C library's would tell threads that are not there, in memory that may be the parent's.

use protocol::{Extras, Resource, Stage, UNLIMITED};

use crate::exec::{Failure, step};
use crate::sys;

/// Takes everything on. What needs privileges comes before they are given up, and groups before the user, since nobody
/// but root may change them. True when another identity was taken on: that makes the kernel forget the signal for the
/// parent's death.
pub fn take_on(extras: &Extras) -> Result<bool, Failure> {
    if let Some(nice) = extras.nice {
        step(Stage::Nice, sys::set_nice(nice.into()))?;
    }
    for (resource, limit) in Resource::ALL.into_iter().zip(extras.limits) {
        if let Some(limit) = limit {
            let limit = (limit != UNLIMITED).then_some(limit);
            step(Stage::Limit(resource), sys::set_limit(resource, limit))?;
        }
    }
    if extras.uid.is_none() && extras.gid.is_none() {
        return Ok(false);
    }
    become_other(extras.uid, extras.gid)?;
    Ok(true)
}

fn become_other(uid: Option<u32>, gid: Option<u32>) -> Result<(), Failure> {
    let first = if uid.is_some() { Stage::Uid } else { Stage::Gid };
    let refused = Failure { stage: first, errno: libc::EPERM };
    // A single capability would do for the calls below, but not to make sure that they can't be undone.
    if !sys::is_root() {
        return Err(refused);
    }
    step(Stage::Groups, sys::clear_groups())?;
    if let Some(gid) = gid {
        step(Stage::Gid, sys::set_gid(gid))?;
    }
    if let Some(uid) = uid {
        step(Stage::Uid, sys::set_uid(uid))?;
        // Where the kernel was told to leave capabilities alone, nothing was given up.
        if uid != 0 && sys::can_be_root_again() {
            return Err(refused);
        }
    }
    Ok(())
}
