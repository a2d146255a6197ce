//! What an agent or a person is told about a change that was stopped.
//!
//! Five things, in this order: what is held and what would be safer, why, what can be done instead, what is missing, and how to wait. Never "try
//! again": a retry with other words is another change, and an agent that is told to retry will.

use std::fmt::Write as _;

use holdpoint_api::v1::{AnswerV1, ChangeStateV1, GuardrailV1, VerdictV1};
use holdpoint_core::decision::Need;
use holdpoint_core::effect::Effects;
use holdpoint_core::visible::{Lines, visible};

use crate::desk::{Away, Stopped};

/// Most effects that a notice lists; the card shows all.
const EFFECTS_SHOWN_MAX: usize = 5;

/// Writes what is to be said about a stopped change.
pub fn of(stopped: &Stopped) -> String {
    match stopped {
        Stopped::Away(away) => of_away(away),
        Stopped::Held(answer) => of_held(answer),
    }
}

fn of_held(answer: &AnswerV1) -> String {
    let mut text = heading(answer);
    let held: Vec<usize> = answer.guardrails.iter().flat_map(|guardrail| guardrail.effects.iter().copied()).collect();
    list_effects(&mut text, &answer.effects, &held);
    for guardrail in &answer.guardrails {
        give_reason(&mut text, guardrail);
    }
    if answer.decision == VerdictV1::Refuse {
        text.push_str("Nothing that could be added would release it. Tell the person you work for.\n");
        return text;
    }
    text.push_str(&missing(&answer.needs));
    say_how_to_wait(&mut text, answer);
    text
}

fn heading(answer: &AnswerV1) -> String {
    let short = answer.change.short();
    let state = answer.progress.as_ref().map(|progress| progress.state);
    match (answer.decision, state) {
        (VerdictV1::Refuse, _) => format!("Holdpoint refuses this (change {short}). Nothing was run.\n"),
        (_, Some(ChangeStateV1::Rejected)) => {
            format!("A person rejected this (change {short}). Nothing was run, and the answer to the same change stays no.\n")
        }
        (_, Some(ChangeStateV1::Done | ChangeStateV1::Started | ChangeStateV1::Indeterminate)) => {
            format!("This was released once, and that once is used up (change {short}). Nothing was run now.\n")
        }
        _ => format!("Holdpoint holds this (change {short}). Nothing was run.\n"),
    }
}

/// Lists the effects that are held, or all where no guardrail points at any.
fn list_effects(text: &mut String, effects: &Effects, held: &[usize]) {
    let relevant = |index: &usize| held.is_empty() || held.contains(index);
    let summaries: Vec<_> = effects.iter().enumerate().filter(|(index, _)| relevant(index)).collect();
    for (_, effect) in summaries.iter().take(EFFECTS_SHOWN_MAX) {
        let summary = if effect.summary.is_empty() { &effect.resource.name } else { &effect.summary };
        let _ = writeln!(
            text,
            "What: {} ({} {}, {}, {}).",
            visible(summary, Lines::One),
            effect.verb,
            effect.resource.kind,
            visible(&effect.environment.to_string(), Lines::One),
            effect.reversibility.as_str()
        );
        if let Some(safer) = &effect.safer {
            let _ = writeln!(text, "Safer: {}.", visible(&safer.to_string(), Lines::One));
        }
    }
    if summaries.len() > EFFECTS_SHOWN_MAX {
        let _ = writeln!(text, "What: and {} more.", summaries.len() - EFFECTS_SHOWN_MAX);
    }
}

fn give_reason(text: &mut String, guardrail: &GuardrailV1) {
    let _ = writeln!(text, "Why: {} [{}, {}]", guardrail.reason, guardrail.id, guardrail.severity);
    if !guardrail.remedy.is_empty() {
        let _ = writeln!(text, "Instead: {}", guardrail.remedy);
    }
}

fn missing(needs: &[Need]) -> String {
    let needs: Vec<_> = Need::strictest(needs).into_iter().map(say_need).collect();
    if needs.is_empty() { String::new() } else { format!("Missing: {}.\n", needs.join("; ")) }
}

fn say_need(need: &Need) -> String {
    match need {
        Need::Approvals { count: 1 } => "the approval of one other person".to_owned(),
        Need::Approvals { count } => format!("the approvals of {count} other people"),
        Need::Confirm => "the confirmation of the person you work for".to_owned(),
        Need::Evidence { name } => format!("evidence `{name}` from a check that ran independently"),
        Need::Senior { count: 1 } => "one senior person among the approvers".to_owned(),
        Need::Senior { count } => format!("{count} senior people among the approvers"),
    }
}

fn say_how_to_wait(text: &mut String, answer: &AnswerV1) {
    let Some(progress) = &answer.progress else { return };
    match progress.state {
        ChangeStateV1::Held | ChangeStateV1::Released => {
            let _ = writeln!(text, "A person decides here: {}", progress.card);
            let _ = writeln!(
                text,
                "To wait: run `holdpoint change wait {}`. Once it says `released`, run exactly the same call; it passes once. Other words are another change.",
                answer.change
            );
        }
        ChangeStateV1::Expired => text.push_str("The time to decide passed; proposing the same call opens it anew.\n"),
        ChangeStateV1::Done
        | ChangeStateV1::Indeterminate
        | ChangeStateV1::Refused
        | ChangeStateV1::Rejected
        | ChangeStateV1::Started => {
            let _ = writeln!(text, "Its record: {}", progress.card);
        }
    }
}

fn of_away(away: &Away) -> String {
    let mut text = format!("Holdpoint holds this (change {}). Nothing was run.\n", away.change.short());
    list_effects(&mut text, &away.effects, &[]);
    let _ = writeln!(text, "Why: nobody can be asked: {}.", away.why);
    for holding in away.decision.iter().flat_map(|decision| decision.guardrails()) {
        let _ = writeln!(text, "Why: {} [{}, {}]", holding.reason, holding.id, holding.severity);
    }
    text.push_str("Instead: reads, builds and losses that git can bring back may go on meanwhile.\n");
    text.push_str("To go on: ask the person you work for to start the control plane with `holdpoint up`.\n");
    text
}
