//! The vfork of a keeper: the target shares its memory until execve, so a failure is a plain value here and success needs
//! no pipe. The keeper can do nothing else meanwhile; the shepherd's deadline watches over that.

use std::cell::Cell;

use libc::{c_int, c_void, pid_t};
use protocol::Stage;

use crate::exec::{self, Failure, Plan};
use crate::sys::{self, Parent, Stack};

/// What the keeper and its vforked child share. The child writes while the keeper sleeps, so a cell is enough.
struct Shared<'a> {
    plan: &'a Plan,
    failure: Cell<Option<Failure>>,
}

extern "C" fn child_side(argument: *mut c_void) -> c_int {
    // SAFETY: `launch` passes a `Shared` that outlives this call, and sleeps meanwhile.
    let shared = unsafe { &*argument.cast::<Shared<'_>>() };
    shared.failure.set(Some(exec::become_target(shared.plan)));
    sys::leave(127)
}

/// Starts the target and returns when its program runs. A failure comes with the number of the process that failed, which is
/// its parent's to reap.
pub fn launch(plan: &Plan, stack: &Stack, parent: Parent) -> Result<pid_t, (Option<pid_t>, Failure)> {
    let shared = Shared { plan, failure: Cell::new(None) };
    // The pointer is made from a shared reference and hidden from the optimiser: after the call the cell is read anew.
    let argument = std::hint::black_box((&raw const shared).cast_mut().cast());
    // SAFETY: the child's side is async-signal-safe and leaves by execve or _exit; all signals are blocked since `main`.
    let pid = unsafe { sys::vfork(stack, parent, child_side, argument) }
        .map_err(|error| (None, Failure { stage: Stage::Fork, errno: sys::number(&error) }))?;
    match std::hint::black_box(&shared).failure.get() {
        None => Ok(pid),
        Some(failure) => Err((Some(pid), failure)),
    }
}
