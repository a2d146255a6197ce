//! The 60-second card of one change: what a person reads before they sign.
//!
//! The order is fixed. Facts that Holdpoint computed come first and the agent's own words last, for they are attacker-writable.
//! Everything on the card is hashed, in this order, into [`Card::shown`]; the page hashes what it displays, and the person
//! signs that digest. What would not fit on a card that somebody reads makes it unfit to be released from, and says so.
//!
//! **In scope**: the words on the card and who may release the change. **Out of scope**: HTML ([`super::pages`]) and
//! verification (`crate::approvals`).

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, GateId, PersonId};
use holdpoint_core::approval::Ruling;
use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::code::ComparisonCode;
use holdpoint_core::decision::{Decision, Holding, Need, Severity};
use holdpoint_core::digest::{Digest, FieldHasher};
use holdpoint_core::effect::{Certainty, Effect, Effects, Reversibility};
use holdpoint_core::estate::{Estate, Production};
use holdpoint_core::quorum::Dossier;

use super::visible::{Lines, Run, hidden, marked, runs};

/// Longest command that a person is asked to release from a card, in bytes.
pub(crate) const READABLE_MAX_BYTES: usize = 16 * 1024;
/// Most effects that a person is asked to release from a card.
pub(crate) const READABLE_EFFECTS_MAX: usize = 64;

/// What is known about a change at the moment at which somebody looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) change: Digest,
    pub(crate) artefact: &'a Artefact,
    pub(crate) setting: &'a Setting,
    pub(crate) inputs: &'a BTreeMap<String, Digest>,
    pub(crate) effects: &'a Effects,
    pub(crate) requester: &'a Actor,
    pub(crate) gate: &'a GateId,
    pub(crate) decision: &'a Decision,
    pub(crate) policy: Digest,
    pub(crate) dossier: &'a Dossier,
    pub(crate) estate: &'a Estate,
    pub(crate) proposed_at: Timestamp,
    pub(crate) round: u32,
    pub(crate) times_proposed: u32,
    pub(crate) said: Option<&'a str>,
}

/// The card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) change: Digest,
    pub(crate) policy: Digest,
    pub(crate) severity: Option<Severity>,
    pub(crate) code: String,
    pub(crate) command: Line,
    pub(crate) sections: Vec<Section>,
    /// Why nobody can release the change from this card; empty where somebody can.
    pub(crate) unfit: Vec<String>,
    pub(crate) shown: Digest,
}

/// One numbered part of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// One line, hashed as one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) tone: Tone,
    pub(crate) runs: Vec<Run>,
}

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It warns.
    Bad,
    /// It reassures.
    Good,
    /// It states.
    Plain,
}

impl Card {
    /// Writes the card of a change.
    pub(crate) fn of(known: &Known<'_>) -> Self {
        let text = known.artefact.text();
        let spans: Vec<_> = known.effects.iter().map(|effect| effect.span.clone()).collect();
        let command = Line { tone: Tone::Plain, runs: marked(&text, Lines::Several, &spans) };
        let sections = vec![
            Section { heading: "Changes", lines: changes(known, &text) },
            Section { heading: "Reach", lines: reach(known) },
            Section { heading: "Undo", lines: undo(known) },
            Section { heading: "Missing", lines: missing(known) },
            Section { heading: "Who", lines: who(known) },
            Section { heading: "Since last", lines: since_last(known) },
            Section { heading: "Held by", lines: known.decision.guardrails().iter().flat_map(held_by).collect() },
            Section { heading: "Agent says (unverified)", lines: said(known.said) },
        ];
        let shown = digest(&command, &sections);
        Self {
            change: known.change,
            policy: known.policy,
            severity: known.decision.severity(),
            code: ComparisonCode::of(&known.change).to_string(),
            command,
            sections,
            unfit: unfit(known, &text),
            shown,
        }
    }
}

impl Line {
    fn new(tone: Tone, text: &str) -> Self {
        Self { tone, runs: runs(text, Lines::One) }
    }

    /// The line as it is hashed and shown.
    pub(crate) fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}

/// The digest of everything that the card shows. The page computes the same from what it displays.
fn digest(command: &Line, sections: &[Section]) -> Digest {
    let mut hasher = FieldHasher::new("holdpoint.card.v1");
    hasher.text(&command.text());
    for section in sections {
        hasher.text(section.heading);
        for line in &section.lines {
            hasher.text(&line.text());
        }
    }
    hasher.finish()
}

fn changes(known: &Known<'_>, text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = known.effects.iter().enumerate().map(|(n, effect)| change(n + 1, effect)).collect();
    let hidden = hidden(text, Lines::Several);
    if hidden > 0 {
        lines.push(Line::new(Tone::Bad, &format!("{hidden} characters of it cannot be seen; they are spelled out above")));
    }
    lines
}

fn change(n: usize, effect: &Effect) -> Line {
    let Effect { verb, resource, magnitude, summary, .. } = effect;
    let what = if summary.is_empty() { format!("{verb} {} {}", resource.kind.as_str(), resource.name) } else { summary.clone() };
    let how_sure = match effect.certainty {
        Certainty::Exact => "",
        Certainty::Worst => "; this is the worst it may do",
        Certainty::Delegated => "; it runs code that was not judged",
        Certainty::Opaque => "; it cannot be read",
    };
    let tone = if effect.certainty == Certainty::Opaque { Tone::Bad } else { Tone::Plain };
    Line::new(tone, &format!("{n}. {what} ({verb}, {magnitude}{how_sure})"))
}

fn reach(known: &Known<'_>) -> Vec<Line> {
    let places: BTreeSet<_> = known.effects.iter().map(|effect| place(effect, known.estate)).collect();
    let mut lines: Vec<Line> = places.into_iter().map(|(tone, text)| Line::new(tone.into(), &text)).collect();
    let Setting { directory, variables, target } = known.setting;
    lines.push(Line::new(Tone::Plain, &format!("in {directory} on {target}")));
    lines.extend(variables.iter().map(|(name, value)| Line::new(Tone::Plain, &format!("with {name}={value}"))));
    lines.extend(known.inputs.iter().map(|(path, content)| Line::new(Tone::Plain, &format!("reads {path} ({content})"))));
    lines
}

/// Whether a place is one to be careful about; orders the bad ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Care {
    Needed,
    Usual,
}

impl From<Care> for Tone {
    fn from(care: Care) -> Self {
        match care {
            Care::Needed => Self::Bad,
            Care::Usual => Self::Plain,
        }
    }
}

fn place(effect: &Effect, estate: &Estate) -> (Care, String) {
    let environment = &effect.environment;
    let (care, where_to) = match estate.production(environment) {
        Production::Yes => (Care::Needed, format!("production: {environment}")),
        Production::Unknown => (Care::Needed, format!("{environment}, which may be production")),
        Production::No => (Care::Usual, format!("{environment}, not production")),
    };
    match estate.system_of(effect) {
        None => (care, where_to),
        Some((name, system)) => {
            let tier = system.tier.number();
            let domains: Vec<_> = system.domains.iter().map(String::as_str).collect();
            let care = if tier == 1 { Care::Needed } else { care };
            (care, format!("{where_to}; system {name}, tier {tier} {}", domains.join(", ")).trim_end().to_owned())
        }
    }
}

fn undo(known: &Known<'_>) -> Vec<Line> {
    let mut by_way: BTreeMap<Reversibility, Vec<String>> = BTreeMap::new();
    for (n, effect) in known.effects.iter().enumerate() {
        by_way.entry(effect.reversibility).or_default().push((n + 1).to_string());
    }
    let ways = by_way.iter().rev().map(|(way, effects)| way_back(*way, &effects.join(", ")));
    ways.chain(safer(known)).collect()
}

/// What could be done instead of the effects that are held.
fn safer(known: &Known<'_>) -> Vec<Line> {
    let held: BTreeSet<usize> = known.decision.guardrails().iter().flat_map(|held| held.effects.iter().copied()).collect();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for (n, effect) in known.effects.iter().enumerate().filter(|(n, _)| held.contains(n)) {
        let Some(said) = effect.safer.as_ref().map(ToString::to_string) else { continue };
        match lines.iter_mut().find(|(known, _)| *known == said) {
            Some((_, effects)) => effects.push((n + 1).to_string()),
            None => lines.push((said, vec![(n + 1).to_string()])),
        }
    }
    let line = |(said, effects): (String, Vec<String>)| {
        Line::new(Tone::Plain, &format!("safer: {said} (effect {})", effects.join(", ")))
    };
    lines.into_iter().map(line).collect()
}

fn way_back(way: Reversibility, effects: &str) -> Line {
    let (tone, text) = match way {
        Reversibility::Irreversible => (Tone::Bad, "nobody knows of a way back"),
        Reversibility::Effort => (Tone::Bad, "with effort, from a copy that is known to exist"),
        Reversibility::Git => (Tone::Plain, "git can bring it back"),
        Reversibility::Regenerable => (Tone::Plain, "a build or an install makes it again"),
        Reversibility::Lossless => (Tone::Good, "nothing is lost"),
    };
    Line::new(tone, &format!("{text} (effect {effects})"))
}

/// What the change still needs. Never empty by omission.
fn missing(known: &Known<'_>) -> Vec<Line> {
    let needs = known.decision.needs();
    if matches!(known.decision, Decision::Refuse { .. }) {
        return vec![Line::new(Tone::Bad, "nothing that could be added would release it")];
    }
    if needs.is_empty() {
        return vec![Line::new(Tone::Good, "nothing is missing")];
    }
    needs.iter().map(|need| needed(need, known)).collect()
}

fn needed(need: &Need, known: &Known<'_>) -> Line {
    let have = known.dossier;
    let people = |count: u32, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let text = match need {
        Need::Approvals { count } => format!("{} besides the requester: {} so far", people(*count, "approval"), names(have)),
        Need::Confirm => match known.requester.accountable() {
            Some(person) => format!("the confirmation of {person}, for whom it is done, or an approval"),
            None => "an approval".to_owned(),
        },
        Need::Evidence { name } => format!("the evidence `{name}`"),
        Need::Senior { count } => format!("{} of a senior person", people(*count, "approval")),
    };
    let (tone, state) = if need.met_by(have) { (Tone::Good, "there") } else { (Tone::Bad, "missing") };
    Line::new(tone, &format!("{state}: {text}"))
}

fn names(dossier: &Dossier) -> String {
    let names: Vec<_> = dossier.approvers().map(PersonId::as_str).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn who(known: &Known<'_>) -> Vec<Line> {
    let gate = known.gate;
    let at = known.proposed_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    vec![Line::new(Tone::Plain, &format!("{} at the gate {gate}, {at}", known.requester))]
}

fn since_last(known: &Known<'_>) -> Vec<Line> {
    let text = match (known.round, known.times_proposed) {
        (0 | 1, 0 | 1) => "this very change was never proposed before".to_owned(),
        (0 | 1, times) => format!("this very change was proposed {times} times since it is held"),
        (round, _) => format!("this very change is proposed for the {round}. time; what was said before does not count"),
    };
    vec![Line::new(Tone::Plain, &text)]
}

fn held_by(held: &Holding) -> [Line; 2] {
    let Holding { id, reason, remedy, source, severity, effects, .. } = held;
    let effects: Vec<_> = effects.iter().map(|at| (at + 1).to_string()).collect();
    [
        Line::new(Tone::Bad, &format!("{reason} ({severity}, effect {})", effects.join(", "))),
        Line::new(Tone::Plain, &format!("{remedy} (rule {id}, from {source})")),
    ]
}

fn said(said: Option<&str>) -> Vec<Line> {
    vec![Line::new(Tone::Plain, &said.map_or_else(|| "nothing".to_owned(), |words| format!("\"{words}\"")))]
}

fn unfit(known: &Known<'_>, text: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if text.len() > READABLE_MAX_BYTES {
        reasons.push(format!("It is {} bytes long. Nobody reads more than {READABLE_MAX_BYTES} on a card.", text.len()));
    }
    let effects = known.effects.iter().len();
    if effects > READABLE_EFFECTS_MAX {
        reasons.push(format!("It has {effects} effects. Nobody judges more than {READABLE_EFFECTS_MAX} at once."));
    }
    reasons
}

/// What one person can do to release a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Release {
    /// Sign for somebody else's change.
    Approve,
    /// Sign for the change of one's own agent.
    Confirm,
    /// Nothing here; why, in a sentence.
    Not(String),
    /// Run it oneself: nobody else is there who could approve, and it is too grave to confirm.
    RunYourself,
}

impl Release {
    /// The ruling that the person would sign.
    pub(crate) const fn ruling(&self) -> Option<Ruling> {
        match self {
            Self::Approve => Some(Ruling::Approve),
            Self::Confirm => Some(Ruling::Confirm),
            Self::Not(_) | Self::RunYourself => None,
        }
    }
}

/// Finds what `person` can do to release a held change. `others` says whether anybody else has an enrolled key.
pub(crate) fn release_by(
    person: &PersonId,
    requester: &Actor,
    decision: &Decision,
    dossier: &Dossier,
    others: Others,
) -> Release {
    let Decision::Hold { .. } = decision else { return Release::Not("Nothing could release it.".to_owned()) };
    let needs = decision.needs();
    let unmet = |need: &&Need| !need.met_by(dossier);
    if requester.accountable() == Some(person) {
        let confirmable = decision.severity().is_some_and(Severity::confirmable);
        return match (needs.iter().filter(unmet).any(|need| *need == Need::Confirm), confirmable, others) {
            (true, true, _) => Release::Confirm,
            (false, true, _) if dossier.confirmed() => Release::Not("You have confirmed it.".to_owned()),
            (_, _, Others::None) => Release::RunYourself,
            (_, _, Others::Some) => Release::Not("It is your own agent's change: somebody else has to approve it.".to_owned()),
        };
    }
    if dossier.approvers().any(|approver| approver == person) {
        return Release::Not("You have approved it.".to_owned());
    }
    let by_people = |need: &Need| !matches!(need, Need::Evidence { .. });
    match needs.iter().filter(unmet).any(by_people) {
        true => Release::Approve,
        false => Release::Not("It does not wait for people.".to_owned()),
    }
}

/// Whether somebody else has an enrolled key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// Nobody.
    None,
    /// Somebody.
    Some,
}

#[cfg(test)]
mod tests;
