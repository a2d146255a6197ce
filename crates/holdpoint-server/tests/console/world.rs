//! A real control plane for one test: its own data directory, a port that the system chose, a clock that the test sets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::home::Home;
use holdpoint_api::v1::{AnswerV1, ChangeV1, OpenSessionV1, ProposalV1, ReceiptsV1, SessionV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::{GateId, PersonId};
use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::digest::Digest;
use holdpoint_core::question::Answers;
use holdpoint_server::clock::Fixed;
use holdpoint_server::engine::Times;
use holdpoint_server::start::{Plan, Running, Standing, start};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Deletes what git does not keep: medium, the person behind the agent may confirm.
pub(crate) const DELETION: &str = "rm -rf /srv/alice/old";
/// Rewrites history that others hold: high, somebody else has to approve.
pub(crate) const REWRITE: &str = "git push --force origin main";

/// Longest wait for one answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One installation, alice's.
pub(crate) struct World {
    pub(crate) clock: Arc<Fixed>,
    pub(crate) console: String,
    pub(crate) agent: SessionV1,
    home: Home,
    running: Option<Running>,
    runtime: Runtime,
    _directory: TempDir,
}

impl World {
    pub(crate) fn begin() -> Self {
        Self::notifying(None)
    }

    /// Begins with a program that receipts are handed to.
    pub(crate) fn notifying(notify: Option<PathBuf>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("data"));
        let clock = Arc::new(Fixed::new("2026-11-20T12:00:00Z".parse().unwrap(), 7));
        let runtime = Runtime::new().unwrap();
        let plan = Plan {
            standing: Standing::Beside { home: home.clone(), person: alice() },
            listen: "127.0.0.1:0".parse().unwrap(),
            times: Times::default(),
            notify,
            world: clock.clone(),
            fatal: Arc::new(|why| panic!("the store has stopped: {why}")),
        };
        let running = runtime.block_on(start(plan)).unwrap();
        let console = running.console().to_owned();
        let socket = Client::new(Endpoint::Unix(home.socket()), PATIENCE);
        let agent = socket.post(path::SESSIONS, &OpenSessionV1 { agent: "claude-code".into() }).unwrap();
        Self { clock, console, agent, home, running: Some(running), runtime, _directory: directory }
    }

    /// What the agent's gate speaks with.
    pub(crate) fn gate(&self) -> Client {
        Client::new(Endpoint::Unix(self.home.socket()), PATIENCE).with_session(self.agent.secret.clone())
    }

    /// What the owner's own programs speak with: the socket, and no session.
    pub(crate) fn owner(&self) -> Client {
        Client::new(Endpoint::Unix(self.home.socket()), PATIENCE)
    }

    /// The agent proposes a command, and again whenever it is asked to.
    pub(crate) fn propose(&self, command: &str) -> AnswerV1 {
        self.gate().post(path::PROPOSALS, &proposal(command)).unwrap()
    }

    pub(crate) fn change(&self, change: Digest) -> ChangeV1 {
        self.gate().get(&format!("{}/{change}", path::CHANGES)).unwrap()
    }

    pub(crate) fn receipts(&self) -> ReceiptsV1 {
        self.gate().get(path::RECEIPTS).unwrap()
    }

    /// The links that the server prints on its console for those who have no key yet: to whom, where.
    pub(crate) fn invitations(&self) -> Vec<(PersonId, String)> {
        let engine = self.running.as_ref().unwrap().engine();
        let invitations = self.runtime.block_on(engine.invitations()).unwrap();
        invitations.into_iter().map(|invitation| (invitation.label, invitation.link)).collect()
    }

    pub(crate) fn later(&self, seconds: i64) {
        use holdpoint_server::clock::World as _;
        let now = self.clock.now();
        self.clock.set(Timestamp::from_second(now.as_second() + seconds).unwrap());
    }

    /// Sends one request over the console's port exactly as it is written here, and returns status and body.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let host = self.console.strip_prefix("http://").unwrap();
        let port: u16 = host.rsplit(':').next().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        (status, body.unwrap_or_default())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let stopped = self.runtime.block_on(running.stop("the test is over"));
            assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
        }
    }
}

pub(crate) fn alice() -> PersonId {
    PersonId::parse("alice").unwrap()
}

pub(crate) fn proposal(command: &str) -> ProposalV1 {
    ProposalV1 {
        gate: GateId::parse("claude-code").unwrap(),
        artefact: Artefact::Command { text: command.into() },
        setting: Setting {
            directory: "/srv/alice/shop".into(),
            variables: Default::default(),
            target: "host:laptop/uid:1000".into(),
        },
        answers: Answers::default(),
        act: None,
        said: Some("The old copy is in the way.".into()),
    }
}
