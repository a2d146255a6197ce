//! The spine: the real program, the real message format of the agent, a real browser with a passkey. One held command, from
//! the hook's denial to the permit that its retry spends, and the log that proves it afterwards.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use holdpoint_testkit::browser::{Browser, Verification};
use serde_json::{Value, json};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdpoint");

/// One person's machine: a home, a project under git, and a control plane that this test started and stops.
struct Machine {
    directory: TempDir,
    server: Child,
    enrol: String,
}

impl Machine {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for part in ["home", "shop"] {
            fs::create_dir(directory.path().join(part)).unwrap();
        }
        let git = Command::new("git").args(["init", "-q"]).current_dir(directory.path().join("shop")).status();
        assert!(git.unwrap().success());
        let mut server = holdpoint(directory.path());
        server.args(["up", "--listen", "127.0.0.1:0", "--person", "alice"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = server.spawn().unwrap();
        let said = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
        let invitation = said.into_iter().find(|line| line.contains("/enrol#") && line.contains("alice")).unwrap();
        let enrol = invitation.split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned();
        Self { directory, server, enrol }
    }

    fn shop(&self) -> PathBuf {
        self.directory.path().join("shop").canonicalize().unwrap()
    }

    /// Runs our program as the person would.
    fn run(&self, arguments: &[&str]) -> Output {
        holdpoint(self.directory.path()).args(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// Sends one event through the hook as the settings that `install` wrote have the host start it: by a shell.
    fn hook(&self, message: &Value) -> Value {
        let settings: Value =
            serde_json::from_slice(&fs::read(self.directory.path().join("home/.claude/settings.json")).unwrap()).unwrap();
        let event = message["hook_event_name"].as_str().unwrap();
        let command = settings["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap();
        let mut hook = Command::new("sh");
        hook.args(["-c", command]).env("HOME", self.directory.path().join("home")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut hook = hook.spawn().unwrap();
        hook.stdin.take().unwrap().write_all(message.to_string().as_bytes()).unwrap();
        let output = hook.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).unwrap() }
    }

    fn calls(&self, command: &str, id: &str) -> Value {
        json!({
            "session_id": "5f0c", "transcript_path": "/t", "cwd": self.shop(), "permission_mode": "default",
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": id,
        })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}

fn holdpoint(root: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env("HOME", root.join("home")).env("HOLDPOINT_DATA", root.join("data")).current_dir(root.join("shop"));
    command.env_remove("HOLDPOINT_URL").stdin(Stdio::null());
    command
}

fn decision(answer: &Value) -> &str {
    answer["hookSpecificOutput"]["permissionDecision"].as_str().unwrap_or("no opinion")
}

#[test]
fn one_held_command_from_agent_to_passkey_to_permit() {
    let Some(browser) = Browser::for_test("one_held_command_from_agent_to_passkey_to_permit").unwrap() else { return };
    let machine = Machine::start();
    let old = machine.shop().join("old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("data"), "the only copy").unwrap();
    let command = "rm -rf old";

    let installed = machine.run(&["install", "claude-code"]);
    assert!(installed.status.success(), "{installed:?}");
    assert_eq!(decision(&machine.hook(&machine.calls("ls -l", "toolu_0"))), "no opinion");

    let denied = machine.hook(&machine.calls(command, "toolu_1"));
    assert_eq!(decision(&denied), "deny");
    let reason = denied["hookSpecificOutput"]["permissionDecisionReason"].as_str().unwrap();
    let card = reason.split_whitespace().find(|word| word.contains("/changes/sha256:")).unwrap();
    let change = card.rsplit('/').next().unwrap();
    assert_eq!(decision(&machine.hook(&machine.calls(command, "toolu_2"))), "deny", "asking again releases nothing");

    let page = browser.visitor().unwrap();
    let _passkey = page.plug_in(Verification::Passes).unwrap();
    page.go(&machine.enrol).unwrap();
    page.press("#begin").unwrap();
    page.read("alice this computer").unwrap();
    page.go(&format!("{card}?as=alice")).unwrap();
    page.press("#release").unwrap();
    page.read("This change is released").unwrap();

    let waited = machine.run(&["change", "wait", change, "--timeout", "20"]);
    assert_eq!(waited.status.code(), Some(0), "{waited:?}");
    assert_eq!(
        decision(&machine.hook(&machine.calls(&format!("{command} "), "toolu_3"))),
        "deny",
        "other words are another change"
    );
    let call = machine.calls(command, "toolu_4");
    assert_eq!(decision(&machine.hook(&call)), "allow");
    fs::remove_dir_all(&old).unwrap();
    let mut done = call;
    done["hook_event_name"] = json!("PostToolUse");
    done["tool_response"] = json!({"stdout": "", "stderr": "", "interrupted": false});
    machine.hook(&done);
    assert_eq!(machine.json(&["change", "show", change, "--json"])["progress"]["state"], "done");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("data"), "another only copy").unwrap();
    assert_eq!(decision(&machine.hook(&machine.calls(command, "toolu_5"))), "deny", "a permit is spent once");

    assert_eq!(machine.json(&["log", "verify", "--json"])["holds"], true);
    let export = machine.directory.path().join("export");
    assert!(machine.run(&["log", "export", export.to_str().unwrap()]).status.success());
    let verified = machine.run(&["log", "verify", export.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    altered(&export);
    assert_eq!(machine.run(&["log", "verify", export.to_str().unwrap()]).status.code(), Some(3), "a changed record shows");
}

/// Changes one letter of the exported record.
fn altered(export: &Path) {
    let bundles = fs::read_dir(export.join("tile/entries")).unwrap().map(|entry| entry.unwrap().path());
    let bundle = bundles.flat_map(|path| {
        if path.is_dir() { fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect() } else { vec![path] }
    });
    let bundle = bundle.last().unwrap();
    let text = fs::read(&bundle).unwrap();
    let at = text.windows(5).position(|window| window == b"alice").unwrap();
    let mut changed = text;
    changed[at] = b'e';
    fs::write(bundle, changed).unwrap();
}
