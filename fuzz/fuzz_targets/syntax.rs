//! A command line that bash refuses, or not.
#![no_main]

#[path = "../../crates/holdpoint-effects/tests/corpus/syntax.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
