//! Starts a test program from a C `main`. Rust's own start-up would ignore SIGPIPE and reopen closed descriptors,
//! and a child that is to show what it inherited must not have that changed.

use std::ffi::{CStr, c_char};

use crate::args::Args;
use crate::descriptor::write_all;

/// Why a program gave up: a word on what, and the errno if there was one.
#[derive(Debug)]
pub struct Failure {
    text: String,
}

impl Failure {
    /// Without an errno.
    pub fn new(what: &str) -> Self {
        Self { text: what.to_owned() }
    }

    /// With the errno of the call just made.
    pub fn last(what: &str) -> Self {
        Self { text: format!("{what}: {}", std::io::Error::last_os_error()) }
    }
}

/// Turns C arguments into [`Args`], runs `body`, and makes its outcome the exit code; a failure is 70 and a line on stderr.
///
/// # Safety
/// `argv` must hold `argc` C strings, as a C `main` gets them.
pub unsafe fn start(argc: i32, argv: *const *const c_char, body: fn(&Args) -> Result<u8, Failure>) -> i32 {
    let count = usize::try_from(argc).unwrap_or(0);
    let words = (1..count).map(|at| {
        // SAFETY: `at` is below argc, so there is a C string by this function's contract.
        let word = unsafe { CStr::from_ptr(*argv.add(at)) };
        word.to_string_lossy().into_owned()
    });
    match body(&Args::new(words.collect())) {
        Ok(code) => i32::from(code),
        Err(failure) => {
            let line = format!("testkit: {}\n", failure.text);
            // Nobody to tell if even this fails.
            let _ = write_all(2, line.as_bytes(), |_| ());
            70
        }
    }
}
