//! `./x soak`: the long things, for a night rather than for a push.

use crate::fuzz::fuzz_all;
use crate::steps::Steps;
use crate::test::check_all;
use crate::{bench, fuzz};
use anyhow::Result;
use std::process::ExitCode;

/// How often the crash tests kill the server; the tests themselves do it 500 times.
const KILLS: u32 = 10_000;
/// How many cases each property test draws; proptest's own default is 256.
const PROPERTY_CASES: u32 = 10_000;

/// Runs `test` with larger counts, then every fuzz target for ten minutes and all benches.
pub(crate) fn soak() -> Result<ExitCode> {
    let mut steps = Steps::begin();
    let larger = [("HOLDPOINT_KILLS", KILLS.to_string().into()), ("PROPTEST_CASES", PROPERTY_CASES.to_string().into())];
    check_all(&mut steps, &larger);
    steps.run("fuzzing", || fuzz_all(fuzz::SOAK_SECONDS));
    steps.run("benches", || bench::bench(&[]));
    Ok(steps.finish())
}
