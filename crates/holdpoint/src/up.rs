//! `holdpoint up`: the control plane, the console and the embedded store, in the foreground until it is told to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::Arc;

use anstream::println;
use anyhow::Context as _;
use holdpoint_core::actor::PersonId;
use holdpoint_server::clock::System;
use holdpoint_server::engine::Times;
use holdpoint_server::start::{Plan, Running, Standing, start};
use holdpoint_server::store::Fatal;
use rustix::fs::Mode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::context::Installation;
use crate::exit::Exit;
use crate::ready;

/// The status with which the process ends when the store has stopped for good: `EX_IOERR` of sysexits.h.
const STORE_STOPPED: i32 = 74;
/// Where the console listens when nobody says.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7423);

/// Start the control plane and its console
///
/// It runs in the foreground as you, and says so: an agent that runs as you can tamper with it. With `--system` it runs as the
/// user that root has set up for it, and agents cannot. SECURITY.md tells what either means.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Be the control plane of the whole machine, as root has set it up with `holdpoint install system`
    #[arg(long, conflicts_with = "person")]
    system: bool,
    /// The console's address; only this machine can reach it [default: 127.0.0.1:7423, or as root has set it up]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Who you are: the name under which your agents' changes and your decisions are recorded [default: your user name]
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// A program that gets each receipt of an approval as JSON on its standard input, and sends it to the approver another way
    #[arg(long, value_name = "PROGRAM")]
    notify: Option<PathBuf>,
    /// Write logs as JSON, one object a line
    #[arg(long)]
    json_logs: bool,
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    log_to_stderr(arguments.json_logs);
    // Whatever the store and SQLite create from here on is its owner's alone, also where the data directory was made by hand.
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let (standing, listen) = standing(installation, &arguments)?;
    let apart = matches!(standing, Standing::Apart(_)).then(|| standing.home().root().join("invitations"));
    let plan = Plan {
        standing,
        listen: arguments.listen.unwrap_or(listen),
        times: Times::default(),
        notify: arguments.notify,
        world: Arc::new(System::default()),
        fatal: Arc::new(stop_at_once),
    };
    let runtime = tokio::runtime::Runtime::new().context("the asynchronous runtime cannot be started")?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let running = start(plan).await?;
        match &apart {
            None => tell(&running).await?,
            Some(file) => tell_apart(&running, file).await?,
        }
        ready::tell();
        let why = signals.told_to_stop().await;
        running.stop(why).await?;
        Ok(Exit::Done)
    })
}

/// What kind of installation is started, and where its console listens when nobody says.
fn standing(installation: &Installation, arguments: &Arguments) -> anyhow::Result<(Standing, SocketAddr)> {
    match (arguments.system, installation.system()?) {
        (true, Some(system)) => {
            let listen = system.config().server.listen;
            Ok((Standing::Apart(system), listen))
        }
        (true, None) => anyhow::bail!("root has not set this machine up: `holdpoint install system`"),
        (false, Some(_)) => {
            anyhow::bail!("this machine has a control plane of its own; root starts it with `systemctl start holdpoint`")
        }
        (false, None) => {
            let person = person(arguments.person.clone())?;
            Ok((Standing::Beside { home: installation.home()?, person }, DEFAULT_LISTEN))
        }
    }
}

/// Writes logs to standard error, as `HOLDPOINT_LOG` asks.
pub(crate) fn log_to_stderr(json: bool) {
    let filter = EnvFilter::try_from_env("HOLDPOINT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if json { subscriber.json().init() } else { subscriber.init() }
}

/// Ends the process: when the store cannot commit, nobody can tell what it kept, and going on would be guessing.
#[expect(clippy::needless_pass_by_value, reason = "the store hands over what it knows")]
fn stop_at_once(why: Fatal) {
    tracing::error!(%why, "stopping at once; nothing that was acknowledged is lost");
    eprintln!(
        "holdpoint: {why}\nholdpoint: nothing that was acknowledged is lost. Mend the cause (a full disk?) and start again."
    );
    exit(STORE_STOPPED);
}

fn person(given: Option<String>) -> anyhow::Result<PersonId> {
    let name = match given {
        Some(name) => name,
        None => std::env::var("USER")
            .or_else(|_| std::env::var("LOGNAME"))
            .unwrap_or_else(|_| format!("uid-{}", rustix::process::getuid().as_raw())),
    };
    PersonId::parse(name).context("name yourself with --person")
}

/// The signals that ask for a stop in good order. Listened to before anybody can know that there is something to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn told_to_stop(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupted",
            _ = self.terminate.recv() => "terminated",
        }
    }
}

/// Says that it is up. Whoever reads a service's log is not who may enrol, so the invitations go into a file of its own.
async fn tell_apart(running: &Running, file: &Path) -> anyhow::Result<()> {
    let status = running.engine().status().await?;
    println!("Holdpoint {} is up, {}: {}", status.version, status.mode.as_str(), status.mode_reason);
    println!("  console   {}/", status.console);
    let invitations = running.engine().invitations().await?;
    let lines: String = invitations.iter().map(|one| format!("{}  (code for {}, used once)\n", one.link, one.label)).collect();
    std::fs::write(file, lines).with_context(|| format!("`{}` cannot be written", file.display()))?;
    println!("  enrol     {} links in {}", invitations.len(), file.display());
    Ok(())
}

async fn tell(running: &Running) -> anyhow::Result<()> {
    let status = running.engine().status().await?;
    println!("Holdpoint {} is up, {}: {}", status.version, status.mode.as_str(), status.mode_reason);
    println!("  console   {}/", status.console);
    for invitation in running.engine().invitations().await? {
        println!("  enrol     {}  (code for {}, used once)", invitation.link, invitation.label);
    }
    if status.enrolled > 0 {
        println!("  people    {} with a passkey", status.enrolled);
    }
    println!("  next      holdpoint install claude-code     puts a gate before an agent");
    println!("            holdpoint run -- rm -rf old-data   shows a held command without one");
    Ok(())
}
