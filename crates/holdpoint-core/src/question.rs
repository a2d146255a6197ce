//! Effects ask, the gate answers.
//!
//! A reader of artefacts is pure; what an act would do depends on the world. So the reader returns [`Question`]s, a gate
//! answers them from the real world, and the reader runs again with the [`Answers`]. A question that has no answer, or one
//! that [`Answer::Unknown`] answers, leaves the worst case standing.
//!
//! Answers are asserted by the gate and recorded as such. They never speak of people or policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Most answers one change may carry.
pub const ANSWERS_MAX: usize = 512;
/// Longest file whose text a gate gives as an answer, in bytes. A longer one is answered as unknown.
pub const FILE_TEXT_MAX_BYTES: usize = 64 * 1024;
/// Most paths that a gate lists for one glob pattern or one directory's ignored entries.
pub const LISTED_PATHS_MAX: usize = 128;

/// Something a reader must know about the world.
///
/// Paths are absolute and lexically normal (no `.`, no `..`, no doubled slash): the reader has applied the working directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Question {
    /// Where does this path lead when every symbolic link is followed? Cheaper than [`Question::Path`], for acts that lose
    /// nothing: whether it is a secret that is read hangs on where it lies, not on what would be lost with it.
    Canonical {
        /// The path.
        path: String,
    },
    /// What does the file hold that the command would run or feed to something that runs it?
    FileText {
        /// The file.
        path: String,
    },
    /// What does this git alias stand for?
    GitAlias {
        /// A directory inside the repository.
        directory: String,
        /// The alias.
        name: String,
    },
    /// Where does this remote of a repository lead for a push?
    GitRemote {
        /// A directory inside the repository.
        directory: String,
        /// The remote.
        name: String,
    },
    /// Which paths match?
    Glob {
        /// An absolute pattern in the shell's spelling.
        pattern: String,
    },
    /// Which Kubernetes context is current?
    KubernetesContext,
    /// What is at this path, and what would be lost with it?
    Path {
        /// The path.
        path: String,
    },
    /// What would this program name run? Or, of a path: is that a link to or a copy of another program?
    Program {
        /// The name as `PATH` would look it up, or a path.
        name: String,
    },
    /// What repository is this directory in, and in what state is it?
    Repository {
        /// The directory.
        directory: String,
    },
    /// Which Terraform workspace is current?
    TerraformWorkspace {
        /// The directory of the configuration.
        directory: String,
    },
}

/// What a gate found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// The text of a file, to [`Question::FileText`]. It becomes an input of the change, hashed and checked again at the act.
    FileText {
        /// The content.
        text: String,
    },
    /// To [`Question::Glob`].
    Matches {
        /// The paths, sorted.
        paths: Vec<String>,
        /// Whether these are all.
        complete: bool,
    },
    /// A name or nothing, to [`Question::Canonical`] (always a path), [`Question::GitAlias`], [`Question::GitRemote`],
    /// [`Question::KubernetesContext`] and [`Question::TerraformWorkspace`].
    Name {
        /// The name.
        name: Option<String>,
    },
    /// The file is no text: a compiled program, to [`Question::FileText`]. It tells what the kernel and bash make of the file; a
    /// shell that is handed it by name may still run lines of it.
    NotText {},
    /// To [`Question::Path`].
    Path {
        /// What is there.
        facts: PathFacts,
    },
    /// To [`Question::Program`]: where what would run lies, its directory resolved and its own name kept, or nothing when no such
    /// program is found. A link to one of the system's programs, or a copy of one byte for byte, is that program.
    Program {
        /// The path.
        path: Option<String>,
    },
    /// To [`Question::Repository`]: nothing when the directory is in no repository.
    Repository {
        /// Its state.
        facts: Option<RepositoryFacts>,
    },
    /// The gate could not find out.
    Unknown {
        /// Why, for the person who reads the card.
        why: String,
    },
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathFacts {
    /// The path with every symbolic link resolved. For a missing path: its nearest existing ancestor resolved, the rest appended.
    /// For a symbolic link: what it leads to, while every other fact is of the link itself, which is what acts that do not
    /// follow it (`rm`, `mv`) need; those that do follow it ask about this path in turn.
    pub canonical: String,
    /// What it is.
    pub kind: FileKind,
    /// In which region of the machine it lies.
    pub place: Place,
    /// How many files and directories lie at and below it, counted up to a bound; nothing where the bound was reached.
    pub files: Option<u64>,
    /// What git knows of what lies at and below it; nothing outside a work tree.
    pub git: Option<GitKeeping>,
}

/// What kind of thing a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A device, socket or pipe.
    Device,
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// Nothing is there.
    Missing,
    /// A symbolic link itself (asked about by acts that do not follow it).
    Symlink,
}

/// In which region of the machine a path lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// None of the others.
    Elsewhere,
    /// The repository's own data: `.git` of the asker's work tree or below.
    GitDirectory,
    /// The person's home directory itself, or below it outside any work tree of the asker.
    Home,
    /// The root of a file system, or a directory that holds a whole one.
    MountRoot,
    /// Below a directory for temporary files, but not that directory itself.
    Scratch,
    /// The asker's work tree or below.
    WorkTree,
}

/// What git knows of what lies at and below a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitKeeping {
    /// Tracked files, clean or not.
    pub tracked: u64,
    /// Tracked files with changes that no commit holds.
    pub modified: u64,
    /// Files that git neither tracks nor ignores.
    pub untracked: u64,
    /// Ignored entries, relative to the work tree's root, a wholly ignored directory once and with a closing slash. A
    /// repository's own `.git/` that lies at or below the path counts as one: git does not keep it either.
    pub ignored: Vec<String>,
    /// Whether `ignored` lists all of them.
    pub ignored_complete: bool,
}

/// The state of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryFacts {
    /// The work tree's root, canonical.
    pub root: String,
    /// The current branch; nothing when detached.
    pub branch: Option<String>,
    /// The remote's default branch, where it is known.
    pub default_branch: Option<String>,
    /// Tracked files with changes that no commit holds.
    pub modified: u64,
    /// Files that git neither tracks nor ignores.
    pub untracked: u64,
    /// Entries in the stash.
    pub stashed: u64,
}

/// The answers a gate has given so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Answered>", try_from = "Vec<Answered>")]
pub struct Answers {
    // INVARIANT: at most ANSWERS_MAX items.
    items: BTreeMap<Question, Answer>,
}

/// One question with its answer, as it is sent and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// What was asked.
    pub question: Question,
    /// What the gate found.
    pub answer: Answer,
}

impl Answers {
    /// Adds an answer; a later one to the same question replaces the earlier. Beyond [`ANSWERS_MAX`] nothing is added, which
    /// leaves that question at its worst case.
    pub fn insert(&mut self, question: Question, answer: Answer) {
        if self.items.len() < ANSWERS_MAX || self.items.contains_key(&question) {
            self.items.insert(question, answer);
        }
    }

    /// The answer to a question, where one was given.
    pub fn to(&self, question: &Question) -> Option<&Answer> {
        self.items.get(question)
    }

    /// Whether a question was put to the gate already, answered or not.
    pub fn holds(&self, question: &Question) -> bool {
        self.items.contains_key(question)
    }

    /// All answers in the order of their questions.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Answer)> {
        self.items.iter()
    }

    /// The files whose content the answers rest on, with the digest of that content.
    pub fn inputs(&self) -> BTreeMap<String, Digest> {
        let input = |(question, answer): (&Question, &Answer)| match (question, answer) {
            (Question::FileText { path }, Answer::FileText { text }) => Some((path.clone(), Digest::of(text.as_bytes()))),
            _ => None,
        };
        self.items.iter().filter_map(input).collect()
    }
}

impl From<Answers> for Vec<Answered> {
    fn from(answers: Answers) -> Self {
        answers.items.into_iter().map(|(question, answer)| Answered { question, answer }).collect()
    }
}

impl TryFrom<Vec<Answered>> for Answers {
    type Error = &'static str;

    fn try_from(items: Vec<Answered>) -> Result<Self, Self::Error> {
        if items.len() > ANSWERS_MAX {
            return Err("a change has too many answers");
        }
        let mut answers = Self::default();
        for Answered { question, answer } in items {
            if answers.items.insert(question, answer).is_some() {
                return Err("a question is answered twice");
            }
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_answered_twice_is_refused_on_the_wire() {
        let mut answers = Answers::default();
        answers.insert(Question::KubernetesContext, Answer::Name { name: Some("kind".into()) });
        let once = serde_json::to_value(&answers).unwrap();
        assert_eq!(serde_json::from_value::<Answers>(once.clone()).unwrap(), answers);
        let item = once.as_array().unwrap().first().unwrap().clone();
        assert!(serde_json::from_value::<Answers>(serde_json::json!([item, item])).is_err());
    }

    #[test]
    fn only_texts_that_were_read_become_inputs() {
        let mut answers = Answers::default();
        answers.insert(Question::FileText { path: "/w/a.sh".into() }, Answer::FileText { text: "ls".into() });
        answers.insert(Question::FileText { path: "/w/b.sh".into() }, Answer::Unknown { why: "too long".into() });
        assert_eq!(answers.inputs().into_iter().collect::<Vec<_>>(), [("/w/a.sh".to_owned(), Digest::of(b"ls"))]);
    }

    #[test]
    fn beyond_the_bound_nothing_is_added() {
        let mut answers = Answers::default();
        for n in 0..=ANSWERS_MAX {
            answers.insert(Question::Path { path: format!("/{n:04}") }, Answer::Unknown { why: String::new() });
        }
        assert_eq!(answers.iter().count(), ANSWERS_MAX);
    }
}
