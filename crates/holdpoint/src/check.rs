//! `holdpoint check`: read and decide as for an agent, here and now. Records nothing, runs nothing, asks no server.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use holdpoint_api::v1::{JudgementV1, VerdictV1};
use holdpoint_core::actor::{Actor, AgentId, PersonId, Strength};
use holdpoint_core::change::{ARTEFACT_MAX_BYTES, Artefact};
use holdpoint_core::effect::{Effects, Environment};
use holdpoint_core::estate::Estate;
use holdpoint_core::quorum::Dossier;
use holdpoint_gates as gates;
use holdpoint_policy::case::{Freezes, Surroundings};
use holdpoint_policy::policies::FILE_MAX_BYTES;
use holdpoint_policy::{Bundle, Case, decide, shipped};

use crate::context::Installation;
use crate::exit::Exit;
use crate::show;

/// Show what a change would do and whether it would be held
///
/// Nothing is recorded and nothing runs. Exit status 0: allowed, 3: held, 4: refused, 1: could not be found out.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    artefact: What,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    /// The estate to decide with [default: none: every environment is unknown]
    #[arg(long, global = true, value_name = "FILE")]
    estate: Option<PathBuf>,
    /// Where it would act, when the artefact does not say
    #[arg(long, global = true, value_name = "NAME")]
    environment: Option<String>,
    /// The directory in which it would run [default: this one]
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A shell command, as an agent would have bash run it
    #[command(
        after_help = "Examples:\n  holdpoint check command 'rm -rf tests/ ~/'\n  echo 'git push --force' | holdpoint check command -"
    )]
    Command {
        /// The command as one argument; `-` reads standard input
        text: String,
    },
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    let What::Command { text } = &arguments.artefact;
    let text = if text == "-" { standard_input()? } else { text.clone() };
    let judged = judge(installation, &text, &arguments)?;
    if arguments.json {
        show::json(&judged)?;
    } else {
        show::judgement(&text, &judged);
    }
    Ok(match judged.decision {
        VerdictV1::Allow => Exit::Done,
        VerdictV1::Hold => Exit::Held,
        VerdictV1::Refuse => Exit::Refused,
    })
}

fn standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(ARTEFACT_MAX_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .context("standard input cannot be read as text")?;
    Ok(text)
}

fn judge(installation: &Installation, text: &str, arguments: &Arguments) -> anyhow::Result<JudgementV1> {
    let directory = match &arguments.directory {
        Some(directory) => directory.clone(),
        None => std::env::current_dir().context("the working directory is gone")?,
    };
    let directory = directory.canonicalize().with_context(|| format!("`{}` is no directory", directory.display()))?;
    let here = gates::setting::Surroundings::of_this_process(installation.home()?.root())?;
    let seen = here.see(Artefact::Command { text: text.to_owned() }, &directory)?;
    let effects = match &arguments.environment {
        Some(name) => seen.effects.with_unknown_in(&Environment::from(name.clone())),
        None => seen.effects,
    };
    let decision =
        decide(Bundle::shipped().map_err(|report| anyhow::anyhow!("{report}"))?.policies(), &case(&effects, arguments)?);
    Ok(JudgementV1::new(seen.change.digest(), &effects, &decision))
}

/// The change as an agent of somebody's would propose it, with nobody's word for it yet.
fn case(effects: &Effects, arguments: &Arguments) -> anyhow::Result<Case> {
    let estate = estate(arguments)?;
    let around = Surroundings {
        estate: &estate,
        freezes: &Freezes::none(),
        gate: Strength::Advises,
        in_reach: &[],
        waived: &BTreeSet::new(),
    };
    let actor = Actor::Agent { id: AgentId::parse("check")?, on_behalf_of: PersonId::parse("somebody")? };
    Ok(Case::assemble(actor, effects, Dossier::default(), &around))
}

fn estate(arguments: &Arguments) -> anyhow::Result<Estate> {
    let Some(path) = &arguments.estate else { return Ok(Estate::default()) };
    let bytes = estate_file(path).with_context(|| format!("the estate `{}` cannot be read", path.display()))?;
    let files = [("estate.toml".to_owned(), bytes)].into_iter().chain(shipped::files()).collect();
    let bundle = Bundle::unsigned(&files).map_err(|report| anyhow::anyhow!("{report}"));
    Ok(bundle.with_context(|| format!("the estate `{}` is malformed", path.display()))?.estate().clone())
}

/// The content of a regular file that is no longer than a file of a bundle may be.
fn estate_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    // Before it is opened: to open a pipe would wait for its other end.
    anyhow::ensure!(path.metadata()?.is_file(), "it is no regular file");
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(bytes.len() <= FILE_MAX_BYTES, "it is longer than {FILE_MAX_BYTES} bytes");
    Ok(bytes)
}
