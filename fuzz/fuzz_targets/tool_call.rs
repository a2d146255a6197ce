//! A call of an agent's own tool.
#![no_main]

#[path = "../../crates/holdpoint-effects/tests/corpus/tool_call.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
