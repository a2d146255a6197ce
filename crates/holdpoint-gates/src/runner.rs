//! The runner: a command that needs a credential runs where the credential is, and where the agent is not.
//!
//! ```text
//!  agent's user id      holdpoint run ──request──▶ runner ──propose, redeem, settle──▶ control plane
//!                             ▲    ◀──which files?──  │  holds the credentials; masks what is secret in the output
//!                             │                       ▼
//!                             └────── output ────── launcher ──▶ the program, as a user of its own
//! ```
//!
//! **The gate enforces**: it has a user id of its own and holds what the agent lacks. What needs no credential it does not run:
//! that the caller can do alone, and the runner would only lend it its hands.
//!
//! **In scope**: who asks (by the operating system's word), which credential is meant, what the program gets: its words, the
//! texts that the caller handed over, an environment of its own, and nothing else of the caller's. **Out of scope**: whether it may
//! (the control plane), becoming another user ([`launcher`]), the caller's end ([`client`]).

pub mod act;
mod begun;
pub mod client;
mod credential;
mod frame;
mod inputs;
pub mod launcher;
pub mod look;
mod masker;
mod message;
mod relay;
pub mod serve;
pub mod site;
pub mod start;
pub mod warden;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdpoint_api::v1::{RUNNER_GATE, ResultV1};
use holdpoint_core::actor::Strength;
use holdpoint_core::change::{Artefact, Change, Setting};
use holdpoint_core::permit::Warrant;
use holdpoint_core::question::{Answer, Question};

use self::act::Spec;
use self::begun::Note;
use self::credential::Credential;
use self::frame::{Kind, Until};
use self::inputs::Found;
use self::message::Request;
use crate::answers::settle_with;
use crate::passage::{Execute, Gate, Seen, Unreadable};

pub use self::message::PASSED_ON;

/// The gate's name.
pub const NAME: &str = RUNNER_GATE;
/// How long the caller may take to hand over a file.
const HANDING_OVER_MAX: Duration = Duration::from_secs(10);

/// One command on its way through the runner.
struct Act<'a> {
    request: &'a Request,
    caller: &'a UnixStream,
    credential: &'a Credential,
    program: PathBuf,
    setting: Setting,
    launcher: PathBuf,
    search_path: &'a str,
    note: &'a Note<'a>,
    seen: Option<Seen>,
}

impl Gate for Act<'_> {
    const STRENGTH: Strength = Strength::Enforces;

    /// The caller is asked for its files once. What is decided about is what was handed over, and so is what runs: nothing of it
    /// can change in between.
    fn read(&mut self) -> Result<Seen, Unreadable> {
        if let Some(seen) = &self.seen {
            return Ok(seen.clone());
        }
        let artefact = Artefact::Argv { argv: self.request.argv.clone() };
        let mut broken = None;
        let (answers, reading) = settle_with(&artefact, &self.setting, |open| {
            let answer = |question: Question| {
                let answer = self.answer(&question).unwrap_or_else(|error| {
                    broken.get_or_insert(error);
                    unknown("the caller did not hand it over")
                });
                (question, answer)
            };
            open.into_iter().map(answer).collect()
        });
        if let Some(error) = broken {
            return Err(Unreadable::because(format!("the caller is gone: {error}")));
        }
        let change =
            Change::seal(artefact, self.setting.clone(), &answers).map_err(|error| Unreadable::because(error.to_string()))?;
        let seen = Seen { change, effects: reading.effects, answers, act: None, said: None };
        self.seen = Some(seen.clone());
        Ok(seen)
    }
}

impl Execute for Act<'_> {
    fn run(&mut self, warrant: Warrant) -> ResultV1 {
        let Some(seen) = self.seen.take() else { return ResultV1::NotStarted { why: "nothing was read".to_owned() } };
        if let Err(error) = self.note.begin(warrant.basis()) {
            return ResultV1::NotStarted { why: format!("it could not be noted that it begins: {error}") };
        }
        let work = relay::Work { launcher: &self.launcher, site: None, spec: &self.spec(&seen) };
        relay::run(&work, self.caller, &self.credential.secrets(), warrant.not_after())
    }
}

impl Act<'_> {
    fn answer(&self, question: &Question) -> std::io::Result<Answer> {
        match question {
            Question::FileText { path } if self.found(path).is_some() => self.file(path),
            Question::Canonical { path } if self.found(path).is_some() => Ok(Answer::Name { name: Some(path.clone()) }),
            Question::Program { name } => {
                let found = look_up(name, self.search_path).ok();
                Ok(Answer::Program { path: found.and_then(|path| path.to_str().map(str::to_owned)) })
            }
            _ => Ok(unknown("the runner looks at nothing on a caller's behalf")),
        }
    }

    fn found(&self, path: &str) -> Option<Found> {
        inputs::found(&self.request.argv, &self.request.directory, path)
    }

    /// Has the caller hand over a file. That it lies is of no use to it: what it hands over is what runs.
    fn file(&self, path: &str) -> std::io::Result<Answer> {
        let mut caller = self.caller;
        frame::write(&mut caller, Kind::Need, path.as_bytes())?;
        let gone = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let text: Option<String> =
            frame::read(&mut Until::after(caller, HANDING_OVER_MAX))?.ok_or_else(gone)?.message(Kind::File)?;
        let text = text.filter(|text| text.len() <= holdpoint_core::question::FILE_TEXT_MAX_BYTES);
        Ok(text.map_or_else(|| unknown("the caller could not hand it over"), |text| Answer::FileText { text }))
    }

    fn spec(&self, seen: &Seen) -> Spec {
        let texts = seen.answers.iter().filter_map(|(question, answer)| match (question, answer) {
            (Question::FileText { path }, Answer::FileText { text }) => Some((path.clone(), text.clone())),
            _ => None,
        });
        let files: BTreeMap<String, String> = texts.collect();
        let by_word = |path: &String| match self.found(path) {
            Some(Found::ByWord(at)) => Some(at),
            _ => None,
        };
        let mut environment = self.request.passed_on();
        environment.extend(self.credential.variables());
        environment.insert("PATH".to_owned(), self.search_path.to_owned());
        Spec {
            program: self.program.clone(),
            argv: self.request.argv.clone(),
            in_tree: files.keys().filter_map(by_word).collect(),
            directory: self.request.directory.clone(),
            environment,
            files,
            secret_files: self.credential.files().collect(),
            limits: self.credential.limits(),
        }
    }
}

fn unknown(why: &str) -> Answer {
    Answer::Unknown { why: why.to_owned() }
}

/// Finds a program in directories that are root's alone.
fn look_up(name: &str, search_path: &str) -> Result<PathBuf, Unreadable> {
    let candidates = search_path.split(':').map(|directory| Path::new(directory).join(name));
    let found = candidates.into_iter().find(|path| path.is_file());
    let found = found.ok_or_else(|| Unreadable::because(format!("the runner finds no program `{name}`")))?;
    let directory = found.parent().unwrap_or(Path::new("/"));
    for path in [directory, &found] {
        let metadata = path.metadata().map_err(|error| Unreadable::because(error.to_string()))?;
        if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
            return Err(Unreadable::because(format!("`{}` can be written by others than root", path.display())));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_program_that_others_than_root_could_exchange_is_none_of_the_runners() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tool");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        let search_path = format!("/nonexistent:{}", directory.path().display());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o757)).unwrap();
        assert!(look_up("tool", &search_path).is_err());
        assert!(look_up("other", &search_path).is_err());
        assert!(look_up("sh", "/usr/bin:/bin").is_ok());
    }
}
