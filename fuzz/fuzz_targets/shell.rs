//! A command line as bash would read it.
#![no_main]

#[path = "../../crates/holdpoint-effects/tests/corpus/shell.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
