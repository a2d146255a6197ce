//! A message of an agent's host.
#![no_main]

#[path = "../../crates/holdpoint-gates/tests/corpus/hook_message.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
