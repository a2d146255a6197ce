//! `holdpoint gate`: the gates that are services of their own.

use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use holdpoint_api::limits::Limits;
use holdpoint_api::system::System;
use holdpoint_api::user::group_of;
use holdpoint_gates::runner::PASSED_ON;
use holdpoint_gates::runner::act::{Spec, become_program, become_program_at};
use holdpoint_gates::runner::launcher::Launcher;
use holdpoint_gates::runner::look::{check_directory, look};
use holdpoint_gates::runner::serve::Runner;
use holdpoint_gates::runner::start::Excuse;
use holdpoint_gates::runner::warden::stand_over;

use crate::context::Installation;
use crate::exit::Exit;
use crate::ready;
use crate::up::log_to_stderr;

/// The status of a process that could not become the program, as `env` has it.
const NOT_STARTED: u8 = 127;
/// Longest description of an act in bytes.
const SPEC_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Run a gate that is a service of its own
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    gate: Gate,
}

#[derive(Debug, clap::Subcommand)]
enum Gate {
    /// Become the program of one act (run by the runner, not by people)
    #[command(hide = true)]
    Act {
        /// The act's own directory
        place: PathBuf,
    },
    /// Become the program of an act at a site (run by its warden, not by people)
    #[command(hide = true)]
    ActAt {
        /// The site's directory
        directory: PathBuf,
    },
    /// Look at a site (run by its warden, not by people)
    #[command(hide = true)]
    LookAt {
        /// The site's directory
        directory: PathBuf,
    },
    /// Stand over an act at a site (run by the runner, not by people)
    #[command(hide = true)]
    Warden {
        /// The site's user
        user: u32,
        /// The site's group
        group: u32,
        /// What is done there
        work: SiteWork,
        /// The site's directory
        directory: PathBuf,
    },
    /// Run commands with credentials that their askers never see
    ///
    /// A service of a system installation, started by root: see `holdpoint install system`. It gives its rights away but for the
    /// one to start each act as a user of its own.
    #[command(after_long_help = what_a_program_gets())]
    Command {
        /// Write logs as JSON, one object a line
        #[arg(long)]
        json_logs: bool,
        /// The part that holds the credentials (started by the other part, not by people)
        #[arg(long, hide = true)]
        holding: bool,
    },
}

/// The environment and the limits of what runs, as `--help` publishes them.
fn what_a_program_gets() -> String {
    let limits = Limits::default();
    format!(
        "A program gets PATH (root's directories), HOME and TMPDIR (empty), the variables and files of its credential, and of the \
         caller's variables only {}. Umask 077, no new privileges, no core dump, an empty standard input.\n\n\
         It may last {} seconds, use {} seconds of processor time, have {} processes, {} open files, files of {} MiB and {} MiB \
         of memory, unless the `[limits]` of its credential or site say otherwise.",
        PASSED_ON.join(", "),
        limits.seconds,
        limits.cpu_seconds,
        limits.processes,
        limits.open_files,
        limits.file_mib,
        limits.memory_mib
    )
}

/// What is done at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SiteWork {
    ActAt,
    LookAt,
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.gate {
        Gate::Act { place } => start(|spec| become_program(&place, spec)),
        Gate::ActAt { directory } => {
            start(|spec| check_directory(&directory).err().unwrap_or_else(|| become_program_at(&directory, spec)))
        }
        Gate::LookAt { directory } => look_at(&directory),
        Gate::Warden { user, group, work, directory } => stand(user, group, work, &directory),
        Gate::Command { json_logs, holding } => {
            log_to_stderr(json_logs);
            let system = installation.system()?.context("this machine has no system installation: `holdpoint install system`")?;
            if holding { hold(system) } else { launch(installation, &system, json_logs) }
        }
    }
}

/// Becomes the program that standard input describes. Where that fails, whoever started this process hears it, and tells the person.
fn start(become_program: impl FnOnce(Spec) -> std::io::Error) -> anyhow::Result<Exit> {
    let excuse = Excuse::of_stdin().context("standard input is closed")?;
    let error = match read_stdin("what is to be run cannot be read") {
        Ok(spec) => anyhow::Error::from(become_program(spec)),
        Err(error) => error,
    };
    excuse.give(&format!("{error:#}"));
    Ok(Exit::Status(NOT_STARTED))
}

fn read_stdin<M: serde::de::DeserializeOwned>(otherwise: &'static str) -> anyhow::Result<M> {
    let mut text = Vec::new();
    std::io::stdin().lock().take(SPEC_MAX_BYTES).read_to_end(&mut text)?;
    serde_json::from_slice(&text).context(otherwise)
}

/// Answers questions about a site, as its user.
fn look_at(directory: &Path) -> anyhow::Result<Exit> {
    let answers = look(directory, read_stdin("what is wanted to be known cannot be read")?)?;
    serde_json::to_writer(std::io::stdout().lock(), &answers)?;
    Ok(Exit::Done)
}

/// Stands over an act at a site, as root, until all of it has ended.
fn stand(user: u32, group: u32, work: SiteWork, directory: &Path) -> anyhow::Result<Exit> {
    let word = match work {
        SiteWork::ActAt => "act-at",
        SiteWork::LookAt => "look-at",
    };
    let mut command = Command::new(std::env::current_exe().context("this program cannot tell where it lies")?);
    command.args(["gate", word]).arg(directory);
    let status = stand_over(command, user, group).context("nothing was begun")?;
    Ok(Exit::Status(u8::try_from(status).unwrap_or(u8::MAX)))
}

/// The part with root's rights: binds the sockets, starts the part that holds the credentials, and starts programs for it.
fn launch(installation: &Installation, system: &System, json_logs: bool) -> anyhow::Result<Exit> {
    let program = std::env::current_exe().context("this program cannot tell where it lies")?;
    let launcher = Launcher::bind(system, program).context("the runner cannot be set up")?;
    let mut holding = start_holding(installation, system, json_logs)?;
    // Callers wait at the socket until it takes them.
    ready::tell();
    std::thread::spawn(move || {
        let served = launcher.serve();
        tracing::error!(error = ?served.err(), "programs can no longer be started");
        std::process::exit(1);
    });
    let status = holding.wait().context("the part that holds the credentials is lost")?;
    anyhow::bail!("the part that holds the credentials has ended: {status}")
}

/// Starts the part that holds the credentials, as its own user, with the socket for callers as its standard input.
fn start_holding(installation: &Installation, system: &System, json_logs: bool) -> anyhow::Result<Child> {
    let socket = system.places().runner_socket();
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).with_context(|| format!("cannot listen on `{}`", socket.display()))?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666))?;
    let user = system.config().runner.user;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["gate", "command", "--holding"]).args(json_logs.then_some("--json-logs"));
    command.args(installation.as_arguments()).uid(user).gid(group_of(user)).current_dir("/");
    command.stdin(Stdio::from(OwnedFd::from(listener)));
    command.spawn().context("the part that holds the credentials cannot be started")
}

/// The part that holds the credentials. It has no right that any other user lacks.
fn hold(system: System) -> anyhow::Result<Exit> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Neither a core dump nor another process of the same user shows what it holds.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    let listener = UnixListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let runner = Runner::new(system)?;
    runner.tell_what_was_left();
    tracing::info!("listening");
    runner.serve(&listener)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_gets_is_published() {
        let (help, guide) = (what_a_program_gets(), include_str!("../../../docs/guide/runner.md"));
        for name in PASSED_ON {
            assert!(help.contains(name) && guide.contains(&format!("`{name}`")), "{name}");
        }
        let limits = serde_json::to_value(Limits::default()).unwrap();
        for (name, value) in limits.as_object().unwrap() {
            assert!(guide.contains(&format!("| `{name}` | {value} |")), "{name}");
        }
    }
}
