//! What people see in a terminal: one decision on one screen.

use std::fmt::Write as _;

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use holdpoint_api::v1::{GuardrailV1, JudgementV1, VerdictV1};
use holdpoint_core::decision::Need;
use holdpoint_core::effect::{Certainty, Effect};
use serde::Serialize;

const ALARM: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = AnsiColor::BrightBlack.on_default();
const MARK: Style = AnsiColor::Red.on_default().underline();

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
    println!("{}", judgement_text(artefact, judged).trim_end());
}

/// Lays out a decision about an artefact, with styles that `anstream` strips where they are not wanted.
pub(crate) fn judgement_text(artefact: &str, judged: &JudgementV1) -> String {
    let mut text = String::new();
    let (style, word) = verdict(judged.decision);
    let _ = writeln!(text, "{style}{word}{style:#}  {}", marked(artefact, judged));
    let _ = writeln!(text);
    for (at, effect) in judged.effects.iter().enumerate() {
        let holding = judged.guardrails.iter().any(|guardrail| guardrail.effects.contains(&at));
        effect_lines(&mut text, effect, holding);
    }
    for guardrail in &judged.guardrails {
        guardrail_lines(&mut text, guardrail);
    }
    if !judged.needs.is_empty() {
        let needs: Vec<_> = judged.needs.iter().map(need).collect();
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
    let artefact = judged.map_or_else(|_| visible(artefact), |judged| marked(artefact, judged)).replace('\n', "⏎");
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

fn effect_lines(text: &mut String, effect: &Effect, holding: bool) {
    let bullet = if holding { WARN } else { FAINT };
    let known = match effect.certainty {
        Certainty::Exact => "",
        Certainty::Worst => " (at worst)",
        Certainty::Delegated => " (what it runs is not judged)",
        Certainty::Opaque => " (cannot be read)",
    };
    let _ = writeln!(text, "  {bullet}would{bullet:#}    {}{FAINT}{known}{FAINT:#}", visible(&effect.summary));
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

/// The artefact's text with the parts that hold it marked. Overlapping parts are marked once.
fn marked(artefact: &str, judged: &JudgementV1) -> String {
    let holding = judged.guardrails.iter().flat_map(|guardrail| guardrail.effects.iter().copied());
    let mut spans: Vec<_> = holding.filter_map(|at| judged.effects.iter().nth(at)?.span.clone()).collect();
    spans.sort_by_key(|span| span.start);
    let mut text = String::new();
    let mut done = 0;
    for span in spans {
        let (Some(before), Some(part)) = (artefact.get(done..span.start), artefact.get(span.clone())) else { continue };
        let _ = write!(text, "{}{MARK}{}{MARK:#}", visible(before), visible(part));
        done = span.end;
    }
    text.push_str(&visible(artefact.get(done..).unwrap_or(artefact)));
    text
}

/// Makes characters visible that a terminal would act on or hide, so that what is read is what is there.
pub(crate) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if hidden(character) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
        shown
    })
}

/// Control characters but for line feed and tab, and the characters that have no width or turn the direction of writing.
fn hidden(character: char) -> bool {
    let invisible = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    invisible || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_hide_is_shown() {
        assert_eq!(visible("rm \u{1b}[8m-rf ~\u{202e}txt.\r\nok\tend"), "rm \\u{1b}[8m-rf ~\\u{202e}txt.\\u{d}\nok\tend");
    }
}
