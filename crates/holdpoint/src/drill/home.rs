//! Where a drill takes place: a home directory that is thrown away, and what is told of it without what differs from run to run.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// How a script has a command run through a gate.
pub(super) const RUNNER: &str = "holdpoint run --shell";

/// What a script runs where no gate stands before it.
pub(super) fn without_gate(command: &str) -> String {
    command.replace(RUNNER, "bash -c")
}

/// A home directory that is thrown away.
pub(super) struct Home {
    /// Where everything of one run lies.
    pub(super) directory: PathBuf,
    /// Whose it is, where that is not who we are.
    pub(super) user: Option<u32>,
}

impl Home {
    /// Makes one.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; 8];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes)
            .map_err(|_| anyhow::anyhow!("no randomness"))?;
        let directory = std::env::temp_dir().join(format!("holdpoint-drill-{:016x}", u64::from_be_bytes(bytes)));
        std::fs::create_dir_all(directory.join("home"))?;
        std::fs::create_dir_all(directory.join("data"))?;
        std::fs::create_dir_all(directory.join("tools"))?;
        Ok(Self { directory: directory.canonicalize()?, user: None })
    }

    /// The home directory itself.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.join("home")
    }

    /// A program that knows of nothing but this home.
    pub(super) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.directory.join("tools").display());
        command.env_clear().env("HOME", self.path()).env("PATH", path).env("USER", "drill");
        if let Some(uid) = self.user {
            command.uid(uid).gid(uid);
        }
        for (name, value) in [("GIT_AUTHOR_NAME", "drill"), ("GIT_COMMITTER_NAME", "drill")] {
            command.env(name, value);
        }
        for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "drill@example.org");
        }
        // Without gates the home itself may be gone by now: that is what some drills are about.
        let home = self.path();
        command.current_dir(if home.is_dir() { &home } else { &self.directory }).stdin(Stdio::null());
        command
    }

    /// Puts a stand-in for a program on the path.
    pub(super) fn tool(&self, text: &str) -> anyhow::Result<()> {
        let (name, script) = text.split_once(' ').context("a program is `NAME SCRIPT`")?;
        let path = self.directory.join("tools").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
    }

    /// Runs a command, and gives what it printed.
    pub(super) fn bash(&self, command: &str) -> anyhow::Result<String> {
        // A command may take the working directory away below bash; what it prints then is no part of the story.
        let output =
            self.program("bash").args(["-c", &format!("exec 2>&1; {command}")]).output().context("bash cannot be started")?;
        Ok(self.plain(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Text without what differs from run to run: the home's place, digests, ports.
    pub(super) fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.path().display().to_string(), "~").replace(&self.directory.display().to_string(), "…");
        let mut plain = String::new();
        for line in in_order(&text) {
            let words: Vec<_> = line.split(' ').map(plain_word).collect();
            let _ = writeln!(plain, "{}", words.join(" "));
        }
        plain
    }
}

/// The lines of a text, with what a program refuses file by file in order of the names: a directory lists them in any.
fn in_order(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    let refused = |line: &str| line.starts_with("rm: cannot remove");
    lines.chunk_by_mut(|one, next| refused(one) && refused(next)).for_each(<[&str]>::sort_unstable);
    lines
}

/// A word without a digest or a port in it.
fn plain_word(word: &str) -> String {
    let hex = |text: &str| text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digest = bare.rsplit(['/', ':']).next().unwrap_or(bare);
    let word = if hex(digest) { word.replace(digest, "…") } else { word.to_owned() };
    match (word.find("://"), word.find("/changes/")) {
        (Some(scheme), Some(path)) if scheme < path => {
            let (head, tail) = word.split_at(path);
            let host = head.rsplit_once(':').map_or(head, |(host, _)| host);
            format!("{host}:…{tail}")
        }
        _ => word,
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Waits until the control plane says that it is up, and goes on listening so that it can go on speaking.
pub(super) fn is_up(output: std::process::ChildStdout) -> bool {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(" is up") {
                let _ = sender.send(());
            }
        }
    });
    receiver.recv().is_ok()
}
