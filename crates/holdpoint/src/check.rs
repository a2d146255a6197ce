//! `holdpoint check`: read and decide as for an agent, here and now. Records nothing, runs nothing, asks no server.

mod each;
mod judge;

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use holdpoint_api::v1::VerdictV1;
use holdpoint_core::change::{ARTEFACT_MAX_BYTES, Artefact};

use crate::context::Installation;
use crate::exit::Exit;
use crate::show;
use each::Ending;
use judge::{Judge, Scene};

/// Show what a change would do and whether it would be held
///
/// Nothing is recorded and nothing runs. Exit status 0: allowed, 3: held, 4: refused, 1: could not be found out.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    artefact: What,
    /// Print JSON: one object, or one on each line with `--each`
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    scene: Scene,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A shell command, as an agent would have bash run it; or each command of a list
    ///
    /// Of a list, every command is judged by itself, as if it were the next to run here: what one would change is not there for
    /// the one after it. Exit status 0: all are allowed, 3: some are held, 4: some are refused, 1: some could not be read and the
    /// others are allowed.
    #[command(after_help = "Examples:
  holdpoint check command 'rm -rf tests/ ~/'
  echo 'git push --force' | holdpoint check command -
  holdpoint check command --each ~/.bash_history | grep ^HELD")]
    Command {
        /// The command as one argument; `-` reads standard input
        #[arg(required_unless_present = "each")]
        text: Option<String>,
        /// Judge each command of a file instead, one on a line; `-` reads standard input
        ///
        /// Lines with nothing but a comment are left out, so that a shell's history can be given as it is.
        #[arg(long, value_name = "FILE", conflicts_with = "text")]
        each: Option<PathBuf>,
        /// The commands of `--each` end with a null byte, so that each may have several lines
        #[arg(long, requires = "each", conflicts_with = "text")]
        null: bool,
    },
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    let judge = Judge::new(installation, &arguments.scene)?;
    match arguments.artefact {
        What::Command { each: Some(list), null, .. } => {
            let ending = if null { Ending::Null } else { Ending::LineFeed };
            each::run(&judge, &list, ending, arguments.json)
        }
        What::Command { text, .. } => one(&judge, text.unwrap_or_default(), arguments.json),
    }
}

fn one(judge: &Judge, text: String, json: bool) -> anyhow::Result<Exit> {
    let text = if text == "-" { standard_input()? } else { text };
    let judged = judge.judge(Artefact::Command { text: text.clone() })?;
    if json {
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
