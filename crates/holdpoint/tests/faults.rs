//! A disk that says no to the real server: one sync to disk fails, at each of the first places where it can.
//!
//! strace makes the system call fail; the program that runs is the one that ships.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::v1::{OpenSessionV1, SessionV1, StatusV1, path};
use holdpoint_testkit::tool;

const NAME: &str = "a_sync_that_fails_stops_the_server_and_loses_nothing";
/// Which sync of a thread fails, one per run: the first ones are met by the thread that starts, the others by the store's.
const FAILING: [u32; 7] = [1, 6, 11, 16, 24, 31, 40];
/// More commits than any of them needs to be met.
const REQUESTS_MAX: usize = 40;

/// A server that this test started and stops.
struct Server {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits until it listens or has ended. Returns whether it listens.
    fn start(mut program: Command) -> (Self, bool) {
        let mut process = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while said.read_line(&mut line).unwrap() > 0 {
            if line.contains("next") {
                return (Self { process, said }, true);
            }
            line.clear();
        }
        (Self { process, said }, false)
    }

    /// Waits for its end, and returns whether it went well and what it said to its standard error.
    fn end(mut self) -> (bool, String) {
        let mut told = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        drop(self.said);
        (self.process.wait().unwrap().success(), told)
    }

    fn stop(self) {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(killed.success());
        assert!(self.end().0);
    }
}

fn in_home(mut program: Command, home: &Path) -> Command {
    program.env("HOME", home).env("HOLDPOINT_DATA", home.join("data")).env_remove("HOLDPOINT_URL");
    program
}

fn up(program: Command, home: &Path) -> Command {
    let mut program = in_home(program, home);
    program.args(["up", "--listen", "127.0.0.1:0", "--person", "alice"]);
    program
}

fn holdpoint() -> Command {
    Command::new(env!("CARGO_BIN_EXE_holdpoint"))
}

/// The program under a tracer that lets the given sync fail. The tracer steps aside, so that our child is the program itself.
fn failing(strace: &Path, home: &Path, sync: u32) -> Command {
    let mut program = Command::new(strace);
    program.args(["-D", "-f", "-qq", "-o"]).arg(home.join("trace")).args(["-e", "trace=fsync,fdatasync"]);
    program.args(["-e", &format!("inject=fsync,fdatasync:error=EIO:when={sync}"), env!("CARGO_BIN_EXE_holdpoint")]);
    program
}

#[test]
fn a_sync_that_fails_stops_the_server_and_loses_nothing() {
    let Some(strace) = tool::find(NAME, &["strace"]) else { return };
    let mut met_by_requests = 0;
    for sync in FAILING {
        let home = tempfile::tempdir().unwrap();
        let client = Client::new(Endpoint::Unix(home.path().join("data/socket")), Duration::from_secs(20));
        let (server, listens) = Server::start(up(failing(&strace, home.path(), sync), home.path()));
        let open = || client.post::<_, SessionV1>(path::SESSIONS, &OpenSessionV1 { agent: "claude-code".into() });
        let acknowledged: Vec<SessionV1> =
            if listens { (0..REQUESTS_MAX).map_while(|_| open().ok()).collect() } else { Vec::new() };
        assert!(acknowledged.len() < REQUESTS_MAX, "sync {sync} never came");
        let (well, told) = server.end();
        met_by_requests += u32::from(!acknowledged.is_empty());
        let expected = if listens { "the store has stopped: writing the database: disk I/O error" } else { "error" };
        assert!(!well && told.contains(expected), "sync {sync}: {told}");

        let (again, listens) = Server::start(up(holdpoint(), home.path()));
        assert!(listens, "after sync {sync} failed: {}", again.end().1);
        for session in &acknowledged {
            let status = client.clone().with_session(session.secret.clone()).get::<StatusV1>(path::STATUS);
            assert!(status.is_ok(), "sync {sync}: a session that was acknowledged is gone: {status:?}");
        }
        again.stop();
        let verified = in_home(holdpoint(), home.path()).args(["log", "verify"]).output().unwrap();
        assert_eq!(verified.status.code(), Some(0), "sync {sync}: {}", String::from_utf8_lossy(&verified.stdout));
    }
    assert!(met_by_requests >= 2, "the places where a sync fails are too early: nothing was acknowledged before");
}
