//! A program in Python or JavaScript, as its interpreter would get it.
#![no_main]

#[path = "../../crates/holdpoint-effects/tests/corpus/program.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
