//! `holdpoint hook AGENT`: what an agent's host runs before and after each tool call. It answers once, in time, and on every
//! way to its end something answers *deny*: see `holdpoint_gates::agent::hook`.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use holdpoint_api::client::Client;
use holdpoint_core::actor::GateId;
use holdpoint_gates::agent::claude_code::{self, Reply, message::MESSAGE_MAX_BYTES};
use holdpoint_gates::agent::hook::{DEADLINE, in_time};
use holdpoint_gates::desk::{Asker, Desk};
use holdpoint_gates::setting::Surroundings;

use crate::context::Installation;
use crate::exit::Exit;

/// What is left for the answer when the look at the world ends: one exchange with the control plane, and deciding alone should
/// it be in vain. What a look does not use, the exchange may.
const TO_ASK: Duration = Duration::from_millis(650);
/// What is left when the exchange ends. A control plane may accept and never answer: then harmless work goes on as when it is
/// away, so this is what reading the snapshot and deciding take on a busy machine, not on an idle one.
const TO_DECIDE_ALONE: Duration = Duration::from_millis(500);
const _: () = assert!(TO_DECIDE_ALONE.as_millis() < TO_ASK.as_millis() && TO_ASK.as_millis() < DEADLINE.as_millis());
/// The exit status that a host takes for a denial when there is no other way to tell it.
const DENY: u8 = 2;

/// Answer an agent's host about one tool call (run by the host, not by people)
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Arguments {
    /// The agent whose host asks
    agent: Agent,
}

/// An agent program with hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Agent {
    /// Claude Code
    ClaudeCode,
}

/// The call as `install` has hosts make it. It is known by its words: to build the whole command line, with all that every
/// other command takes, would cost a hook more than its answer. Whoever writes it otherwise is understood by that.
pub(crate) fn as_installed(words: &[OsString]) -> Option<(Installation, Arguments)> {
    match words {
        [hook, agent, option, data] if hook == "hook" && agent == claude_code::NAME && option == "--data" => {
            Some((Installation::in_directory(data)?, Arguments { agent: Agent::ClaudeCode }))
        }
        _ => None,
    }
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Agent::ClaudeCode = arguments.agent;
    let (installation, due) = (installation.clone(), Instant::now() + DEADLINE);
    let reply = in_time(DEADLINE, move || converse(&installation, due).unwrap_or_else(|error| Reply::unanswered(&error)));
    let reply = reply.unwrap_or_else(|why| Reply::unanswered(&why));
    let mut output = std::io::stdout().lock();
    let written = output.write_all(reply.to_json().as_bytes()).and_then(|()| output.flush());
    Ok(if written.is_ok() { Exit::Done } else { Exit::Status(DENY) })
}

fn converse(installation: &Installation, due: Instant) -> anyhow::Result<Reply> {
    let mut message = Vec::new();
    std::io::stdin().lock().take(MESSAGE_MAX_BYTES as u64 + 1).read_to_end(&mut message)?;
    let home = installation.home()?;
    let client = Client::new(installation.endpoint()?, DEADLINE).until(due - TO_DECIDE_ALONE);
    let gate = GateId::parse(claude_code::NAME)?;
    let surroundings = Surroundings::of_this_process(home.root())?.looking_until(due - TO_ASK);
    let desk = || Desk::open(gate, &home, client, Asker::agent(&home, claude_code::NAME)?);
    Ok(claude_code::answer(&message, desk, &surroundings))
}
