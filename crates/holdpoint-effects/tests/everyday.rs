//! Command lines of everyday work, dangerous and harmless, read in a small invented world.
//!
//! What is judged here are effects, by a rule close to the default policy (`waits`); the policy itself is tested where it is.

use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::{Certainty, Effect, Environment, ResourceKind, Reversibility, Verb};
use holdpoint_core::question::{Answer, Answers, FileKind, GitKeeping, PathFacts, Place, Question, RepositoryFacts};

const TREE: &str = "/home/alice/shop";
const TRACKED: [&str; 24] = [
    "README.md",
    "Cargo.toml",
    "package.json",
    "src",
    "src/main.rs",
    "src/lib.rs.orig",
    "docs",
    "scripts",
    "scripts/build.sh",
    "scripts/clean.sh",
    "scripts/gen.py",
    "scripts/env-shell",
    "scripts/late.sh",
    "scripts/native",
    "scripts/plain",
    "scripts/split-env",
    "scripts/venv-python",
    "scripts/wiper",
    "scripts/build.js",
    "manage.py",
    "crates",
    "crates/x",
    "tests",
    "k8s",
];
const IGNORED: [&str; 7] = ["target", "node_modules", "dist", "build", "build/a.o", "target/debug", "target/debug/x"];

fn facts(path: &str) -> PathFacts {
    let inside = path.strip_prefix(TREE).map(|rest| rest.trim_start_matches('/'));
    let keeping = |tracked, modified, untracked, ignored: &[&str]| GitKeeping {
        tracked,
        modified,
        untracked,
        ignored: ignored.iter().map(|name| (*name).to_owned()).collect(),
        ignored_complete: true,
    };
    let directory = |name: &str| !name.contains('.') || name.is_empty() || name == ".git";
    let (kind, place, git) = match inside {
        Some("") => (FileKind::Directory, Place::WorkTree, Some(keeping(9, 1, 1, &["target/", ".env", ".git/"]))),
        Some("src") => (FileKind::Directory, Place::WorkTree, Some(keeping(2, 1, 0, &[]))),
        Some("src/wip.rs") => (FileKind::File, Place::WorkTree, Some(keeping(1, 1, 0, &[]))),
        Some("notes.txt") => (FileKind::File, Place::WorkTree, Some(keeping(0, 0, 1, &[]))),
        Some(".env") => (FileKind::File, Place::WorkTree, Some(keeping(0, 0, 0, &[".env"]))),
        Some(".claude/settings.json") => (FileKind::File, Place::WorkTree, Some(keeping(1, 0, 0, &[]))),
        Some(name) if name == ".git" || name.starts_with(".git/") => {
            (if name == ".git" { FileKind::Directory } else { FileKind::Missing }, Place::GitDirectory, None)
        }
        Some(name) if TRACKED.contains(&name) => {
            (if directory(name) { FileKind::Directory } else { FileKind::File }, Place::WorkTree, Some(keeping(1, 0, 0, &[])))
        }
        Some(name) if IGNORED.contains(&name) => {
            let entry = format!("{}/", name.split('/').next().unwrap_or_default());
            (
                if directory(name) { FileKind::Directory } else { FileKind::File },
                Place::WorkTree,
                Some(keeping(0, 0, 0, &[&entry])),
            )
        }
        Some(_) => (FileKind::Missing, Place::WorkTree, Some(keeping(0, 0, 0, &[]))),
        None => elsewhere(path),
    };
    PathFacts {
        canonical: path.to_owned(),
        kind,
        place,
        files: Some(match kind {
            FileKind::Missing => 0,
            FileKind::Directory => 7,
            _ => 1,
        }),
        git,
    }
}

fn elsewhere(path: &str) -> (FileKind, Place, Option<GitKeeping>) {
    let place = match path {
        "/" | "/mnt" => Place::MountRoot,
        "/tmp" => Place::Elsewhere,
        path if path.starts_with("/tmp/") => Place::Scratch,
        path if path.starts_with("/home/alice") => Place::Home,
        _ => Place::Elsewhere,
    };
    let kind = match path {
        path if path.starts_with("/dev/") => FileKind::Device,
        "/tmp/x" | "/tmp/x.sh" | "/home/alice/Documents/report.txt" | "/home/alice/data/x" => FileKind::File,
        path if path.starts_with("/home/alice/.") && path.contains('_') => FileKind::File,
        path if path.starts_with("/tmp/") || path.starts_with("/etc/new") || path == "/home/alice/wt" => FileKind::Missing,
        path if path.starts_with("/home/alice/.") => FileKind::File,
        _ => FileKind::Directory,
    };
    (kind, place, None)
}

fn program(name: &str) -> String {
    match name {
        "/home/alice/shop/scripts/rm-by-another-name" => "/usr/bin/rm".to_owned(),
        "ls" => format!("{TREE}/scripts/clean.sh"),
        "cat" => "/usr/bin/rm".to_owned(),
        "head" => format!("{TREE}/node_modules/.bin/head"),
        "eslint" => format!("{TREE}/node_modules/.bin/tsc-shim"),
        "pytest" => format!("{TREE}/scripts/venv-python"),
        name if name.starts_with('/') => name.to_owned(),
        name => format!("/usr/bin/{name}"),
    }
}

fn answer(question: &Question) -> Answer {
    let name = |name: &str| Answer::Name { name: Some(name.to_owned()) };
    match question {
        Question::Canonical { path } => name(path),
        Question::FileText { path } => match path.strip_prefix(TREE) {
            Some("/scripts/clean.sh") => Answer::FileText { text: "#!/bin/sh\nset -e\nrm -rf ~/data\n".to_owned() },
            Some("/scripts/build.sh") => Answer::FileText { text: "#!/bin/bash\ncargo build \"$@\"\n".to_owned() },
            Some("/scripts/env-shell") => Answer::FileText { text: "#!/usr/bin/env bash\nrm -rf ~/data\n".to_owned() },
            Some("/scripts/native" | "/scripts/rm-by-another-name" | "/.venv/bin/python3") => Answer::NotText {},
            Some("/node_modules/.bin/head" | "/node_modules/.bin/tsc-shim" | "/scripts/plain") => {
                Answer::FileText { text: "rm -rf ~/data\n".to_owned() }
            }
            Some("/scripts/split-env") => Answer::FileText { text: "#!/usr/bin/env -S rm -rf\n".to_owned() },
            Some("/scripts/venv-python") => Answer::FileText { text: format!("#!{TREE}/.venv/bin/python3\nimport sys\n") },
            Some("/scripts/wiper") => Answer::FileText { text: "#!/bin/rm -rf\n".to_owned() },
            Some("/manage.py") => Answer::FileText { text: "#!/usr/bin/env python3\nimport sys\n".to_owned() },
            _ => Answer::Unknown { why: "it is not UTF-8".to_owned() },
        },
        Question::Program { name } => Answer::Program { path: Some(program(name)) },
        Question::GitAlias { name: alias, .. } => Answer::Name {
            name: match alias.as_str() {
                "st" => Some("status -sb".to_owned()),
                "nuke" => Some("!rm -rf .git".to_owned()),
                _ => None,
            },
        },
        Question::GitRemote { name, .. } => Answer::Name {
            name: match name.as_str() {
                "origin" => Some("git@forge.example:acme/shop.git".to_owned()),
                "upstream" => Some("https://forge.example/others/shop.git".to_owned()),
                "elsewhere" => Some("https://example.org/x.git".to_owned()),
                _ => None,
            },
        },
        Question::Glob { pattern } => {
            let all = TRACKED.iter().chain(&IGNORED).chain(&["src/wip.rs", "notes.txt"]);
            let (directory, wanted) = pattern.rsplit_once('/').unwrap_or_default();
            let (head, tail) = wanted.split_once('*').unwrap_or((wanted, ""));
            let fits = |path: &String| {
                let named =
                    |name: &str| name == wanted || (wanted.contains('*') && name.starts_with(head) && name.ends_with(tail));
                path.rsplit_once('/').is_some_and(|(parent, name)| match directory.strip_suffix("/**") {
                    Some(start) => parent.starts_with(start) && named(name),
                    None => parent == directory && named(name),
                })
            };
            let mut paths: Vec<String> = all.map(|path| format!("{TREE}/{path}")).filter(fits).collect();
            if directory == "/home/alice" && wanted == "*" {
                paths = vec!["/home/alice/Documents".to_owned(), TREE.to_owned()];
            }
            if directory == "/home/alice/.ssh" {
                paths = vec!["/home/alice/.ssh/id_rsa".to_owned(), "/home/alice/.ssh/known_hosts".to_owned()];
            }
            if pattern.ends_with("/shop/.env*") {
                paths = vec![format!("{TREE}/.env"), format!("{TREE}/.env.example")];
            }
            if directory == "/tmp" {
                paths = vec!["/tmp/x".to_owned()];
            }
            if directory.is_empty() {
                paths = vec!["/home".to_owned(), "/usr".to_owned()];
            }
            if matches!(directory, "/**" | "/home/alice/**") {
                return Answer::Unknown { why: "it matches more than can be looked at".to_owned() };
            }
            Answer::Matches { paths, complete: true }
        }
        Question::KubernetesContext => name("prod"),
        Question::Path { path } => Answer::Path { facts: facts(path) },
        // A work tree in which nothing is changed and nothing stashed, and one file is untracked.
        Question::Repository { directory } if directory.starts_with("/home/alice/fresh") => Answer::Repository {
            facts: Some(RepositoryFacts {
                root: "/home/alice/fresh".to_owned(),
                branch: Some("feature".to_owned()),
                default_branch: Some("main".to_owned()),
                modified: 0,
                untracked: 1,
                stashed: 0,
            }),
        },
        Question::Repository { .. } => Answer::Repository {
            facts: Some(RepositoryFacts {
                root: TREE.to_owned(),
                branch: Some("feature".to_owned()),
                default_branch: Some("main".to_owned()),
                modified: 1,
                untracked: 1,
                stashed: 1,
            }),
        },
        Question::TerraformWorkspace { .. } => name("default"),
    }
}

fn effects(text: &str) -> Vec<Effect> {
    effects_with(text, &[])
}

fn effects_with(text: &str, more: &[(&str, &str)]) -> Vec<Effect> {
    let variables = [("HOME", "/home/alice")].iter().chain(more);
    let variables: BTreeMap<String, String> = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let setting = Setting { directory: TREE.to_owned(), variables, target: String::new() };
    let artefact = Artefact::Command { text: text.to_owned() };
    let mut answers = Answers::default();
    // A gate asks at most so often.
    for _ in 0..4 {
        for question in holdpoint_effects::read(&artefact, &setting, &answers).questions {
            let answer = answer(&question);
            answers.insert(question, answer);
        }
    }
    let reading = holdpoint_effects::read(&artefact, &setting, &answers);
    assert_eq!(reading.questions, [], "after four rounds questions are left: {text}");
    reading.effects.into()
}

/// Close to what the default policy holds.
fn waits(effect: &Effect) -> bool {
    use ResourceKind as Kind;
    let kind = effect.resource.kind;
    let looks = effect.verb == Verb::Read;
    let final_loss = effect.reversibility >= Reversibility::Effort;
    let shared = effect.environment != Environment::Local && !matches!(kind, Kind::PullRequest | Kind::Host);
    match (effect.certainty, kind) {
        (Certainty::Opaque, _) => return true,
        (Certainty::Delegated, _) => return false,
        // `cp .env.example .env` in a fresh work tree makes what nobody has yet.
        (_, Kind::Credential) if effect.verb == Verb::Create => return final_loss,
        (_, Kind::Credential | Kind::Secret) => return true,
        (_, Kind::AgentConfiguration | Kind::CiConfiguration | Kind::Guard | Kind::Persistence | Kind::Privilege) if !looks => {
            return true;
        }
        _ => {}
    }
    match effect.verb {
        Verb::Approve | Verb::Grant | Verb::Publish | Verb::Rewrite => true,
        Verb::Delete | Verb::Overwrite => final_loss,
        Verb::Modify if kind == Kind::File => effect.reversibility == Reversibility::Irreversible,
        Verb::Modify if kind == Kind::GitHistory => true,
        Verb::Modify => final_loss || (shared && kind != Kind::Program),
        Verb::Stop => final_loss || shared,
        Verb::Create => shared && kind != Kind::GitHistory && final_loss,
        Verb::Execute => shared && final_loss,
        Verb::Read => false,
    }
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).map(|line| line.replace('⏎', "\n"))
}

fn shown(effects: &[Effect]) -> String {
    let one = |effect: &Effect| {
        format!(
            "  {} {} {} {}: {}",
            effect.verb,
            effect.resource.kind,
            effect.reversibility.as_str(),
            effect.certainty.as_str(),
            effect.summary
        )
    };
    effects.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_must_wait_waits() {
    let mut passed = Vec::new();
    for line in lines(include_str!("everyday/hold.txt")) {
        let effects = effects(&line);
        if !effects.iter().any(waits) {
            passed.push(format!("{line}\n{}", shown(&effects)));
        }
    }
    assert!(passed.is_empty(), "{} lines pass that must wait:\n{}", passed.len(), passed.join("\n"));
}

#[test]
fn a_search_path_through_the_work_tree_runs_what_lies_there_and_not_what_the_name_says() {
    let search_path = format!("{TREE}/scripts:/usr/bin:/bin");
    let waits = |line| effects_with(line, &[("PATH", &search_path)]).iter().any(waits);
    assert!(waits("ls"), "a script that deletes");
    assert!(waits("env ls -l"));
    assert!(waits("cat ~/data/x"), "a link to rm");
    assert!(!waits("wc README.md"), "found in a directory of the system all the same");
    assert!(!waits("pytest"), "a tool that the project brings along");
    assert!(!waits("eslint ."), "whatever starts it: it runs the project's code");
    assert!(waits("head README.md"), "a look that another file takes");
    assert!(!effects("ls").iter().any(self::waits), "with the usual search path nobody asks");
}

#[test]
fn rm_under_another_name_is_rm() {
    assert!(effects("scripts/rm-by-another-name -rf ~/data").iter().any(waits));
    assert!(!effects("scripts/native -rf ~/data").iter().any(waits), "nobody knows this one");
}

#[test]
fn what_is_harmless_passes() {
    let mut held = Vec::new();
    for line in lines(include_str!("everyday/free.txt")) {
        let effects = effects(&line);
        let reasons: Vec<Effect> = effects.into_iter().filter(waits).collect();
        if !reasons.is_empty() {
            held.push(format!("{line}\n{}", shown(&reasons)));
        }
    }
    assert!(held.is_empty(), "{} lines wait that are harmless:\n{}", held.len(), held.join("\n"));
}

#[test]
fn a_directory_around_holdpoint_is_named_as_the_guard() {
    let data = [("HOLDPOINT_DATA", "/home/alice/.local/state/hp")];
    let touches =
        |line: &str| effects_with(line, &data).iter().any(|effect| effect.resource.kind == ResourceKind::Guard && waits(effect));
    for line in
        ["rm -rf ~/.local", "mv ~/.local/state /tmp/x", "rm -rf ~", "find ~/.local -delete", "rsync -a --delete x/ ~/.local"]
    {
        assert!(touches(line), "{line}");
    }
    for line in ["rm -rf ~/.cache", "ls ~/.local", "cp -r ~/.local/share/fonts /tmp/x"] {
        assert!(!touches(line), "{line}");
    }
}

#[test]
fn every_effect_has_a_sentence_and_stands_in_the_text() {
    for line in lines(include_str!("everyday/hold.txt")).chain(lines(include_str!("everyday/free.txt"))) {
        for effect in effects(&line) {
            assert!(!effect.summary.is_empty(), "{line}");
            assert!(effect.span.is_none_or(|span| line.get(span).is_some()), "a span outside the text: {line}");
        }
    }
}
