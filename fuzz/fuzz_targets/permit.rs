//! A permit as a gate brings it back, and its payload.
#![no_main]

#[path = "../../crates/holdpoint-core/tests/corpus/permit.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
