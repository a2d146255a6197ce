//! The pages, as askama fills them in. Everything that somebody else wrote passes through [`visible`] and is escaped.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use holdpoint_api::v1::{ChangeV1, ReceiptV1};
use holdpoint_core::actor::PersonId;
use holdpoint_core::approval::Ruling;
use holdpoint_core::code::ComparisonCode;
use holdpoint_core::digest::Digest;

use crate::approvals::card::{Card, Release, Tone};
use crate::approvals::visible::{Kind, Lines, Run, runs};

/// Most characters of a command that a list shows. The card shows all of it.
const LISTED_TEXT_MAX: usize = 240;

/// What every page has around it.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// What keeps this installation from being a wall; nothing where it is one.
    pub(super) warning: Option<String>,
}

/// Runs of text, escaped and marked.
#[derive(Template)]
#[template(path = "runs.html")]
pub(super) struct Shown {
    runs: Vec<Run>,
}

/// The template escapes each run.
impl HtmlSafe for Shown {}

impl Run {
    /// The numbers of its effects, as they stand beside it.
    fn numbers(&self) -> String {
        self.effects.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}

/// All changes: what waits, and what came of the others.
#[derive(Template)]
#[template(path = "inbox.html")]
pub(super) struct Inbox {
    pub(super) frame: Frame,
    pub(super) waiting: Vec<Row>,
    pub(super) settled: Vec<Row>,
}

/// One change in a list.
pub(super) struct Row {
    digest: Digest,
    text: Shown,
    severity: &'static str,
    state: &'static str,
    who: String,
    at: String,
    code: String,
}

impl Row {
    pub(super) fn of(change: &ChangeV1) -> Self {
        let severity = change.guardrails.iter().map(|held| held.severity).max();
        Self {
            digest: change.change,
            text: listed(&change.text),
            severity: severity.map_or("", |severity| severity.as_str()),
            state: change.progress.state.as_str(),
            who: change.requester.to_string(),
            at: minutes(change.proposed_at),
            code: ComparisonCode::of(&change.change).to_string(),
        }
    }
}

/// The beginning of a command, which says how much of it is on the card only.
fn listed(text: &str) -> Shown {
    let length = text.chars().count();
    let mut shown: String = text.chars().take(LISTED_TEXT_MAX).collect();
    if length > LISTED_TEXT_MAX {
        shown.push_str(&format!(" … and {} more characters", length - LISTED_TEXT_MAX));
    }
    Shown { runs: runs(&shown, Lines::Several) }
}

fn minutes(at: holdpoint_core::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// One change, and what a person can do about it.
#[derive(Template)]
#[template(path = "card.html")]
pub(super) struct CardPage {
    pub(super) frame: Frame,
    pub(super) heading: String,
    pub(super) severity: &'static str,
    pub(super) until: Option<String>,
    pub(super) command: Shown,
    pub(super) sections: Vec<SectionView>,
    pub(super) unfit: Vec<String>,
    pub(super) choice: Option<Choice>,
    pub(super) words: Vec<String>,
    pub(super) card: Card,
}

/// A section of the card.
pub(super) struct SectionView {
    heading: &'static str,
    lines: Vec<LineView>,
}

/// A line of the card.
struct LineView {
    tone: Tone,
    shown: Shown,
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Plain => "plain",
        })
    }
}

/// What one person can choose.
pub(super) struct Choice {
    people: Vec<PersonId>,
    person: Option<PersonId>,
    token: String,
    release: Option<Button>,
    why_not: Option<String>,
    run_yourself: Option<String>,
}

/// The button that asks for a passkey.
struct Button {
    label: &'static str,
    ruling: &'static str,
    person: PersonId,
}

impl Choice {
    /// What `person` can choose among `people`; `command` is what they would run themselves.
    pub(super) fn of(people: Vec<PersonId>, person: Option<(PersonId, Release)>, token: String, command: &str) -> Self {
        let (mut release, mut why_not, mut run_yourself) = (None, None, None);
        match &person {
            None => why_not = Some("Say who you are.".to_owned()),
            Some((_, Release::Not(why))) => why_not = Some(why.clone()),
            Some((_, Release::RunYourself)) => run_yourself = Some(command.to_owned()),
            Some((person, release_as @ (Release::Approve | Release::Confirm))) => {
                let label = if *release_as == Release::Approve { "Approve with passkey" } else { "Confirm with passkey" };
                let ruling = release_as.ruling().map_or("", Ruling::as_str);
                release = Some(Button { label, ruling, person: person.clone() });
            }
        }
        Self { people, person: person.map(|(person, _)| person), token, release, why_not, run_yourself }
    }
}

impl CardPage {
    /// The parts of a page that come from the card alone.
    pub(super) fn parts(card: &Card) -> (Shown, Vec<SectionView>) {
        let view = |line: &crate::approvals::card::Line| LineView { tone: line.tone, shown: Shown { runs: line.runs.clone() } };
        let sections = card.sections.iter();
        let sections =
            sections.map(|section| SectionView { heading: section.heading, lines: section.lines.iter().map(view).collect() });
        (Shown { runs: card.command.runs.clone() }, sections.collect())
    }
}

/// Where a key is enrolled, and whose keys there are.
#[derive(Template)]
#[template(path = "enrol.html")]
pub(super) struct EnrolPage {
    pub(super) frame: Frame,
    pub(super) keys: Vec<KeyView>,
    pub(super) local: bool,
}

/// An enrolled key.
pub(super) struct KeyView {
    pub(super) person: PersonId,
    pub(super) label: Shown,
    pub(super) about: String,
}

impl KeyView {
    pub(super) fn of(key: &crate::store::record::CredentialRecord) -> Self {
        let about = match key.credential.revoked_at {
            Some(at) => format!("revoked {}", minutes(at)),
            None => format!("enrolled {}, usable from {}", minutes(key.enrolled_at), minutes(key.credential.usable_from)),
        };
        Self { person: key.credential.person.clone(), label: Shown { runs: runs(&key.label, Lines::One) }, about }
    }
}

/// What was signed in people's names.
#[derive(Template)]
#[template(path = "receipts.html")]
pub(super) struct ReceiptsPage {
    pub(super) frame: Frame,
    pub(super) receipts: Vec<ReceiptView>,
    pub(super) token: String,
}

/// One receipt.
pub(super) struct ReceiptView {
    change: Digest,
    text: Shown,
    person: PersonId,
    ruling: &'static str,
    assurance: String,
    at: String,
    code: String,
    standing: String,
    revocable: bool,
}

impl ReceiptView {
    pub(super) fn of(receipt: ReceiptV1) -> Self {
        let standing = match receipt.not_before {
            Some(not_before) => format!("{}; its permit begins {}", receipt.state.as_str(), not_before.strftime("%H:%M:%S UTC")),
            None => receipt.state.as_str().to_owned(),
        };
        Self {
            change: receipt.change,
            text: listed(&receipt.text),
            person: receipt.approver,
            ruling: receipt.ruling.as_str(),
            assurance: receipt.assurance,
            at: minutes(receipt.at),
            code: receipt.code,
            standing,
            revocable: receipt.revocable,
        }
    }
}

/// Something that cannot be shown.
#[derive(Template)]
#[template(path = "problem.html")]
pub(super) struct ProblemPage {
    pub(super) frame: Frame,
    pub(super) title: String,
    pub(super) message: String,
}
