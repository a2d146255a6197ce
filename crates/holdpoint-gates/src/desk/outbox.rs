//! Outcomes on their way: kept on disk until the control plane has heard them, and the acts whose outcome a host will report.
//!
//! ```text
//! <data>/outcomes/<nanoseconds>-<process>-<n>.json   an outcome that could not be told yet
//! <data>/acts/<hash of the host's id>                the permit that was spent for an act of the host
//! ```

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use holdpoint_api::client;
use holdpoint_api::home::Home;
use holdpoint_api::v1::OutcomeV1;
use holdpoint_core::actor::PermitId;
use holdpoint_core::digest::Digest;

use super::file::replace;

/// Most outcomes that are kept. Each stands for a permit, and permits are given by people: this is far more than a day's.
const KEPT_MAX: usize = 1024;
/// Most kept outcomes sent with one call, so that the call stays short.
const SENT_AT_ONCE_MAX: usize = 8;
/// Longest kept outcome in bytes.
const KEPT_MAX_BYTES: u64 = 16 * 1024;

/// What the control plane makes of an outcome that it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It has it, and may have had objections.
    Heard,
    /// It takes it from whoever acted, and from nobody else.
    ByAnother,
}

#[derive(Debug)]
pub(super) struct Outbox {
    outcomes: PathBuf,
    acts: PathBuf,
}

impl Outbox {
    pub(super) fn at(home: &Home) -> Self {
        Self { outcomes: home.root().join("outcomes"), acts: home.root().join("acts") }
    }

    /// Keeps an outcome for later.
    pub(super) fn keep(&self, outcome: &OutcomeV1) -> std::io::Result<()> {
        if self.kept().len() >= KEPT_MAX {
            return Err(std::io::Error::other("too many outcomes wait to be told already"));
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:020}-{}-{count}.json", since.as_nanos(), std::process::id());
        replace(&self.outcomes.join(name), &serde_json::to_vec(outcome)?)
    }

    /// Sends the oldest kept outcomes, and lets go of each that was heard. Stops when nobody hears; what is another asker's to tell
    /// waits for that asker.
    pub(super) fn send_kept(&self, send: impl Fn(&OutcomeV1) -> Result<Told, client::Error>) {
        for path in self.kept().into_iter().take(SENT_AT_ONCE_MAX) {
            match read_outcome(&path).map(|outcome| send(&outcome)) {
                Some(Err(_)) => return,
                Some(Ok(Told::ByAnother)) => {}
                Some(Ok(Told::Heard)) => drop(std::fs::remove_file(&path)),
                // Not ours, or damaged: it stays for a person to look at, out of the way.
                None => drop(std::fs::rename(&path, path.with_extension("unreadable"))),
            }
        }
    }

    /// The files of kept outcomes, the oldest first.
    fn kept(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.outcomes) else { return Vec::new() };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| is_json(path)).collect();
        paths.sort();
        paths
    }

    /// Notes which permit was spent for an act of the host.
    pub(super) fn expect(&self, act: &str, permit: &PermitId) -> std::io::Result<()> {
        replace(&self.note(act), permit.as_str().as_bytes())
    }

    /// The permit that was spent for an act, where one was.
    pub(super) fn expected(&self, act: &str) -> Option<PermitId> {
        PermitId::parse(std::fs::read_to_string(self.note(act)).ok()?).ok()
    }

    /// Lets go of the note about an act.
    pub(super) fn forget(&self, act: &str) {
        drop(std::fs::remove_file(self.note(act)));
    }

    fn note(&self, act: &str) -> PathBuf {
        self.acts.join(Digest::of(act.as_bytes()).to_string().replace(':', "-"))
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn read_outcome(path: &Path) -> Option<OutcomeV1> {
    let size = path.metadata().ok()?.len();
    if size > KEPT_MAX_BYTES {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_api::v1::ResultV1;
    use holdpoint_core::actor::GateId;
    use std::cell::RefCell;

    fn outcome(status: i32) -> OutcomeV1 {
        OutcomeV1 {
            permit: PermitId::parse("prm-1").unwrap(),
            act: None,
            gate: GateId::parse("command").unwrap(),
            result: ResultV1::Done { status: Some(status) },
        }
    }

    #[test]
    fn an_outcome_is_kept_until_it_was_heard_and_then_let_go() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(&Home::at(directory.path()));
        for status in 0..3 {
            outbox.keep(&outcome(status)).unwrap();
        }
        let heard = RefCell::new(Vec::new());
        outbox.send_kept(|kept| {
            heard.borrow_mut().push(kept.clone());
            if heard.borrow().len() == 2 { Err(client::Error::Late) } else { Ok(Told::Heard) }
        });
        assert_eq!(*heard.borrow(), [outcome(0), outcome(1)], "it stops at the first that was not heard");
        heard.borrow_mut().clear();
        outbox.send_kept(|kept| {
            heard.borrow_mut().push(kept.clone());
            Ok(Told::Heard)
        });
        assert_eq!(*heard.borrow(), [outcome(1), outcome(2)], "what was not heard is sent again, what was heard is not");
        assert!(outbox.kept().is_empty());
    }

    #[test]
    fn what_is_anothers_to_tell_waits_for_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(&Home::at(directory.path()));
        (0..2).for_each(|status| outbox.keep(&outcome(status)).unwrap());
        outbox.send_kept(|kept| Ok(if *kept == outcome(0) { Told::ByAnother } else { Told::Heard }));
        let left: Vec<_> = outbox.kept().iter().filter_map(|path| read_outcome(path)).collect();
        assert_eq!(left, [outcome(0)]);
    }

    #[test]
    fn a_damaged_outcome_does_not_stop_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(&Home::at(directory.path()));
        std::fs::create_dir_all(directory.path().join("outcomes")).unwrap();
        std::fs::write(directory.path().join("outcomes/0.json"), b"{").unwrap();
        outbox.keep(&outcome(7)).unwrap();
        let heard = RefCell::new(Vec::new());
        outbox.send_kept(|kept| {
            heard.borrow_mut().push(kept.clone());
            Ok(Told::Heard)
        });
        assert_eq!(*heard.borrow(), [outcome(7)]);
    }

    #[test]
    fn an_act_finds_its_permit_again_whatever_the_host_calls_it() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(&Home::at(directory.path()));
        let permit = PermitId::parse("prm-1").unwrap();
        outbox.expect("../../etc/passwd", &permit).unwrap();
        assert_eq!(outbox.expected("../../etc/passwd"), Some(permit));
        assert_eq!(outbox.expected("toolu_other"), None);
        outbox.forget("../../etc/passwd");
        assert_eq!(outbox.expected("../../etc/passwd"), None);
    }
}
