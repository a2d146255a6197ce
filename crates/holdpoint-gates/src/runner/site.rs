//! Acting as a site's user in a site's directory: what belongs to a service is changed by a permit, and not otherwise.
//!
//! The files there are not the caller's, so nothing is handed over: the runner has them looked at with the site's user's eyes
//! ([`super::look`]), once to ask and once more just before the act, and the program meets them where they are. Acting with
//! another's rights is an effect of its own, which policy holds wherever it is.
//!
//! **In scope**: what is seen and what runs. **Out of scope**: becoming the site's user ([`super::launcher`]).

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use holdpoint_api::site::Site;
use holdpoint_api::unix;
use holdpoint_api::v1::ResultV1;
use holdpoint_core::actor::Strength;
use holdpoint_core::change::{Artefact, Change, Setting};
use holdpoint_core::permit::Warrant;
use holdpoint_core::question::{ANSWERS_MAX, Answer, Answered, Question};

use super::act::Spec;
use super::begun::Note;
use super::frame::{self, Kind};
use super::launcher::Ended;
use super::look::Asked;
use super::masker::Secrets;
use super::message::Request;
use super::relay;
use super::unknown;
use crate::answers::settle_with;
use crate::passage::{Execute, Gate, Seen, Unreadable};

/// How long one look at a site may take, with everything around it.
const LOOKING_MAX: Duration = Duration::from_secs(15);
/// Longest answer of a look in bytes.
const ANSWERS_MAX_BYTES: usize = 4 * 1024 * 1024;

/// One command on its way to a site.
pub(super) struct ActAtSite<'a> {
    pub(super) request: &'a Request,
    pub(super) caller: &'a UnixStream,
    pub(super) name: &'a str,
    pub(super) site: &'a Site,
    pub(super) program: PathBuf,
    pub(super) setting: Setting,
    pub(super) launcher: PathBuf,
    pub(super) search_path: &'a str,
    pub(super) note: &'a Note<'a>,
}

impl Gate for ActAtSite<'_> {
    const STRENGTH: Strength = Strength::Enforces;

    fn read(&mut self) -> Result<Seen, Unreadable> {
        let artefact = Artefact::Argv { argv: self.request.argv.clone() };
        let mut blind = None;
        let (answers, reading) = settle_with(&artefact, &self.setting, |open| {
            self.look(open.clone()).unwrap_or_else(|error| {
                blind.get_or_insert(error);
                open.into_iter().map(|question| (question, unknown("nobody could look"))).collect()
            })
        });
        if let Some(error) = blind {
            return Err(Unreadable::because(format!("the site `{}` cannot be looked at: {error}", self.name)));
        }
        let change =
            Change::seal(artefact, self.setting.clone(), &answers).map_err(|error| Unreadable::because(error.to_string()))?;
        Ok(Seen { change, effects: reading.effects, answers, act: None, said: None })
    }
}

impl Execute for ActAtSite<'_> {
    fn run(&mut self, warrant: Warrant) -> ResultV1 {
        if let Err(error) = self.note.begin(warrant.basis()) {
            return ResultV1::NotStarted { why: format!("it could not be noted that it begins: {error}") };
        }
        let work = relay::Work { launcher: &self.launcher, site: Some(self.name), spec: &self.spec() };
        relay::run(&work, self.caller, &Secrets::of(std::iter::empty()), warrant.not_after())
    }
}

impl ActAtSite<'_> {
    fn look(&self, questions: Vec<Question>) -> io::Result<Vec<(Question, Answer)>> {
        let launched = unix::connect(&self.launcher, LOOKING_MAX)?;
        launched.set_read_timeout(Some(LOOKING_MAX))?;
        frame::write(&mut &launched, Kind::Site, self.name.as_bytes())?;
        frame::send(&mut &launched, Kind::Look, &Asked { setting: self.setting.clone(), questions })?;
        let answered: Vec<Answered> = serde_json::from_slice(&told(&launched)?)?;
        Ok(answered.into_iter().take(ANSWERS_MAX).map(|one| (one.question, one.answer)).collect())
    }

    fn spec(&self) -> Spec {
        let mut environment = self.request.passed_on();
        environment.insert("PATH".to_owned(), self.search_path.to_owned());
        Spec {
            program: self.program.clone(),
            argv: self.request.argv.clone(),
            in_tree: Vec::new(),
            directory: self.site.directory.clone(),
            environment,
            files: Default::default(),
            secret_files: Default::default(),
            limits: self.site.limits,
        }
    }
}

/// What a look told, if it came to its end.
fn told(mut launched: &UnixStream) -> io::Result<Vec<u8>> {
    let (mut told, mut complaint) = (Vec::new(), Vec::new());
    loop {
        let frame = frame::read(&mut launched)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match frame.kind {
            Kind::Output | Kind::Errors if told.len() + complaint.len() + frame.payload.len() > ANSWERS_MAX_BYTES => {
                return Err(io::Error::other("what is there is too much to tell"));
            }
            Kind::Output => told.extend(frame.payload),
            // One sentence may come in several pieces.
            Kind::Errors => complaint.extend(frame.payload),
            _ => {
                return match frame.message(Kind::End)? {
                    Ended::Ran { status: Some(0) } => Ok(told),
                    Ended::Ran { .. } => Err(io::Error::other(String::from_utf8_lossy(&complaint).trim().to_owned())),
                    Ended::NotStarted { why } => Err(io::Error::other(why)),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_that_comes_in_pieces_is_told_whole() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        for piece in ["error: ", "the place can be exchanged by others", "\n"] {
            frame::write(&mut &theirs, Kind::Errors, piece.as_bytes()).unwrap();
        }
        frame::send(&mut &theirs, Kind::End, &Ended::Ran { status: Some(1) }).unwrap();
        assert_eq!(told(&ours).unwrap_err().to_string(), "error: the place can be exchanged by others");
    }
}
