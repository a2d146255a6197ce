//! What people see in a terminal: one decision on one screen.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::ops::Range;

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use holdpoint_api::v1::{GuardrailV1, JudgementV1, VerdictV1};
use holdpoint_core::decision::Need;
use holdpoint_core::effect::{Certainty, Effect, ResourceKind, Verb};
use holdpoint_core::visible::{self, Lines};
use serde::Serialize;

use crate::marked::{Mark, lay_out, on_one_line};

const ALARM: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = AnsiColor::BrightBlack.on_default();

/// Prints an error with its causes, one line each.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("{ALARM}error{ALARM:#}: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because {cause}");
    }
}

/// Prints one object as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a decision about an artefact.
pub(crate) fn judgement(artefact: &str, judged: &JudgementV1) {
    println!("{}", judgement_text(artefact, judged, columns()).trim_end());
}

/// Lays out a decision about an artefact, with styles that `anstream` strips where they are not wanted.
fn judgement_text(artefact: &str, judged: &JudgementV1, columns: usize) -> String {
    let mut text = String::new();
    let (style, word) = verdict(judged.decision);
    let parts = Parts::of(judged);
    let _ = writeln!(text, "{style}{word}{style:#}");
    text.push_str(&lay_out(artefact, &parts.marks(), columns));
    let _ = writeln!(text);
    let told = |at: usize, effect: &Effect| parts.holding.is_empty() || parts.holding.contains(&at) || !only_looks(effect);
    for (at, effect) in judged.effects.iter().enumerate().filter(|(at, effect)| told(*at, effect)) {
        effect_lines(&mut text, effect, parts.holding.contains(&at), parts.number(effect, at));
    }
    for guardrail in &judged.guardrails {
        guardrail_lines(&mut text, guardrail);
    }
    if !judged.needs.is_empty() {
        let needs: Vec<_> = Need::strictest(&judged.needs).into_iter().map(need).collect();
        let _ = writeln!(text, "\n  needs    {}", needs.join(", and "));
    }
    let _ = writeln!(text, "  {FAINT}change   {}{FAINT:#}", judged.change);
    text
}

/// Lays out a decision on one line, or why there is none: the verdict, the artefact, what holds it.
pub(crate) fn judgement_line(artefact: &str, judged: Result<&JudgementV1, &str>) -> String {
    let (style, word) = judged.map_or((ALARM, "UNREAD"), |judged| verdict(judged.decision));
    let why = match judged {
        Ok(judged) => judged.guardrails.iter().map(|guardrail| guardrail.id.as_str()).collect::<Vec<_>>().join(", "),
        Err(why) => why.to_owned(),
    };
    let marks = judged.map_or_else(|_| Vec::new(), |judged| Parts::of(judged).marks());
    let artefact = on_one_line(artefact, &marks);
    let why = if why.is_empty() { why } else { format!("  {FAINT}[{}]{FAINT:#}", visible(&why)) };
    format!("{style}{word:7}{style:#}  {artefact}{why}")
}

const fn verdict(verdict: VerdictV1) -> (Style, &'static str) {
    match verdict {
        VerdictV1::Allow => (GOOD, "ALLOWED"),
        VerdictV1::Hold => (WARN, "HELD"),
        VerdictV1::Refuse => (ALARM, "REFUSED"),
    }
}

/// The parts of a text that hold it, numbered in their order. Effects that come from the same part share its number.
struct Parts {
    holding: BTreeSet<usize>,
    spans: Vec<Range<usize>>,
}

impl Parts {
    fn of(judged: &JudgementV1) -> Self {
        let holding: BTreeSet<usize> = judged.guardrails.iter().flat_map(|guardrail| guardrail.effects.iter().copied()).collect();
        let held = judged.effects.iter().enumerate().filter(|(at, _)| holding.contains(at));
        let mut spans: Vec<_> = held.filter_map(|(_, effect)| effect.span.clone()).collect();
        spans.sort_by_key(|span| (span.start, span.end));
        spans.dedup();
        Self { holding, spans }
    }

    fn marks(&self) -> Vec<Mark> {
        self.spans.iter().zip(1..).map(|(span, number)| Mark { number, span: span.clone() }).collect()
    }

    /// The number of the part that an effect comes from, where it holds and comes from one.
    fn number(&self, effect: &Effect, at: usize) -> Option<usize> {
        let span = effect.span.as_ref().filter(|_| self.holding.contains(&at))?;
        self.spans.iter().position(|part| part == span).map(|place| place + 1)
    }
}

/// Whether an effect is the look of a program at nothing in particular: what is held beside it is what there is to read.
fn only_looks(effect: &Effect) -> bool {
    effect.verb == Verb::Read && effect.resource.kind == ResourceKind::Program && effect.certainty == Certainty::Exact
}

fn effect_lines(text: &mut String, effect: &Effect, holding: bool, number: Option<usize>) {
    let bullet = if holding { WARN } else { FAINT };
    let known = match effect.certainty {
        Certainty::Exact => "",
        Certainty::Worst => " (at worst)",
        Certainty::Delegated => " (what it runs is not judged)",
        Certainty::Opaque => " (cannot be read)",
    };
    let number = number.map_or_else(String::new, |number| number.to_string());
    let summary = visible(&effect.summary);
    let _ = writeln!(text, "  {bullet}would {number:<2}{bullet:#} {summary}{FAINT}{known}{FAINT:#}");
    if let Some(safer) = effect.safer.as_ref().filter(|_| holding) {
        let _ = writeln!(text, "  {GOOD}safer{GOOD:#}    {}", visible(&safer.to_string()));
    }
}

fn guardrail_lines(text: &mut String, guardrail: &GuardrailV1) {
    let GuardrailV1 { id, reason, remedy, severity, .. } = guardrail;
    let _ = writeln!(text, "\n  {WARN}because{WARN:#}  {} {FAINT}[{id}, {severity}]{FAINT:#}", visible(reason));
    let _ = writeln!(text, "  instead  {}", visible(remedy));
}

/// A need in words.
pub(crate) fn need(need: &Need) -> String {
    match need {
        Need::Approvals { count: 1 } => "the approval of one other person".to_owned(),
        Need::Approvals { count } => format!("the approval of {count} other people"),
        Need::Confirm => "your own confirmation, with your passkey".to_owned(),
        Need::Evidence { name } => format!("the evidence `{name}`"),
        Need::Senior { count: 1 } => "one of them senior".to_owned(),
        Need::Senior { count } => format!("{count} of them senior"),
    }
}

/// A sentence or a name on one line, with what cannot be seen spelled out.
pub(crate) fn visible(text: &str) -> String {
    visible::visible(text, Lines::One)
}

/// How many columns there are for a line of somebody else's text.
fn columns() -> usize {
    let terminal = std::io::stdout().is_terminal().then(|| rustix::termios::tcgetwinsize(std::io::stdout()).ok()).flatten();
    let columns = terminal.map_or(COLUMNS, |size| usize::from(size.ws_col));
    columns.saturating_sub(INDENT).max(COLUMNS_MIN)
}

/// Columns where nobody says how many there are.
const COLUMNS: usize = 100;
/// Fewer would not be read.
const COLUMNS_MIN: usize = 20;
/// Columns before each line of the text.
const INDENT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_core::digest::Digest;
    use holdpoint_core::effect::{Alternative, Effects, Resource};

    /// What `check` would print, decided by the effects that are said to hold.
    fn shown(text: &str, effects: Vec<Effect>, holding: &[usize]) -> String {
        let guardrail = GuardrailV1 {
            id: "rule".into(),
            reason: "It loses something".into(),
            remedy: "Keep it".into(),
            source: "a test".into(),
            severity: holdpoint_core::decision::Severity::Medium,
            effects: holding.to_vec(),
        };
        let judged = JudgementV1 {
            decision: VerdictV1::Hold,
            change: Digest::of(b"change"),
            effects: Effects::found(effects),
            guardrails: vec![guardrail],
            needs: vec![Need::Confirm],
        };
        anstream::adapter::strip_str(&judgement_text(text, &judged, 80)).to_string()
    }

    fn effect(summary: &str, span: Range<usize>) -> Effect {
        let found = Effects::opaque(holdpoint_core::effect::ResourceKind::File, "x", "a test");
        let effect = Vec::from(found).remove(0);
        Effect { summary: summary.into(), span: Some(span), certainty: Certainty::Exact, ..effect }
    }

    #[test]
    fn a_sentence_has_the_number_of_the_part_it_comes_from() {
        let text = "rm -rf a b && git push --force";
        let looks = effect("Looks only", 0..6);
        let looks = Effect { verb: Verb::Read, resource: Resource { kind: ResourceKind::Program, name: "cd".into() }, ..looks };
        let safer = Alternative { command: Some("mv -n b b.aside".into()), says: "keeps it".into() };
        let effects = vec![
            Effect { safer: Some(Box::new(safer)), ..effect("Deletes `b`", 9..10) },
            effect("Deletes `a`", 7..8),
            effect("Pushes", 14..30),
            effect("Rewrites", 14..30),
            effect("Runs something", 0..6),
            looks,
        ];
        insta::assert_snapshot!(shown(text, effects, &[0, 1, 2, 3]), @"
        HELD
          │ rm -rf a b && git push --force
          │        1 2    3^^^^^^^^^^^^^^^

          would 2  Deletes `b`
          safer    `mv -n b b.aside` keeps it
          would 1  Deletes `a`
          would 3  Pushes
          would 3  Rewrites
          would    Runs something

          because  It loses something [rule, medium]
          instead  Keep it

          needs    your own confirmation, with your passkey
          change   sha256:12ea12eace7d655f471ce55e34f89b1b77a3d9d05a445ca82877dd2235beaa51
        ");
    }

    #[test]
    fn a_name_cannot_pass_for_a_line_of_ours() {
        let told = shown("rm x", vec![effect("Deletes `x\n  because  all is well\u{1b}[8m`", 3..4)], &[0]);
        assert!(told.contains("Deletes `x⟨U+000A⟩  because  all is well⟨U+001B⟩[8m`"), "{told}");
    }
}
