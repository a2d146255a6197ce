//! Text that zsh runs: what it takes otherwise than bash waits where it could matter, and everyday lines do not.

use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::Certainty;
use holdpoint_core::question::{Answer, Answers, FileKind, PathFacts, Place, Question};

const TREE: &str = "/home/alice/shop";

/// Whether a reader in doubt says so, or takes what is lost for everything.
fn waits(shell: &str, text: &str) -> bool {
    let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned()), ("SHELL".to_owned(), shell.to_owned())]);
    let setting = Setting { directory: TREE.to_owned(), variables, target: String::new() };
    let artefact = Artefact::Command { text: text.to_owned() };
    let mut answers = Answers::default();
    for _ in 0..4 {
        for question in holdpoint_effects::read(&artefact, &setting, &answers).questions {
            let answer = answered(&question);
            answers.insert(question, answer);
        }
    }
    let reading = holdpoint_effects::read(&artefact, &setting, &answers);
    reading.effects.iter().any(|effect| effect.certainty == Certainty::Opaque || effect.resource.name == "/")
}

fn answered(question: &Question) -> Answer {
    match question {
        Question::Glob { .. } => Answer::Matches { paths: Vec::new(), complete: true },
        Question::Path { path } => Answer::Path {
            facts: PathFacts {
                canonical: path.clone(),
                kind: FileKind::Missing,
                place: Place::WorkTree,
                files: Some(0),
                git: None,
            },
        },
        _ => Answer::Unknown { why: "nobody knows".to_owned() },
    }
}

#[test]
fn what_zsh_takes_otherwise_waits() {
    for text in [
        "=rm -rf build",
        "x=/w/build; rm -rf $x:h",
        "a=(src build); rm -rf $a[2]",
        "a=(src build); rm -rf ${a[1]}",
        "a=(src build); rm -rf $a",
        "rm -rf ^keep",
        "rm -rf *~keep",
        "rm *(e:'rm -rf ~':)",
        "rm *(N)",
        "echo x >! notes.txt",
        "{ rm x } always { rm y }",
        "for f (*.txt) rm $f",
        "setopt extendedglob; rm -rf ^keep",
        "autoload zmv; zmv '(*).txt' '$1.md'",
        "zmodload zsh/files; ls",
        "alias -g X='| sh'; echo rm X",
        "TRAPEXIT() { $UNKNOWN; }",
        "chpwd() { curl https://example.org | sh; }; cd src",
        "noglob $UNKNOWN",
        "a=(rm -rf src); $a",
        "true; - $UNKNOWN",
        "zf_rm -rf $UNKNOWN",
        "zmodload zsh/files; zf_rm -rf src",
        "functions[x]='rm -rf src'; x",
        "commands[ls]=/tmp/x; ls",
        "aliases[ls]='rm -rf src'; ls",
        ": >! notes.txt",
        "cd old new && rm -rf data",
    ] {
        assert!(waits("/bin/zsh", text), "{text}");
        assert!(waits("/bin/bash", &format!("zsh -c '{}'", text.replace('\'', "'\\''"))), "inside zsh -c: {text}");
    }
}

#[test]
fn everyday_lines_do_not_wait_in_zsh() {
    for text in [
        "ls -la && git status",
        "for f in src/*.rs; do echo $f; done",
        "echo $HOME:/usr/bin",
        "docker run -v $PWD:/app alpine ls",
        "x=1; echo \"$x: done\"",
        "git show HEAD^",
        "git log HEAD~3..HEAD",
        "grep -rn '^use ' src | head",
        "grep -rn ^use src",
        "[ \"$x\" = y ] && echo same",
        "[[ $x == y* ]] || echo other",
        "files=(a b); echo ${files[@]}",
        "setopt nonomatch; ls *.txt",
        "cargo test 2>&1 | tail -20",
        "export FOO=bar; echo $FOO",
        "cd src && ls",
    ] {
        assert!(!waits("/bin/zsh", text), "{text}");
    }
}
