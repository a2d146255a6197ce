//! The statement that a person's passkey signs.
#![no_main]

#[path = "../../crates/holdpoint-core/tests/corpus/statement.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
