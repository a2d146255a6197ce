//! An offline proof that an entry is in the log.
#![no_main]

#[path = "../../crates/holdpoint-log/tests/corpus/log_proof.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
