//! Licences, banned crates and sources, checked by cargo-deny against `deny.toml`.
//!
//! Advisories are out of scope: their database comes from a git host that cannot be reached everywhere.

use crate::cargo::{cargo, run, target_directory};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

/// The release of cargo-deny whose configuration format `deny.toml` is written in.
const VERSION: &str = "0.20.2";

/// cargo-deny, perhaps still being built.
pub(crate) struct Deny {
    building: JoinHandle<Result<PathBuf>>,
}

impl Deny {
    /// Starts building cargo-deny beside whatever comes next; at once where it is already there.
    ///
    /// An unoptimised build takes a minute on two cores and answers in three seconds.
    pub(crate) fn begin() -> Self {
        Self { building: std::thread::spawn(see_to_deny) }
    }

    /// Waits for cargo-deny and checks the whole dependency graph with it.
    pub(crate) fn check(self) -> Result<()> {
        let built = self.building.join().map_err(|_| anyhow!("building cargo-deny panicked"))?;
        let program = built.context("cannot build cargo-deny")?;
        run(cargo().arg("deny").env("PATH", path_with(&program)?).args([
            "--locked",
            "check",
            "--hide-inclusion-graph",
            "licenses",
            "bans",
            "sources",
        ]))
    }
}

fn see_to_deny() -> Result<PathBuf> {
    let tools = target_directory()?.join("tools");
    let program = tools.join("bin").join("cargo-deny");
    if has_our_version(&program) {
        return Ok(program);
    }
    let built = cargo()
        .args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--root"])
        .arg(&tools)
        .arg("--target-dir")
        .arg(tools.join("build"))
        .envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_INCREMENTAL", "0")])
        .stdin(Stdio::null())
        .output()
        .context("cannot start cargo")?;
    if !built.status.success() {
        bail!("{}", String::from_utf8_lossy(&built.stderr));
    }
    // The intermediate artefacts are of no more use: a new version starts afresh.
    std::fs::remove_dir_all(tools.join("build")).context("cannot clear the build of cargo-deny")?;
    Ok(program)
}

fn has_our_version(program: &Path) -> bool {
    let Ok(output) = Command::new(program).arg("--version").output() else {
        return false;
    };
    String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-deny {VERSION}")
}

/// Returns a `PATH` on which cargo finds its sub-command first.
fn path_with(program: &Path) -> Result<std::ffi::OsString> {
    let ours = program.parent().map(Path::to_path_buf);
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = ours.into_iter().chain(std::env::split_paths(&others));
    std::env::join_paths(all).context("the search path cannot be written")
}
