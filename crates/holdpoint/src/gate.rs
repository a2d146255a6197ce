//! `holdpoint gate`: the gates that are services of their own.

use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use holdpoint_api::system::System;
use holdpoint_gates::runner::act::{Spec, become_program};
use holdpoint_gates::runner::launcher::Launcher;
use holdpoint_gates::runner::serve::Runner;

use crate::context::Installation;
use crate::exit::Exit;
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
    /// Run commands with credentials that their askers never see
    ///
    /// A service of a system installation, started by root: see `holdpoint install system`. It gives its rights away but for the
    /// one to start each act as a user of its own.
    Command {
        /// Write logs as JSON, one object a line
        #[arg(long)]
        json_logs: bool,
        /// The part that holds the credentials (started by the other part, not by people)
        #[arg(long, hide = true)]
        holding: bool,
    },
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.gate {
        Gate::Act { place } => become_act(&place),
        Gate::Command { json_logs, holding } => {
            log_to_stderr(json_logs);
            let system = installation.system()?.context("this machine has no system installation: `holdpoint install system`")?;
            if holding { hold(system) } else { launch(installation, &system, json_logs) }
        }
    }
}

/// Reads what is to be run from standard input, and becomes it.
fn become_act(place: &std::path::Path) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    std::io::stdin().lock().take(SPEC_MAX_BYTES).read_to_end(&mut text)?;
    let spec: Spec = serde_json::from_slice(&text).context("what is to be run cannot be read")?;
    let error = become_program(place, spec);
    eprintln!("holdpoint: the program could not be started: {error}");
    Ok(Exit::Status(NOT_STARTED))
}

/// The part with root's rights: binds the sockets, starts the part that holds the credentials, and starts programs for it.
fn launch(installation: &Installation, system: &System, json_logs: bool) -> anyhow::Result<Exit> {
    let program = std::env::current_exe().context("this program cannot tell where it lies")?;
    let arguments = ["gate", "act"].map(str::to_owned).to_vec();
    let launcher = Launcher::bind(system, program, arguments).context("the runner cannot be set up")?;
    let mut holding = start_holding(installation, system, json_logs)?;
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
    command.args(installation.as_arguments()).uid(user).gid(user).current_dir("/");
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
    tracing::info!("listening");
    runner.serve(&listener)?;
    Ok(Exit::Done)
}
