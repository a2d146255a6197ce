//! What a hook costs: the whole process, beside an empty static binary, interleaved, in one run.
//!
//! Most contestants ask a scripted control plane on a real socket, so that what is measured is the hook and not the machine's
//! disk; one asks the real thing. Each round starts every contestant once, so that a slow moment is slow for all; the ratio is
//! what counts.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

#[path = "../../holdpoint-gates/tests/plane/mod.rs"]
mod plane;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::home::Home;
use holdpoint_api::v1::{OpenSessionV1, SessionV1, path};
use holdpoint_core::actor::{AgentId, PersonId};
use plane::{Plane, Say, free, seen};
use serde_json::json;

/// The program as `./x bench` has built it to be shipped; without that, the one that cargo built beside this bench.
fn program() -> PathBuf {
    std::env::var_os("HOLDPOINT_BENCH_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_holdpoint").into(), PathBuf::from)
}

/// How often each contestant is started. Override with `HOLDPOINT_BENCH_ROUNDS`.
const ROUNDS: usize = 300;

struct Contestant {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    input: Vec<u8>,
    took: Vec<Duration>,
}

fn main() {
    let rounds = std::env::var("HOLDPOINT_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let directory = tempfile::tempdir().unwrap();
    let up = Plane::start(|asked, body| match asked {
        path::PROPOSALS => Say::ok(free(&seen(&body))),
        _ => Say::ok(json!({})),
    });
    let away = Plane::away();
    let repository = repository(directory.path());
    for plane in [&up, &away] {
        let (id, on_behalf_of) = (AgentId::parse("claude-code/1").unwrap(), PersonId::parse("alice").unwrap());
        keep_session(&plane.home(), &SessionV1 { id, on_behalf_of, secret: "s".into() });
    }
    let real = Real::start(directory.path().join("data"));
    let mut contestants = vec![
        empty(directory.path()),
        hook("hook_fact_free_read", &up.home(), "ls", Path::new("/")),
        hook("hook_fact_free_read_real_plane", &real.home, "ls", Path::new("/")),
        hook("hook_delete_with_git_facts", &up.home(), "rm -rf target", &repository),
        hook("hook_delete_with_git_facts_real_plane", &real.home, "rm -rf target", &repository),
        hook("hook_delete_with_git_facts_away", &away.home(), "rm -rf target", &repository),
    ];
    for _ in 0..rounds {
        contestants.iter_mut().for_each(Contestant::start);
    }
    report(&mut contestants);
}

impl Contestant {
    fn start(&mut self) {
        let began = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().env("HOME", "/nonexistent").env("PATH", "/usr/bin:/bin");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        let output = child.wait_with_output().unwrap();
        self.took.push(began.elapsed());
        assert!(output.status.success(), "{}: {output:?}", self.name);
    }
}

fn report(contestants: &mut [Contestant]) {
    contestants.iter_mut().for_each(|contestant| contestant.took.sort());
    let at =
        |took: &[Duration], share: usize| took.get((took.len() * share / 100).min(took.len() - 1)).copied().unwrap_or_default();
    let base = contestants.first().map(|first| at(&first.took, 50)).unwrap_or_default();
    println!("{:<38} {:>9} {:>9} {:>7}", "contestant", "p50 ms", "p99 ms", "× empty");
    for Contestant { name, took, .. } in contestants {
        let (p50, p99) = (at(took, 50), at(took, 99));
        let ratio = p50.as_secs_f64() / base.as_secs_f64();
        println!("{name:<38} {:>9.2} {:>9.2} {ratio:>7.2}", p50.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3);
    }
}

/// A program that does nothing, linked statically.
fn empty(directory: &Path) -> Contestant {
    let (source, program) = (directory.join("empty.c"), directory.join("empty"));
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let compiled = Command::new("cc").args(["-O2", "-static", "-o"]).args([&program, &source]).status().unwrap();
    assert!(compiled.success(), "cc must be able to link statically");
    Contestant { name: "empty_static_binary", program, arguments: vec![], input: vec![], took: vec![] }
}

fn hook(name: &'static str, home: &Home, command: &str, directory: &Path) -> Contestant {
    let message = json!({
        "session_id": "s", "cwd": directory, "permission_mode": "default", "hook_event_name": "PreToolUse",
        "tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": "toolu_01",
    });
    let data = home.root().display().to_string();
    Contestant {
        name,
        program: program(),
        // As `install` writes it.
        arguments: ["hook", "claude-code", "--data", &data].map(str::to_owned).to_vec(),
        input: message.to_string().into_bytes(),
        took: vec![],
    }
}

fn keep_session(home: &Home, session: &SessionV1) {
    let path = home.session("claude-code");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, serde_json::to_vec(session).unwrap()).unwrap();
}

/// The real control plane in a directory of its own, for as long as this lives.
struct Real {
    home: Home,
    server: Child,
}

impl Real {
    fn start(data: PathBuf) -> Self {
        let home = Home::at(data);
        let mut server = Command::new(program());
        server.args(["up", "--listen", "127.0.0.1:0", "--person", "alice", "--data"]).arg(home.root());
        let mut server = server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("holdpoint install")), "the control plane must come up");
        let client = Client::new(Endpoint::Unix(home.socket()), Duration::from_secs(10));
        let session = client.post(path::SESSIONS, &OpenSessionV1 { agent: "claude-code".into() }).unwrap();
        keep_session(&home, &session);
        Self { home, server }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}

/// A repository of a thousand files with ignored output to delete.
fn repository(directory: &Path) -> PathBuf {
    let root = directory.join("shop");
    std::fs::create_dir_all(root.join("src")).unwrap();
    std::fs::create_dir_all(root.join("target")).unwrap();
    std::fs::write(root.join(".gitignore"), "/target\n").unwrap();
    for n in 0..1000 {
        std::fs::write(root.join(format!("src/{n}.rs")), "fn main() {}\n").unwrap();
        std::fs::write(root.join(format!("target/{n}.o")), "").unwrap();
    }
    for arguments in
        [&["init", "-q"][..], &["add", "."], &["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a"]]
    {
        assert!(Command::new("git").arg("-C").arg(&root).args(arguments).status().unwrap().success());
    }
    root
}
