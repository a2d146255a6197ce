//! How a change stands, in the words of the API: read from its record alone.

use holdpoint_api::v1::ChangeStateV1;
use holdpoint_core::approval::Ruling;
use holdpoint_core::decision::{Decision, Holding, Severity};
use holdpoint_core::permit::PermitState;

use crate::store::record::{ChangeRecord, ChangeState};

/// Where a change stands, as it is shown: what is kept of it, and of its permit where there is one.
pub(crate) fn state(record: &ChangeRecord, permit: Option<PermitState>) -> ChangeStateV1 {
    match (record.state, permit) {
        (ChangeState::Spent, Some(PermitState::Done)) => ChangeStateV1::Done,
        (ChangeState::Spent, Some(PermitState::Indeterminate)) => ChangeStateV1::Indeterminate,
        (ChangeState::Spent, _) => ChangeStateV1::Started,
        (ChangeState::Expired, _) => ChangeStateV1::Expired,
        (ChangeState::Held, _) => ChangeStateV1::Held,
        (ChangeState::Refused, _) => ChangeStateV1::Refused,
        (ChangeState::Rejected, _) => ChangeStateV1::Rejected,
        (ChangeState::Released, _) => ChangeStateV1::Released,
    }
}

/// The names of the guardrails that hold.
pub(crate) fn names(decision: &Decision) -> Vec<&str> {
    decision.guardrails().iter().map(|held| held.id.as_str()).collect()
}

/// A person's rejection as a reason that holds.
pub(crate) fn rejection(record: &ChangeRecord) -> Holding {
    let by =
        record.spoken.iter().find(|(_, ruling)| **ruling == Ruling::Reject).map_or("a person", |(person, _)| person.as_str());
    Holding {
        id: "rejected".into(),
        reason: format!("{by} rejected this very change"),
        remedy: "Propose something else, or talk to them; the identical change stays rejected for a while".into(),
        source: "a person's word".into(),
        severity: record.decision.severity().unwrap_or(Severity::Medium),
        needs: None,
        effects: Vec::new(),
    }
}

/// A hold that also says that the very change is released already, for somebody else.
pub(crate) fn released_for_another(held: &Decision) -> Decision {
    let severity = held.severity().unwrap_or(Severity::Medium);
    let mut guardrails = held.guardrails().to_vec();
    guardrails.push(Holding {
        id: "released-for-another".into(),
        reason: "This very change is released for another session, which can still carry it out".into(),
        remedy: "Leave it to them; if it is still wanted when they are done, ask again".into(),
        source: "a permit is one session's".into(),
        severity,
        needs: Some(Vec::new()),
        effects: Vec::new(),
    });
    Decision::of(guardrails)
}
