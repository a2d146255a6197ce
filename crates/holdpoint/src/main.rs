//! The `holdpoint` program: it reads the command line and hands over. One file per command; no decision is made here.

mod canary;
mod change;
mod check;
mod completions;
mod context;
mod doctor;
mod drill;
mod exit;
mod gate;
mod hook;
mod install;
mod install_system;
mod log;
mod marked;
mod policy;
mod ready;
mod run;
mod show;
mod up;

use clap::{Parser, Subcommand};

use crate::context::Installation;
use crate::exit::Exit;

/// Holds what an agent does until it is safe to let through.
///
/// A harmless command never waits. A held one says exactly why, and what to do. `holdpoint up` starts the control plane,
/// `holdpoint install claude-code` puts a gate before an agent, `holdpoint check command "rm -rf ~"` shows what would
/// happen without running anything.
#[derive(Debug, Parser)]
#[command(name = "holdpoint", version, max_term_width = 100, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    installation: Installation,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Change(change::Arguments),
    Check(check::Arguments),
    Completions(completions::Arguments),
    Doctor(doctor::Arguments),
    Drill(drill::Arguments),
    Gate(gate::Arguments),
    #[command(hide = true)]
    Hook(hook::Arguments),
    Install(install::Arguments),
    Log(log::Arguments),
    Policy(policy::Arguments),
    Run(run::Arguments),
    Up(up::Arguments),
}

fn main() -> std::process::ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some((installation, arguments)) = hook::as_installed(&words) {
        return ended(hook::run(&installation, &arguments));
    }
    match Arguments::try_parse() {
        Ok(arguments) => ended(arguments.run()),
        Err(error) => exit::usage(&error),
    }
}

impl Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let Self { installation, command } = self;
        match command {
            Command::Change(arguments) => change::run(&installation, arguments),
            Command::Check(arguments) => check::run(&installation, arguments),
            Command::Completions(arguments) => completions::run::<Self>(&arguments),
            Command::Doctor(arguments) => doctor::run(&installation, &arguments),
            Command::Drill(arguments) => drill::run(&arguments),
            Command::Gate(arguments) => gate::run(&installation, arguments),
            Command::Hook(arguments) => hook::run(&installation, &arguments),
            Command::Install(arguments) => install::run(&installation, &arguments),
            Command::Policy(arguments) => policy::run(&installation, arguments),
            Command::Run(arguments) => run::run(&installation, arguments),
            Command::Up(arguments) => up::run(&installation, arguments),
            Command::Log(arguments) => log::run(&installation, arguments),
        }
    }
}

fn ended(outcome: anyhow::Result<Exit>) -> std::process::ExitCode {
    let exit = outcome.unwrap_or_else(|error| {
        show::error(&error);
        Exit::CouldNotFindOut
    });
    exit.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_as_it_is_installed_is_understood_as_the_command_line_understands_it() {
        let words = ["hook", "claude-code", "--data", "/home/alice/it's mine"];
        let parsed = Arguments::try_parse_from(std::iter::once("holdpoint").chain(words)).unwrap();
        let Command::Hook(arguments) = parsed.command else { panic!("{:?}", parsed.command) };
        assert_eq!(hook::as_installed(&words.map(Into::into)), Some((parsed.installation, arguments)));
        assert_eq!(hook::as_installed(&["hook", "claude-code"].map(Into::into)), None, "everything else is the command line's");
    }
}
