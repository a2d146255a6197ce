//! What is kept, in the shapes that people and programs are shown.

use std::time::Duration;

use holdpoint_api::v1::{
    ChangeStateV1, ChangeV1, GuardrailV1, OpenSessionV1, ProgressV1, ResultV1, RulingV1, SessionV1, SnapshotV1, StatusV1,
    VerdictV1,
};
use holdpoint_core::actor::AgentId;
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::Effect;
use holdpoint_core::mask::Masked;

use crate::clock::fresh_id;
use crate::engine::{Engine, Error};
use crate::identity::Caller;
use crate::standing;
use crate::store::command::OpenSession;
use crate::store::record::{ActOutcome, ChangeRecord, ChangeState, Kept, PermitRecord, Proposal, StoredChange};
use crate::store::{ChangeFilter, Record as _};

/// Longest name of an agent program.
const AGENT_NAME_MAX: usize = 32;

impl Engine {
    /// One change, by its digest or the beginning of it. With patience it waits until the change is no longer held.
    ///
    /// # Errors
    /// Fails where there is no such change, or more than one.
    pub async fn change(&self, text: &str, patience: Duration) -> Result<ChangeV1, Error> {
        let digest = self.digest_beginning(text).await?;
        let waiting = async {
            let mut moved = self.store.watch();
            loop {
                moved.mark_unchanged();
                let change = self.view(digest).await?;
                if change.progress.state != ChangeStateV1::Held {
                    return self.after_hold(change).await;
                }
                moved.changed().await.map_err(|_| Error::Unavailable("the store has stopped".into()))?;
            }
        };
        match tokio::time::timeout(patience, waiting).await {
            Ok(moved) => moved,
            Err(_) => self.view(digest).await,
        }
    }

    /// Waits out the short hold before a permit begins.
    async fn after_hold(&self, change: ChangeV1) -> Result<ChangeV1, Error> {
        if let (ChangeStateV1::Released, Some(not_before)) = (change.progress.state, change.progress.not_before) {
            let left = Duration::try_from(not_before.duration_since(self.now())).unwrap_or(Duration::ZERO);
            tokio::time::sleep(left).await;
        }
        Ok(change)
    }

    async fn digest_beginning(&self, text: &str) -> Result<Digest, Error> {
        if let Ok(digest) = text.parse() {
            return Ok(digest);
        }
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() < 4 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::Malformed(format!("`{text}` is not the beginning of a digest: at least four hex digits")));
        }
        match self.store.changes_beginning(hex).await?.as_slice() {
            [] => Err(Error::NotFound),
            [one] => Ok(one.record.change),
            _ => Err(Error::Malformed(format!("more than one change begins with `{hex}`"))),
        }
    }

    /// Lists changes, the one that moved last first.
    ///
    /// # Errors
    /// Fails where the store cannot be read.
    pub async fn changes(&self, state: Option<ChangeStateV1>, limit: u32) -> Result<Vec<ChangeV1>, Error> {
        let states = state.map(stored_states).unwrap_or_default();
        let filter = ChangeFilter { states, limit: limit as usize, ..ChangeFilter::default() };
        let mut changes = Vec::new();
        for stored in self.store.changes(filter).await? {
            let change = self.view_of(&stored).await?;
            if state.is_none_or(|state| change.progress.state == state) {
                changes.push(change);
            }
        }
        Ok(changes)
    }

    /// One change as it is shown.
    pub(crate) async fn view(&self, digest: Digest) -> Result<ChangeV1, Error> {
        let stored = self.store.change(digest).await?.ok_or(Error::NotFound)?;
        self.view_of(&stored).await
    }

    async fn view_of(&self, stored: &StoredChange) -> Result<ChangeV1, Error> {
        let record = &stored.record;
        let permit = match &record.permit {
            Some(id) => self.store.permit(id.clone()).await?,
            None => None,
        };
        let mut rulings = Vec::new();
        for said in self.store.words(record.change).await? {
            let word = said.word;
            let assurance = word.assurance.as_str().to_owned();
            rulings.push(RulingV1 { approver: word.approver, ruling: word.ruling, assurance, at: word.spoken_at });
        }
        let (text, directory, effects, said) = match &stored.proposal {
            Kept::Here(proposal) => {
                let Proposal { artefact, setting, effects, said } = proposal.clone();
                let masked = Masked::of(&artefact.text());
                let effects = Vec::from(effects).into_iter().map(|effect: Effect| found_again(effect, &masked)).collect();
                (masked.text, setting.directory, effects, said)
            }
            Kept::Redacted { index } => (format!("(taken back: entry {index} of the log)"), String::new(), Vec::new(), None),
        };
        Ok(ChangeV1 {
            change: record.change,
            text,
            directory,
            requester: record.requester.clone(),
            gate: record.gate.clone(),
            decision: VerdictV1::from(&record.decision),
            effects,
            guardrails: record.decision.guardrails().iter().map(GuardrailV1::from).collect(),
            needs: record.decision.needs().into_iter().collect(),
            progress: self.progress(record, permit.as_ref()),
            proposed_at: record.proposed_at,
            rulings,
            said,
            permit: permit.map(|permit| permit.state),
        })
    }

    fn progress(&self, record: &ChangeRecord, permit: Option<&PermitRecord>) -> ProgressV1 {
        ProgressV1 {
            state: standing::state(record, permit.map(|permit| permit.state)),
            card: self.card(record.change),
            not_before: permit.map(|permit| permit.grant.not_before),
            not_after: permit.map(|permit| permit.grant.not_after),
        }
    }

    /// Opens an agent session on behalf of the person behind the caller.
    ///
    /// This is attribution, not proof: whoever can use the person's account on this machine can open one.
    ///
    /// # Errors
    /// Refuses a name that is none.
    pub async fn open_session(&self, caller: &Caller, wanted: OpenSessionV1) -> Result<SessionV1, Error> {
        let agent = wanted.agent;
        let named =
            (1..=AGENT_NAME_MAX).contains(&agent.len()) && agent.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let person = caller.person().filter(|_| named).cloned();
        let person = person
            .ok_or_else(|| Error::Malformed(format!("`{agent}` is not the name of an agent: lower-case letters and `-`")))?;
        let id = fresh_id(self.world.as_ref(), &agent)?;
        let secret = fresh_id(self.world.as_ref(), &format!("{id}.hps"))?;
        let id = AgentId::parse(id).map_err(|why| Error::Malformed(why.to_string()))?;
        let session = OpenSession {
            session: id.clone(),
            agent,
            on_behalf_of: person.clone(),
            secret: Digest::of(secret.as_bytes()),
            code: None,
        };
        let _recorded = self.store.record(session).await?;
        Ok(SessionV1 { id, on_behalf_of: person, secret })
    }

    /// What gates need while the control plane is away.
    #[must_use]
    pub fn snapshot(&self) -> SnapshotV1 {
        SnapshotV1 { head: self.policy.snapshot_head(self.now()), files: self.policy.now().files() }
    }

    /// How the control plane is.
    ///
    /// # Errors
    /// Fails where the store cannot be read.
    pub async fn status(&self) -> Result<StatusV1, Error> {
        let counters = self.store.counters().await?;
        let held = counters.changes.iter().filter(|(state, _)| *state == ChangeState::Held).map(|(_, count)| count).sum();
        let people: std::collections::BTreeSet<_> = self
            .store
            .credentials()
            .await?
            .into_iter()
            .filter(|key| key.credential.revoked_at.is_none())
            .map(|key| key.credential.person)
            .collect();
        let in_force = self.policy.now();
        Ok(StatusV1 {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: self.settings.mode,
            mode_reason: self.settings.mode_reason.clone(),
            console: self.settings.console.clone(),
            policy: in_force.digest(),
            revision: in_force.revision(),
            log_size: counters.log_size,
            held,
            enrolled: people.len() as u64,
        })
    }

    /// Metrics as text.
    ///
    /// # Errors
    /// Fails where the store cannot be read.
    pub async fn metrics_text(&self) -> Result<String, Error> {
        let status = self.status().await?;
        Ok(self.metrics.text(status.held, status.log_size, status.revision))
    }
}

/// The effect, pointing to where its part stands among the masks.
fn found_again(effect: Effect, masked: &Masked) -> Effect {
    let span = effect.span.as_ref().map(|span| masked.place(span));
    Effect { span, ..effect }
}

fn stored_states(state: ChangeStateV1) -> Vec<ChangeState> {
    vec![match state {
        ChangeStateV1::Done | ChangeStateV1::Indeterminate | ChangeStateV1::Started => ChangeState::Spent,
        ChangeStateV1::Expired => ChangeState::Expired,
        ChangeStateV1::Held => ChangeState::Held,
        ChangeStateV1::Refused => ChangeState::Refused,
        ChangeStateV1::Rejected => ChangeState::Rejected,
        ChangeStateV1::Released => ChangeState::Released,
    }]
}

impl From<ResultV1> for ActOutcome {
    fn from(result: ResultV1) -> Self {
        match result {
            ResultV1::Done { status } => Self::Done { exit_status: status },
            ResultV1::Indeterminate { why } => Self::Indeterminate { why },
            ResultV1::NotStarted { why } => Self::NotStarted { why },
        }
    }
}
