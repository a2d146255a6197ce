//! A small world to put questions to a store in: a clock that a test sets, a key, people, changes.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, AgentId, GateId, PermitId, PersonId};
use holdpoint_core::approval::{self, ApprovalRecord, Proof, Ruling, Statement};
use holdpoint_core::change::{Artefact, Change, Setting};
use holdpoint_core::decision::{Decision, Holding, Need, Severity};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::{
    Certainty, Effect, Effects, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};
use holdpoint_core::permit::{Grant, Recorded, Redemption};
use holdpoint_core::question::Answers;
use holdpoint_core::webauthn::{Base64Bytes, RelyingParty};
use holdpoint_log::checkpoint::LogKey;
use holdpoint_log::note::{Ed25519Signer, Signer as _};
use holdpoint_server::store::command::{Ask, EnrolKey, MintCode, Propose, Redeem, Release, Retry, RetryKey, Settle, Speak};
use holdpoint_server::store::record::{ActOutcome, ChangeState, CodePurpose};
use holdpoint_server::store::{CommitError, Fatal, Record as _, Store, Surroundings};
use holdpoint_testkit::authenticator::{Authenticator, Claims};

pub(crate) const START: &str = "2026-11-20T12:00:00Z";
pub(crate) const PARTY: &str = "holdpoint.example";
pub(crate) const ORIGIN: &str = "https://holdpoint.example";

/// What a store stands in, and what a test can turn in it.
pub(crate) struct World {
    now: Arc<Mutex<Timestamp>>,
    fatal: Arc<Mutex<Vec<Fatal>>>,
    signer: Arc<Ed25519Signer>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Arc::new(Mutex::new(START.parse().unwrap())),
            fatal: Arc::default(),
            signer: Arc::new(Ed25519Signer::from_seed("log.example/test".parse().unwrap(), &[7; 32]).unwrap()),
        }
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        let (now, fatal) = (self.now.clone(), self.fatal.clone());
        Surroundings {
            clock: Arc::new(move || *now.lock().unwrap()),
            signer: self.signer.clone(),
            fatal: Arc::new(move |why| fatal.lock().unwrap().push(why)),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// Lets time pass.
    pub(crate) fn pass_s(&self, seconds: i64) {
        self.follow(after_s(self.now(), seconds));
    }

    /// Sets the clock.
    pub(crate) fn follow(&self, at: Timestamp) {
        *self.now.lock().unwrap() = at;
    }

    /// Why stores have stopped.
    pub(crate) fn fatal(&self) -> Vec<Fatal> {
        self.fatal.lock().unwrap().clone()
    }

    pub(crate) fn log_key(&self) -> LogKey {
        LogKey::named_by(self.signer.verifier().clone()).unwrap()
    }
}

/// Waits for an answer on this thread.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn after_s(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(at.as_second() + seconds).unwrap()
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

pub(crate) fn gate() -> GateId {
    GateId::parse("claude-code").unwrap()
}

pub(crate) fn agent_of(name: &str) -> Actor {
    Actor::Agent { id: AgentId::parse(format!("claude-code/{name}")).unwrap(), on_behalf_of: person(name) }
}

pub(crate) fn change(text: &str) -> Change {
    let setting = Setting { directory: "/home/alice/shop".into(), variables: BTreeMap::new(), target: "host:laptop".into() };
    Change::seal(Artefact::Command { text: text.into() }, setting, &Answers::default()).unwrap()
}

pub(crate) fn effects(name: &str) -> Effects {
    Effects::found(vec![Effect {
        verb: Verb::Delete,
        resource: Resource { kind: ResourceKind::File, name: name.into() },
        environment: Environment::Local,
        magnitude: Magnitude::at_most(3, Unit::Files),
        reversibility: Reversibility::Irreversible,
        certainty: Certainty::Exact,
        summary: format!("Deletes {name}"),
        span: None,
        safer: None,
    }])
}

pub(crate) fn hold(needs: &str) -> Decision {
    Decision::of(vec![Holding {
        id: "destroys-untracked-work".into(),
        reason: "git cannot bring it back".into(),
        remedy: "commit it first".into(),
        source: "incident 11".into(),
        severity: Severity::Medium,
        needs: Some(Need::parse_list(needs).unwrap()),
        effects: vec![0],
    }])
}

pub(crate) fn policy() -> Digest {
    Digest::of(b"policy")
}

/// The proposal of `change` by alice's agent, waiting for an hour.
pub(crate) fn proposal(world: &World, change: &Change) -> Propose {
    Propose {
        change: change.clone(),
        answers: Answers::default(),
        effects: effects("/home/alice/shop/build"),
        decision: hold("approvals:1"),
        policy: policy(),
        said: Some("cleans up before the build".into()),
        requester: agent_of("alice"),
        gate: gate(),
        waits_until: after_s(world.now(), 3600),
    }
}

/// The grant that lets alice's agent carry out `change`, good for ten minutes.
pub(crate) fn grant(world: &World, change: &Change, permit: &str) -> Grant {
    Grant {
        permit: PermitId::parse(permit).unwrap(),
        change: change.digest(),
        gate: gate(),
        actor: agent_of("alice"),
        policy: policy(),
        not_before: world.now(),
        not_after: after_s(world.now(), 600),
    }
}

pub(crate) fn redeem(change: &Change, permit: &str) -> Redeem {
    Redeem {
        permit: PermitId::parse(permit).unwrap(),
        change: change.digest(),
        gate: gate(),
        actor: agent_of("alice"),
        tool_use: None,
    }
}

pub(crate) fn done(permit: &str) -> Settle {
    Settle { permit: PermitId::parse(permit).unwrap(), gate: gate(), outcome: ActOutcome::Done { exit_status: Some(0) } }
}

pub(crate) fn retry(name: &str, request: &[u8]) -> Retry {
    Retry { key: RetryKey { owner: "alice".into(), name: name.into() }, request: Digest::of(request) }
}

/// Holds and releases a change, so that its permit can be redeemed.
pub(crate) fn released(world: &World, store: &dyn Store, change: &Change, permit: &str) -> Recorded<Grant> {
    let _ = now(store.record(proposal(world, change))).unwrap();
    now(store.record(Release { grant: grant(world, change, permit) })).unwrap()
}

pub(crate) fn redeemed(world: &World, store: &dyn Store, change: &Change, permit: &str) -> Recorded<Redemption> {
    let _ = released(world, store, change, permit);
    now(store.record(redeem(change, permit))).unwrap()
}

pub(crate) fn state(store: &dyn Store, change: &Change) -> ChangeState {
    now(store.change(change.digest())).unwrap().unwrap().record.state
}

/// A person with an enrolled passkey.
pub(crate) struct Approver {
    pub(crate) id: PersonId,
    pub(crate) key: Authenticator,
}

impl Approver {
    pub(crate) fn enrolled(world: &World, store: &dyn Store, name: &str) -> Self {
        let approver = Self { id: person(name), key: Authenticator::es256().unwrap() };
        let code = Digest::of(name.as_bytes());
        now(store.record(mint(world, code, name))).unwrap().index();
        let credential = approver.key.credential(&approver.id, PARTY, world.now());
        now(store.record(EnrolKey { credential, label: "yubikey".into(), code })).unwrap().index();
        approver
    }

    /// Asks for the person's word and gives it, signed.
    pub(crate) fn word(&self, world: &World, store: &dyn Store, change: &Change, ruling: Ruling) -> Speak {
        let statement = statement(world, change, &self.id, ruling, &nonce(self, ruling));
        now(store.record(Ask::new(statement.clone()).unwrap())).unwrap();
        self.sign(world, store, statement)
    }

    pub(crate) fn sign(&self, world: &World, store: &dyn Store, statement: Vec<u8>) -> Speak {
        let challenge = approval::challenge(&statement);
        let assertion = self.key.answer(challenge.as_bytes(), &Claims::honest(PARTY, ORIGIN)).unwrap();
        let proof = Proof::WebauthnV1 { assertion };
        let record = ApprovalRecord { recorded_at: world.now(), statement: Base64Bytes(statement), proof };
        let keys = holdpoint_server::store::credentials_of(&now(store.credentials()).unwrap());
        let party = RelyingParty { id: PARTY.into(), origins: vec![ORIGIN.into()] };
        let verified = approval::verify(&record, &keys, &party).unwrap();
        Speak::new(record, &verified).unwrap()
    }
}

fn nonce(approver: &Approver, ruling: Ruling) -> [u8; 32] {
    *Digest::of(format!("{}/{}", approver.id, ruling.as_str()).as_bytes()).as_bytes()
}

pub(crate) fn mint(world: &World, hash: Digest, name: &str) -> MintCode {
    MintCode {
        hash,
        purpose: CodePurpose::EnrolKey { person: person(name) },
        label: format!("first key of {name}"),
        expires_at: after_s(world.now(), 600),
    }
}

/// The bytes that `approver` is asked to sign about a change of alice's agent.
pub(crate) fn statement(world: &World, change: &Change, approver: &PersonId, ruling: Ruling, nonce: &[u8]) -> Vec<u8> {
    let statement = Statement {
        r#type: approval::DOMAIN.into(),
        change: change.digest(),
        ruling,
        policy: policy(),
        shown: Digest::of(b"card"),
        requester: "claude-code/alice".into(),
        on_behalf_of: Some(person("alice")),
        approver: approver.clone(),
        issued_at: world.now(),
        expires_at: after_s(world.now(), 300),
        nonce: Base64Bytes(nonce.to_vec()),
    };
    serde_json::to_vec(&statement).unwrap()
}

/// A click: enough to reject.
pub(crate) fn click(world: &World, store: &dyn Store, change: &Change, name: &str) -> Speak {
    let nonce = *Digest::of(format!("click/{name}/{}", change.digest()).as_bytes()).as_bytes();
    let bytes = statement(world, change, &person(name), Ruling::Reject, &nonce);
    now(store.record(Ask::new(bytes.clone()).unwrap())).unwrap();
    let record = ApprovalRecord { recorded_at: world.now(), statement: Base64Bytes(bytes), proof: Proof::Click {} };
    let party = RelyingParty { id: PARTY.into(), origins: vec![ORIGIN.into()] };
    let verified = approval::verify(&record, &[], &party).unwrap();
    Speak::new(record, &verified).unwrap()
}

/// The reason of a refusal.
pub(crate) fn rejection<T: std::fmt::Debug>(result: Result<T, CommitError>) -> holdpoint_server::store::Rejection {
    match result {
        Err(CommitError::Rejected(rejection)) => rejection,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}
