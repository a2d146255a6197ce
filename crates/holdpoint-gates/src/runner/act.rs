//! The process that becomes the program: it has the user id of the act already, takes every right away that it can do without,
//! puts the act's files in place, and then is the program.
//!
//! At a [site](super::site) the program is in the site's own directory, and no file is put anywhere. Anywhere else:
//!
//! ```text
//! run/holdpoint-runner/acts/UID/    made by root for this user id, mode 0700
//! ├── home/                         HOME and TMPDIR: empty
//! ├── secret/                       the credential's files
//! └── tree/…                        the working directory by its own name, with the files that the change covers
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use holdpoint_api::limits::Limits;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit, umask};
use rustix::thread::set_no_new_privs;
use serde::{Deserialize, Serialize};

/// The home of what has none, as system users have it: a service's own would have settings in it that run code.
const NO_HOME: &str = "/nonexistent";

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The program's path.
    pub program: PathBuf,
    /// Its words, its name first.
    pub argv: Vec<String>,
    /// The words, by their place, that name one of `files`.
    pub in_tree: Vec<usize>,
    /// The working directory.
    pub directory: String,
    /// Everything in its environment but `HOME` and `TMPDIR`.
    pub environment: BTreeMap<String, String>,
    /// The files that the change covers: their paths, and their text as it was decided about.
    pub files: BTreeMap<String, String>,
    /// Files of the credential, by the variable that names their path.
    pub secret_files: BTreeMap<String, String>,
    /// What it may use up.
    pub limits: Limits,
}

/// Becomes the program. It only returns where that failed.
///
/// `place` is the act's own directory.
pub fn become_program(place: &Path, spec: Spec) -> io::Error {
    match prepared(place, spec) {
        Ok(mut command) => command.exec(),
        Err(error) => error,
    }
}

/// Becomes the program in a directory of the machine. It only returns where that failed.
pub fn become_program_at(directory: &Path, spec: Spec) -> io::Error {
    match prepared_at(directory, spec) {
        Ok(mut command) => command.exec(),
        Err(error) => error,
    }
}

fn prepared_at(directory: &Path, spec: Spec) -> io::Result<Command> {
    guard()?;
    if !spec.files.is_empty() || !spec.secret_files.is_empty() || !spec.in_tree.is_empty() {
        return Err(io::Error::other("nothing is put into a site"));
    }
    confine(spec.limits)?;
    let mut command = program(&spec.program, &spec.argv, spec.environment);
    command.env("HOME", NO_HOME).current_dir(directory);
    Ok(command)
}

fn prepared(place: &Path, spec: Spec) -> io::Result<Command> {
    guard()?;
    let (home, secret, tree) = (place.join("home"), place.join("secret"), place.join("tree"));
    make(&home)?;
    let directory = inside(&tree, &spec.directory);
    make(&directory)?;
    for (path, text) in &spec.files {
        put(&inside(&tree, path), text)?;
    }
    let mut argv = spec.argv;
    for at in spec.in_tree {
        let word = argv.get_mut(at).ok_or_else(|| io::Error::other("there is no such word"))?;
        *word = text_of(&inside(&tree, word))?;
    }
    let mut environment = spec.environment;
    for (variable, text) in spec.secret_files {
        let path = secret.join(&variable);
        put(&path, &text)?;
        environment.insert(variable, text_of(&path)?);
    }
    confine(spec.limits)?;
    let mut command = program(&spec.program, &argv, environment);
    command.env("HOME", &home).env("TMPDIR", &home).current_dir(directory);
    Ok(command)
}

/// What is so for whatever acts: it is not root, ends when what started it is gone, and lets nobody else into what it makes.
fn guard() -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        return Err(io::Error::other("nothing acts as root"));
    }
    set_parent_process_death_signal(Some(Signal::KILL))?;
    umask(Mode::from_raw_mode(0o077));
    Ok(())
}

fn program(path: &Path, argv: &[String], environment: BTreeMap<String, String>) -> Command {
    let mut command = Command::new(path);
    command.arg0(argv.first().map_or("", String::as_str)).args(argv.iter().skip(1));
    command.env_clear().envs(environment).stdin(Stdio::null());
    command
}

/// The place of an absolute path below a directory.
fn inside(tree: &Path, path: &str) -> PathBuf {
    tree.join(path.trim_start_matches('/'))
}

fn make(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        make(directory)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o500).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

fn text_of(path: &Path) -> io::Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| io::Error::other("a path is not UTF-8"))
}

/// Takes away what the program can do without. A core dump would hold the credential.
fn confine(limits: Limits) -> io::Result<()> {
    let mib = |count: u64| count.saturating_mul(1024 * 1024);
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Nproc, limits.processes),
        (Resource::Nofile, limits.open_files),
        (Resource::Fsize, mib(limits.file_mib)),
        (Resource::As, mib(limits.memory_mib)),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(set_no_new_privs(true)?)
}
