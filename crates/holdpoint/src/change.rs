//! `holdpoint change`: what was proposed and where it stands.

use std::time::{Duration, Instant};

use anstream::{eprintln, println};
use anyhow::Context as _;
use clap::Subcommand;
use holdpoint_api::client::Client;
use holdpoint_api::v1::{ChangeStateV1, ChangeV1, ChangesV1, JudgementV1, path};
use holdpoint_core::effect::Effects;

use crate::context::{Installation, PATIENCE};
use crate::exit::Exit;
use crate::show;

/// One request of `wait` lasts at most this long; then it is asked again.
const WAIT_SLICE: Duration = Duration::from_secs(25);

/// Show what was proposed and where it stands
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List changes, the newest first
    List {
        /// Only those in this state: held, released, started, done, rejected, refused, expired, indeterminate
        #[arg(long)]
        state: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show one change: what it would do, what holds it, who has said what
    Show {
        /// Its digest, or the beginning of it
        change: String,
    },
    /// Wait until a held change is released, rejected or expired
    ///
    /// Exit status 0: released, run the identical command again. 3: still held. 4: rejected or refused.
    Wait {
        /// Its digest, or the beginning of it
        change: String,
        /// Give up after so many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
        timeout: u64,
    },
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.verb {
        Verb::List { state, limit } => list(installation, state.as_deref(), limit, arguments.json),
        Verb::Show { change } => {
            let change = fetch(&installation.client(PATIENCE)?, &change, None)?;
            print_change(&change, arguments.json)?;
            Ok(Exit::Done)
        }
        Verb::Wait { change, timeout } => wait(installation, &change, Duration::from_secs(timeout), arguments.json),
    }
}

fn list(installation: &Installation, state: Option<&str>, limit: u32, json: bool) -> anyhow::Result<Exit> {
    let mut query = format!("{}?limit={limit}", path::CHANGES);
    if let Some(state) = state {
        anyhow::ensure!(state.bytes().all(|byte| byte.is_ascii_lowercase()), "`{state}` is not a state");
        query.push_str(&format!("&state={state}"));
    }
    let changes: ChangesV1 = installation.client(PATIENCE)?.get(&query).context("the list cannot be had")?;
    if json {
        show::json(&changes)?;
        return Ok(Exit::Done);
    }
    if changes.changes.is_empty() {
        println!("nothing was held so far");
    }
    for change in &changes.changes {
        let first_line = change.text.lines().next().unwrap_or("");
        println!(
            "{}  {:<9} {}  {}",
            change.change.short(),
            change.progress.state.as_str(),
            change.requester,
            show::visible(first_line)
        );
    }
    Ok(Exit::Done)
}

fn wait(installation: &Installation, digest: &str, timeout: Duration, json: bool) -> anyhow::Result<Exit> {
    let client = installation.client(WAIT_SLICE + PATIENCE)?;
    let deadline = Instant::now() + timeout;
    let mut told = None;
    loop {
        let slice = WAIT_SLICE.min(deadline.saturating_duration_since(Instant::now()));
        let change = fetch(&client, digest, Some(slice))?;
        let state = change.progress.state;
        let waiting = matches!(state, ChangeStateV1::Held) || (state == ChangeStateV1::Released && not_yet(&change));
        if waiting && Instant::now() < deadline {
            if told != Some(state) && !json {
                eprintln!("{}: {}", state.as_str(), change.progress.card);
            }
            told = Some(state);
            continue;
        }
        if json {
            show::json(&change)?;
        } else {
            println!("{}", state.as_str());
        }
        return Ok(match state {
            ChangeStateV1::Released | ChangeStateV1::Started | ChangeStateV1::Done if !waiting => Exit::Done,
            ChangeStateV1::Refused | ChangeStateV1::Rejected => Exit::Refused,
            _ => Exit::Held,
        });
    }
}

/// Whether the short hold that follows a receipt is still running.
fn not_yet(change: &ChangeV1) -> bool {
    change.progress.not_before.is_some_and(|not_before| holdpoint_core::Timestamp::now() < not_before)
}

fn fetch(client: &Client, digest: &str, wait: Option<Duration>) -> anyhow::Result<ChangeV1> {
    let digest = if digest.starts_with("sha256:") { digest.to_owned() } else { format!("sha256:{digest}") };
    let query = wait.map(|wait| format!("?wait_ms={}", wait.as_millis())).unwrap_or_default();
    client.get(&format!("{}/{digest}{query}", path::CHANGES)).with_context(|| format!("the change `{digest}` cannot be had"))
}

fn print_change(change: &ChangeV1, json: bool) -> anyhow::Result<()> {
    if json {
        return show::json(change);
    }
    let judged = JudgementV1 {
        decision: change.decision,
        change: change.change,
        effects: Effects::found(change.effects.clone()),
        guardrails: change.guardrails.clone(),
        needs: change.needs.clone(),
    };
    show::judgement(&change.text, &judged);
    println!("  state    {}", change.progress.state.as_str());
    println!("  by       {} in {}", change.requester, show::visible(&change.directory));
    println!("  decide   {}", change.progress.card);
    for ruling in &change.rulings {
        println!("  {:<8} {} ({}, {:.0})", ruling.ruling.as_str(), ruling.approver, ruling.assurance, ruling.at);
    }
    if let Some(said) = &change.said {
        println!("  agent says, unverified: {}", show::visible(said));
    }
    Ok(())
}
