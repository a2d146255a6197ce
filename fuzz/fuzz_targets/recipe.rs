//! A file of tasks, services or an image, and the command that reads it.
#![no_main]

#[path = "../../crates/holdpoint-effects/tests/corpus/recipe.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
