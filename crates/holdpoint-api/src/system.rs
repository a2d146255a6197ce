//! An installation for a whole machine: the control plane and the runner have user ids of their own, and what tells everybody
//! else where they are belongs to root.
//!
//! ```text
//! /etc/holdpoint/                 root's, everybody reads
//! ├── config.toml                 who is who: the user ids of the control plane, the runner, and of people
//! ├── installation.pub, log.vkey  the pinned keys
//! └── credentials.d/              the runner's alone
//! /var/lib/holdpoint/             the control plane's alone: key, database, policy
//! /var/lib/holdpoint-runner/      the runner's alone
//! /run/holdpoint/                 the control plane's: socket, snapshot
//! /run/holdpoint-runner/          root's: the runner's socket
//! └── acts/                       root's: one directory for each user id that acts
//! ```
//!
//! **In scope**: where things lie, and reading the configuration only where root alone could have written it. **Out of scope**:
//! making these files (`holdpoint install system`).

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use holdpoint_core::actor::PersonId;
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::site::Site;
use crate::user::group_of;

/// Longest configuration in bytes.
const CONFIG_MAX_BYTES: u64 = 64 * 1024;
/// Most user ids that may act at the same time.
pub const ACTING_MAX: u32 = 256;
/// The directories in which the runner looks for programs where nobody says otherwise.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The configuration of a system installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The control plane.
    pub server: ServerConfig,
    /// The runner.
    pub runner: RunnerConfig,
    /// People by name, with the user ids whose programs act for them.
    pub people: BTreeMap<PersonId, Vec<u32>>,
    /// Where the runner acts as somebody else, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sites: BTreeMap<String, Site>,
}

/// The control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Its user id.
    pub user: u32,
    /// The console's address.
    pub listen: SocketAddr,
}

/// The runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerConfig {
    /// Its user id.
    pub user: u32,
    /// The first of the user ids that act: each act has one of its own while it lasts.
    pub acting_from: u32,
    /// How many there are.
    pub acting_count: u32,
    /// The directories in which programs are looked up, all of them root's.
    #[serde(default = "search_path")]
    pub path: String,
}

fn search_path() -> String {
    SEARCH_PATH.to_owned()
}

impl RunnerConfig {
    /// The user ids that act.
    pub const fn acting(&self) -> std::ops::Range<u32> {
        self.acting_from..self.acting_from.saturating_add(self.acting_count)
    }
}

impl Config {
    /// The person behind a user id.
    pub fn person(&self, uid: u32) -> Option<&PersonId> {
        self.people.iter().find(|(_, uids)| uids.contains(&uid)).map(|(person, _)| person)
    }

    /// Whose installation it is: the first person by name.
    pub fn owner(&self) -> Option<&PersonId> {
        self.people.keys().next()
    }

    /// Refuses a configuration that is no wall.
    fn check(&self) -> Result<(), &'static str> {
        let (server, runner) = (self.server.user, self.runner.user);
        let people: Vec<u32> = self.people.values().flatten().copied().collect();
        let acting = self.runner.acting();
        if server == 0 || runner == 0 || server == runner {
            return Err("the control plane and the runner each need a user id of their own, and not root's");
        }
        if people.is_empty() || people.contains(&0) {
            return Err("it names at least one person, and nobody as root");
        }
        if people.iter().any(|uid| [server, runner].contains(uid) || acting.contains(uid)) {
            return Err("a person has the user id of the control plane, of the runner or of what acts");
        }
        if acting.is_empty() || acting.contains(&server) || acting.contains(&runner) || acting.contains(&0) {
            return Err("the user ids that act are at least one, and nobody else's");
        }
        if self.runner.acting_count > ACTING_MAX || acting.end == u32::MAX {
            return Err("that many user ids cannot act");
        }
        let names: Vec<&u32> = self.people.values().flatten().collect();
        if names.iter().collect::<std::collections::BTreeSet<_>>().len() != names.len() {
            return Err("two people have the same user id");
        }
        if let Some(fault) = self.sites.iter().find_map(|(name, site)| site.fault(name)) {
            return Err(fault);
        }
        let taken = |uid: u32| [server, runner].contains(&uid) || people.contains(&uid) || acting.contains(&uid);
        if self.sites.values().any(|site| taken(site.user) || [server, runner].map(group_of).contains(&site.group())) {
            return Err(
                "a site has the user of a person, the user or group of the control plane or of the runner, or one of what acts",
            );
        }
        Ok(())
    }
}

/// A system installation, as root set it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    places: Places,
    config: Config,
}

impl System {
    /// Finds the installation of this machine, or of the file system below `prefix`.
    ///
    /// # Errors
    /// Refuses a configuration that somebody else than root could have written, or that is none. No error means that there is no
    /// installation: whoever cannot tell must not go on as if there were none.
    pub fn find(prefix: &Path) -> Result<Option<Self>, Error> {
        let places = Places::below(prefix);
        let path = places.config();
        let failed = |source| Error::Unreadable { path: path.clone(), source };
        let mut file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        for metadata in [file.metadata(), fs::metadata(places.etc())] {
            let metadata = metadata.map_err(failed)?;
            if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
                return Err(Error::NotRoots { path });
            }
        }
        let mut text = String::new();
        io::Read::by_ref(&mut file).take(CONFIG_MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
        let config: Config =
            toml::from_str(&text).map_err(|error| Error::NoConfig { path: path.clone(), why: error.to_string() })?;
        config.check().map_err(|why| Error::NoConfig { path, why: why.to_owned() })?;
        Ok(Some(Self { places, config }))
    }

    /// What it says.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Where things lie.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// A user's own data directory beside this installation.
    pub fn beside(&self, root: impl Into<PathBuf>) -> Home {
        Home::beside(root, self.places.etc(), self.places.run())
    }

    /// The control plane's data directory.
    pub fn server_home(&self) -> Home {
        self.beside(self.places.data())
    }

    /// The runner's data directory.
    pub fn runner_home(&self) -> Home {
        self.beside(self.places.runner_data())
    }
}

/// Where the parts of a system installation lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    prefix: PathBuf,
}

impl Places {
    /// Below a directory; `/` for this machine.
    pub fn below(prefix: &Path) -> Self {
        Self { prefix: prefix.to_path_buf() }
    }

    /// Below which directory.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Root's directory, which everybody reads.
    pub fn etc(&self) -> PathBuf {
        self.prefix.join("etc/holdpoint")
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.etc().join("config.toml")
    }

    /// The credentials that the runner holds.
    pub fn credentials(&self) -> PathBuf {
        self.etc().join("credentials.d")
    }

    /// The control plane's data directory.
    pub fn data(&self) -> PathBuf {
        self.prefix.join("var/lib/holdpoint")
    }

    /// The runner's own directory.
    pub fn runner_data(&self) -> PathBuf {
        self.prefix.join("var/lib/holdpoint-runner")
    }

    /// The control plane's socket and snapshot lie here.
    pub fn run(&self) -> PathBuf {
        self.prefix.join("run/holdpoint")
    }

    /// The runner's sockets lie here.
    pub fn runner_run(&self) -> PathBuf {
        self.prefix.join("run/holdpoint-runner")
    }

    /// Where `holdpoint run` finds the runner.
    pub fn runner_socket(&self) -> PathBuf {
        self.runner_run().join("socket")
    }

    /// Where the runner finds what starts programs for it.
    pub fn launcher_socket(&self) -> PathBuf {
        self.runner_run().join("launcher")
    }

    /// The directory of each user id that acts.
    pub fn acts(&self) -> PathBuf {
        self.runner_run().join("acts")
    }

    /// The program that root has installed: what the services are and what everybody runs.
    pub fn program(&self) -> PathBuf {
        self.prefix.join("usr/local/bin/holdpoint")
    }

    /// Where the units of systemd go.
    pub fn units(&self) -> PathBuf {
        self.prefix.join("etc/systemd/system")
    }
}

/// Why it cannot be said how this machine is set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is none.
    #[error("`{}` is no configuration: {why}", path.display())]
    NoConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else could have written it.
    #[error("`{}` or its directory can be written by others than root, so it pins nothing", path.display())]
    NotRoots {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<(), String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(str::to_owned)
    }

    fn with(server: u32, runner: u32, acting: u32, people: &str) -> Result<(), String> {
        config(&format!(
            "[server]\nuser = {server}\nlisten = '127.0.0.1:7423'\n[runner]\nuser = {runner}\nacting_from = {acting}\n\
             acting_count = 4\n[people]\n{people}\n"
        ))
    }

    #[test]
    fn a_configuration_in_which_two_have_one_user_id_is_no_wall() {
        assert_eq!(with(900, 901, 60600, "alice = [1000]"), Ok(()));
        for (server, runner, acting, people) in [
            (0, 901, 60600, "alice = [1000]"),
            (900, 0, 60600, "alice = [1000]"),
            (900, 900, 60600, "alice = [1000]"),
            (900, 901, 60600, "alice = [900]"),
            (900, 901, 60600, "alice = [901]"),
            (900, 901, 60600, "alice = [60601]"),
            (900, 901, 60600, "alice = [0]"),
            (900, 901, 60600, "alice = [1000]\nbob = [1000]"),
            (900, 901, 60600, ""),
            (900, 901, 898, "alice = [1000]"),
            (900, 901, u32::MAX - 2, "alice = [1000]"),
        ] {
            assert!(with(server, runner, acting, people).is_err(), "{server} {runner} {acting} {people}");
        }
    }

    #[test]
    fn a_site_is_nobody_elses_user() {
        let site = |user: u32| {
            with(
                900,
                901,
                60600,
                &format!("alice = [1000]\n[sites.shop]\nuser = {user}\ndirectory = '/srv/shop'\nprograms = ['rm']"),
            )
        };
        assert_eq!(site(998), Ok(()));
        for taken in [0, 900, 901, 1000, 60601] {
            assert!(site(taken).is_err(), "{taken}");
        }
    }

    #[test]
    fn a_word_nobody_knows_is_no_configuration() {
        assert!(config("server = 1").is_err());
        assert!(with(900, 901, 60600, "alice = [1000]\n[more]\nx = 1").is_err());
    }

    #[test]
    fn what_somebody_else_than_root_could_have_written_pins_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        assert_eq!(System::find(root.path()).unwrap(), None);
        let places = Places::below(root.path());
        fs::create_dir_all(places.etc()).unwrap();
        fs::write(places.config(), "").unwrap();
        fs::set_permissions(places.config(), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(System::find(root.path()), Err(Error::NotRoots { .. })));
    }
}
