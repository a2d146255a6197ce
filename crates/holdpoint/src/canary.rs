//! Canaries: the hook as the host would run it, asked about calls whose answer is known. Nothing is executed: the host acts on
//! an answer, and here there is no host.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use holdpoint_core::change::CANARY;
use serde_json::{Value, json};

/// How long a canary may sing. The hook's own deadline is a second; this is for one that hangs.
const CANARY_LASTS: Duration = Duration::from_secs(5);

/// What a hook says to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Explicitly yes.
    Allow,
    /// No, with the reason.
    Deny(String),
    /// It is not what a hook says.
    Nonsense(String),
    /// No opinion.
    Nothing,
}

/// Asks a hook about a call that it must hold. Nobody is asked to release it.
pub(crate) fn ask_the_worst(hook: &str) -> Said {
    ask(hook, CANARY, "/")
}

/// Asks a hook about a Bash call, as Claude Code would, from a host with this process's environment.
pub(crate) fn ask(hook: &str, command: &str, directory: &str) -> Said {
    ask_from(Command::new("sh"), hook, command, directory)
}

/// Asks a hook about a Bash call, as Claude Code would. `shell` is the shell that the host starts, with the host's environment.
pub(crate) fn ask_from(shell: Command, hook: &str, command: &str, directory: &str) -> Said {
    let message = json!({
        "session_id": "holdpoint-doctor",
        "transcript_path": "",
        "cwd": directory,
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": { "command": command, "description": "a canary of `holdpoint doctor`: never run" },
        "tool_use_id": "holdpoint-doctor",
    });
    sing_from(shell, hook, message.to_string().as_bytes())
}

/// Sends a hook any message.
pub(crate) fn sing(hook: &str, message: &[u8]) -> Said {
    sing_from(Command::new("sh"), hook, message)
}

fn sing_from(mut shell: Command, hook: &str, message: &[u8]) -> Said {
    let child = shell.args(["-c", hook]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Said::Nonsense(format!("it cannot be started: {error}")),
    };
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = String::new();
        let _ = output.map(|mut output| output.read_to_string(&mut said));
        let _ = sender.send(said);
    });
    // A hook that does not listen to the end has its reasons; what counts is what it says.
    let _ = input.map(|mut input| input.write_all(message));
    let Ok(said) = receiver.recv_timeout(CANARY_LASTS) else {
        let _ = child.kill();
        let _ = child.wait();
        return Said::Nonsense("it does not answer".to_owned());
    };
    match child.wait().map(|status| status.code()) {
        Ok(Some(0)) => read(&said),
        Ok(Some(2)) => Said::Deny(said),
        Ok(status) => Said::Nonsense(format!("it ends with {status:?}, and the host lets the call proceed")),
        Err(error) => Said::Nonsense(error.to_string()),
    }
}

fn read(said: &str) -> Said {
    if said.trim().is_empty() {
        return Said::Nothing;
    }
    let Ok(value) = serde_json::from_str::<Value>(said) else { return Said::Nonsense(said.to_owned()) };
    let output = value.get("hookSpecificOutput");
    let text = |field: &str| output.and_then(|output| output.get(field)).and_then(Value::as_str).unwrap_or_default();
    match text("permissionDecision") {
        "allow" => Said::Allow,
        "deny" => Said::Deny(text("permissionDecisionReason").to_owned()),
        _ => Said::Nonsense(said.to_owned()),
    }
}
