//! `./x up`: builds Holdpoint in release and becomes it.

use crate::release;
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Builds `holdpoint`, then replaces this process by `holdpoint up ARGUMENTS`, in the caller's directory.
pub(crate) fn up(arguments: &[String]) -> Result<ExitCode> {
    if release::path()?.exists() {
        eprintln!("x: bringing the release build up to date");
    } else {
        eprintln!("x: building Holdpoint and what it stands on, once: about six minutes on two cores");
    }
    let binary = release::build()?;
    eprintln!("x: starting {} up", binary.display());
    let error = Command::new(&binary).arg("up").args(arguments).exec();
    Err(error).with_context(|| format!("cannot start `{}`", binary.display()))
}
