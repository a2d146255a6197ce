//! The process that becomes the program: it has the user id of the act already, takes every right away that it can do without,
//! puts the act's files in place, and then is the program.
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

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit, umask};
use rustix::thread::set_no_new_privs;
use serde::{Deserialize, Serialize};

/// What one act may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long it may last, in seconds.
    pub seconds: u64,
    /// How many processes and threads it may have at a time.
    pub processes: u64,
    /// How many files a process may hold open.
    pub open_files: u64,
    /// The longest file it may write, in MiB.
    pub file_mib: u64,
    /// The memory that one process may map, in MiB.
    pub memory_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 15 * 60, processes: 256, open_files: 1024, file_mib: 1024, memory_mib: 8 * 1024 }
    }
}

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

fn prepared(place: &Path, spec: Spec) -> io::Result<Command> {
    if rustix::process::geteuid().is_root() {
        return Err(io::Error::other("nothing acts as root"));
    }
    set_parent_process_death_signal(Some(Signal::KILL))?;
    umask(Mode::from_raw_mode(0o077));
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
    let mut command = Command::new(&spec.program);
    command.arg0(argv.first().map_or("", String::as_str)).args(argv.iter().skip(1));
    command.env_clear().envs(environment).env("HOME", &home).env("TMPDIR", &home).current_dir(directory).stdin(Stdio::null());
    Ok(command)
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
        (Resource::Nproc, limits.processes),
        (Resource::Nofile, limits.open_files),
        (Resource::Fsize, mib(limits.file_mib)),
        (Resource::As, mib(limits.memory_mib)),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(set_no_new_privs(true)?)
}
