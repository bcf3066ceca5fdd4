//! libFuzzer's way to `fuzz::segments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::segments(bytes));
