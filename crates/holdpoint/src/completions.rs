//! `holdpoint completions`: what a shell needs to complete our commands.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::exit::Exit;

/// Print a completion script for a shell
///
/// For bash: `holdpoint completions bash > ~/.local/share/bash-completion/completions/holdpoint`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script.
#[expect(clippy::unnecessary_wraps, reason = "every command has the same outline")]
pub(crate) fn run<C: CommandFactory>(arguments: &Arguments) -> anyhow::Result<Exit> {
    clap_complete::generate(arguments.shell, &mut C::command(), "holdpoint", &mut std::io::stdout());
    Ok(Exit::Done)
}
