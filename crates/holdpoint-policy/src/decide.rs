//! The decision: one request for each effect, and the union over the change.
//!
//! Cedar was made to say *no* by saying nothing; here that would let a change through. So every way of not getting an answer
//! refuses: a guardrail that cannot be evaluated is named, and facts that do not fit are [`UNREADABLE_FACTS`].

use std::collections::BTreeMap;

use cedar_policy::{AuthorizationError, Decision as Answer, Response};
use holdpoint_core::decision::{Decision, Holding, Severity};
use holdpoint_core::effect::Effects;

use crate::case::Case;
pub use crate::guardrail::UNREADABLE_FACTS;
use crate::language::language;
use crate::policies::Policies;
use crate::scene::{Scene, Unreadable};

/// Decides a case.
///
/// Every guardrail that holds an effect is in the answer once, with the effects it holds by their place in the case. The same
/// policies and the same case give the same bytes.
pub fn decide(policies: &Policies, case: &Case) -> Decision {
    Decision::of(weigh(policies, case).unwrap_or_else(|why| vec![unreadable(&why)]))
}

fn weigh(policies: &Policies, case: &Case) -> Result<Vec<Holding>, Unreadable> {
    if !(1..=Effects::MAX).contains(&case.effects.len()) {
        return Err(Unreadable::Effects(case.effects.len()));
    }
    let scene = Scene::set(language().map_err(Unreadable::Language)?, case)?;
    weigh_in(policies, case, &scene)
}

fn weigh_in(policies: &Policies, case: &Case, scene: &Scene<'_>) -> Result<Vec<Holding>, Unreadable> {
    let mut verdicts = Verdicts { policies, holdings: BTreeMap::new() };
    for (index, placed) in case.effects.iter().enumerate() {
        verdicts.hear(index, &policies.ask(placed.effect.verb, &scene.request(placed)?, scene.entities()))?;
    }
    Ok(verdicts.holdings.into_values().collect())
}

/// What the guardrails have said so far, by their names.
struct Verdicts<'a> {
    policies: &'a Policies,
    holdings: BTreeMap<String, Holding>,
}

impl Verdicts<'_> {
    fn hear(&mut self, index: usize, response: &Response) -> Result<(), Unreadable> {
        for AuthorizationError::PolicyEvaluationError(error) in response.diagnostics().errors() {
            self.add(index, broken(error.policy_id().to_string(), &error.inner().to_string()));
        }
        if response.decision() == Answer::Allow {
            return Ok(());
        }
        let mut held = response.diagnostics().reason().peekable();
        if held.peek().is_none() {
            return Err(Unreadable::NoPermission);
        }
        for id in held {
            let guardrail = self.policies.guardrail(id.as_ref());
            self.add(index, guardrail.map_or_else(|| broken(id.to_string(), "nothing is known about it"), |it| it.holding()));
        }
        Ok(())
    }

    /// Adds a holding guardrail; one that refuses for any effect refuses the change.
    fn add(&mut self, index: usize, holding: Holding) {
        let held = self.holdings.entry(holding.id.clone()).or_insert_with(|| holding.clone());
        if held.needs.is_some() && holding.needs.is_none() {
            *held = Holding { effects: std::mem::take(&mut held.effects), ..holding };
        }
        held.effects.push(index);
    }
}

/// A guardrail that could not be evaluated. Cedar skips it; here it refuses.
fn broken(id: String, error: &str) -> Holding {
    Holding {
        id,
        reason: format!("The guardrail could not be evaluated: {error}"),
        remedy: "Put the guardrail right; until then it refuses what it cannot judge".to_owned(),
        source: "the policy bundle in force".to_owned(),
        severity: Severity::Critical,
        needs: None,
        effects: Vec::new(),
    }
}

fn unreadable(why: &Unreadable) -> Holding {
    Holding {
        id: UNREADABLE_FACTS.to_owned(),
        reason: format!("The facts about this change could not be put to the policies: {why}"),
        remedy: "Report this: the program and its policies do not fit together".to_owned(),
        source: "a change that cannot be judged is refused".to_owned(),
        severity: Severity::Critical,
        needs: None,
        effects: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
