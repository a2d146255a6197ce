//! `./x bench`: all benches, or those whose name contains a word.

use crate::cargo::{cargo, run};
use anyhow::Result;
use std::process::ExitCode;

/// Runs the benches in release. Figures are read by people; none of them is a test.
pub(crate) fn bench(filter: &[String]) -> Result<ExitCode> {
    run(cargo().args(["bench", "--workspace", "--benches", "--"]).args(filter))?;
    Ok(ExitCode::SUCCESS)
}
