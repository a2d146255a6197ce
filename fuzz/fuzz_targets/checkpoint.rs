//! A signed note and the checkpoint in it.
#![no_main]

#[path = "../../crates/holdpoint-log/tests/corpus/checkpoint.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
