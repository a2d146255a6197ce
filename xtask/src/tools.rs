//! What the tests need beside Rust, and how Debian calls it.
//!
//! `./x` saw to the compilers already. Here: one table, looked through once; what is missing is
//! installed where apt may be used (root, or sudo that asks for no password) and otherwise named
//! in the last lines of the run. Under `CI=true` a missing tool fails the run.

use crate::cargo::run;
use crate::steps::NotRun;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Tool {
    name: &'static str,
    /// What is left out without it.
    for_what: &'static str,
    packages: &'static [&'static str],
    /// Any of these will do: a program on the path, or a file by its absolute name, where `*` in a
    /// directory's place stands for any directory.
    any_of: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "bash",
        for_what: "marker tests of the shell reader against the real shell",
        packages: &["bash"],
        any_of: &["bash"],
    },
    Tool {
        name: "Chromium",
        for_what: "enrolment and approval in a real browser",
        packages: &["chromium"],
        any_of: &["chromium", "chromium-browser", "google-chrome"],
    },
    Tool { name: "git", for_what: "everything that asks git what can be brought back", packages: &["git"], any_of: &["git"] },
    Tool { name: "Go", for_what: "the log checked by an independent verifier", packages: &["golang-go"], any_of: &["go"] },
    Tool {
        name: "Go's sumdb packages",
        for_what: "the log checked by an independent verifier",
        packages: &["golang-golang-x-mod-dev"],
        any_of: &["/usr/share/gocode/src/golang.org/x/mod/sumdb/note/note.go"],
    },
    Tool {
        name: "PostgreSQL",
        for_what: "what needs a real database",
        packages: &["postgresql"],
        any_of: &["initdb", "/usr/lib/postgresql/*/bin/initdb"],
    },
    Tool { name: "shellcheck", for_what: "the check of the shell scripts", packages: &["shellcheck"], any_of: &["shellcheck"] },
    Tool { name: "strace", for_what: "tests that watch system calls", packages: &["strace"], any_of: &["strace"] },
];

/// Sees to every tool. Returns what stays missing; under CI that is an error.
pub(crate) fn see_to_tools() -> Result<Vec<NotRun>> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages).copied().collect();
    if let Some(apt) = apt() {
        // A package that is not to be had must not keep the others away.
        run(apt.command().args(["-qq", "update"]))?;
        for package in packages {
            println!("installing {package}");
            let install = ["-qq", "install", "-y", "--no-install-recommends", package];
            if let Err(error) = run(apt.command().args(install).stdout(Stdio::null())) {
                eprintln!("{error:#}");
            }
        }
    } else {
        println!("to run everything: sudo apt-get install --no-install-recommends {}", packages.join(" "));
    }
    let not_run: Vec<NotRun> = self::missing().iter().map(|tool| tool.not_run()).collect();
    if under_ci() && !not_run.is_empty() {
        let names: Vec<&str> = not_run.iter().map(|not_run| not_run.why.as_str()).collect();
        bail!("{}", names.join(", "));
    }
    Ok(not_run)
}

/// Says whether this is a run in which nothing may be left out.
pub(crate) fn under_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Finds a program on the path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

fn missing() -> Vec<&'static Tool> {
    TOOLS.iter().filter(|tool| !tool.is_there()).collect()
}

impl Tool {
    fn is_there(&self) -> bool {
        self.any_of.iter().any(
            |place| {
                if place.starts_with('/') { exists(Path::new("/"), place) } else { program(place).is_some() }
            },
        )
    }

    fn not_run(&self) -> NotRun {
        NotRun { what: self.for_what.to_owned(), why: format!("{} is missing", self.name) }
    }
}

/// Says whether a file exists below `directory`, where `*` in the pattern stands for any one name.
fn exists(directory: &Path, pattern: &str) -> bool {
    let pattern = pattern.trim_start_matches('/');
    match pattern.split_once("*/") {
        None => directory.join(pattern).exists(),
        Some((before, after)) => {
            let Ok(entries) = std::fs::read_dir(directory.join(before)) else {
                return false;
            };
            entries.flatten().any(|entry| exists(&entry.path(), after))
        }
    }
}

/// A way to install packages: apt as root, or through sudo.
struct Apt {
    through_sudo: bool,
}

fn apt() -> Option<Apt> {
    program("apt-get")?;
    if is_root() {
        return Some(Apt { through_sudo: false });
    }
    let mut sudo = Command::new(program("sudo")?);
    let silent = sudo.args(["-n", "true"]).stderr(Stdio::null()).status().ok()?;
    silent.success().then_some(Apt { through_sudo: true })
}

impl Apt {
    fn command(&self) -> Command {
        let mut command = if self.through_sudo {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            sudo
        } else {
            Command::new("apt-get")
        };
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Says whether we run as root, by asking `id`: the one place xtask would need a system call for.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_seen_and_says_what_it_costs() {
        let tool = Tool {
            name: "Frobnicator",
            for_what: "frobnication",
            packages: &["frobnicator"],
            any_of: &["no-such-program-anywhere", "/no/such/*/file"],
        };
        assert!(!tool.is_there());
        let NotRun { what, why } = tool.not_run();
        assert_eq!((what.as_str(), why.as_str()), ("frobnication", "Frobnicator is missing"));
    }

    #[test]
    fn a_star_stands_for_any_directory() {
        let here = crate::root::root();
        assert!(exists(&here, "*/src/main.rs"));
        assert!(!exists(&here, "*/src/no-such-file.rs"));
    }
}
