//! `sluicegate-shepherd`: starts children for one Node process and leaves none behind. This file reads the arguments and
//! makes the process fit for its work; `resident` and `oneshot` are the two ways it can live.

// The runtime's own `main` would install handlers for SIGSEGV and an alternative stack, which every keeper would inherit.
#![cfg_attr(not(test), no_main)]

mod credentials;
mod descendants;
mod descriptors;
mod direct;
mod early;
mod exec;
mod foreground;
mod identity;
mod keeper;
mod ladder;
mod launch;
mod launching;
mod leaf;
mod link;
mod oneshot;
mod order;
mod pool;
mod resident;
mod search;
mod status;
mod strays;
mod sys;
mod target;
mod word;

use std::os::fd::{AsFd, OwnedFd};

use libc::{c_char, c_int};

/// What Node left open: the spawn socket on 3, the control socket on 4 and, on Linux, its pidfd on 5.
struct Sockets {
    spawn: OwnedFd,
    control: OwnedFd,
    node: Option<OwnedFd>,
}

/// The arguments are `sluicegate-shepherd resident|oneshot VERSION`. Exit code 2: not started by a Node of this version.
///
/// # Safety
/// `list` holds `count` C strings, as the system gives them to a program.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn main(count: c_int, list: *const *const c_char) -> c_int {
    // SAFETY: what the caller promises.
    let arguments = unsafe { sys::arguments(count, list) };
    let [mode, version] = arguments.as_slice() else { return 2 };
    if version.to_bytes() != protocol::VERSION.to_string().as_bytes() {
        return 2;
    }
    sys::shield_from_signals();
    let Some(sockets) = inherited() else { return 2 };
    match mode.to_bytes() {
        b"resident" => resident::run(sockets),
        b"oneshot" => oneshot::run(sockets),
        _ => 2,
    }
}

/// Takes the inherited descriptors and gives up everything else that was inherited.
fn inherited() -> Option<Sockets> {
    sys::close_all_but(&[3, 4, 5]);
    sys::null_stdio().ok()?;
    let sockets = Sockets { spawn: sys::adopt(3)?, control: sys::adopt(4)?, node: sys::adopt(5) };
    sys::prepare_socket(sockets.spawn.as_fd()).ok()?;
    sys::prepare_socket(sockets.control.as_fd()).ok()?;
    sys::leave_directory();
    sys::lead_group();
    sys::name_process(c"sluice-shepherd");
    Some(sockets)
}
