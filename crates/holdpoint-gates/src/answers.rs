//! The answers to the readers' questions, from the machine this gate runs on.
//!
//! ```text
//!  read → questions → answers → read → …      at most four rounds, all before one deadline
//! ```
//!
//! *In scope:* files, git, mounts, globs, the current Kubernetes context and Terraform workspace, programs on the path.
//! *Out of scope:* what the answers mean (`holdpoint-effects`).
//!
//! An answer never makes anything happen: no link is followed out of a tree that is counted, git runs without hooks, file
//! system monitor, attributes' filters, prompts, network and locks, and whatever is late or cannot be found out is
//! [`Answer::Unknown`], which leaves the worst case standing.

mod context;
mod deadline;
mod git;
mod glob;
mod path;
mod place;
mod process;
mod program;
mod unknown;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::{Answer, Answers, FileKind, PathFacts, Place, Question};
use holdpoint_effects::Reading;

pub use self::deadline::Deadline;
use self::git::WorkTree;
use self::path::Found;
use self::place::Places;
use self::unknown::{LATE, or_unknown, unknown};

/// How often an artefact is read again with more answers. A question that is still open then stays at its worst.
pub const ROUNDS_MAX: usize = 8;

/// Reads an artefact until it has no more questions, answering them from this machine.
pub fn settle_reading(artefact: &Artefact, setting: &Setting, deadline: &Deadline) -> (Answers, Reading) {
    let observer = Observer::new(setting, deadline);
    settle_with(artefact, setting, |open| observer.answer_all(open))
}

/// Reads an artefact until it has no more questions, with somebody who answers those that are open.
pub fn settle_with(
    artefact: &Artefact,
    setting: &Setting,
    mut answer_all: impl FnMut(Vec<Question>) -> Vec<(Question, Answer)>,
) -> (Answers, Reading) {
    let mut answers = Answers::default();
    for _ in 0..ROUNDS_MAX {
        let reading = holdpoint_effects::read(artefact, setting, &answers);
        let open: Vec<Question> = reading.questions.iter().filter(|question| !answers.holds(question)).cloned().collect();
        if open.is_empty() {
            return (answers, reading);
        }
        for (question, answer) in answer_all(open) {
            answers.insert(question, answer);
        }
    }
    let reading = holdpoint_effects::read(artefact, setting, &answers);
    (answers, reading)
}

/// Answers one question from this machine.
pub fn answer(question: &Question, setting: &Setting, deadline: &Deadline) -> Answer {
    let answered = Observer::new(setting, deadline).answer_all(vec![question.clone()]);
    answered.into_iter().next().map_or_else(|| unknown("it was not answered"), |(_, answer)| answer)
}

/// Answers questions from this machine, together.
pub fn answer_all(questions: Vec<Question>, setting: &Setting, deadline: &Deadline) -> Vec<(Question, Answer)> {
    Observer::new(setting, deadline).answer_all(questions)
}

/// Looks at the machine for one reading.
struct Observer<'a> {
    setting: &'a Setting,
    deadline: &'a Deadline,
    /// Found out when the first question is about a path: most commands ask none.
    places: OnceCell<Places>,
}

impl<'a> Observer<'a> {
    fn new(setting: &'a Setting, deadline: &'a Deadline) -> Self {
        Self { setting, deadline, places: OnceCell::new() }
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::around(self.setting))
    }

    /// Answers questions together: all paths of one work tree cost one look by git.
    fn answer_all(&self, questions: Vec<Question>) -> Vec<(Question, Answer)> {
        let paths =
            questions.iter().filter_map(|question| if let Question::Path { path } = question { Some(path) } else { None });
        let mut facts = self.facts_of(paths);
        let answer = |question: Question| {
            let answer = match &question {
                Question::Path { path } => facts.remove(path).unwrap_or_else(|| unknown("nobody looked")),
                question => self.answer(question),
            };
            (question, answer)
        };
        questions.into_iter().map(answer).collect()
    }

    fn answer(&self, question: &Question) -> Answer {
        if self.deadline.is_over() {
            return unknown(LATE);
        }
        match question {
            Question::Canonical { path } => or_unknown(path::canonical(path).map(|name| Answer::Name { name: Some(name) })),
            Question::FileText { path } => or_unknown(path::text(path)),
            Question::GitAlias { directory, name } => git::alias(directory, name, self.deadline),
            Question::GitRemote { directory, name } => git::remote(directory, name, self.deadline),
            Question::Glob { pattern } => glob::matches(pattern, self.deadline),
            Question::KubernetesContext => context::kubernetes(self.setting),
            Question::Path { path } => self.facts_of([path].into_iter()).remove(path).unwrap_or_else(|| unknown("nobody looked")),
            Question::Program { name } => program::of_name(name, self.setting, self.deadline),
            Question::Repository { directory } => git::repository(directory, self.deadline),
            Question::TerraformWorkspace { directory } => context::terraform(directory, self.setting),
        }
    }

    /// What is at some paths, and what git keeps of it.
    fn facts_of<'p>(&self, paths: impl Iterator<Item = &'p String>) -> BTreeMap<String, Answer> {
        let mut answers = BTreeMap::new();
        let mut in_trees: BTreeMap<WorkTree, Vec<(String, Found, PathFacts)>> = BTreeMap::new();
        for path in paths {
            match self.look(path) {
                Ok((found, facts, Some(tree))) => in_trees.entry(tree).or_default().push((path.clone(), found, facts)),
                Ok((_, facts, None)) => {
                    answers.insert(path.clone(), Answer::Path { facts });
                }
                Err(why) => {
                    answers.insert(path.clone(), unknown(&why));
                }
            }
        }
        for (tree, looked) in in_trees {
            let entries: Vec<&Found> = looked.iter().map(|(_, found, _)| found).collect();
            let kept = tree.keeping(&entries, self.deadline);
            for ((path, _, facts), git) in looked.into_iter().zip(kept) {
                answers.insert(path, Answer::Path { facts: PathFacts { git, ..facts } });
            }
        }
        answers
    }

    /// What is at a path, and in which work tree git must be asked about it.
    fn look(&self, path: &str) -> Result<(Found, PathFacts, Option<WorkTree>), String> {
        if self.deadline.is_over() {
            return Err(LATE.to_owned());
        }
        let found = path::look(path)?;
        let place = self.places().of(&found);
        let files = match found.kind {
            FileKind::Missing => Some(0),
            FileKind::Directory => path::count(&found.entry, self.deadline),
            FileKind::Device | FileKind::File | FileKind::Symlink => Some(1),
        };
        let tree = (place == Place::WorkTree && found.kind != FileKind::Missing).then(|| self.places().tree_of(&found)).flatten();
        let facts = PathFacts { canonical: found.canonical.clone(), kind: found.kind, place, files, git: None };
        Ok((found, facts, tree))
    }
}

#[cfg(test)]
mod tests;
