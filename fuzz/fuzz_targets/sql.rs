//! SQL text and psql scripts.
#![no_main]

#[path = "../../crates/holdpoint-effects/tests/corpus/sql.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
