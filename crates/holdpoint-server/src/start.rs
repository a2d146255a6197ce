//! Starting and stopping a control plane: what must be there before the first request, and what must be written after the last.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_api::home::Home;
use holdpoint_api::system::System;
use holdpoint_api::v1::{ModeV1, RUNNER_GATE};
use holdpoint_core::actor::{GateId, PersonId};
use holdpoint_core::signed::Signer as _;
use holdpoint_core::webauthn::RelyingParty;
use holdpoint_log::note::KeyError;
use holdpoint_policy::bundle::Bundle;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::approvals::notify::Notifier;
use crate::clock::World;
use crate::console::{self, Console};
use crate::data_directory::{self, DataDirectory};
use crate::engine::{Engine, Settings, Times};
use crate::free_work::FreeWorkLog;
use crate::http::guard::OwnNames;
use crate::http::listen::{self, Door, SocketFile};
use crate::http::{self, App};
use crate::identity::Locals;
use crate::in_force::PolicyInForce;
use crate::keys::{self, InstallationKey};
use crate::policy_files::{self, PolicyFiles};
use crate::store::command::{LoadPolicy, StartServer, StopServer, Sweep};
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{self, CommitError, Fatal, ReadError, Record as _, Store};
use crate::telemetry::Metrics;

/// The gates whose free work is counted.
const GATES: &[&str] = &["claude-code", "command", RUNNER_GATE];
/// How often what has run out of time is ended.
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// How often the snapshot for gates is written anew.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(60);
/// How often the installation's policy files are looked at.
const POLICY_EVERY: Duration = Duration::from_secs(2);
/// How long requests under way have to end once the server is to stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// What to start.
pub struct Plan {
    /// What kind of installation it is, and whose.
    pub standing: Standing,
    /// The console's address.
    pub listen: SocketAddr,
    /// How long things wait and last.
    pub times: Times,
    /// The program that hands receipts on, where there is one.
    pub notify: Option<PathBuf>,
    /// The clock and the randomness.
    pub world: Arc<dyn World>,
    /// Hears why the store has stopped for good; the program ends the process here.
    pub fatal: Arc<dyn Fn(Fatal) + Send + Sync>,
}

/// What kind of installation it is: that decides what it can promise.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It runs as the one user it guards.
    Beside {
        /// The data directory.
        home: Home,
        /// That user.
        person: PersonId,
    },
    /// It has a user id of its own.
    Apart(System),
}

impl Standing {
    /// The data directory.
    pub fn home(&self) -> Home {
        match self {
            Self::Apart(system) => system.server_home(),
            Self::Beside { home, .. } => home.clone(),
        }
    }

    const fn mode(&self) -> ModeV1 {
        match self {
            Self::Apart(_) => ModeV1::Enforcing,
            Self::Beside { .. } => ModeV1::Advisory,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Apart(_) => "it has a user id of its own, and so has the runner, which holds the credentials; \
                what runs beside an agent (its hook) advises nevertheless"
                .into(),
            Self::Beside { .. } => "it runs as the user it guards, who can read and change its files".into(),
        }
    }

    const fn door(&self) -> Door {
        match self {
            Self::Apart(_) => Door::Everybody,
            Self::Beside { .. } => Door::Owner,
        }
    }

    /// Who asks on this machine, and whose installation it is.
    fn people(&self) -> Result<(PersonId, Locals), Error> {
        let own = rustix::process::geteuid().as_raw();
        match self {
            Self::Beside { person, .. } => Ok((person.clone(), Locals::one(own, person.clone()))),
            Self::Apart(system) => {
                let config = system.config();
                if own != config.server.user {
                    return Err(Error::OtherUser { own, named: config.server.user });
                }
                let named = config.people.iter().flat_map(|(person, uids)| uids.iter().map(move |uid| (*uid, person.clone())));
                let owner = config.owner().cloned().ok_or(Error::OtherUser { own, named: config.server.user })?;
                Ok((owner, Locals::of_system(named, config.runner.user)))
            }
        }
    }
}

/// A control plane that is listening.
pub struct Running {
    engine: Arc<Engine>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    writer: tokio::task::JoinHandle<()>,
    _socket: SocketFile,
    _directory: Arc<DataDirectory>,
}

/// Starts a control plane and returns once it is listening.
///
/// # Errors
/// Says what is in the way. Nothing listens then.
pub async fn start(plan: Plan) -> Result<Running, Error> {
    let (people, home) = (plan.standing.people()?, plan.standing.home());
    let directory = Arc::new(DataDirectory::open(home.root())?);
    let key = Arc::new(InstallationKey::open(&directory)?);
    key.publish(&home)?;
    let store = open_store(&plan, &directory, &key)?;
    let console = listen::bind_console(plan.listen).await?;
    let address = console.local_addr().map_err(|source| listen::Error::Taken { what: plan.listen.to_string(), source })?;
    let names = Arc::new(OwnNames::of(address));
    let mut files = PolicyFiles::of(&home);
    let newest_seen = store.policy().await?.map_or(0, |kept| kept.revision);
    let policy = PolicyInForce::new(files.load(&key.verifying_key(), newest_seen, plan.world.now())?, key.clone());
    note_start(store.as_ref(), &policy, plan.standing.mode()).await?;
    let (free_work, writer) = FreeWorkLog::start(store.clone(), &gates()).await?;
    let (door, settings) = (plan.standing.door(), settings(&plan, people, &names));
    let engine = Arc::new(Engine { store, world: plan.world, key, policy, settings, metrics: Metrics::default(), free_work });
    engine.publish_snapshot(&home);
    // The socket comes last: whoever finds it finds a server that is ready.
    let socket = listen::bind_socket(&home.socket(), door)?;
    let (stop, stopping) = watch::channel(false);
    let console_pages = Arc::new(Console::new(engine.clone())?);
    let app = App { engine: engine.clone(), names, console: console_pages };
    let mut tasks = JoinSet::new();
    serve(&mut tasks, &app, console, socket, &stopping);
    keep_house(&mut tasks, &engine, home.clone(), files, stopping);
    info!(%address, data = %home.root().display(), "listening");
    Ok(Running { engine, stop, tasks, writer, _socket: SocketFile(home.socket()), _directory: directory })
}

fn open_store(plan: &Plan, directory: &Arc<DataDirectory>, key: &Arc<InstallationKey>) -> Result<Arc<dyn Store>, Error> {
    let world = plan.world.clone();
    let signer = Arc::new(key.log_signer()?);
    let surroundings = store::Surroundings { clock: Arc::new(move || world.now()), signer, fatal: plan.fatal.clone() };
    Ok(Arc::new(SqliteStore::open(directory.clone(), surroundings)?))
}

async fn note_start(store: &dyn Store, policy: &PolicyInForce, mode: ModeV1) -> Result<(), Error> {
    let mode = mode.as_str().to_owned();
    let _started = store.record(StartServer { version: env!("CARGO_PKG_VERSION").into(), mode }).await?;
    let in_force = policy.now();
    let kept = store.policy().await?;
    if kept.is_none_or(|kept| kept.digest != in_force.digest()) {
        let _loaded = store.record(LoadPolicy { digest: in_force.digest(), revision: in_force.revision() }).await?;
    }
    Ok(())
}

fn gates() -> Vec<GateId> {
    GATES.iter().filter_map(|name| GateId::parse(*name).ok()).collect()
}

fn settings(plan: &Plan, (owner, locals): (PersonId, Locals), names: &OwnNames) -> Settings {
    let origin = names.console_origin().to_owned();
    Settings {
        owner,
        locals,
        console: origin.clone(),
        party: RelyingParty { id: "localhost".into(), origins: vec![origin] },
        mode: plan.standing.mode(),
        mode_reason: plan.standing.reason(),
        times: plan.times,
        notifier: plan.notify.clone().map(Notifier::new),
    }
}

fn serve(tasks: &mut JoinSet<()>, app: &App, console: TcpListener, socket: UnixListener, stopping: &watch::Receiver<bool>) {
    let routes = http::router(app);
    tasks.spawn(http::serve::serve(console, routes.clone(), stopped(stopping.clone())));
    tasks.spawn(http::serve::serve(socket, routes, stopped(stopping.clone())));
}

/// What goes on beside the requests: ending what ran out of time, the snapshot for gates, the policy files.
fn keep_house(
    tasks: &mut JoinSet<()>,
    engine: &Arc<Engine>,
    home: Home,
    mut files: PolicyFiles,
    stopping: watch::Receiver<bool>,
) {
    let sweeping = engine.clone();
    every(tasks, SWEEP_EVERY, stopping.clone(), move || {
        let engine = sweeping.clone();
        async move { engine.sweep().await }
    });
    let (publishing, publish_home) = (engine.clone(), home.clone());
    every(tasks, SNAPSHOT_EVERY, stopping.clone(), move || {
        publishing.publish_snapshot(&publish_home);
        std::future::ready(())
    });
    let engine = engine.clone();
    tasks.spawn(async move {
        let mut tick = tokio::time::interval(POLICY_EVERY);
        loop {
            tokio::select! {
                _ = tick.tick() => files = engine.reload_policy(files, &home).await,
                () = stopped(stopping.clone()) => return,
            }
        }
    });
}

/// Ends once the server is to stop.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn every<F, T>(tasks: &mut JoinSet<()>, period: Duration, stopping: watch::Receiver<bool>, mut act: F)
where
    F: FnMut() -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    tasks.spawn(async move {
        let mut tick = tokio::time::interval(period);
        loop {
            tokio::select! {
                _ = tick.tick() => act().await,
                () = stopped(stopping.clone()) => return,
            }
        }
    });
}

impl Engine {
    async fn sweep(&self) {
        match self.store.record(Sweep::default()).await {
            Ok(swept) if !swept.permits_lost.is_empty() => {
                error!(permits = ?swept.permits_lost, "nobody can tell what came of these acts");
            }
            Ok(_) => {}
            Err(error) => warn!(%error, "what ran out of time was not ended"),
        }
    }

    fn publish_snapshot(&self, home: &Home) {
        let written = serde_json::to_vec(&self.snapshot()).map_err(std::io::Error::from).and_then(|bytes| {
            let path = home.snapshot();
            let fresh = path.with_extension("fresh");
            std::fs::write(&fresh, bytes)?;
            if home.is_pinned() {
                // Everybody's gates read it; it holds the policy and no secret.
                std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o644))?;
            }
            std::fs::rename(fresh, path)
        });
        if let Err(error) = written {
            warn!(%error, "the snapshot for gates was not written; they hold more while the server is away");
        }
    }

    /// Puts the installation's policy files in force when they have changed. What does not load leaves the old ones in force.
    async fn reload_policy(&self, mut files: PolicyFiles, home: &Home) -> PolicyFiles {
        let (key, newest_seen, now) = (self.key.verifying_key(), self.policy.now().revision(), self.now());
        // Off the threads that answer requests: validating a large bundle and running its examples takes its time.
        let kept = files.clone();
        let loading = tokio::task::spawn_blocking(move || (files.load_if_changed(&key, newest_seen, now), files));
        let Ok((loaded, files)) = loading.await else { return kept };
        match loaded {
            Ok(None) => {}
            Ok(Some(bundle)) => self.put_in_force(bundle, home).await,
            Err(error) => error!(%error, "the changed policy does not load; the one before it stays in force"),
        }
        files
    }

    async fn put_in_force(&self, bundle: Bundle, home: &Home) {
        let (digest, revision) = (bundle.digest(), bundle.revision());
        // In the log before in force: no decision speaks of a bundle that the log has not heard of.
        match self.store.record(LoadPolicy { digest, revision }).await {
            Err(error) => error!(%error, revision, "the changed policy was not recorded; the one before it stays in force"),
            Ok(_) => match self.policy.replace(bundle) {
                Err(error) => error!(%error, "the changed policy stays out of force"),
                Ok(()) => {
                    info!(%digest, revision, "policy in force");
                    self.publish_snapshot(home);
                }
            },
        }
    }
}

impl Running {
    /// What decides.
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The console's address.
    pub fn console(&self) -> &str {
        &self.engine.settings.console
    }

    /// Stops in good order: no new requests, those under way end, what was let through is written, and the log says so.
    ///
    /// # Errors
    /// Fails where the log could not be told.
    pub async fn stop(self, reason: &str) -> Result<(), Error> {
        let Self { engine, stop, mut tasks, writer, _socket: socket, _directory: directory } = self;
        let _ = stop.send(true);
        let drained = tokio::time::timeout(DRAIN_MAX, async { while tasks.join_next().await.is_some() {} });
        if drained.await.is_err() {
            warn!("requests were still under way and are cut off");
            tasks.shutdown().await;
        }
        let store = engine.store.clone();
        // The writer of free work ends when nobody can bring it more.
        drop(engine);
        if tokio::time::timeout(DRAIN_MAX, writer).await.is_err() {
            warn!("free work was still waiting to be written; the log will show a gap");
        }
        let _stopped = store.record(StopServer { reason: reason.to_owned() }).await?;
        drop((socket, store, directory));
        Ok(())
    }
}

/// Why a control plane does not start or stop in good order.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory is in the way.
    #[error(transparent)]
    Directory(#[from] data_directory::Error),
    /// The installation's key is in the way.
    #[error(transparent)]
    Key(#[from] keys::Error),
    /// The log's name is none.
    #[error(transparent)]
    LogKey(#[from] KeyError),
    /// The console cannot be set up.
    #[error(transparent)]
    Console(#[from] console::Error),
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] listen::Error),
    /// It is the control plane's alone to run.
    #[error("the control plane of this machine runs as user id {named}, and this is user id {own}")]
    OtherUser {
        /// Ours.
        own: u32,
        /// The configured one.
        named: u32,
    },
    /// The policy does not load.
    #[error(transparent)]
    Policy(#[from] policy_files::Error),
    /// The store does not open.
    #[error(transparent)]
    Open(#[from] sqlite::OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store does not commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
}
