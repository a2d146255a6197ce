//! `holdpoint hook AGENT`: what an agent's host runs before and after each tool call. It answers once, in time, and on every
//! way to its end something answers *deny*: see `holdpoint_gates::agent::hook`.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use clap::ValueEnum;
use holdpoint_core::actor::GateId;
use holdpoint_gates::agent::claude_code::{self, Reply, message::MESSAGE_MAX_BYTES};
use holdpoint_gates::agent::hook::{DEADLINE, in_time};
use holdpoint_gates::desk::{Asker, Desk};
use holdpoint_gates::setting::{LOOK_LASTS, Surroundings};

use crate::context::Installation;
use crate::exit::Exit;

/// How long the control plane may take for one exchange. After a whole look at the world and a first exchange in vain there is
/// time to decide alone. A second exchange, for a permit, may run into the deadline: either way the call is denied.
const PATIENCE: Duration = Duration::from_millis(350);
const _: () = assert!(LOOK_LASTS.as_millis() + PATIENCE.as_millis() + TO_DECIDE_ALONE_MS <= DEADLINE.as_millis());
/// What starting, reading the snapshot of the policy and deciding take on a busy machine.
const TO_DECIDE_ALONE_MS: u128 = 150;
/// The exit status that a host takes for a denial when there is no other way to tell it.
const DENY: u8 = 2;

/// Answer an agent's host about one tool call (run by the host, not by people)
#[derive(Debug, clap::Args)]
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

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Agent::ClaudeCode = arguments.agent;
    let installation = installation.clone();
    let reply = in_time(DEADLINE, move || converse(&installation).unwrap_or_else(|error| Reply::unanswered(&error)));
    let reply = reply.unwrap_or_else(|why| Reply::unanswered(&why));
    let mut output = std::io::stdout().lock();
    let written = output.write_all(reply.to_json().as_bytes()).and_then(|()| output.flush());
    Ok(if written.is_ok() { Exit::Done } else { Exit::Status(DENY) })
}

fn converse(installation: &Installation) -> anyhow::Result<Reply> {
    let mut message = Vec::new();
    std::io::stdin().lock().take(MESSAGE_MAX_BYTES as u64 + 1).read_to_end(&mut message)?;
    let home = installation.home()?;
    let endpoint = installation.endpoint()?;
    let gate = GateId::parse(claude_code::NAME)?;
    let surroundings = Surroundings::of_this_process(home.root())?;
    let desk = || Desk::open(gate, &home, endpoint, Asker::agent(&home, claude_code::NAME)?, PATIENCE);
    Ok(claude_code::answer(&message, desk, &surroundings))
}
