//! Starts programs for the runner, each as a user of its own that owns nothing.
//!
//! ```text
//!  runner (its own user id)  ──spec──▶  launcher (root, three capabilities)  ──▶  the program (a user id of this act alone)
//!         ▲                                   │
//!         └──── output, how it ended ─────────┘
//! ```
//!
//! This is all that needs root: becoming another user. It reads no proposal, holds no credential but the one in passing, and
//! believes nobody but the runner. That each act has a user id to itself means that no act sees another's environment or memory,
//! that none can touch the runner, and that everything an act has begun, in whatever session or group it hides, can be ended for
//! certain. A site's user has other things running; there a [warden](super::warden) sees to that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use holdpoint_api::site::Site;
use holdpoint_api::system::System;
use rustix::process::{Pid, kill_process_group};
use serde::{Deserialize, Serialize};
use tracing::{error, warn};

use super::frame::{self, CHUNK_BYTES, Frame, Kind};
use super::start::Starting;

/// How long the runner may take to say what is to be run.
const ASKING_MAX: Duration = Duration::from_secs(10);

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Ended {
    /// It ran.
    Ran {
        /// Its status; 128 + the signal where a signal ended it.
        status: Option<i32>,
    },
    /// It never began.
    NotStarted {
        /// Why.
        why: String,
    },
}

/// Starts programs until the process ends.
pub struct Launcher {
    listener: UnixListener,
    runner: u32,
    program: PathBuf,
    acts: PathBuf,
    sites: BTreeMap<String, Site>,
    free: Mutex<BTreeSet<u32>>,
}

/// What is done at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SiteWork {
    Act,
    Look,
}

impl SiteWork {
    const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Look => Some(Self::Look),
            Kind::Request => Some(Self::Act),
            _ => None,
        }
    }

    /// The words with which this program becomes the warden of it.
    fn arguments(self, site: &Site) -> Vec<String> {
        let work = match self {
            Self::Act => "act-at",
            Self::Look => "look-at",
        };
        let words = ["gate", "warden", &site.user.to_string(), &site.group().to_string(), work, &site.directory];
        words.map(str::to_owned).to_vec()
    }
}

impl Launcher {
    /// Binds the launcher's socket, and ends whatever a former launcher left behind.
    ///
    /// `program` is this program. With `gate act` and the act's place it becomes the program ([`super::act`]), with `gate warden` it
    /// stands over an act at a site ([`super::warden`]).
    ///
    /// # Errors
    /// Fails where the process may not become other users, and where something is in the way.
    pub fn bind(system: &System, program: PathBuf) -> io::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "only root can give each act a user id of its own"));
        }
        let (places, config) = (system.places(), &system.config().runner);
        let acts = places.acts();
        make(&places.runner_run(), 0o755)?;
        make(&acts, 0o711)?;
        let mut free = BTreeSet::new();
        for uid in config.acting() {
            let place = acts.join(uid.to_string());
            // A former launcher's is root's again for a moment: the mode of another's directory is not ours to set.
            let _ = std::os::unix::fs::chown(&place, Some(0), Some(0));
            make(&place, 0o700)?;
            std::os::unix::fs::chown(&place, Some(uid), Some(uid))?;
            end_all_of(uid, &place)?;
            free.insert(uid);
        }
        let path = places.launcher_socket();
        remove_old(&path)?;
        let listener = UnixListener::bind(&path)?;
        // Whoever connects is asked for their user id by the operating system.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
        let (runner, sites) = (config.user, system.config().sites.clone());
        Ok(Self { listener, runner, program, acts, sites, free: Mutex::new(free) })
    }

    /// Serves the runner.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn serve(&self) -> io::Result<()> {
        std::thread::scope(|threads| {
            loop {
                let (stream, _) = self.listener.accept()?;
                let peer = rustix::net::sockopt::socket_peercred(&stream).map(|peer| peer.uid.as_raw());
                if peer != Ok(self.runner) {
                    warn!(?peer, "somebody else than the runner wanted a program started");
                    continue;
                }
                threads.spawn(move || {
                    if let Err(error) = self.converse(&stream) {
                        warn!(%error, "a conversation with the runner broke");
                    }
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        })
    }

    fn converse(&self, stream: &UnixStream) -> io::Result<()> {
        let (mut reading, mut writing) = (stream, stream);
        stream.set_read_timeout(Some(ASKING_MAX))?;
        let Some(request) = frame::read(&mut reading)? else { return Ok(()) };
        let ended = if request.kind == Kind::Site {
            let Some(asked) = frame::read(&mut reading)? else { return Ok(()) };
            stream.set_read_timeout(None)?;
            self.at_site(&request.payload, &asked, stream)
        } else {
            stream.set_read_timeout(None)?;
            self.apart(&request, stream)
        };
        frame::send(&mut writing, Kind::End, &ended)
    }

    /// An act with a user id to itself.
    fn apart(&self, request: &Frame, stream: &UnixStream) -> Ended {
        let Some(uid) = self.borrow() else {
            return Ended::NotStarted { why: "as many acts are under way as may be at a time".to_owned() };
        };
        let place = self.acts.join(uid.to_string());
        let ended = match self.start(uid, &place, &request.payload) {
            Ok((child, starting)) => {
                let ended = accompany(child, stream, &Leash::UserId { uid, place: &place });
                starting.why_not().map_or(ended, |why| Ended::NotStarted { why })
            }
            Err(error) => Ended::NotStarted { why: error.to_string() },
        };
        self.end(uid, &place);
        ended
    }

    /// An act as a site's user, or a look with its eyes. Which site there is, root says; the runner names one of them.
    fn at_site(&self, name: &[u8], asked: &Frame, stream: &UnixStream) -> Ended {
        let not_started = |why: String| Ended::NotStarted { why };
        let Some(site) = std::str::from_utf8(name).ok().and_then(|name| self.sites.get(name)) else {
            return not_started("root has set up no such site".to_owned());
        };
        let Some(arguments) = SiteWork::of(asked.kind).map(|work| work.arguments(site)) else {
            return not_started("at a site one acts or looks".to_owned());
        };
        let (orders, stdin) = match Starting::pair() {
            Ok(pair) => pair,
            Err(error) => return not_started(error.to_string()),
        };
        // The command holds the warden's end of the socket until it is dropped.
        let spawned = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        match spawned {
            Ok(child) => {
                // A warden that ended already says why on its standard error.
                let _ = frame::write(&mut orders.stream(), asked.kind, &asked.payload);
                let ended = accompany(child, stream, &Leash::Warden { orders: &orders });
                orders.why_not().map_or(ended, not_started)
            }
            Err(error) => not_started(error.to_string()),
        }
    }

    fn borrow(&self) -> Option<u32> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }

    /// Ends what an act left running, clears its place and takes the user id back. One that cannot be cleared is used no more.
    fn end(&self, uid: u32, place: &Path) {
        match end_all_of(uid, place) {
            Ok(()) => drop(self.free.lock().unwrap_or_else(PoisonError::into_inner).insert(uid)),
            Err(error) => error!(uid, %error, "an act could not be cleared away; its user id is used no more"),
        }
    }

    fn start(&self, uid: u32, place: &Path, spec: &[u8]) -> io::Result<(Child, Starting)> {
        let (starting, stdin) = Starting::pair()?;
        let mut command = as_user(uid, Command::new(&self.program).args(["gate", "act"]).arg(place));
        let child = command.process_group(0).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        starting.say(spec);
        Ok((child, starting))
    }
}

fn as_user(uid: u32, command: &mut Command) -> Command {
    let mut own = Command::new(command.get_program());
    own.args(command.get_args()).env_clear().current_dir("/").uid(uid).gid(uid);
    own
}

/// How an act is held on to: how signals reach it, and how all of it is ended.
enum Leash<'a> {
    /// Everything with its user id is the act.
    UserId { uid: u32, place: &'a Path },
    /// Its warden knows what belongs to it, and ends it when nobody gives orders any more.
    Warden { orders: &'a Starting },
}

impl Leash<'_> {
    fn signal(&self, frame: &Frame, group: Option<Pid>) {
        match (self, frame.signal(), group) {
            (Self::UserId { .. }, Some(signal), Some(group)) => drop(kill_process_group(group, signal)),
            (Self::Warden { orders }, Some(_), _) => {
                let _ = frame::write(&mut orders.stream(), Kind::Signal, &frame.payload);
            }
            _ => {}
        }
    }

    fn end(&self) {
        match self {
            Self::UserId { uid, place } => drop(end_all_of(*uid, place)),
            Self::Warden { orders } => orders.finish(),
        }
    }
}

/// Passes output on until the program has ended, and signals to it. When the runner has gone, so does the program.
fn accompany(mut child: Child, stream: &UnixStream, leash: &Leash<'_>) -> Ended {
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let (writing, over) = (Mutex::new(stream), AtomicBool::new(false));
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let status = std::thread::scope(|threads| {
        threads.spawn(|| pass_on(output, Kind::Output, &writing));
        threads.spawn(|| pass_on(errors, Kind::Errors, &writing));
        threads.spawn(|| {
            heed(stream, leash, group);
            if !over.load(Ordering::SeqCst) {
                leash.end();
            }
        });
        let status = child.wait();
        over.store(true, Ordering::SeqCst);
        // Whatever it began and left running is ended as well; only then is its output at its end.
        leash.end();
        let _ = stream.shutdown(Shutdown::Read);
        status
    });
    Ended::Ran { status: status.ok().and_then(code) }
}

/// Passes a stream on. When nobody takes it any more, the program is told by its pipe.
fn pass_on(from: Option<impl Read>, kind: Kind, to: &Mutex<&UnixStream>) {
    let Some(mut from) = from else { return };
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let mut stream: &UnixStream = *to.lock().unwrap_or_else(PoisonError::into_inner);
        if frame::write(&mut stream, kind, chunk.get(..count).unwrap_or_default()).is_err() {
            return;
        }
    }
}

/// Sends signals on until nobody is left to send any.
fn heed(mut stream: &UnixStream, leash: &Leash<'_>, group: Option<Pid>) {
    while let Ok(Some(frame)) = frame::read(&mut stream) {
        leash.signal(&frame, group);
    }
}

/// The status as a shell would give it.
pub(super) fn code(status: ExitStatus) -> Option<i32> {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}

/// Ends every process of a user id and empties its place.
fn end_all_of(uid: u32, place: &Path) -> io::Result<()> {
    // As that user, so that nothing else can be hit. `kill -1` spares only the shell that says it; status 1 means that there was
    // nobody.
    let killed =
        as_user(uid, Command::new("/bin/sh").args(["-c", "kill -KILL -1 2>/dev/null || :"])).stdin(Stdio::null()).status()?;
    let parts = ["home", "secret", "tree"].map(|part| place.join(part));
    let cleared = as_user(uid, Command::new("/bin/rm").args(["-rf", "--"]).args(parts)).stdin(Stdio::null()).status()?;
    if !killed.success() || !cleared.success() {
        return Err(io::Error::other("something of it could not be ended or removed"));
    }
    clear_common_places(uid);
    Ok(())
}

/// Removes what an act has left where everybody may write: the next one with its user id would own it. What cannot be removed is
/// told, and is a matter of that act's alone.
fn clear_common_places(uid: u32) {
    let there: Vec<&str> = COMMON_PLACES.iter().copied().filter(|place| Path::new(place).is_dir()).collect();
    let owned = uid.to_string();
    let find = ["-xdev", "-mindepth", "1", "-user", &owned, "-delete"];
    let swept = as_user(uid, Command::new("/usr/bin/find").args(there).args(find))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if let Err(error) = swept {
        warn!(uid, %error, "what an act left in common places is still there");
    }
    // Shared memory, message queues and semaphores of System V as well; those of others it may not touch.
    let _ = as_user(uid, Command::new("/usr/bin/ipcrm").arg("--all"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Where every user may write.
const COMMON_PLACES: [&str; 4] = ["/dev/mqueue", "/dev/shm", "/tmp", "/var/tmp"];

fn make(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(mode).create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

fn remove_old(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
