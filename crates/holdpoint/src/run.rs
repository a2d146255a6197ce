//! `holdpoint run`: propose a command; when it is permitted, run exactly that.

use std::time::{Duration, Instant};

use anstream::eprintln;
use anyhow::Context as _;
use holdpoint_api::v1::{AnswerV1, ChangeStateV1, ChangeV1, ResultV1, VerdictV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::GateId;
use holdpoint_gates::agent::claude_code;
use holdpoint_gates::command::{self, Words};
use holdpoint_gates::desk::{Asker, Desk, Settled, Stopped};
use holdpoint_gates::notice;
use holdpoint_gates::passage::{Executed, execute};
use holdpoint_gates::setting::Surroundings;

use crate::context::{Installation, PATIENCE};
use crate::exit::Exit;
use crate::show;

/// 121: could not find out, and nothing ran.
const COULD_NOT_FIND_OUT: u8 = 121;
/// 122: the command line is wrong.
const USAGE: u8 = 122;
/// 123: held.
const HELD: u8 = 123;
/// 124: refused.
const REFUSED: u8 = 124;
/// One request of a wait lasts at most this long; then it is asked again.
const WAIT_SLICE: Duration = Duration::from_secs(25);
/// The variable that Claude Code sets for everything that its agent runs.
const RUN_BY_CLAUDE_CODE: &str = "CLAUDECODE";

/// Propose a command and, when it is permitted, run exactly that
///
/// The command's own exit status is passed through. When it does not run: 121 it could not be found out whether it may, 122 the
/// command line is wrong, 123 it is held, 124 it is refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  holdpoint run -- rm -rf old-data\n  holdpoint run --shell 'pg_dump shop | gzip > shop.gz'\n  holdpoint run --wait=600 -- ./migrate.sh"
)]
pub(crate) struct Arguments {
    /// Run one string with bash instead of a program with its arguments
    #[arg(long)]
    shell: bool,
    /// When it is held, wait for people, at most so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "3600")]
    wait: Option<u64>,
    /// Print one JSON object when it does not run
    #[arg(long)]
    json: bool,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGV")]
    words: Vec<String>,
}

/// Runs the command. Its own errors have statuses that cannot be mistaken for the child's.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    let words = match (arguments.shell, arguments.words.as_slice()) {
        (false, _) => Words::Argv(arguments.words),
        (true, [text]) => Words::Shell(text.clone()),
        (true, _) => {
            eprintln!("holdpoint: --shell takes one string: quote the command");
            return Ok(Exit::Status(USAGE));
        }
    };
    let until = arguments.wait.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let passed = pass(installation, &words, until, arguments.json);
    Ok(passed.unwrap_or_else(|error| {
        show::error(&error);
        eprintln!("  nothing was run");
        Exit::Status(COULD_NOT_FIND_OUT)
    }))
}

fn pass(installation: &Installation, words: &Words, until: Option<Instant>, json: bool) -> anyhow::Result<Exit> {
    let desk = desk(installation)?;
    loop {
        match execute(&mut gate(installation, words.clone())?, &desk)? {
            Executed::Ran { result, settled } => return Ok(ended(&result, &settled)),
            Executed::Stopped(stopped) => match (until, stopped) {
                (Some(until), Stopped::Held(answer)) if answer.decision == VerdictV1::Hold => {
                    eprint!("{}", notice::of(&Stopped::Held(answer.clone())));
                    match wait(installation, &answer, until)? {
                        Waited::Released => {}
                        Waited::Over(exit) => return Ok(exit),
                    }
                }
                (_, stopped) => return tell(&stopped, json),
            },
        }
    }
}

fn desk(installation: &Installation) -> anyhow::Result<Desk> {
    let home = installation.home()?;
    let by_agent = std::env::var_os(RUN_BY_CLAUDE_CODE).is_some() && home.session(claude_code::NAME).exists();
    let asker = if by_agent { Asker::agent(&home, claude_code::NAME)? } else { Asker::Person };
    Ok(Desk::open(GateId::parse(command::NAME)?, &home, installation.client(PATIENCE)?, asker)?)
}

fn gate(installation: &Installation, words: Words) -> anyhow::Result<command::Command> {
    let directory = std::env::current_dir().context("the working directory is gone")?;
    let search_path = std::env::var("PATH").context("PATH is not set, or is not UTF-8")?;
    let surroundings = Surroundings::of_this_process(installation.home()?.root())?;
    Ok(command::Command::new(words, directory, search_path, surroundings))
}

/// Says what came of it. The command has run, or may have: nothing here may hide that.
fn ended(result: &ResultV1, settled: &Settled) -> Exit {
    match settled {
        Settled::Free | Settled::Told => {}
        Settled::Kept => eprintln!("holdpoint: the control plane is away; the outcome is kept and told with the next call"),
        Settled::Lost(error) => eprintln!("holdpoint: the outcome could be neither told nor kept: {error}"),
    }
    match result {
        ResultV1::Done { status } => {
            Exit::Status(status.and_then(|status| u8::try_from(status).ok()).unwrap_or(COULD_NOT_FIND_OUT))
        }
        ResultV1::Indeterminate { why } => {
            eprintln!("holdpoint: it began, and nobody can tell how it ended: {why}");
            Exit::Status(COULD_NOT_FIND_OUT)
        }
        ResultV1::NotStarted { why } => {
            eprintln!("holdpoint: it could not be started: {why}");
            Exit::Status(COULD_NOT_FIND_OUT)
        }
    }
}

/// Says why it did not run.
fn tell(stopped: &Stopped, json: bool) -> anyhow::Result<Exit> {
    match stopped {
        Stopped::Held(answer) if json => show::json(&answer.judgement())?,
        Stopped::Away(away) if json => show::json(&away.judgement())?,
        stopped => eprint!("{}", notice::of(stopped)),
    }
    let refused = matches!(stopped, Stopped::Held(answer) if answer.decision == VerdictV1::Refuse);
    Ok(Exit::Status(if refused { REFUSED } else { HELD }))
}

enum Waited {
    Over(Exit),
    Released,
}

/// Waits until people have decided.
fn wait(installation: &Installation, answer: &AnswerV1, until: Instant) -> anyhow::Result<Waited> {
    let client = installation.client(WAIT_SLICE + PATIENCE)?;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let slice = WAIT_SLICE.min(left).as_millis();
        let change: ChangeV1 = client.get(&format!("{}/{}?wait_ms={slice}", path::CHANGES, answer.change))?;
        let begun = change.progress.not_before.is_none_or(|not_before| not_before <= Timestamp::now());
        match change.progress.state {
            ChangeStateV1::Released if begun => return Ok(Waited::Released),
            ChangeStateV1::Held | ChangeStateV1::Released if !left.is_zero() => {}
            ChangeStateV1::Held | ChangeStateV1::Released => return Ok(Waited::Over(Exit::Status(HELD))),
            state => {
                eprintln!("holdpoint: {}", state.as_str());
                return Ok(Waited::Over(Exit::Status(REFUSED)));
            }
        }
    }
}
