//! One guardrail: a `forbid` with the annotations that make it explain itself.
//!
//! *Out of scope:* what it forbids; that is Cedar's to evaluate ([`mod@crate::decide`]).

use cedar_policy::{Effect, Policy};
use holdpoint_core::decision::{Holding, Need, Severity};
use serde::Serialize;

use crate::files::Layer;
use crate::language::PERMIT_ID;
use crate::report::{Place, Problem};

/// What a guardrail says about itself. Read once at load: Cedar parses an annotation's key anew each time it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guardrail {
    /// Its name, unlike every other.
    pub id: String,
    /// Why it holds.
    pub reason: String,
    /// What to do instead, or to release it.
    pub remedy: String,
    /// Where it comes from.
    pub source: String,
    /// How much is at stake.
    pub severity: Severity,
    /// What releases it; without needs it refuses.
    pub needs: Option<Vec<Need>>,
    /// The invariant it upholds, where a proof should look here first.
    pub upholds: Option<String>,
    /// Who laid it down.
    pub layer: Layer,
    /// Where it stands.
    pub place: Place,
}

impl Guardrail {
    /// Reads the annotations of a parsed policy.
    pub(crate) fn read(policy: &Policy, layer: Layer, place: Place) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        if policy.effect() != Effect::Forbid {
            problems.push(
                Problem::at(&place, "it permits, and a pack may only forbid").hint(
                    "Everything is permitted by one policy that is built in; write the opposite as `forbid … unless { … }`",
                ),
            );
        }
        for (key, _) in policy.annotations().filter(|(key, _)| !ANNOTATIONS.contains(key)) {
            problems.push(Problem::at(&place, format!("`@{key}` is no annotation")).hint(format!("There are {}", listed())));
        }
        let guardrail = Self {
            id: required(policy, "id", &place, &mut problems),
            reason: required(policy, "reason", &place, &mut problems),
            remedy: required(policy, "remedy", &place, &mut problems),
            source: required(policy, "source", &place, &mut problems),
            severity: severity(policy, &place, &mut problems),
            needs: needs(policy, &place, &mut problems),
            upholds: policy.annotation("upholds").map(str::to_owned),
            layer,
            place,
        };
        guardrail.check(&mut problems);
        let named = |problem: Problem| if guardrail.id.is_empty() { problem } else { problem.guardrail(&guardrail.id) };
        if problems.is_empty() { Ok(guardrail) } else { Err(problems.into_iter().map(named).collect()) }
    }

    /// The guardrail as part of a decision; which effects it holds is added there.
    pub(crate) fn holding(&self) -> Holding {
        Holding {
            id: self.id.clone(),
            reason: self.reason.clone(),
            remedy: self.remedy.clone(),
            source: self.source.clone(),
            severity: self.severity,
            needs: self.needs.clone(),
            effects: Vec::new(),
        }
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !self.id.bytes().all(kebab) || self.id.len() > ID_MAX_BYTES {
            let message = format!("`{}` is no name: up to {ID_MAX_BYTES} of a-z, 0-9 and `-`", self.id);
            problems.push(Problem::at(&self.place, message));
        }
        if RESERVED.contains(&self.id.as_str()) {
            problems.push(Problem::at(&self.place, "the name is taken by the program itself"));
        }
        if !self.severity.confirmable() && self.needs.iter().flatten().any(|need| *need == Need::Confirm) {
            let message = format!("`confirm` releases what is low or medium, and this is {}", self.severity);
            problems.push(Problem::at(&self.place, message).hint("Ask for `approvals:1`, or lower the severity"));
        }
    }
}

fn required(policy: &Policy, key: &str, place: &Place, problems: &mut Vec<Problem>) -> String {
    let text = policy.annotation(key).unwrap_or_default().trim();
    if text.is_empty() {
        problems.push(Problem::at(place, format!("`@{key}` is missing")));
    }
    text.to_owned()
}

fn severity(policy: &Policy, place: &Place, problems: &mut Vec<Problem>) -> Severity {
    required(policy, "severity", place, problems).parse().unwrap_or_else(|_| {
        problems.push(Problem::at(place, "`@severity` is one of low, medium, high, critical"));
        Severity::Critical
    })
}

fn needs(policy: &Policy, place: &Place, problems: &mut Vec<Problem>) -> Option<Vec<Need>> {
    let parsed = policy.annotation("needs").map(Need::parse_list)?;
    parsed.map_err(|error| problems.push(Problem::at(place, format!("`@needs`: {error}")))).ok()
}

fn listed() -> String {
    ANNOTATIONS.map(|key| format!("`@{key}`")).join(", ")
}

/// The name of the guardrail that refuses when a case cannot be put to the policies at all. No pack may use it.
pub const UNREADABLE_FACTS: &str = "unreadable-facts";

/// The annotations a guardrail may have.
const ANNOTATIONS: [&str; 7] = ["id", "reason", "remedy", "needs", "source", "severity", "upholds"];
/// Names that no pack may use.
const RESERVED: [&str; 2] = [PERMIT_ID, UNREADABLE_FACTS];
/// Longest name in bytes: names are shown, logged and waived.
const ID_MAX_BYTES: usize = 64;
