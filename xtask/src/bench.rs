//! `./x bench`: all benches, or those whose name contains a word.

use crate::cargo::{cargo, run};
use crate::release;
use anyhow::{Context, Result};
use std::process::ExitCode;

/// Runs the benches in release. Figures are read by people; none of them is a test.
pub(crate) fn bench(filter: &[String]) -> Result<ExitCode> {
    let program = release::build()?;
    // Beside it, because building the benches puts another one in its place.
    let shipped = program.with_file_name("holdpoint-shipped");
    std::fs::copy(&program, &shipped).with_context(|| format!("cannot copy `{}`", program.display()))?;
    run(cargo().env("HOLDPOINT_BENCH_PROGRAM", shipped).args(["bench", "--workspace", "--benches", "--"]).args(filter))?;
    Ok(ExitCode::SUCCESS)
}
