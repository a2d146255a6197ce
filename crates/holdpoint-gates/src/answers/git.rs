//! What git keeps, asked without letting the repository run anything.
//!
//! A repository's own configuration may name programs: a file system monitor, hooks, filters, a pager. It may also tell git to
//! look away: from some files, from untracked ones, from submodules. Every question here is put with settings that win over
//! the repository's, and a repository is found by its files, so that `GIT_DIR` of the caller decides nothing.
//!
//! What git before 2.41 still runs are clean filters that attributes in the work tree name; from 2.41 on those are not read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdpoint_core::question::{Answer, FileKind, GitKeeping, LISTED_PATHS_MAX, RepositoryFacts};

use super::deadline::Deadline;
use super::path::Found;
use super::process::outputs;
use super::unknown::unknown;

/// A work tree and where its repository keeps its data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkTree {
    root: PathBuf,
    /// The directory of this work tree, and the one that all work trees of the repository share.
    git_directories: [PathBuf; 2],
}

impl WorkTree {
    /// The work tree around a canonical directory: the nearest one, found as git finds it.
    pub(super) fn around(directory: &Path) -> Option<Self> {
        directory.ancestors().find_map(Self::at)
    }

    fn at(root: &Path) -> Option<Self> {
        let dot_git = root.join(".git");
        let own = match dot_git.metadata().ok()? {
            found if found.is_dir() => dot_git,
            found if found.is_file() => root.join(first_line(&dot_git)?.strip_prefix("gitdir:")?.trim()),
            _ => return None,
        };
        let own = own.canonicalize().ok()?;
        let shared = match first_line(&own.join("commondir")) {
            Some(path) => own.join(path.trim()).canonicalize().ok()?,
            None => own.clone(),
        };
        let is_repository = own.join("HEAD").symlink_metadata().is_ok() && shared.join("objects").is_dir();
        is_repository.then(|| Self { root: root.to_owned(), git_directories: [own, shared] })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) const fn git_directories(&self) -> &[PathBuf; 2] {
        &self.git_directories
    }

    /// What git keeps at and below each entry; nothing where it could not be found out. All entries lie in this work tree.
    pub(super) fn keeping(&self, entries: &[&Found], deadline: &Deadline) -> Vec<Option<GitKeeping>> {
        let paths: Option<Vec<String>> = entries.iter().map(|found| self.relative(&found.entry)).collect();
        let Some(paths) = paths.filter(|_| !self.has_filters()) else { return vec![None; entries.len()] };
        let named = || paths.iter().map(|path| if path.is_empty() { "." } else { path });
        let mut status = self.git();
        status.args(["status", "--porcelain=v2", "-z", "--no-renames", "--ignored=matching", "--untracked-files=all"]);
        status.args(["--ignore-submodules=none", "--"]).args(named());
        let mut listed = self.git();
        listed.args(["ls-files", "-z", "--stage", "-v", "--"]).args(named());
        let [Some(status), Some(listed)] = outputs([status, listed], deadline) else { return vec![None; entries.len()] };
        let look = || Some(Look { tree: self, status: records(&status)?, listed: records(&listed)? });
        let Some(look) = look() else { return vec![None; entries.len()] };
        entries.iter().zip(&paths).map(|(found, path)| look.keeping(found, path)).collect()
    }

    /// A path relative to the root; nothing where it is not UTF-8.
    fn relative(&self, path: &Path) -> Option<String> {
        path.strip_prefix(&self.root).ok()?.to_str().map(str::to_owned)
    }

    /// Whether attributes of the repository itself name filters: these git would run.
    fn has_filters(&self) -> bool {
        let attributes = self.git_directories.iter().map(|directory| std::fs::read(directory.join("info/attributes")));
        attributes.flatten().any(|text| text.windows(6).any(|window| window == b"filter"))
    }

    /// Git in this work tree, wherever the repository's configuration says the work tree is.
    fn git(&self) -> Command {
        let mut git = git_in(&self.root);
        git.env("GIT_WORK_TREE", &self.root);
        git
    }
}

/// What two commands said of some entries.
struct Look<'a> {
    tree: &'a WorkTree,
    status: Vec<&'a str>,
    listed: Vec<&'a str>,
}

impl Look<'_> {
    fn keeping(&self, found: &Found, path: &str) -> Option<GitKeeping> {
        let mut kept = GitKeeping { tracked: 0, modified: 0, untracked: 0, ignored: Vec::new(), ignored_complete: true };
        self.add_status(&mut kept, found, path)?;
        self.add_listed(&mut kept, path)?;
        if found.entry == self.tree.root && self.tree.root.join(".git").is_dir() {
            kept.ignored.push(".git/".to_owned());
        }
        let known = kept.tracked + kept.untracked > 0 || !kept.ignored.is_empty();
        let empty = found.kind == FileKind::Directory && is_empty(&found.entry);
        // Git says nothing of what lies in somebody else's repository; silence about what exists is no answer.
        if !known && !empty {
            return None;
        }
        kept.ignored.sort();
        kept.ignored_complete = kept.ignored.len() <= LISTED_PATHS_MAX;
        kept.ignored.truncate(LISTED_PATHS_MAX);
        Some(kept)
    }

    /// Records of `git status --porcelain=v2 -z`, as git-status(1) describes them.
    fn add_status(&self, kept: &mut GitKeeping, found: &Found, path: &str) -> Option<()> {
        for record in &self.status {
            let (kind, rest) = record.split_once(' ')?;
            let fields = match kind {
                "1" => 8,
                "u" => 10,
                "?" | "!" => 1,
                _ => return None,
            };
            let name = rest.splitn(fields, ' ').last()?;
            match (kind, relation(name.trim_end_matches('/'), path)) {
                (_, Relation::Apart) => {}
                ("1", _) if is_gone(rest) => {}
                ("1" | "u", _) => kept.modified += 1,
                ("?", _) => kept.untracked += 1,
                // An ignored directory around the entry: what counts is the entry.
                (_, Relation::Around) if found.kind == FileKind::Directory => kept.ignored.push(format!("{path}/")),
                (_, Relation::Around) => kept.ignored.push(path.to_owned()),
                (_, Relation::Below) => kept.ignored.push(name.to_owned()),
            }
        }
        Some(())
    }

    /// Records of `git ls-files -z --stage -v`: a tag, the mode, the object, the stage, a tab, the path.
    fn add_listed(&self, kept: &mut GitKeeping, path: &str) -> Option<()> {
        for record in &self.listed {
            let (fields, name) = record.split_once('\t')?;
            if relation(name, path) == Relation::Apart {
                continue;
            }
            kept.tracked += 1;
            let (tag, rest) = fields.split_once(' ')?;
            let on_disk = || self.tree.root.join(name);
            // Git was told not to look at these (`--assume-unchanged`, `--skip-worktree`): what is there, it may not hold.
            let unseen = tag.starts_with(|tag: char| tag == 'S' || tag.is_ascii_lowercase());
            if unseen && on_disk().symlink_metadata().is_ok() {
                kept.modified += 1;
            }
            // A submodule that keeps its repository inside.
            if rest.starts_with("160000 ") && on_disk().join(".git").is_dir() {
                kept.ignored.push(format!("{name}/.git/"));
            }
        }
        Some(())
    }
}

/// How a path that git names lies to the one that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Apart,
    /// It holds the one that was asked about.
    Around,
    /// It is that one, or lies below it.
    Below,
}

fn relation(named: &str, asked: &str) -> Relation {
    let holds = |outer: &str, inner: &str| {
        outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if holds(asked, named) {
        Relation::Below
    } else if holds(named, asked) {
        Relation::Around
    } else {
        Relation::Apart
    }
}

/// Whether a changed file is one that is not there any more, with nothing staged in its place.
fn is_gone(fields: &str) -> bool {
    fields.starts_with(".D ") || fields.starts_with("D. ")
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

/// The records of an output in which each ends with a NUL; nothing where it is not UTF-8.
fn records(output: &[u8]) -> Option<Vec<&str>> {
    Some(std::str::from_utf8(output).ok()?.split('\0').filter(|record| !record.is_empty()).collect())
}

/// The state of the repository around a directory.
pub(super) fn repository(directory: &str, deadline: &Deadline) -> Answer {
    let Ok(directory) = Path::new(directory).canonicalize() else { return unknown("the directory is not there") };
    let Some(tree) = WorkTree::around(&directory) else { return Answer::Repository { facts: None } };
    if tree.has_filters() {
        return unknown("the repository has filters that asking git would run");
    }
    let mut status = tree.git();
    status.args(["status", "--porcelain=v2", "-z", "--no-renames", "--branch", "--show-stash"]);
    status.args(["--untracked-files=all", "--ignore-submodules=none"]);
    let [output] = outputs([status], deadline);
    let facts = output.and_then(|output| state(&tree, &records(&output)?));
    facts.map_or_else(|| unknown("git did not say"), |facts| Answer::Repository { facts: Some(facts) })
}

fn state(tree: &WorkTree, records: &[&str]) -> Option<RepositoryFacts> {
    let root = tree.root.to_str()?.to_owned();
    let default_branch = default_branch(tree);
    let mut facts = RepositoryFacts { root, branch: None, default_branch, modified: 0, untracked: 0, stashed: 0 };
    for record in records {
        match record.split_once(' ')? {
            ("#", header) => match header.split_once(' ') {
                Some(("branch.head", name)) if name != "(detached)" => facts.branch = Some(name.to_owned()),
                Some(("stash", count)) => facts.stashed = count.parse().ok()?,
                _ => {}
            },
            ("1" | "u", _) => facts.modified += 1,
            ("?", _) => facts.untracked += 1,
            _ => return None,
        }
    }
    Some(facts)
}

/// The branch that the remote calls its own, as the last clone or fetch noted it.
fn default_branch(tree: &WorkTree) -> Option<String> {
    let [_, shared] = &tree.git_directories;
    let line = first_line(&shared.join("refs/remotes/origin/HEAD"))?;
    line.strip_prefix("ref: refs/remotes/origin/").map(str::to_owned)
}

/// What an alias stands for.
pub(super) fn alias(directory: &str, name: &str, deadline: &Deadline) -> Answer {
    let plain = !name.is_empty() && name.chars().all(|mark| mark.is_alphanumeric() || "-_".contains(mark));
    if !plain {
        return Answer::Name { name: None };
    }
    let mut config = git_in(Path::new(directory));
    config.args(["config", "-z", "--default", "", "--get", &format!("alias.{name}")]);
    let [output] = outputs([config], deadline);
    let text = output.and_then(|output| String::from_utf8(output).ok());
    let Some(text) = text else { return unknown("git did not say") };
    let value = text.trim_end_matches(['\0', '\n']);
    Answer::Name { name: (!value.is_empty()).then(|| value.to_owned()) }
}

/// Where a remote leads for a push, without what stands in the address to log in with.
pub(super) fn remote(directory: &str, name: &str, deadline: &Deadline) -> Answer {
    if name.is_empty() || name.starts_with('-') {
        return Answer::Name { name: None };
    }
    let mut command = git_in(Path::new(directory));
    command.args(["remote", "get-url", "--push", "--", name]);
    let [output] = outputs([command], deadline);
    let text = output.and_then(|output| String::from_utf8(output).ok());
    let Some(text) = text else { return unknown("git did not say") };
    Answer::Name { name: text.lines().next().filter(|address| !address.is_empty()).map(without_login) }
}

fn without_login(address: &str) -> String {
    let stripped = address.split_once("://").and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
        let (_, host) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://{host}{path}"))
    });
    stripped.unwrap_or_else(|| address.to_owned())
}

/// Git in a directory: with nothing of the caller's environment that says where it works or what it runs, and with settings
/// that keep the repository from running anything or hiding changes.
fn git_in(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.env_clear().envs(KEPT.iter().filter_map(|name| Some((OsStr::new(name), std::env::var_os(name)?))));
    git.envs(QUIET.iter().copied());
    git.arg("-C").arg(directory).arg("--no-pager");
    for setting in OVERRIDES {
        git.args(["-c", setting]);
    }
    git
}

/// What git needs to find itself and the person's own settings, `safe.directory` among them.
const KEPT: [&str; 3] = ["HOME", "PATH", "XDG_CONFIG_HOME"];

/// No locks, prompts, downloads, magic in paths, or attributes but those of the empty tree.
const QUIET: [(&str, &str); 6] = [
    ("GIT_ATTR_SOURCE", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];

/// Settings that win over the repository's.
const OVERRIDES: [&str; 9] = [
    "core.attributesFile=/dev/null",
    "core.checkStat=default",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.ignoreStat=false",
    "core.trustctime=true",
    "core.untrackedCache=false",
    "protocol.allow=never",
    "status.submoduleSummary=false",
];

fn first_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}
