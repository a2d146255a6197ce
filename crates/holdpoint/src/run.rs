//! `holdpoint run`: propose a command; when it is permitted, run exactly that.

use std::time::{Duration, Instant};

use anstream::eprintln;
use anyhow::Context as _;
use holdpoint_api::v1::{ChangeStateV1, ChangeV1, JudgementV1, ResultV1, VerdictV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::GateId;
use holdpoint_core::digest::Digest;
use holdpoint_gates::agent::claude_code;
use holdpoint_gates::command::{self, Words};
use holdpoint_gates::desk::{Asker, Desk};
use holdpoint_gates::notice;
use holdpoint_gates::passage::{Executed, execute};
use holdpoint_gates::runner::client::{self, End, Means};
use holdpoint_gates::setting::Surroundings;
use rustix::fs::FileType;

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
/// Where the machine's runner holds a credential for the program, the runner runs it and you see its output. Everything else runs
/// here, as you.
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
    /// The credential of the machine's runner to use, where it holds several for the program
    #[arg(long, value_name = "NAME", conflicts_with = "shell")]
    credential: Option<String>,
    /// Run it at this site, as its user and in its directory: root lists sites in /etc/holdpoint/config.toml
    #[arg(long, value_name = "NAME", conflicts_with_all = ["shell", "credential"])]
    site: Option<String>,
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
    let means = Means { credential: arguments.credential, site: arguments.site };
    let asked = Asked { words, means, until, json: arguments.json };
    let passed = pass(installation, &asked);
    Ok(passed.unwrap_or_else(|error| {
        show::error(&error);
        eprintln!("  nothing was run");
        Exit::Status(COULD_NOT_FIND_OUT)
    }))
}

/// What was asked for on the command line.
struct Asked {
    words: Words,
    means: Means,
    until: Option<Instant>,
    json: bool,
}

/// How one attempt went.
enum Attempt {
    Ended(Exit),
    Stopped { judgement: JudgementV1, notice: String, waits: bool },
}

fn pass(installation: &Installation, asked: &Asked) -> anyhow::Result<Exit> {
    loop {
        let attempt = match through_the_runner(installation, asked)? {
            Some(attempt) => attempt,
            None => here(installation, asked)?,
        };
        match (attempt, asked.until) {
            (Attempt::Ended(exit), _) => return Ok(exit),
            (Attempt::Stopped { judgement, notice, waits: true }, Some(until)) => {
                eprint!("{notice}");
                match wait(installation, judgement.change, until)? {
                    Waited::Released => {}
                    Waited::Over(exit) => return Ok(exit),
                }
            }
            (Attempt::Stopped { judgement, notice, .. }, _) => return tell(&judgement, &notice, asked.json),
        }
    }
}

/// Asks the machine's runner, where there is one; nothing where it holds no credential for the program.
fn through_the_runner(installation: &Installation, asked: &Asked) -> anyhow::Result<Option<Attempt>> {
    let (Some(system), Words::Argv(argv)) = (installation.system()?, &asked.words) else {
        anyhow::ensure!(asked.means == Means::default(), "there is no runner here that could hold a credential or act at a site");
        return Ok(None);
    };
    let directory = std::env::current_dir().context("the working directory is gone")?;
    let socket = system.places().runner_socket();
    match client::run(&socket, argv.clone(), &directory, asked.means.clone()) {
        Err(error @ client::Error::Away(_)) if asked.means != Means::default() => Err(error.into()),
        Err(client::Error::Away(error)) => {
            eprintln!("holdpoint: the runner is away ({error}); without its credentials:");
            Ok(None)
        }
        Err(error @ client::Error::Broken(_)) => {
            show::error(&error.into());
            Ok(Some(Attempt::Ended(Exit::Status(COULD_NOT_FIND_OUT))))
        }
        Ok(End::NotMine) => Ok(None),
        Ok(End::CouldNotFindOut { why }) => anyhow::bail!("the runner: {why}"),
        Ok(End::Stopped { judgement, notice, waits }) => Ok(Some(Attempt::Stopped { judgement, notice, waits })),
        Ok(End::Ran { result, remark }) => {
            if something_is_on_standard_input() {
                eprintln!("holdpoint: what is on your standard input was not passed on: name a file on the command line instead");
            }
            Ok(Some(Attempt::Ended(ended(&result, remark.as_deref()))))
        }
    }
}

/// Whether somebody would expect the program to have read something.
fn something_is_on_standard_input() -> bool {
    let stdin = std::io::stdin();
    match rustix::fs::fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::Fifo | FileType::RegularFile | FileType::Socket) => {
            rustix::io::ioctl_fionread(&stdin).is_ok_and(|bytes| bytes > 0)
        }
        _ => false,
    }
}

/// Takes it through the gate of this process, which advises.
fn here(installation: &Installation, asked: &Asked) -> anyhow::Result<Attempt> {
    Ok(match execute(&mut gate(installation, asked.words.clone())?, &desk(installation)?)? {
        Executed::Ran { result, settled } => {
            tell_what_was_withheld();
            Attempt::Ended(ended(&result, settled.remark().as_deref()))
        }
        Executed::Stopped(stopped) => {
            Attempt::Stopped { judgement: stopped.judgement(), notice: notice::of(&stopped), waits: stopped.waits() }
        }
    })
}

/// Says which variables the command did not get.
fn tell_what_was_withheld() {
    let names = command::withheld();
    if !names.is_empty() {
        eprintln!("holdpoint: not passed on, because they can make programs run other code: {}", names.join(", "));
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
fn ended(result: &ResultV1, remark: Option<&str>) -> Exit {
    if let Some(remark) = remark {
        eprintln!("holdpoint: {remark}");
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
fn tell(judgement: &JudgementV1, notice: &str, json: bool) -> anyhow::Result<Exit> {
    if json {
        show::json(judgement)?;
    } else {
        eprint!("{notice}");
    }
    Ok(Exit::Status(if judgement.decision == VerdictV1::Refuse { REFUSED } else { HELD }))
}

enum Waited {
    Over(Exit),
    Released,
}

/// Waits until people have decided.
fn wait(installation: &Installation, digest: Digest, until: Instant) -> anyhow::Result<Waited> {
    let client = installation.client(WAIT_SLICE + PATIENCE)?;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let slice = WAIT_SLICE.min(left).as_millis();
        let change: ChangeV1 = client.get(&format!("{}/{}?wait_ms={slice}", path::CHANGES, digest))?;
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
