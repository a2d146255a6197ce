//! What must hold for any bytes that claim to be a recipe: the command that reads it on the first line, the file below it.

use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::{Answer, Answers, FileKind, PathFacts, Place, Question};

/// A gate asks at most so often.
const ROUNDS: usize = 4;

/// A command has effects whatever the files hold that it reads, and the same ones each time.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (command, file) = text.split_once('\n').unwrap_or((text, ""));
    let setting = Setting {
        directory: "/home/alice/shop".into(),
        variables: BTreeMap::from([("HOME".into(), "/home/alice".into())]),
        target: "host:laptop/uid:1000".into(),
    };
    let artefact = Artefact::Command { text: command.to_owned() };
    let mut answers = Answers::default();
    for _ in 0..ROUNDS {
        let reading = holdpoint_effects::read(&artefact, &setting, &answers);
        assert!(reading.effects.iter().next().is_some(), "a recipe without effects");
        assert_eq!(holdpoint_effects::read(&artefact, &setting, &answers), reading);
        if reading.questions.is_empty() {
            return;
        }
        for question in reading.questions {
            let answer = answer(&question, file);
            answers.insert(question, answer);
        }
    }
}

/// A machine on which every file that is asked for is this one.
fn answer(question: &Question, file: &str) -> Answer {
    match question {
        Question::FileText { .. } => Answer::FileText { text: file.to_owned() },
        Question::Canonical { path } => Answer::Name { name: Some(path.clone()) },
        Question::Glob { .. } => Answer::Matches { paths: Vec::new(), complete: true },
        Question::Program { name } => Answer::Program { path: Some(format!("/usr/bin/{name}")) },
        Question::Path { path } => {
            let place = if path.starts_with("/home/alice") { Place::Home } else { Place::Elsewhere };
            Answer::Path { facts: PathFacts { canonical: path.clone(), kind: FileKind::File, place, files: Some(1), git: None } }
        }
        Question::Repository { .. } => Answer::Repository { facts: None },
        Question::GitAlias { .. }
        | Question::GitRemote { .. }
        | Question::KubernetesContext
        | Question::TerraformWorkspace { .. } => Answer::Name { name: None },
    }
}
