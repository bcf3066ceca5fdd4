//! The start of a target by a keeper. Mostly a vfork: the target shares its memory until execve, so a failure is a plain value here and success needs
//! no pipe. Into a control group it is a fork, and a pipe that execve closes. The keeper can do nothing else meanwhile; the
//! shepherd's deadline watches over that.

use std::cell::Cell;
use std::os::fd::AsFd;

use libc::{c_int, c_void, pid_t};
use protocol::Stage;

use crate::direct::errno_pipe;
use crate::exec::{self, FAILURE_SIZE, Failure, Plan};
use crate::leaf::Entrance;
use crate::sys::{self, Parent, Side, Stack};

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

/// The same, in a control group from its first moment, or before its program runs.
pub fn launch_into(entrance: &Entrance, plan: &Plan) -> Result<pid_t, (Option<pid_t>, Failure)> {
    let failed = |stage| move |error| (None, Failure { stage, errno: sys::number(&error) });
    let (outcome, writer) = errno_pipe(plan.slots()).map_err(failed(Stage::Fork))?;
    let (side, is_inside) = sys::fork_into(entrance.folder()).map_err(failed(Stage::CgroupJoin))?;
    let Side::Parent(pid) = side else {
        let entered = if is_inside { Ok(()) } else { entrance.enter() };
        let failure = match entered {
            Ok(()) => exec::become_target(plan),
            Err(error) => Failure { stage: Stage::CgroupJoin, errno: sys::number(&error) },
        };
        let _ = sys::write(writer.as_fd(), &failure.encode());
        sys::leave(127)
    };
    drop(writer);
    let mut bytes = [0; FAILURE_SIZE];
    loop {
        sys::poll(&mut [sys::interest(outcome.as_fd(), libc::POLLIN)], None);
        match sys::read(outcome.as_fd(), &mut bytes) {
            Ok(FAILURE_SIZE) => return Err((Some(pid), Failure::decode(bytes))),
            Ok(_) => return Ok(pid),
            Err(_) => {}
        }
    }
}
