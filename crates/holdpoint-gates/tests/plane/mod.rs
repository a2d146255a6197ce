//! A control plane on a script: a real socket, a real key, answers that a test decides on. It can lie, stall and break off in
//! ways that the real one must never; the tests of the binary use the real one.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and what fails here fails a test"
)]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::home::Home;
use holdpoint_api::v1::{AnswerV1, GuardrailV1, ProgressV1, VerdictV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, AgentId, GateId, PermitId, PersonId};
use holdpoint_core::change::{Artefact, Change};
use holdpoint_core::decision::{Need, Severity};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::{Effects, ResourceKind};
use holdpoint_core::permit::{Grant, Receipt, Redemption, SnapshotHead};
use holdpoint_core::signed::{Signed, Signer, VerifyingKey};
use holdpoint_gates::desk::{Asker, Desk};
use holdpoint_gates::passage::Seen;
use ring::signature::KeyPair as _;
use serde_json::Value;

/// What the script says to one request.
pub enum Say {
    /// An answer with this status and body.
    Answer(u16, Value),
    /// Bytes that are no answer.
    Bytes(&'static [u8]),
    /// Nothing, for as long as the test runs.
    Nothing,
}

impl Say {
    /// A success.
    pub fn ok(body: impl serde::Serialize) -> Self {
        Self::Answer(200, serde_json::to_value(body).unwrap())
    }
}

type Script = Box<dyn FnMut(&str, Value) -> Say + Send>;

/// The control plane.
pub struct Plane {
    pub directory: tempfile::TempDir,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Plane {
    /// An installation whose control plane is away.
    pub fn away() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(Home::at(directory.path()).verifying_key(), Key(1).verifying_key().to_string()).unwrap();
        Self { directory, requests: Arc::default(), stop: Arc::default(), thread: None }
    }

    /// An installation whose control plane follows a script.
    pub fn start(script: impl FnMut(&str, Value) -> Say + Send + 'static) -> Self {
        let mut plane = Self::away();
        plane.come_up(Box::new(script));
        plane
    }

    /// Lets the control plane of an installation come up.
    pub fn come_up(&mut self, mut script: Script) {
        let listener = UnixListener::bind(self.home().socket()).unwrap();
        let (requests, stop) = (Arc::clone(&self.requests), Arc::clone(&self.stop));
        self.thread = Some(std::thread::spawn(move || {
            let mut stalled = Vec::new();
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let Some((path, body)) = receive(&mut stream) else { continue };
                requests.lock().unwrap().push((path.clone(), body.clone()));
                match script(&path, body) {
                    Say::Answer(status, body) => drop(stream.write_all(http(status, &body.to_string()).as_bytes())),
                    Say::Bytes(bytes) => drop(stream.write_all(bytes)),
                    Say::Nothing => stalled.push(stream),
                }
            }
        }));
    }

    pub fn home(&self) -> Home {
        Home::at(self.directory.path())
    }

    /// A desk with so much patience.
    pub fn desk_with(&self, gate: &str, patience: Duration) -> Desk {
        let home = self.home();
        let client = Client::new(Endpoint::Unix(home.socket()), patience);
        Desk::open(GateId::parse(gate).unwrap(), &home, client, Asker::Person).unwrap()
    }

    pub fn desk(&self, gate: &str) -> Desk {
        self.desk_with(gate, Duration::from_secs(20))
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }

    /// The outcomes that were told.
    pub fn outcomes(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|(asked, _)| asked == path::OUTCOMES).map(|(_, body)| body.clone()).collect()
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(UnixStream::connect(self.home().socket()));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the script panicked");
        }
    }
}

fn receive(stream: &mut UnixStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(head_ends) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..head_ends]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        let body = &bytes[head_ends + 4..];
        if body.len() >= length {
            let path = head.split(' ').nth(1).unwrap().to_owned();
            return Some((path, serde_json::from_slice(body).unwrap_or(Value::Null)));
        }
    }
}

fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A key made from one byte. The installation of a test has `Key(1)`.
pub struct Key(pub u8);

impl Key {
    fn pair(&self) -> ring::signature::Ed25519KeyPair {
        ring::signature::Ed25519KeyPair::from_seed_unchecked(&[self.0; 32]).unwrap()
    }

    /// The head of a snapshot with this revision.
    pub fn snapshot(&self, revision: u64, not_after: Timestamp) -> String {
        let head = SnapshotHead { revision, policy: Digest::of(b"policy"), issued_at: Timestamp::now(), not_after };
        Signed::sign(&head, self).unwrap().to_string()
    }

    /// The token of a permit for a change.
    pub fn token(&self, change: Digest, gate: &str) -> String {
        let grant = Grant {
            permit: permit(),
            change,
            gate: GateId::parse(gate).unwrap(),
            actor: Actor::Agent { id: AgentId::parse("a").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() },
            policy: Digest::of(b"policy"),
            not_before: Timestamp::now(),
            not_after: soon(),
        };
        Signed::sign(&grant, self).unwrap().to_string()
    }

    /// The receipt for a change, as the control plane answers a redemption.
    pub fn redeemed(&self, change: Digest, gate: &str) -> Value {
        let redemption = Redemption { permit: permit(), change, gate: GateId::parse(gate).unwrap(), not_after: soon() };
        let receipt = Signed::sign(&Receipt { redemption, index: 7 }, self).unwrap().to_string();
        serde_json::json!({ "permit": permit(), "receipt": receipt })
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.pair().sign(message).as_ref().try_into().unwrap()
    }

    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(self.pair().public_key().as_ref().try_into().unwrap())
    }
}

pub fn permit() -> PermitId {
    PermitId::parse("prm-1").unwrap()
}

/// An hour from now.
pub fn soon() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() + 3600).unwrap()
}

/// The change that a proposal is about, sealed by the rules of the core.
pub fn proposed(proposal: &Value) -> Digest {
    let field = |name: &str| proposal[name].clone();
    let change = Change::seal(
        serde_json::from_value(field("artefact")).unwrap(),
        serde_json::from_value(field("setting")).unwrap(),
        &serde_json::from_value(field("answers")).unwrap(),
    );
    change.unwrap().digest()
}

/// What the gate saw, from its proposal.
pub fn seen(proposal: &Value) -> Seen {
    let field = |name: &str| proposal[name].clone();
    let artefact: Artefact = serde_json::from_value(field("artefact")).unwrap();
    let answers = serde_json::from_value(field("answers")).unwrap();
    Seen {
        effects: Effects::opaque(ResourceKind::Program, &artefact.text(), "the test says so"),
        change: Change::seal(artefact, serde_json::from_value(field("setting")).unwrap(), &answers).unwrap(),
        answers,
        act: None,
        said: None,
    }
}

/// The answer that lets free work through.
pub fn free(seen: &Seen) -> AnswerV1 {
    AnswerV1 {
        decision: VerdictV1::Allow,
        change: seen.change.digest(),
        effects: seen.effects.clone(),
        guardrails: Vec::new(),
        needs: Vec::new(),
        policy: Digest::of(b"policy"),
        snapshot: Key(1).snapshot(4, soon()),
        permit: None,
        progress: None,
    }
}

/// The answer that holds a change.
pub fn held(seen: &Seen) -> AnswerV1 {
    let guardrail = GuardrailV1 {
        id: "loss-outside-work-tree".into(),
        reason: "It destroys data outside the work tree".into(),
        remedy: "Move it aside with `mv`, which can be undone".into(),
        source: "incident 11".into(),
        severity: Severity::Medium,
        effects: vec![0],
    };
    let progress = ProgressV1 {
        state: holdpoint_api::v1::ChangeStateV1::Held,
        card: "http://localhost:7411/changes/1".into(),
        not_before: None,
        not_after: None,
    };
    AnswerV1 {
        decision: VerdictV1::Hold,
        guardrails: vec![guardrail],
        needs: vec![Need::Confirm],
        progress: Some(progress),
        ..free(seen)
    }
}
