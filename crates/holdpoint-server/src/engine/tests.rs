//! The flow from a proposal to its outcome: refusals first, the disk's lies, then what goes well.

use std::sync::{Mutex, mpsc};

use holdpoint_api::v1::{ChangeStateV1, ResultV1};
use holdpoint_core::actor::{AgentId, PersonId};
use holdpoint_core::approval::{Assurance, Statement, challenge};
use holdpoint_core::change::{Artefact, CANARY, Setting};
use holdpoint_core::permit::Warrant;
use holdpoint_core::question::{Answer, FileKind, PathFacts, Place, Question};
use holdpoint_core::webauthn::Base64Bytes;
use holdpoint_policy::bundle::{Bundle, Manifest};
use holdpoint_policy::shipped;
use holdpoint_testkit::authenticator::{Authenticator, Claims};

use super::*;
use crate::approvals::Wanted;
use crate::clock::Fixed;
use crate::data_directory::DataDirectory;
use crate::http::listen::Peer;
use crate::identity::{Unidentified, identify};
use crate::store::command::{EnrolKey, MintCode, OpenSession, Sweep};
use crate::store::memory::{Disk, Faults, MemoryStore};
use crate::store::record::CodePurpose;
use crate::store::{self, Fatal};

const NOON: &str = "2026-11-20T12:00:00Z";
const ORIGIN: &str = "http://localhost:7423";
const RUNNER_UID: u32 = 990;
/// Medium: the person behind the agent may confirm.
const DELETION: &str = "rm -rf /srv/old";
/// High: another person has to approve.
const REWRITE: &str = "git push --force origin main";

/// An installation of alice's, on a disk in memory, with bob beside her.
struct House {
    engine: Arc<Engine>,
    clock: Arc<Fixed>,
    faults: Faults,
    fatal: Mutex<mpsc::Receiver<Fatal>>,
    alice: Authenticator,
    bob: Authenticator,
    _directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let (clock, disk, faults) = (Arc::new(Fixed::new(NOON.parse().unwrap(), 1)), Disk::default(), Faults::default());
        let directory = tempfile::tempdir().unwrap();
        let (heard, fatal) = mpsc::channel();
        let key = Arc::new(InstallationKey::open(&DataDirectory::open(directory.path()).unwrap()).unwrap());
        let now = clock.clone();
        let surroundings = store::Surroundings {
            clock: Arc::new(move || now.now()),
            signer: Arc::new(key.log_signer().unwrap()),
            fatal: Arc::new(move |why| drop(heard.send(why))),
        };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::open(&disk, &faults, surroundings).unwrap());
        let (free_work, _writer) = FreeWorkLog::start(store.clone(), &[gate()]).await.unwrap();
        let settings = Settings {
            owner: person("alice"),
            locals: Locals::of_system([(1000, person("alice")), (1001, person("carol"))], RUNNER_UID),
            console: ORIGIN.into(),
            party: RelyingParty { id: "localhost".into(), origins: vec![ORIGIN.into()] },
            mode: ModeV1::Advisory,
            mode_reason: "a test".into(),
            times: Times::default(),
            notifier: None,
        };
        let policy = PolicyInForce::new(Bundle::shipped().unwrap(), key.clone());
        let engine = Engine { store, world: clock.clone(), key, policy, settings, metrics: Metrics::default(), free_work };
        let (alice, bob) = (Authenticator::es256().unwrap(), Authenticator::es256().unwrap());
        let house = Self { engine: Arc::new(engine), clock, faults, fatal: Mutex::new(fatal), alice, bob, _directory: directory };
        house.enrol("alice", &house.alice).await;
        house.enrol("bob", &house.bob).await;
        house
    }

    async fn enrol(&self, name: &str, key: &Authenticator) {
        let code = Digest::of(name.as_bytes());
        let mint = MintCode {
            hash: code,
            purpose: CodePurpose::EnrolKey { person: person(name) },
            label: name.into(),
            expires_at: "2026-11-21T12:00:00Z".parse().unwrap(),
        };
        let _minted = self.engine.store.record(mint).await.unwrap();
        let credential = key.credential(&person(name), "localhost", NOON.parse().unwrap());
        let _enrolled = self.engine.store.record(EnrolKey { credential, label: "key".into(), code }).await.unwrap();
    }

    /// Somebody of the owner's user id without a session.
    async fn caller(&self) -> Caller {
        identify(Peer::Local { uid: 1000 }, None, None, self.engine.locals(), self.engine.store()).await.unwrap()
    }

    /// The runner, asking for a user id.
    async fn through_the_runner(&self, uid: u32) -> Caller {
        identify(Peer::Local { uid: RUNNER_UID }, None, Some(uid), self.engine.locals(), self.engine.store()).await.unwrap()
    }

    /// An agent in a session of its own, for this person.
    async fn agent_of(&self, name: &str) -> Caller {
        let secret = format!("agent_{name}.secret");
        let open = OpenSession {
            session: AgentId::parse(format!("agent_{name}")).unwrap(),
            agent: "claude-code".into(),
            on_behalf_of: person(name),
            secret: Digest::of(secret.as_bytes()),
            code: None,
        };
        let _opened = self.engine.store.record(open).await.unwrap();
        identify(Peer::Loopback, Some(&secret), None, self.engine.locals(), self.engine.store()).await.unwrap()
    }

    async fn propose(&self, proposal: &ProposalV1) -> AnswerV1 {
        self.engine.propose(&self.caller().await, proposal.clone()).await.unwrap()
    }

    /// A person reads the card as it is and signs what they say.
    async fn say(&self, change: Digest, ruling: Ruling, name: &str) -> Result<ChangeV1, Error> {
        let shown = self.engine.open(change).await?.card.shown;
        let asked = self.engine.ask(Wanted { change, ruling, person: person(name), shown }).await?;
        self.engine.hear(change, asked.statement.clone(), self.signed(&asked.statement, name)).await
    }

    fn signed(&self, statement: &Base64Bytes, name: &str) -> holdpoint_core::webauthn::Assertion {
        let key = if name == "alice" { &self.alice } else { &self.bob };
        key.answer(challenge(&statement.0).as_bytes(), &Claims::honest("localhost", ORIGIN)).unwrap()
    }

    async fn redeem(&self, permit: &str, seen: &ProposalV1) -> Result<RedeemedV1, Error> {
        let redemption = RedemptionV1 { permit: permit.to_owned(), seen: seen.clone() };
        self.engine.redeem(&self.caller().await, redemption).await
    }

    async fn settle(&self, redeemed: &RedeemedV1, result: ResultV1) -> Result<(), Error> {
        let outcome = OutcomeV1 { permit: redeemed.permit.clone(), act: None, gate: gate(), result };
        self.engine.settle(&self.caller().await, outcome).await
    }

    async fn state(&self, change: Digest) -> ChangeStateV1 {
        self.engine.view(change).await.unwrap().progress.state
    }

    /// A change that alice confirmed, with the permit of its retry.
    async fn confirmed(&self, proposal: &ProposalV1) -> String {
        let change = self.propose(proposal).await.change;
        self.say(change, Ruling::Confirm, "alice").await.unwrap();
        self.propose(proposal).await.permit.unwrap()
    }

    fn later(&self, seconds: i64) {
        let now = self.clock.now();
        self.clock.set(Timestamp::from_second(now.as_second() + seconds).unwrap());
    }
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn gate() -> GateId {
    GateId::parse("claude-code").unwrap()
}

fn command(text: &str) -> ProposalV1 {
    ProposalV1 {
        gate: gate(),
        artefact: Artefact::Command { text: text.into() },
        setting: Setting { directory: "/srv/shop".into(), variables: Default::default(), target: "host:laptop/uid:1000".into() },
        answers: Answers::default(),
        act: None,
        said: None,
    }
}

/// The deletion, by a gate that looked and found so many files.
fn deletion_of(files: u64) -> ProposalV1 {
    let facts = PathFacts {
        canonical: "/srv/old".into(),
        kind: FileKind::Directory,
        place: Place::Elsewhere,
        files: Some(files),
        git: None,
    };
    let mut proposal = command(DELETION);
    proposal.answers.insert(Question::Path { path: "/srv/old".into() }, Answer::Path { facts });
    proposal
}

#[tokio::test]
async fn free_work_waits_for_nobody_and_needs_no_permit() {
    let house = House::new().await;
    let answer = house.propose(&command("ls -l")).await;
    assert_eq!((answer.decision, answer.permit, answer.progress), (VerdictV1::Allow, None, None));
}

#[tokio::test]
async fn a_canary_of_doctor_is_held_and_stays_in_nobodys_inbox() {
    let house = House::new().await;
    let canary = house.propose(&command(CANARY)).await;
    let almost = house.propose(&command(&format!("{CANARY} "))).await;
    assert_eq!((canary.decision, almost.decision), (VerdictV1::Hold, VerdictV1::Hold));
    house.later(1);
    house.engine.store.record(Sweep::default()).await.unwrap();
    assert_eq!(house.state(canary.change).await, ChangeStateV1::Expired);
    assert_eq!(house.state(almost.change).await, ChangeStateV1::Held, "one byte more is a change like any other");
}

#[tokio::test]
async fn a_confirmed_change_goes_through_once() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let held = house.propose(&proposal).await;
    assert_eq!((held.decision, held.permit), (VerdictV1::Hold, None));
    house.say(held.change, Ruling::Confirm, "alice").await.unwrap();

    let permit = house.propose(&proposal).await.permit.unwrap();
    let redeemed = house.redeem(&permit, &proposal).await.unwrap();
    let receipt = Signed::<Receipt>::parse(&redeemed.receipt).unwrap();
    let seen = Change::seal(proposal.artefact.clone(), proposal.setting.clone(), &proposal.answers).unwrap();
    let key = house.engine.key.verifying_key();
    assert!(Warrant::redeemed(&receipt, &key, &gate(), &seen, house.clock.now()).is_ok());

    assert!(house.redeem(&permit, &proposal).await.is_err(), "a permit is spent once");
    house.settle(&redeemed, ResultV1::Done { status: Some(0) }).await.unwrap();
    assert_eq!(house.state(held.change).await, ChangeStateV1::Done);
    let again = house.propose(&proposal).await;
    assert_eq!((again.decision, again.permit), (VerdictV1::Hold, None), "what was said counts for one act");
}

#[tokio::test]
async fn nobody_releases_what_is_severe_for_their_own_agent() {
    let house = House::new().await;
    let change = house.propose(&command(REWRITE)).await.change;
    for ruling in [Ruling::Confirm, Ruling::Approve] {
        assert!(matches!(house.say(change, ruling, "alice").await, Err(Error::Forbidden(_))), "{ruling:?}");
    }
    assert_eq!(house.state(change).await, ChangeStateV1::Held);
}

#[tokio::test]
async fn an_approval_leaves_time_to_object_and_then_ends() {
    let house = House::new().await;
    let proposal = command(REWRITE);
    let change = house.propose(&proposal).await.change;
    let said = house.say(change, Ruling::Approve, "bob").await.unwrap();
    assert_eq!(said.rulings.first().map(|ruling| ruling.assurance.clone()), Some(Assurance::Local.as_str().to_owned()));
    house.later(59);
    let waiting = house.propose(&proposal).await;
    assert_eq!((waiting.decision, waiting.permit), (VerdictV1::Hold, None));
    house.later(1);
    let permit = house.propose(&proposal).await.permit.unwrap();
    house.later(31 * 60);
    assert!(house.redeem(&permit, &proposal).await.is_err(), "the permit has run out");
    assert_eq!(house.propose(&proposal).await.permit, None);
}

#[tokio::test]
async fn a_statement_is_answered_once_and_by_the_one_it_names() {
    let house = House::new().await;
    let change = house.propose(&command(REWRITE)).await.change;
    let shown = house.engine.open(change).await.unwrap().card.shown;
    let wanted = Wanted { change, ruling: Ruling::Approve, person: person("bob"), shown };
    let asked = house.engine.ask(wanted).await.unwrap();
    let by_alice = house.signed(&asked.statement, "alice");
    assert!(matches!(house.engine.hear(change, asked.statement.clone(), by_alice).await, Err(Error::Forbidden(_))));

    let mut relabelled: Statement = Statement::read(&asked.statement.0).unwrap();
    relabelled.expires_at = "2027-01-01T00:00:00Z".parse().unwrap();
    let invented = Base64Bytes(serde_json::to_vec(&relabelled).unwrap());
    let signed = house.signed(&invented, "bob");
    assert!(house.engine.hear(change, invented, signed).await.is_err(), "a statement that nobody issued");

    let by_bob = house.signed(&asked.statement, "bob");
    house.engine.hear(change, asked.statement.clone(), by_bob.clone()).await.unwrap();
    assert!(house.engine.hear(change, asked.statement, by_bob).await.is_err(), "the same answer twice");
}

#[tokio::test]
async fn a_page_that_shows_something_else_gets_nothing_to_sign() {
    let house = House::new().await;
    let change = house.propose(&command(REWRITE)).await.change;
    let wanted = Wanted { change, ruling: Ruling::Approve, person: person("bob"), shown: Digest::of(b"a harmless card") };
    assert!(matches!(house.engine.ask(wanted).await, Err(Error::NotReleased(_))));
}

#[tokio::test]
async fn what_has_become_worse_than_what_was_shown_is_held_again() {
    let house = House::new().await;
    let permit = house.confirmed(&deletion_of(3)).await;
    assert!(house.redeem(&permit, &deletion_of(4)).await.is_err(), "more files than were shown");
    assert_eq!(house.propose(&deletion_of(4)).await.permit, None);
}

#[tokio::test]
async fn what_has_become_smaller_is_still_released() {
    let house = House::new().await;
    let permit = house.confirmed(&deletion_of(3)).await;
    assert!(house.redeem(&permit, &deletion_of(2)).await.is_ok());
}

#[tokio::test]
async fn redeeming_decides_again_with_the_policy_of_now() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let permit = house.confirmed(&proposal).await;
    house.engine.policy.replace(stricter(&house)).unwrap();
    let refused = house.redeem(&permit, &proposal).await;
    assert!(matches!(&refused, Err(Error::NotReleased(why)) if why.contains("no-deletions-today")), "{refused:?}");
    assert_eq!(house.propose(&proposal).await.decision, VerdictV1::Refuse);
}

/// The shipped bundle with a guardrail that refuses every deletion.
fn stricter(house: &House) -> Bundle {
    let mut files = shipped::files();
    let guardrail = r#"@id("no-deletions-today")
@reason("Nothing is deleted today")
@remedy("Wait until tomorrow")
@source("a test")
@severity("high")
forbid (principal, action == Action::"delete", resource);
"#;
    let examples = r#"[[example]]
says = "a deletion"
does = "delete file git"
holds = ["no-deletions-today"]

[[example]]
says = "anything else"
does = "create file lossless"
holds = []
near = ["no-deletions-today"]
"#;
    files.insert("extra/today.cedar".into(), guardrail.into());
    files.insert("extra/today.examples.toml".into(), examples.into());
    let (from, until) = (NOON.parse().unwrap(), "2027-11-20T12:00:00Z".parse().unwrap());
    let manifest = Manifest::build(&files, 1, from, until).unwrap_or_else(|report| panic!("{report}"));
    let signed = Signed::sign(&manifest, house.engine.key.as_ref()).unwrap();
    Bundle::open(&files, &signed, &[house.engine.key.verifying_key()], 0, house.clock.now()).unwrap()
}

#[tokio::test]
async fn a_rejection_stops_a_change_even_after_its_release() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let permit = house.confirmed(&proposal).await;
    let change = house.propose(&proposal).await.change;
    house.engine.reject(change, person("bob")).await.unwrap();
    assert!(house.redeem(&permit, &proposal).await.is_err());
    let answer = house.propose(&proposal).await;
    assert_eq!(answer.decision, VerdictV1::Refuse);
    assert_eq!(answer.guardrails.first().map(|guardrail| guardrail.id.as_str()), Some("rejected"));
    house.later(5 * 60 * 60);
    assert_eq!(house.propose(&proposal).await.decision, VerdictV1::Hold, "a rejection does not last for ever");
}

#[tokio::test]
async fn of_many_who_redeem_at_once_one_may_act() {
    let house = House::new().await;
    let permit = house.confirmed(&command(DELETION)).await;
    let acts = (0..16).map(|n| ProposalV1 { act: Some(format!("toolu_{n}")), ..command(DELETION) });
    let attempts: Vec<_> = acts
        .map(|seen| {
            let (engine, permit) = (house.engine.clone(), permit.clone());
            let caller = house.caller();
            async move { (caller.await, engine, RedemptionV1 { permit, seen }) }
        })
        .collect();
    let mut running = tokio::task::JoinSet::new();
    for attempt in attempts {
        let (caller, engine, redemption) = attempt.await;
        running.spawn(async move { engine.redeem(&caller, redemption).await.is_ok() });
    }
    assert_eq!(running.join_all().await.into_iter().filter(|redeemed| *redeemed).count(), 1);
}

#[tokio::test]
async fn the_same_act_that_asks_again_is_answered_again_for_a_moment() {
    let house = House::new().await;
    let act = ProposalV1 { act: Some("toolu_1".into()), ..command(DELETION) };
    let permit = house.confirmed(&act).await;
    let first = house.redeem(&permit, &act).await.unwrap();
    assert_eq!(house.redeem(&permit, &act).await.unwrap(), first);
    assert_eq!(house.propose(&act).await.permit, Some(permit.clone()), "its retry is led to the same permit");
    let other = ProposalV1 { act: Some("toolu_2".into()), ..act.clone() };
    assert!(house.redeem(&permit, &other).await.is_err());
    house.later(61);
    assert!(house.redeem(&permit, &act).await.is_err());
}

#[tokio::test]
async fn a_gate_that_only_advises_gets_no_permit_back() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let permit = house.confirmed(&proposal).await;
    let redeemed = house.redeem(&permit, &proposal).await.unwrap();
    house.settle(&redeemed, ResultV1::NotStarted { why: "so I say".into() }).await.unwrap();
    assert_eq!(house.propose(&proposal).await.permit, None);
    assert!(house.redeem(&permit, &proposal).await.is_err());
}

#[tokio::test]
async fn only_the_runner_asks_for_others_and_never_for_itself_or_for_strangers() {
    let house = House::new().await;
    let (locals, store) = (house.engine.locals(), house.engine.store());
    let local = |uid| Peer::Local { uid };
    let session = "agent_x.secret";
    for (peer, secret, acts_for, why) in [
        (local(1000), None, Some(1001), Unidentified::NotTheRunner),
        (local(1000), None, Some(1000), Unidentified::NotTheRunner),
        (Peer::Loopback, None, Some(1000), Unidentified::NotTheRunner),
        (local(RUNNER_UID), Some(session), Some(1000), Unidentified::NotTheRunner),
        (local(RUNNER_UID), None, Some(4711), Unidentified::NobodyKnows { uid: 4711 }),
        (local(RUNNER_UID), None, Some(RUNNER_UID), Unidentified::NobodyKnows { uid: RUNNER_UID }),
        (local(RUNNER_UID), None, None, Unidentified::NobodyKnows { uid: RUNNER_UID }),
        (local(0), None, None, Unidentified::NobodyKnows { uid: 0 }),
    ] {
        assert_eq!(identify(peer, secret, acts_for, locals, store).await, Err(why), "{peer:?} {acts_for:?}");
    }
    assert_eq!(house.through_the_runner(1001).await.person(), Some(&person("carol")));
}

#[tokio::test]
async fn nobody_speaks_for_the_runner_but_the_runner() {
    let house = House::new().await;
    let at = |gate: &str| ProposalV1 { gate: GateId::parse(gate).unwrap(), ..command(DELETION) };
    let (agent, runner) = (house.caller().await, house.through_the_runner(1000).await);
    let permit = house.confirmed(&command(DELETION)).await;
    for (caller, gate) in [(&agent, RUNNER_GATE), (&runner, "command")] {
        assert!(matches!(house.engine.propose(caller, at(gate)).await, Err(Error::Forbidden(_))), "{gate}");
        let redemption = RedemptionV1 { permit: permit.clone(), seen: at(gate) };
        assert!(matches!(house.engine.redeem(caller, redemption).await, Err(Error::Forbidden(_))), "{gate}");
        let result = ResultV1::NotStarted { why: "so I say".into() };
        let outcome =
            OutcomeV1 { permit: PermitId::parse("prm-1").unwrap(), act: None, gate: GateId::parse(gate).unwrap(), result };
        assert!(matches!(house.engine.settle(caller, outcome).await, Err(Error::Forbidden(_))), "{gate}");
    }
    let own = ProposalV1 { artefact: Artefact::Command { text: "rm -rf /srv/other".into() }, ..at(RUNNER_GATE) };
    assert_eq!(house.engine.propose(&runner, own).await.unwrap().decision, VerdictV1::Hold);
}

#[tokio::test]
async fn the_runner_can_prove_that_nothing_began_and_has_the_permit_back() {
    let house = House::new().await;
    let runner = house.through_the_runner(1000).await;
    let gate = GateId::parse(RUNNER_GATE).unwrap();
    let proposal = ProposalV1 { gate: gate.clone(), ..command(DELETION) };
    let change = house.engine.propose(&runner, proposal.clone()).await.unwrap().change;
    house.say(change, Ruling::Confirm, "alice").await.unwrap();
    let permit = house.engine.propose(&runner, proposal.clone()).await.unwrap().permit.unwrap();
    let redemption = RedemptionV1 { permit, seen: proposal.clone() };
    let redeemed = house.engine.redeem(&runner, redemption).await.unwrap();
    let result = ResultV1::NotStarted { why: "the program is gone".into() };
    let outcome = OutcomeV1 { permit: redeemed.permit, act: None, gate, result };
    house.engine.settle(&runner, outcome).await.unwrap();
    assert!(house.engine.propose(&runner, proposal).await.unwrap().permit.is_some());
}

#[tokio::test]
async fn what_was_released_for_one_agent_is_not_anothers() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let permit = house.confirmed(&proposal).await;
    for name in ["mallory", "alice"] {
        let other = house.agent_of(name).await;
        let redeemed = house.engine.redeem(&other, RedemptionV1 { permit: permit.clone(), seen: proposal.clone() }).await;
        assert!(matches!(redeemed, Err(Error::Forbidden(_))), "{name}");
        let answer = house.engine.propose(&other, proposal.clone()).await.unwrap();
        assert_eq!((answer.decision, answer.permit), (VerdictV1::Hold, None), "{name}");
        assert!(answer.guardrails.iter().any(|held| held.id == "released-for-another"), "{name}");
    }
    house.redeem(&permit, &proposal).await.expect("others who ask for the same take nobody's permit away");
}

#[tokio::test]
async fn what_came_of_an_act_is_told_by_whoever_redeemed_it() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let redeemed = house.redeem(&house.confirmed(&proposal).await, &proposal).await.unwrap();
    let lie = ResultV1::Indeterminate { why: "a lie".into() };
    for name in ["mallory", "alice"] {
        let other = house.agent_of(name).await;
        let outcome = OutcomeV1 { permit: redeemed.permit.clone(), act: None, gate: gate(), result: lie.clone() };
        assert!(matches!(house.engine.settle(&other, outcome).await, Err(Error::Forbidden(_))), "{name}");
    }
    house.settle(&redeemed, ResultV1::Done { status: Some(0) }).await.unwrap();
}

#[tokio::test]
async fn a_permit_is_for_the_bytes_that_were_released() {
    let house = House::new().await;
    let permit = house.confirmed(&command(DELETION)).await;
    for other in ["rm -rf /srv/old ", "rm -rf /srv/old2", "rm -rf /"] {
        assert!(house.redeem(&permit, &command(other)).await.is_err(), "{other}");
    }
    let elsewhere = ProposalV1 { gate: GateId::parse("command").unwrap(), ..command(DELETION) };
    assert!(house.redeem(&permit, &elsewhere).await.is_err(), "another gate");
    assert!(house.redeem(&permit.replace("v1.", "v1.A"), &command(DELETION)).await.is_err(), "a forged token");
}

#[tokio::test]
async fn a_disk_that_says_no_but_kept_it_leaves_nobody_with_a_permit() {
    let house = House::new().await;
    let proposal = command(DELETION);
    let permit = house.confirmed(&proposal).await;
    house.faults.then_fail_but_persist();
    assert!(matches!(house.redeem(&permit, &proposal).await, Err(Error::Unavailable(_))));
    assert!(house.redeem(&permit, &proposal).await.is_err(), "the store has stopped for good");
    assert!(house.fatal.lock().unwrap().recv().is_ok(), "whoever runs it hears so");
}

#[tokio::test]
async fn a_hold_that_cannot_be_written_is_not_spoken() {
    let house = House::new().await;
    house.faults.then_fail();
    let caller = house.caller().await;
    assert!(matches!(house.engine.propose(&caller, command(DELETION)).await, Err(Error::Unavailable(_))));
}
