//! The v1 shapes. A field may be added; none changes its meaning, and none is taken away.

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, AgentId, GateId, PermitId, PersonId};
use holdpoint_core::approval::Ruling;
use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::decision::{Decision, Holding, Need, Severity};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::{Effect, Effects};
use holdpoint_core::permit::PermitState;
use holdpoint_core::question::Answers;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The paths of the API.
pub mod path {
    /// `POST` a [`super::ProposalV1`], answered by an [`super::AnswerV1`].
    pub const PROPOSALS: &str = "/v1/proposals";
    /// `POST` a [`super::RedemptionV1`], answered by a [`super::RedeemedV1`].
    pub const REDEMPTIONS: &str = "/v1/redemptions";
    /// `POST` an [`super::OutcomeV1`].
    pub const OUTCOMES: &str = "/v1/outcomes";
    /// `GET` a [`super::ChangesV1`].
    pub const CHANGES: &str = "/v1/changes";
    /// `GET` a [`super::ChangeV1`]; `{change}` stands for its digest.
    pub const CHANGE: &str = "/v1/changes/{change}";
    /// `GET` a [`super::SnapshotV1`].
    pub const SNAPSHOT: &str = "/v1/snapshot";
    /// `POST` a [`super::OpenSessionV1`], answered by a [`super::SessionV1`].
    pub const SESSIONS: &str = "/v1/sessions";
    /// `GET` the newest signed checkpoint of the log: a C2SP signed note.
    pub const LOG_CHECKPOINT: &str = "/v1/log/checkpoint";
    /// `GET` entries, `?from=INDEX&count=N`, at most 256: a C2SP entry bundle.
    pub const LOG_ENTRIES: &str = "/v1/log/entries";
    /// `GET` a [`super::ReceiptsV1`].
    pub const RECEIPTS: &str = "/v1/receipts";
    /// `GET` a [`super::StatusV1`].
    pub const STATUS: &str = "/v1/status";
    /// `GET` the OpenAPI document.
    pub const OPENAPI: &str = "/openapi.json";
    /// `GET` metrics in the Prometheus text format.
    pub const METRICS: &str = "/metrics";
}

/// Most bytes a request or an answer may have.
pub const BODY_MAX_BYTES: usize = 2 * 1024 * 1024;

/// The header in which the runner of a system installation says for which user id it asks. From anybody else it is an error.
pub const ACTS_FOR: &str = "holdpoint-acts-for";

/// The gate that only the runner of a system installation speaks for.
pub const RUNNER_GATE: &str = "runner";

/// A proposal: what a gate has seen and asks about. Who asks comes from the session, never from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalV1 {
    /// The gate that asks, such as `claude-code` or `command`.
    #[schema(value_type = String, example = "claude-code")]
    pub gate: GateId,
    /// The exact bytes proposed.
    #[schema(value_type = Object, example = json!({"kind": "command", "text": "rm -rf ~/old"}))]
    pub artefact: Artefact,
    /// Where it would act.
    #[schema(value_type = Object, example = json!({"directory": "/home/alice/shop", "variables": {"HOME": "/home/alice"}, "target": "host:laptop"}))]
    pub setting: Setting,
    /// What the gate found out about the world; recorded as asserted by the gate.
    #[schema(value_type = Vec<Object>)]
    pub answers: Answers,
    /// The host's own id for this act, where it has one: a spent permit is answered again for the same id only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// What the agent says about it. Shown last and marked as unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictV1 {
    /// It may happen.
    Allow,
    /// It waits for what `needs` lists.
    Hold,
    /// Nothing that could be added would release it.
    Refuse,
}

/// What was decided about a change, and why: the one object that `--json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JudgementV1 {
    /// What was decided.
    pub decision: VerdictV1,
    /// The change's digest: its only name.
    #[schema(value_type = String)]
    pub change: Digest,
    /// What it would do.
    #[schema(value_type = Vec<Object>)]
    pub effects: Effects,
    /// The guardrails that hold or refuse it, the gravest first.
    pub guardrails: Vec<GuardrailV1>,
    /// What would release it.
    #[schema(value_type = Vec<Object>)]
    pub needs: Vec<Need>,
}

impl JudgementV1 {
    /// Puts a decision into the shape in which it is shown.
    pub fn new(change: Digest, effects: &Effects, decision: &Decision) -> Self {
        Self {
            decision: VerdictV1::from(decision),
            change,
            effects: effects.clone(),
            guardrails: decision.guardrails().iter().map(GuardrailV1::from).collect(),
            needs: decision.needs().into_iter().collect(),
        }
    }
}

/// The answer to a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerV1 {
    /// What was decided.
    pub decision: VerdictV1,
    /// The change's digest: its only name.
    #[schema(value_type = String, example = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    pub change: Digest,
    /// What it would do.
    #[schema(value_type = Vec<Object>)]
    pub effects: Effects,
    /// The guardrails that hold or refuse it, the gravest first.
    pub guardrails: Vec<GuardrailV1>,
    /// What would release it.
    #[schema(value_type = Vec<Object>)]
    pub needs: Vec<Need>,
    /// The policy bundle that was in force.
    #[schema(value_type = String)]
    pub policy: Digest,
    /// The signed head of the snapshot under which free work passes.
    pub snapshot: String,
    /// The permit token, where this very change was released to this asker and the permit is not spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
    /// How far a held change has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressV1>,
}

impl AnswerV1 {
    /// What was decided, without what only a gate needs.
    pub fn judgement(&self) -> JudgementV1 {
        JudgementV1 {
            decision: self.decision,
            change: self.change,
            effects: self.effects.clone(),
            guardrails: self.guardrails.clone(),
            needs: self.needs.clone(),
        }
    }

    /// The decision as the core knows it, so that a gate can ask for a warrant.
    pub fn to_decision(&self) -> Decision {
        let guardrails = || self.guardrails.iter().map(|guardrail| guardrail.to_holding(&self.needs)).collect();
        match self.decision {
            VerdictV1::Allow => Decision::Allow,
            VerdictV1::Hold => Decision::Hold { guardrails: guardrails() },
            VerdictV1::Refuse => Decision::Refuse { guardrails: guardrails() },
        }
    }
}

impl From<&Decision> for VerdictV1 {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allow,
            Decision::Hold { .. } => Self::Hold,
            Decision::Refuse { .. } => Self::Refuse,
        }
    }
}

/// One guardrail that holds a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuardrailV1 {
    /// Its name.
    pub id: String,
    /// Why it holds this change.
    pub reason: String,
    /// What can be done instead, or to release it.
    pub remedy: String,
    /// Where the rule comes from.
    pub source: String,
    /// `low`, `medium`, `high` or `critical`.
    #[schema(value_type = String, example = "medium")]
    pub severity: Severity,
    /// Which effects it holds, by their place in `effects`.
    pub effects: Vec<usize>,
}

impl GuardrailV1 {
    fn to_holding(&self, needs: &[Need]) -> Holding {
        Holding {
            id: self.id.clone(),
            reason: self.reason.clone(),
            remedy: self.remedy.clone(),
            source: self.source.clone(),
            severity: self.severity,
            needs: Some(needs.to_vec()),
            effects: self.effects.clone(),
        }
    }
}

impl From<&Holding> for GuardrailV1 {
    fn from(held: &Holding) -> Self {
        Self {
            id: held.id.clone(),
            reason: held.reason.clone(),
            remedy: held.remedy.clone(),
            source: held.source.clone(),
            severity: held.severity,
            effects: held.effects.clone(),
        }
    }
}

/// How far a held change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgressV1 {
    /// Where it stands.
    pub state: ChangeStateV1,
    /// The page on which a person decides.
    pub card: String,
    /// From when the permit can be used, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub not_before: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub not_after: Option<Timestamp>,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeStateV1 {
    /// It was carried out, and what came of it is known.
    Done,
    /// The time to decide or to act passed.
    Expired,
    /// It waits for people or evidence.
    Held,
    /// It was carried out or not; nobody can tell.
    Indeterminate,
    /// Policy refuses it.
    Refused,
    /// A person stopped it.
    Rejected,
    /// It was released; the retry of the identical change goes through.
    Released,
    /// Its permit was spent; the outcome is not known yet.
    Started,
}

impl ChangeStateV1 {
    /// The state as it is spelled in JSON and shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Expired => "expired",
            Self::Held => "held",
            Self::Indeterminate => "indeterminate",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Released => "released",
            Self::Started => "started",
        }
    }
}

/// A gate brings a permit back, with the change it sees now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedemptionV1 {
    /// The permit token.
    pub permit: String,
    /// What the gate sees now: read again, so that what runs is what was decided.
    pub seen: ProposalV1,
}

/// The answer to a redemption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedeemedV1 {
    /// The permit that was spent.
    #[schema(value_type = String)]
    pub permit: PermitId,
    /// The signed receipt from which the gate makes its warrant.
    pub receipt: String,
}

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeV1 {
    /// The permit that was spent.
    #[schema(value_type = String)]
    pub permit: PermitId,
    /// The host's own id for the act, where the gate answered and the host acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// The gate.
    #[schema(value_type = String)]
    pub gate: GateId,
    /// What came of it.
    pub result: ResultV1,
}

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ResultV1 {
    /// It is over.
    Done {
        /// The exit status, where it is known; 128 + the signal where a signal ended it.
        status: Option<i32>,
    },
    /// Nobody can tell.
    Indeterminate {
        /// Why.
        why: String,
    },
    /// It is proved not to have begun.
    NotStarted {
        /// Why.
        why: String,
    },
}

/// A list of changes, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangesV1 {
    /// The changes.
    pub changes: Vec<ChangeV1>,
}

/// A change as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeV1 {
    /// Its digest.
    #[schema(value_type = String)]
    pub change: Digest,
    /// What is proposed, with secrets masked.
    pub text: String,
    /// Where.
    pub directory: String,
    /// Who proposed it.
    #[schema(value_type = Object)]
    pub requester: Actor,
    /// At which gate.
    #[schema(value_type = String)]
    pub gate: GateId,
    /// What was decided when it was last proposed.
    pub decision: VerdictV1,
    /// What it would do.
    #[schema(value_type = Vec<Object>)]
    pub effects: Vec<Effect>,
    /// The guardrails that hold it.
    pub guardrails: Vec<GuardrailV1>,
    /// What would release it.
    #[schema(value_type = Vec<Object>)]
    pub needs: Vec<Need>,
    /// Where it stands.
    pub progress: ProgressV1,
    /// When it was first proposed.
    #[schema(value_type = String)]
    pub proposed_at: Timestamp,
    /// What people have said.
    pub rulings: Vec<RulingV1>,
    /// What the agent says about it; unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Its permit's state, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub permit: Option<PermitState>,
}

/// What a person said about a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulingV1 {
    /// Who.
    #[schema(value_type = String)]
    pub approver: PersonId,
    /// What.
    #[schema(value_type = String, example = "approve")]
    pub ruling: Ruling,
    /// How sure one can be that it was they: `P0`, `P0-local`, `P1`, `P2`.
    pub assurance: String,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
}

/// A list of receipts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptsV1 {
    /// The receipts.
    pub receipts: Vec<ReceiptV1>,
}

/// That a change was released, or helped on its way, in somebody's name: told on another channel than the one it was signed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptV1 {
    /// The change.
    #[schema(value_type = String)]
    pub change: Digest,
    /// The comparison code that stood on the card and in the agent's terminal.
    #[schema(example = "maple-otter-4417")]
    pub code: String,
    /// What was proposed, with secrets masked.
    pub text: String,
    /// In whose name.
    #[schema(value_type = String)]
    pub approver: PersonId,
    /// What they said.
    #[schema(value_type = String, example = "approve")]
    pub ruling: Ruling,
    /// How sure one can be that it was they: `P0-local`, `P1`, `P2`.
    pub assurance: String,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Where the change stands.
    pub state: ChangeStateV1,
    /// From when its permit can be used, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub not_before: Option<Timestamp>,
    /// Whether it can still be stopped by a click.
    pub revocable: bool,
}

/// Everything a gate needs to let free work through while the control plane is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotV1 {
    /// The signed head.
    pub head: String,
    /// The policy bundle's files: path to text. Their digest is in the head.
    pub files: std::collections::BTreeMap<String, String>,
}

/// Opens an agent session on behalf of the person who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSessionV1 {
    /// The agent program, such as `claude-code`.
    pub agent: String,
}

/// An agent session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionV1 {
    /// Its id.
    #[schema(value_type = String)]
    pub id: AgentId,
    /// The person behind it.
    #[schema(value_type = String)]
    pub on_behalf_of: PersonId,
    /// The secret that a client shows with each request. Shown once.
    pub secret: String,
}

/// How the control plane is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusV1 {
    /// The program's version.
    pub version: String,
    /// `advisory` where the server runs as the user it guards, `enforcing` otherwise.
    pub mode: ModeV1,
    /// Why.
    pub mode_reason: String,
    /// The address of the console.
    pub console: String,
    /// The policy bundle in force.
    #[schema(value_type = String)]
    pub policy: Digest,
    /// Its revision.
    pub revision: u64,
    /// Entries in the log.
    pub log_size: u64,
    /// Changes that wait for somebody.
    pub held: u64,
    /// People with an enrolled key.
    pub enrolled: u64,
}

/// What Holdpoint is on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModeV1 {
    /// It runs as the user it guards: tampering is made visible, not impossible.
    Advisory,
    /// It runs as another user or on another machine.
    Enforcing,
}

impl ModeV1 {
    /// The mode as it is spelled in JSON and in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Enforcing => "enforcing",
        }
    }
}

/// Why a request was not answered. Nothing has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorV1 {
    /// One of the documented words, such as `not-found`.
    pub error: String,
    /// What happened.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
