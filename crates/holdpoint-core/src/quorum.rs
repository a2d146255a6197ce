//! Counting people: who has released a change, once everybody who may not is left out.
//!
//! A quorum counts people, not keys. The requester, the person behind an agent and every agent are excluded here, in one
//! place, before any policy sees a number.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, PersonId};
use crate::approval::{Ruling, VerifiedApproval};
use crate::decision::Need;
use crate::digest::Digest;
use crate::estate::{Estate, Seniority};

/// What has been brought forward for one change so far: everything about it that can still grow.
///
/// It is written down with each decision, and read back only to run that decision again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    // INVARIANT: holds only people who may approve this change; built by `derive`.
    approvers: BTreeMap<PersonId, Seniority>,
    confirmed: bool,
    evidence: BTreeSet<String>,
}

impl Dossier {
    /// Derives the dossier of the change `digest`, proposed by `requester`, from approvals whose signatures were verified.
    ///
    /// Left out: approvals of another digest, and those of the requester or the person behind the agent. A confirm counts
    /// only when the person behind the agent gave it, and never as an approval.
    pub fn derive<'a>(
        digest: Digest,
        requester: &Actor,
        approvals: impl IntoIterator<Item = &'a VerifiedApproval>,
        estate: &Estate,
    ) -> Self {
        let mut dossier = Self::default();
        for approval in approvals.into_iter().filter(|approval| approval.change() == digest) {
            let own = requester.accountable() == Some(approval.approver());
            match approval.ruling() {
                Ruling::Approve if !own => {
                    let person = approval.approver().clone();
                    let seniority = estate.seniority(&person);
                    dossier.approvers.insert(person, seniority);
                }
                Ruling::Confirm if own => dossier.confirmed = true,
                Ruling::Approve | Ruling::Confirm | Ruling::Reject => {}
            }
        }
        dossier
    }

    /// Builds the smallest dossier that meets exactly these needs, for tests of policies and for the question "what would
    /// release it?". It stands for no person and is never the basis of a grant.
    pub fn hypothetical(needs: &[Need]) -> Self {
        let mut dossier = Self::default();
        let wanted = |pick: fn(&Need) -> u32| needs.iter().map(pick).max().unwrap_or(0);
        let senior = wanted(|need| if let Need::Senior { count } = need { *count } else { 0 });
        let all = wanted(|need| if let Need::Approvals { count } = need { *count } else { 0 }).max(senior);
        for n in 0..all.min(16) {
            if let Ok(person) = PersonId::parse(format!("person-{n}")) {
                dossier.approvers.insert(person, if n < senior { Seniority::Senior } else { Seniority::Mid });
            }
        }
        dossier.confirmed = needs.contains(&Need::Confirm);
        dossier.evidence =
            needs.iter().filter_map(|need| if let Need::Evidence { name } = need { Some(name.clone()) } else { None }).collect();
        dossier
    }

    /// The people who approved.
    pub fn approvers(&self) -> impl Iterator<Item = &PersonId> {
        self.approvers.keys()
    }

    /// How many people approved.
    pub fn approvals(&self) -> u32 {
        u32::try_from(self.approvers.len()).unwrap_or(u32::MAX)
    }

    /// How many senior people approved.
    pub fn senior_approvals(&self) -> u32 {
        let senior = self.approvers.values().filter(|seniority| **seniority >= Seniority::Senior).count();
        u32::try_from(senior).unwrap_or(u32::MAX)
    }

    /// Whether the person behind the agent confirmed.
    pub const fn confirmed(&self) -> bool {
        self.confirmed
    }

    /// The names of the evidence that is there.
    pub const fn evidence(&self) -> &BTreeSet<String> {
        &self.evidence
    }
}

impl Need {
    /// Whether a dossier meets it.
    pub fn met_by(&self, dossier: &Dossier) -> bool {
        match self {
            Self::Approvals { count } => dossier.approvals() >= *count,
            Self::Confirm => dossier.confirmed() || dossier.approvals() >= 1,
            Self::Evidence { name } => dossier.evidence().contains(name),
            Self::Senior { count } => dossier.senior_approvals() >= *count,
        }
    }
}
