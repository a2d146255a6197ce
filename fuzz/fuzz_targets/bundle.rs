//! A file of a policy bundle: guardrails, examples or the estate.
#![no_main]

#[path = "../../crates/holdpoint-policy/tests/corpus/bundle.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
