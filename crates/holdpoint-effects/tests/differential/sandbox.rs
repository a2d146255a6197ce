//! A directory in which bash runs a line for real, with programs that only write down how they were called.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Programs that do nothing but record.
pub(crate) const STUBS: [&str; 5] = ["git", "kubectl", "marker", "mv", "rm"];
/// Programs that are real, because lines hide others behind them.
const WRAPPERS: [&str; 12] = ["bash", "cat", "env", "false", "find", "nice", "nohup", "setsid", "sh", "timeout", "true", "xargs"];
/// What lies in the working directory; what ends with a slash is a directory.
const FILES: [&str; 14] = [
    "a.txt", "b.txt", "c.log", ".hidden", "keep", "d1/", "d1/f1", "d1/f2", "d1/g1", "d2/", "d2/e 1", "home/", "home/x", "sp ace",
];

/// One run of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) directory: String,
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
}

/// A place where lines are run one after the other.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let sandbox = Self { root: tempfile::tempdir().unwrap() };
        let programs = sandbox.root.path().join("bin");
        fs::create_dir(&programs).unwrap();
        let record = sandbox.record();
        let stub = format!("#!/bin/sh\nprintf '%s\\0' \"$PWD\" \"${{0##*/}}\" \"$@\" '\u{1}' >> '{}'\n", record.display());
        for name in STUBS {
            let path = programs.join(name);
            fs::write(&path, &stub).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        for name in WRAPPERS {
            symlink(located(name), programs.join(name)).unwrap();
        }
        sandbox
    }

    fn record(&self) -> PathBuf {
        self.root.path().join("record")
    }

    /// Where lines are run. The path is one that no link leads to.
    pub(crate) fn work(&self) -> PathBuf {
        fs::canonicalize(self.root.path()).unwrap().join("work")
    }

    /// Puts the working directory back as it was at first.
    pub(crate) fn prepare(&self) {
        let work = self.work();
        let _ = fs::remove_dir_all(&work);
        let _ = fs::remove_file(self.record());
        fs::create_dir(&work).unwrap();
        for name in FILES {
            let path = work.join(name);
            if name.ends_with('/') { fs::create_dir(path).unwrap() } else { fs::write(path, "").unwrap() }
        }
        symlink("d1/", work.join("link")).unwrap();
    }

    /// Runs a line in bash; gives what it ran.
    pub(crate) fn run(&self, line: &str) -> Vec<Run> {
        self.prepare();
        // Whatever stays behind in the background has nothing of ours open.
        self.bash(&["-c", "--", line]).stdout(Stdio::null()).status().unwrap();
        let record = fs::read(self.record()).unwrap_or_default();
        let record = String::from_utf8_lossy(&record);
        let runs = record.split("\u{1}\0").filter(|run| !run.is_empty());
        runs.filter_map(|run| {
            let mut words = run.strip_suffix('\0')?.split('\0').map(str::to_owned);
            Some(Run { directory: words.next()?, program: words.next()?, arguments: words.collect() })
        })
        .collect()
    }

    /// The paths that an absolute pattern matches, as bash says.
    pub(crate) fn matches(&self, pattern: &str) -> Vec<String> {
        let quoted: String =
            pattern.chars().flat_map(|sign| if " '\"$&;()".contains(sign) { vec!['\\', sign] } else { vec![sign] }).collect();
        let mut out = self.bash(&["-c", "--", &format!("shopt -s nullglob globstar; printf '%s\\0' {quoted}")]);
        let out = out.output().unwrap().stdout;
        String::from_utf8_lossy(&out).split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
    }

    fn bash(&self, arguments: &[&str]) -> Command {
        let work = self.work();
        let mut command = Command::new(located("timeout"));
        command
            .args(["-k", "1", "2"])
            .arg(located("bash"))
            .args(["--noprofile", "--norc"])
            .args(arguments)
            .current_dir(&work)
            .env_clear()
            .env("PATH", self.root.path().join("bin"))
            .env("HOME", work.join("home"))
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

fn located(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("there is no `{name}`"))
}

/// Makes a path of a directory and a word, as the kernel takes it: links on the way are followed, the last name is not.
pub(crate) fn resolved(directory: &str, word: &str) -> String {
    let joined = Path::new(directory).join(word.trim_end_matches('/'));
    let name = joined.file_name().map(std::ffi::OsStr::to_owned);
    match (joined.parent().and_then(|parent| fs::canonicalize(parent).ok()), name) {
        (Some(parent), Some(name)) => parent.join(name).to_string_lossy().into_owned(),
        _ => fs::canonicalize(&joined).unwrap_or(joined).to_string_lossy().into_owned(),
    }
}
