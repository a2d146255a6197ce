//! Whatever real bash runs, the reader must have seen.
//!
//! Every snippet is run by bash in a throw-away directory whose `PATH` holds the one program `marker` (and, where the machine
//! has them, the everyday wrappers it is hidden behind). If `marker` ran, the reader must list it as a program that may run,
//! or call the text opaque. In `data.txt` the word is only data: nothing there may be listed or opaque.
#![expect(clippy::disallowed_methods, reason = "runs bash, in a directory of its own, to compare with the reader")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::{Certainty, Effect};
use holdpoint_core::question::{Answer, Answers, Question};
use proptest::prelude::*;

/// Programs that snippets hide the marker behind.
const WRAPPERS: [&str; 12] = ["awk", "bash", "cat", "env", "find", "flock", "nice", "nohup", "sed", "setsid", "sh", "timeout"];
const MORE_WRAPPERS: [&str; 5] = ["cp", "ln", "stdbuf", "tar", "xargs"];

fn snippets(text: &str) -> Vec<&str> {
    text.strip_suffix('\n').unwrap_or(text).split("\n%%\n").collect()
}

fn setting(directory: &Path) -> Setting {
    let variables = BTreeMap::from([("HOME".to_owned(), "/nowhere".to_owned())]);
    Setting { directory: directory.to_string_lossy().into_owned(), variables, target: String::new() }
}

/// A directory with a `PATH` of its own.
struct Sandbox {
    root: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let programs = root.path().join("bin");
        fs::create_dir(&programs).unwrap();
        let marker = programs.join("marker");
        fs::write(&marker, "#!/bin/sh\n: > \"$MARKED\"\n").unwrap();
        fs::set_permissions(&marker, fs::Permissions::from_mode(0o755)).unwrap();
        for name in WRAPPERS.into_iter().chain(MORE_WRAPPERS) {
            if let Some(path) = program(name) {
                symlink(path, programs.join(name)).unwrap();
            }
        }
        Self { root }
    }

    /// Runs a snippet in bash; says whether the marker ran.
    fn runs(&self, snippet: &str) -> bool {
        let work = self.root.path().join("work");
        let marked = self.root.path().join("marked");
        let _ = fs::remove_dir_all(&work);
        let _ = fs::remove_file(&marked);
        fs::create_dir(&work).unwrap();
        let timeout = program("timeout").expect("coreutils");
        Command::new(timeout)
            .args(["-k", "1", "5"])
            .arg(program("bash").expect("bash"))
            .args(["-c", snippet])
            .current_dir(&work)
            .env_clear()
            .env("PATH", self.root.path().join("bin"))
            .env("MARKED", &marked)
            .env("MARKER", self.root.path().join("bin/marker"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        marked.exists()
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}

/// What the reader says: whether the marker may run, and whether something could not be read.
fn read(text: &str) -> (bool, bool) {
    let setting = setting(Path::new("/nowhere/work"));
    let mut answers = Answers::default();
    for _ in 0..4 {
        let reading = holdpoint_effects::read(&Artefact::Command { text: text.to_owned() }, &setting, &answers);
        for question in reading.questions {
            let answer = match &question {
                Question::Glob { .. } => Answer::Matches { paths: Vec::new(), complete: true },
                _ => Answer::Unknown { why: "nobody knows".to_owned() },
            };
            answers.insert(question, answer);
        }
    }
    let reading = holdpoint_effects::read(&Artefact::Command { text: text.to_owned() }, &setting, &answers);
    let seen: BTreeSet<String> = holdpoint_effects::programs_that_may_run(text, &setting, &answers);
    let opaque = |effect: &Effect| effect.certainty == Certainty::Opaque;
    (seen.iter().any(|name| name.contains("marker")), reading.effects.iter().any(opaque))
}

#[test]
fn whatever_bash_runs_was_seen() {
    let sandbox = Sandbox::new();
    let all = snippets(include_str!("marker/snippets.txt"));
    let (mut missed, mut ran, mut read_fully) = (Vec::new(), 0, 0);
    for snippet in &all {
        let (seen, opaque) = read(snippet);
        if sandbox.runs(snippet) {
            ran += 1;
            read_fully += usize::from(seen && !opaque);
            if !seen && !opaque {
                missed.push(*snippet);
            }
        }
    }
    assert!(missed.is_empty(), "bash ran the marker and the reader saw nothing:\n{}", missed.join("\n%%\n"));
    assert!(ran >= 300, "only {ran} of {} snippets ran the marker: the test no longer tests", all.len());
    assert!(read_fully * 4 >= ran * 3, "only {read_fully} of {ran} snippets are read without help");
}

#[test]
fn a_word_that_is_only_data_is_no_program() {
    let sandbox = Sandbox::new();
    for snippet in snippets(include_str!("marker/data.txt")) {
        assert!(!sandbox.runs(snippet), "this is no data:\n{snippet}");
        let (seen, opaque) = read(snippet);
        assert!(!seen && !opaque, "seen: {seen}, opaque: {opaque}:\n{snippet}");
    }
}

/// Fragments of shell around the marker, nested.
fn fragment() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("marker".to_owned()),
        Just("'marker'".to_owned()),
        Just("m\\arker".to_owned()),
        Just("$(echo marker)".to_owned()),
        Just(":".to_owned()),
        Just("echo marker".to_owned()),
        Just("x=marker; $x".to_owned()),
        Just("echo 'a)'".to_owned()),
        Just("echo \"$x\"".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("( {one} )")),
            inner.clone().prop_map(|one| format!("(({one}) )")),
            inner.clone().prop_map(|one| format!("{{ {one}\n}}")),
            inner.clone().prop_map(|one| format!("echo \"$({one})\"")),
            inner.clone().prop_map(|one| format!("echo \"${{y:-$({one}\n)}}\"")),
            inner.clone().prop_map(|one| format!("echo $(( $({one}) + 1 ))")),
            inner.clone().prop_map(|one| format!("cat <<E\n$({one}\n)\nE")),
            inner.clone().prop_map(|one| format!("cat <<'E'\n$({one})\nE")),
            inner.clone().prop_map(|one| format!("f() {{ {one}\n}}; f")),
            inner.clone().prop_map(|one| format!("if {one}\nthen :\nfi")),
            inner.clone().prop_map(|one| format!("for i in a b\ndo {one}\ndone")),
            inner.clone().prop_map(|one| format!("case x in y) ;; *) {one}\n;; esac")),
            inner.clone().prop_map(|one| format!("cat <({one}\n)")),
            inner.clone().prop_map(|one| format!("[[ -n $({one}\n) ]]")),
            inner.clone().prop_map(|one| format!("a=($({one}\n)); \"${{a[@]}}\"")),
            inner.clone().prop_map(|one| format!("eval '{}'", one.replace('\'', "'\\''"))),
            inner.clone().prop_map(|one| format!("bash -c '{}'", one.replace('\'', "'\\''"))),
            inner.clone().prop_map(|one| format!("bash <<'H'\n{one}\nH")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one}\n{other}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{{ {one}\n}} | {{ {other}\n}}")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("{{ {one}\n}} && {{ {other}\n}} || :")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bash_runs_of_nested_fragments_was_seen(text in fragment()) {
        let (seen, opaque) = read(&text);
        if !seen && !opaque {
            prop_assert!(!Sandbox::new().runs(&text), "bash ran the marker and the reader saw nothing:\n{}", text);
        }
    }

    #[test]
    fn arbitrary_text_is_read_to_some_effect(text in "\\PC{0,200}") {
        let reading = holdpoint_effects::read(&Artefact::Command { text }, &setting(Path::new("/w")), &Answers::default());
        prop_assert!(reading.effects.iter().count() > 0);
    }

    #[test]
    fn shell_like_noise_is_read_to_some_effect(text in "[a $(){}\\[\\]<>|&;'\"`#\\\\=\n!~*?/-]{0,120}") {
        let reading = holdpoint_effects::read(&Artefact::Command { text }, &setting(Path::new("/w")), &Answers::default());
        prop_assert!(reading.effects.iter().count() > 0);
    }
}
