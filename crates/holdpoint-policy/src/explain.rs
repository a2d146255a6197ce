//! What is still missing, for people and as data.
//!
//! *Out of scope:* how to get it: widening, escalation and reminders are the server's.

use std::fmt;

use holdpoint_core::decision::{Decision, Holding, Need, Severity};
use holdpoint_core::quorum::Dossier;
use serde::Serialize;

/// A decision with what each guardrail still waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `allow`, `hold` or `refuse`.
    pub decision: &'static str,
    /// Each guardrail that holds or refuses, the gravest first.
    pub guardrails: Vec<Waiting>,
    /// What would release it, from nothing; nothing where nothing would.
    pub release: Option<Vec<Need>>,
}

/// One guardrail and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Its name.
    pub id: String,
    /// Why it holds.
    pub reason: String,
    /// What to do instead, or to release it.
    pub remedy: String,
    /// How much is at stake.
    pub severity: Severity,
    /// Which effects it holds, by their place in the list of effects.
    pub effects: Vec<usize>,
    /// What is not there yet; empty where it refuses for good.
    pub missing: Vec<Missing>,
    /// Whether it refuses for good.
    pub refuses: bool,
}

/// One need that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What is needed.
    pub need: Need,
    /// How much of it is needed: people, or 1.
    pub wanted: u32,
    /// How much of it is there.
    pub has: u32,
}

/// Explains a decision about a change for which `dossier` has been brought forward.
pub fn explain(decision: &Decision, dossier: &Dossier) -> Explanation {
    Explanation {
        decision: decision.as_str(),
        guardrails: decision.guardrails().iter().map(|held| waiting(held, dossier)).collect(),
        release: what_would_release(decision),
    }
}

/// The least that releases a held change, from nothing: each thing once, the most of each. Nothing for a refusal, and an
/// empty list for what is allowed already.
pub fn what_would_release(decision: &Decision) -> Option<Vec<Need>> {
    let refused = decision.guardrails().iter().any(|held| held.needs.is_none());
    let all = decision.needs();
    let most = |count: fn(&Need) -> u32| all.iter().map(count).max().unwrap_or(0);
    let approvals = most(|need| if let Need::Approvals { count } = need { *count } else { 0 });
    let senior = most(|need| if let Need::Senior { count } = need { *count } else { 0 });
    let least = all.iter().filter(|need| match need {
        Need::Approvals { count } => *count == approvals,
        Need::Senior { count } => *count == senior,
        // An approval does as well, and one that is senior is one.
        Need::Confirm => approvals == 0 && senior == 0,
        Need::Evidence { .. } => true,
    });
    (!refused).then(|| least.cloned().collect())
}

fn waiting(held: &Holding, dossier: &Dossier) -> Waiting {
    let needs = held.needs.iter().flatten();
    Waiting {
        id: held.id.clone(),
        reason: held.reason.clone(),
        remedy: held.remedy.clone(),
        severity: held.severity,
        effects: held.effects.clone(),
        missing: needs.map(|need| measured(need, dossier)).filter(|missing| missing.has < missing.wanted).collect(),
        refuses: held.needs.is_none(),
    }
}

fn measured(need: &Need, dossier: &Dossier) -> Missing {
    let (wanted, has) = match need {
        Need::Approvals { count } => (*count, dossier.approvals()),
        Need::Confirm => (1, u32::from(dossier.confirmed() || dossier.approvals() > 0)),
        Need::Evidence { name } => (1, u32::from(dossier.evidence().contains(name))),
        Need::Senior { count } => (*count, dossier.senior_approvals()),
    };
    Missing { need: need.clone(), wanted, has }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { need, wanted, has } = self;
        match need {
            Need::Approvals { count: 1 } => write!(f, "needs 1 approval, has {has}"),
            Need::Approvals { .. } => write!(f, "needs {wanted} approvals, has {has}"),
            Need::Confirm => f.write_str("needs the person behind the agent to confirm"),
            Need::Evidence { name } => write!(f, "needs the evidence `{name}`"),
            Need::Senior { count: 1 } => write!(f, "needs 1 senior approver, has {has}"),
            Need::Senior { .. } => write!(f, "needs {wanted} senior approvers, has {has}"),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.id, self.severity, self.reason)?;
        if self.refuses {
            f.write_str("\n  nothing releases it")?;
        }
        self.missing.iter().try_for_each(|missing| write!(f, "\n  {missing}"))?;
        write!(f, "\n  instead: {}", self.remedy)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.decision {
            "allow" => "allowed",
            "hold" => "held",
            _ => "refused",
        })?;
        self.guardrails.iter().try_for_each(|waiting| write!(f, "\n{waiting}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(id: &str, severity: Severity, needs: Option<&str>) -> Holding {
        Holding {
            id: id.to_owned(),
            reason: "It does harm".to_owned(),
            remedy: "Do something else".to_owned(),
            source: "a test".to_owned(),
            severity,
            needs: needs.map(|needs| Need::parse_list(needs).unwrap()),
            effects: vec![0],
        }
    }

    fn dossier(needs: &str) -> Dossier {
        Dossier::hypothetical(&Need::parse_list(needs).unwrap())
    }

    #[test]
    fn it_says_how_many_are_there_and_how_many_are_missing() {
        let decision = Decision::of(vec![
            held("grave", Severity::Critical, Some("approvals:2, senior:1, evidence:backup")),
            held("light", Severity::Low, Some("confirm")),
        ]);
        assert_eq!(
            explain(&decision, &dossier("approvals:1")).to_string(),
            "held\n\
            grave (critical): It does harm\n  needs 2 approvals, has 1\n  needs 1 senior approver, has 0\n  \
            needs the evidence `backup`\n  instead: Do something else\n\
            light (low): It does harm\n  instead: Do something else"
        );
    }

    #[test]
    fn a_refusal_promises_nothing() {
        let decision = Decision::of(vec![held("never", Severity::High, None), held("light", Severity::Low, Some("confirm"))]);
        let explanation = explain(&decision, &Dossier::default());
        assert_eq!(explanation.release, None);
        assert_eq!(
            explanation.to_string(),
            "refused\n\
            never (high): It does harm\n  nothing releases it\n  instead: Do something else\n\
            light (low): It does harm\n  needs the person behind the agent to confirm\n  instead: Do something else"
        );
    }

    #[test]
    fn the_most_of_each_need_is_the_least_that_releases() {
        let release = |needs: &[&str]| {
            let holdings = needs.iter().map(|needs| held(needs, Severity::Low, Some(needs))).collect();
            let release = what_would_release(&Decision::of(holdings)).unwrap();
            release.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(release(&["confirm", "approvals:1", "approvals:2, senior:1"]), "approvals:2, senior:1");
        assert_eq!(release(&["confirm", "confirm"]), "confirm");
        assert_eq!(release(&["confirm, evidence:scan"]), "confirm, evidence:scan");
        assert_eq!(release(&[]), "");
    }
}
