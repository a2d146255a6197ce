use std::collections::BTreeMap;

use holdpoint_core::question::{GitKeeping, Place};
use proptest::prelude::*;

use super::*;

fn setting() -> Setting {
    Setting {
        directory: "/w/shop".into(),
        variables: BTreeMap::from([("HOME".into(), "/home/alice".into())]),
        target: "host:laptop/uid:1000".into(),
    }
}

fn read_with(tool: &str, input: &str, answers: &Answers) -> Reading {
    read("claude-code", tool, input, &setting(), answers)
}

fn short(reading: &Reading) -> Vec<String> {
    let line = |effect: &Effect| {
        let Effect { verb, resource, reversibility, certainty, .. } = effect;
        format!("{verb} {} {} {} {}", resource.kind, resource.name, reversibility.as_str(), certainty.as_str())
    };
    reading.effects.iter().map(line).collect()
}

#[test]
fn every_example_of_the_table_reads_as_it_says() {
    for tool in &claude_code::as_written().tool {
        for (name, example) in tool.names.iter().flat_map(|name| tool.examples.iter().map(move |example| (name, example))) {
            let reading = read_with(name, &example.input, &Answers::default());
            assert_eq!(short(&reading), example.effects, "{name} {}", example.input);
        }
    }
}

#[test]
fn the_keys_that_holdpoint_signs_with_are_secrets() {
    let key = "/home/alice/.local/share/holdpoint/installation.key";
    let mut answers = Answers::default();
    answers.insert(Question::Canonical { path: key.into() }, Answer::Name { name: Some(key.into()) });
    let reading = read_with("Read", &format!(r#"{{"file_path":"{key}"}}"#), &answers);
    assert_eq!(short(&reading), [format!("read credential {key} lossless exact")]);
}

#[test]
fn a_tool_nobody_knows_is_opaque() {
    for (host, tool) in [
        ("claude-code", "mcp__postgres__query"),
        ("claude-code", "mcp__claude_code__Read"),
        ("claude-code", "PowerShell"),
        ("claude-code", "read"),
        ("claude-code", ""),
        ("other-host", "Read"),
    ] {
        let reading = read(host, tool, r#"{"file_path":"/w/shop/a.rs"}"#, &setting(), &Answers::default());
        assert!(reading.effects.iter().all(|effect| effect.certainty == Certainty::Opaque), "{host} {tool}");
    }
}

fn facts(canonical: &str, kind: FileKind, place: Place, git: Option<GitKeeping>) -> Answer {
    Answer::Path { facts: PathFacts { canonical: canonical.into(), kind, place, files: Some(1), git } }
}

fn keeping(tracked: u64, modified: u64, untracked: u64) -> Option<GitKeeping> {
    Some(GitKeeping { tracked, modified, untracked, ignored: vec![], ignored_complete: true })
}

fn answered(path: &str, answer: Answer) -> Answers {
    let mut answers = Answers::default();
    answers.insert(Question::Path { path: path.into() }, answer);
    answers
}

const WRITE: &str = r#"{"file_path":"/w/shop/a.rs","content":"x"}"#;
const EDIT: &str = r#"{"file_path":"/w/shop/a.rs","old_string":"a","new_string":"b"}"#;

#[test]
fn a_write_is_as_final_as_what_it_replaces() {
    let place = Place::WorkTree;
    let write = |answer| short(&read_with("Write", WRITE, &answered("/w/shop/a.rs", answer)));
    let at = |kind, git| facts("/w/shop/a.rs", kind, place, git);
    assert_eq!(write(at(FileKind::Missing, keeping(0, 0, 0))), ["create file /w/shop/a.rs lossless exact"]);
    assert_eq!(write(at(FileKind::File, keeping(1, 0, 0))), ["overwrite file /w/shop/a.rs git exact"]);
    let kept = ["overwrite file /w/shop/a.rs git exact"];
    assert_eq!(write(at(FileKind::File, keeping(1, 1, 0))), kept, "the host's checkpoint has what no commit holds");
    assert_eq!(write(at(FileKind::File, keeping(0, 0, 1))), kept, "an agent goes on with a file that it made");
    assert_eq!(write(at(FileKind::File, None)), kept);
    assert_eq!(write(Answer::Unknown { why: String::new() }), ["overwrite file /w/shop/a.rs irreversible worst"]);
}

#[test]
fn an_edit_keeps_what_it_replaces_in_the_call() {
    let edit = |git| {
        let answer = facts("/w/shop/a.rs", FileKind::File, Place::WorkTree, git);
        short(&read_with("Edit", EDIT, &answered("/w/shop/a.rs", answer)))
    };
    assert_eq!(edit(keeping(1, 0, 0)), ["modify file /w/shop/a.rs lossless exact"]);
    assert_eq!(edit(keeping(1, 1, 0)), ["modify file /w/shop/a.rs lossless exact"]);
}

#[test]
fn a_link_is_followed_to_what_it_leads_to() {
    let link = facts("/home/alice/.bashrc", FileKind::Symlink, Place::WorkTree, keeping(1, 0, 0));
    let mut answers = answered("/w/shop/a.rs", link);
    let reading = read_with("Write", WRITE, &answers);
    assert_eq!(reading.questions, [Question::Path { path: "/home/alice/.bashrc".into() }]);
    assert_eq!(short(&reading), ["overwrite persistence /home/alice/.bashrc irreversible worst"]);

    let behind = Question::Path { path: "/home/alice/.bashrc".into() };
    answers.insert(behind.clone(), facts("/home/alice/.bashrc", FileKind::File, Place::Home, None));
    let reading = read_with("Write", WRITE, &answers);
    assert_eq!(
        (short(&reading), reading.questions),
        (vec!["overwrite persistence /home/alice/.bashrc irreversible exact".into()], vec![])
    );

    answers.insert(behind, facts("/w/shop/a.rs", FileKind::Symlink, Place::Home, None));
    assert_eq!(short(&read_with("Write", WRITE, &answers)), ["overwrite persistence /home/alice/.bashrc irreversible worst"]);
}

#[test]
fn a_read_through_a_link_is_a_read_of_what_lies_behind() {
    let mut answers = Answers::default();
    let behind = Answer::Name { name: Some("/home/alice/.ssh/id_rsa".into()) };
    answers.insert(Question::Canonical { path: "/w/shop/notes.txt".into() }, behind);
    let reading = read_with("Read", r#"{"file_path":"notes.txt"}"#, &answers);
    assert_eq!(short(&reading), ["read credential /home/alice/.ssh/id_rsa lossless exact"]);
}

#[test]
fn a_name_that_means_a_secret_does_so_outside_the_work_tree_only() {
    let at = |path: &str, place: Option<Place>| {
        let mut answers = Answers::default();
        answers.insert(Question::Canonical { path: path.into() }, Answer::Name { name: Some(path.into()) });
        if let Some(place) = place {
            let facts = PathFacts { canonical: path.into(), kind: FileKind::File, place, files: Some(1), git: None };
            answers.insert(Question::Path { path: path.into() }, Answer::Path { facts });
        }
        short(&read_with("Read", &format!(r#"{{"file_path":"{path}"}}"#), &answers))
    };
    let found = "/home/alice/.config/other/token";
    assert_eq!(at(found, None), [format!("read credential {found} lossless worst")]);
    assert_eq!(at(found, Some(Place::Home)), [format!("read credential {found} lossless exact")]);
    assert_eq!(at("/w/shop/fixtures/token", Some(Place::WorkTree)), ["read file /w/shop/fixtures/token lossless exact"]);
}

#[test]
fn a_home_that_is_not_known_makes_its_paths_unreadable() {
    let homeless = Setting { variables: BTreeMap::new(), ..setting() };
    let reading = read("claude-code", "Read", r#"{"file_path":"~/x"}"#, &homeless, &Answers::default());
    assert!(reading.effects.iter().all(|effect| effect.certainty == Certainty::Opaque));
}

proptest! {
    #[test]
    fn any_input_of_any_tool_has_effects(index in 0usize..64, input in "\\PC*|\\{\"(file_path|url|command|edits)\":.*\\}") {
        let names: Vec<&String> = claude_code::TABLE.tool.iter().flat_map(|tool| &tool.names).collect();
        let reading = read_with(names[index % names.len()], &input, &Answers::default());
        prop_assert!(reading.effects.iter().count() > 0);
    }
}
