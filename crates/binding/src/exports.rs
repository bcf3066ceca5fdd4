//! Constants and free functions of the addon.

#![cfg_attr(test, allow(dead_code, reason = "the macro registers nothing in a test build"))]

use napi_derive::napi;

/// The error number that means "nothing now, try again when woken".
#[napi(js_name = "EAGAIN")]
pub const EAGAIN: i32 = process::EAGAIN;

/// The longest request that travels inside a message; longer ones go through memory.
#[napi(js_name = "maxInline")]
#[expect(clippy::cast_possible_truncation, reason = "16 KiB")]
pub const MAX_INLINE: u32 = protocol::MAX_INLINE as u32;

/// Starts the I/O thread, unless it runs: 0, or -errno.
#[napi(catch_unwind, js_name = "startReactor")]
#[must_use]
pub fn start_reactor() -> i32 {
    match reactor::Reactor::global() {
        Ok(_) => 0,
        Err(error) => -error.raw_os_error().unwrap_or(process::EIO),
    }
}

/// Makes the I/O thread panic, for the test that everything parked is rejected then.
#[cfg(feature = "faults")]
#[napi(catch_unwind, js_name = "panicReactor")]
#[expect(clippy::panic, reason = "that is what it is for")]
pub fn panic_reactor() -> napi::Result<()> {
    let reactor = reactor::Reactor::global().map_err(|error| napi::Error::from_reason(error.to_string()))?;
    reactor.post(|_| panic!("asked for by a test"));
    Ok(())
}
