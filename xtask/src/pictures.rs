//! `./x pictures`: the pictures of the README and the book, made from the real console by a real browser.

use crate::cargo::{cargo, run};
use crate::tools::program;
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Makes the pictures anew. The test that makes them also runs in `test`, where it keeps none.
pub(crate) fn pictures() -> Result<ExitCode> {
    if ["chromium", "chromium-browser", "google-chrome"].iter().all(|name| program(name).is_none()) {
        bail!("there is no Chromium on the path to make pictures with");
    }
    let test = ["test", "--locked", "--package", "holdpoint-server", "--test", "console", "pictures"];
    run(cargo().args(test).env("HOLDPOINT_ACCEPT", "1"))?;
    println!("docs/pictures is written anew; look at the pictures before they are committed");
    Ok(ExitCode::SUCCESS)
}
