//! What was decided, and why: the guardrails that still hold are the decision *and* its explanation.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The answer to a proposal. There is no fourth outcome, and no boolean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decision {
    /// No guardrail holds it.
    Allow,
    /// It waits until what is missing is there.
    Hold {
        /// The guardrails that hold it, sorted by severity and then by name; never none.
        guardrails: Vec<Holding>,
    },
    /// Nothing that could be added would release it.
    Refuse {
        /// Every reason, the final ones first; never none.
        guardrails: Vec<Holding>,
    },
}

impl Decision {
    /// Makes the decision that a set of holding guardrails amounts to: none allows; one that needs nothing refuses.
    pub fn of(mut guardrails: Vec<Holding>) -> Self {
        guardrails.sort_by(|a, b| (a.needs.is_some(), b.severity, &a.id).cmp(&(b.needs.is_some(), a.severity, &b.id)));
        match guardrails.first() {
            None => Self::Allow,
            Some(first) if first.needs.is_none() => Self::Refuse { guardrails },
            Some(_) => Self::Hold { guardrails },
        }
    }

    /// The guardrails that hold or refuse the change.
    pub fn guardrails(&self) -> &[Holding] {
        match self {
            Self::Allow => &[],
            Self::Hold { guardrails } | Self::Refuse { guardrails } => guardrails,
        }
    }

    /// All that is needed to release a held change, each thing once.
    pub fn needs(&self) -> BTreeSet<Need> {
        self.guardrails().iter().flat_map(|held| held.needs.iter().flatten().cloned()).collect()
    }

    /// The highest severity among the guardrails.
    pub fn severity(&self) -> Option<Severity> {
        self.guardrails().iter().map(|held| held.severity).max()
    }

    /// `allow`, `hold` or `refuse`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold { .. } => "hold",
            Self::Refuse { .. } => "refuse",
        }
    }
}

/// One guardrail that holds a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// The guardrail's name.
    pub id: String,
    /// Why it holds this change.
    pub reason: String,
    /// What a person or agent can do instead, or to release it.
    pub remedy: String,
    /// Where the rule comes from.
    pub source: String,
    /// How much is at stake.
    pub severity: Severity,
    /// What would release it; nothing where nothing would.
    pub needs: Option<Vec<Need>>,
    /// Which effects it holds, by their place in the list of effects.
    pub effects: Vec<usize>,
}

/// How much is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The own machine, recoverable with effort.
    Low,
    /// The own machine for good, or shared staging.
    Medium,
    /// Shared systems.
    High,
    /// Tier 1, credentials, the guard itself.
    Critical,
}

impl Severity {
    /// The severity as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Whether the person behind an agent may release their own agent's change by *confirm*.
    pub const fn confirmable(self) -> bool {
        matches!(self, Self::Low | Self::Medium)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = MalformedNeed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Low, Self::Medium, Self::High, Self::Critical];
        all.into_iter().find(|severity| severity.as_str() == text).ok_or_else(|| MalformedNeed { text: text.to_owned() })
    }
}

/// One thing that a held change needs. `@needs` in a policy spells a list of these, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Need {
    /// `approvals:N` — signatures of so many people other than the requester and the person behind the agent.
    Approvals {
        /// How many people.
        count: u32,
    },
    /// `confirm` — the person behind the agent releases it themselves; an approval does as well.
    Confirm,
    /// `evidence:NAME` — a signed attestation by something other than the proposer.
    Evidence {
        /// Which evidence.
        name: String,
    },
    /// `senior:N` — so many of the approvers are senior.
    Senior {
        /// How many people.
        count: u32,
    },
}

impl Need {
    /// Those of the needs that no other one contains: of two counts the greater. For people who read them.
    pub fn strictest(needs: &[Self]) -> Vec<&Self> {
        let contained = |need: &Self| {
            needs.iter().any(|other| match (need, other) {
                (Self::Approvals { count }, Self::Approvals { count: more }) => more > count,
                (Self::Senior { count }, Self::Senior { count: more }) => more > count,
                _ => false,
            })
        };
        needs.iter().filter(|need| !contained(need)).collect()
    }

    /// Reads a list as `@needs` spells it, such as `approvals:2, senior:1`.
    ///
    /// # Errors
    /// Refuses an empty list, an unknown word, and a count of zero.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, MalformedNeed> {
        text.split(',').map(|item| item.trim().parse()).collect()
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approvals { count } => write!(f, "approvals:{count}"),
            Self::Confirm => f.write_str("confirm"),
            Self::Evidence { name } => write!(f, "evidence:{name}"),
            Self::Senior { count } => write!(f, "senior:{count}"),
        }
    }
}

impl FromStr for Need {
    type Err = MalformedNeed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MalformedNeed { text: text.to_owned() };
        let count = |digits: &str| digits.parse::<u32>().ok().filter(|count| *count > 0).ok_or_else(malformed);
        match text.split_once(':') {
            None if text == "confirm" => Ok(Self::Confirm),
            Some(("approvals", digits)) => count(digits).map(|count| Self::Approvals { count }),
            Some(("senior", digits)) => count(digits).map(|count| Self::Senior { count }),
            Some(("evidence", name)) if !name.is_empty() => Ok(Self::Evidence { name: name.to_owned() }),
            _ => Err(malformed()),
        }
    }
}

/// A need or severity that is not spelled as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is none of `confirm`, `approvals:N`, `senior:N`, `evidence:NAME` (or, for a severity, low, medium, high, critical)"
)]
pub struct MalformedNeed {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(id: &str, severity: Severity, needs: Option<&str>) -> Holding {
        Holding {
            id: id.into(),
            reason: String::new(),
            remedy: String::new(),
            source: String::new(),
            severity,
            needs: needs.map(|text| Need::parse_list(text).unwrap()),
            effects: vec![0],
        }
    }

    #[test]
    fn a_guardrail_that_needs_nothing_refuses_whatever_else_holds() {
        let refuse = Decision::of(vec![holding("a", Severity::Critical, Some("approvals:2")), holding("b", Severity::Low, None)]);
        assert_eq!(refuse.as_str(), "refuse");
        assert_eq!(refuse.guardrails().first().map(|held| held.id.as_str()), Some("b"));
    }

    #[test]
    fn the_gravest_guardrail_comes_first() {
        let hold =
            Decision::of(vec![holding("a", Severity::Low, Some("confirm")), holding("b", Severity::High, Some("approvals:1"))]);
        let ids: Vec<_> = hold.guardrails().iter().map(|held| held.id.as_str()).collect();
        assert_eq!((hold.as_str(), ids), ("hold", vec!["b", "a"]));
        assert_eq!(hold.severity(), Some(Severity::High));
        assert_eq!(hold.needs().iter().map(ToString::to_string).collect::<Vec<_>>(), ["approvals:1", "confirm"]);
        let needs = Need::parse_list("approvals:1, approvals:2, confirm, senior:1").unwrap();
        let strictest: Vec<_> = Need::strictest(&needs).into_iter().map(ToString::to_string).collect();
        assert_eq!(strictest, ["approvals:2", "confirm", "senior:1"]);
    }

    #[test]
    fn nothing_that_holds_allows() {
        assert_eq!(Decision::of(vec![]), Decision::Allow);
    }

    #[test]
    fn a_need_that_asks_for_nothing_is_malformed() {
        for bad in
            ["", "approvals:0", "approvals:", "approvals", "evidence:", "confirm:1", "approvals:1,,confirm", "approvals:-1"]
        {
            assert!(Need::parse_list(bad).is_err(), "{bad:?}");
        }
    }
}
