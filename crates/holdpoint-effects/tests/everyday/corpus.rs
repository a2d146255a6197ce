//! The corpus: command lines that must wait and lines that must not, by theme, each under the reason why.
//!
//! A file is a theme. A heading `# -- hold: It deletes …` or `# -- free: Git has it …` is the reason of the lines below it, up
//! to the next. `hold.txt` and `free.txt` take lines as they are found, until they move to their theme; their headings say only
//! the reason. `open.txt` has the lines that are known to be judged wrongly, under what would be right; when one comes right, a test
//! says so and it moves to its theme. In a line `⏎` is a new line. What starts with `# ` otherwise is a note.
//!
//! *In scope:* reading those files. *Out of scope:* judging a line, and the world in which it is read (`world.rs`).

use std::collections::BTreeMap;
use std::fmt;

macro_rules! files {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!($name, ".txt")))),+] };
}

/// The files by name.
pub(crate) const FILES: &[(&str, &str)] = files![
    "agents",
    "backup",
    "brokers",
    "clouds",
    "code",
    "containers",
    "databases",
    "days",
    "disks",
    "files",
    "forge",
    "free",
    "git",
    "hold",
    "incidents",
    "kubernetes",
    "mail",
    "migrations",
    "network",
    "one-liners",
    "open",
    "outputs",
    "packages",
    "platforms",
    "programs",
    "projects",
    "secrets",
    "shell",
    "strangers",
    "targets",
    "terraform",
    "users-and-services",
];

/// What is right about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Free,
    Hold,
}

/// A command line, where it stands, and why it waits or is free.
pub(crate) struct Line {
    pub(crate) file: &'static str,
    pub(crate) number: usize,
    pub(crate) verdict: Verdict,
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, number, reason, text, .. } = self;
        write!(out, "{file}.txt:{number}: {text}\n  [{reason}]")
    }
}

/// All lines of all files but those of `open.txt`.
pub(crate) fn lines() -> impl Iterator<Item = Line> {
    all().filter(|line| line.file != OPEN)
}

/// The lines that are known to be judged wrongly, with the verdict that would be right.
pub(crate) fn open() -> impl Iterator<Item = Line> {
    all().filter(|line| line.file == OPEN)
}

fn all() -> impl Iterator<Item = Line> {
    FILES.iter().flat_map(|(file, text)| section(file, text))
}

const OPEN: &str = "open";

fn section(file: &'static str, text: &'static str) -> Vec<Line> {
    let usual = if file == "free" { Verdict::Free } else { Verdict::Hold };
    let (mut verdict, mut reason, mut found) = (usual, "", Vec::new());
    for (index, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("# -- ") {
            (verdict, reason) = match heading.split_once(": ") {
                Some(("free", reason)) => (Verdict::Free, reason),
                Some(("hold", reason)) => (Verdict::Hold, reason),
                _ => (usual, if matches!(file, "free" | "hold") { heading } else { "" }),
            };
        } else if !line.is_empty() && !line.starts_with("# ") {
            found.push(Line { file, number: index + 1, verdict, reason, text: line.replace('⏎', "\n") });
        }
    }
    found
}

/// What is wrong with the files themselves: lines without a reason, and lines that stand twice.
pub(crate) fn faults() -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut faults = Vec::new();
    for line in all() {
        if !is_sentence(line.reason) {
            faults.push(format!("no reason: {line}"));
        }
        if let Some(first) = seen.insert(line.text.clone(), line.to_string()) {
            faults.push(format!("twice: {first}\n  and {line}"));
        }
    }
    faults
}

/// A heading that says why has some words, and ends as a sentence does.
fn is_sentence(reason: &str) -> bool {
    reason.split(' ').count() >= 4 && reason.ends_with('.') && reason.starts_with(char::is_uppercase)
}
