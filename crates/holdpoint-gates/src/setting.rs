//! Where an act would take place: the working directory, the variables that matter, the machine and user.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use holdpoint_core::change::{Artefact, Change, Setting};

use crate::answers::{Deadline, settle_reading};
use crate::seen::{Seen, Unreadable};

/// The variables that decide what a command means and that are no secrets: those that the readers know, and those that change what
/// else of the world is met. The readers take any other as unknown.
///
/// They are hashed into the change, so a name belongs here only if it stays the same between a proposal and its retry.
fn variable_names() -> impl Iterator<Item = &'static str> {
    holdpoint_effects::VARIABLES.iter().chain(MORE_VARIABLES).copied()
}

/// What no reader asks for by name, and what still decides which program, repository or account a command meets.
const MORE_VARIABLES: &[&str] = &[
    "AWS_DEFAULT_REGION",
    "AZURE_CONFIG_DIR",
    "BASHOPTS",
    "BASH_ENV",
    "CDPATH",
    "CLOUDSDK_CORE_PROJECT",
    "ENV",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_OBJECT_DIRECTORY",
    "GIT_SSH_COMMAND",
    "GLOBIGNORE",
    "GOOGLE_CLOUD_PROJECT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LOGNAME",
    "PATH",
    "PGHOSTADDR",
    "PGSERVICEFILE",
    "PSQLRC",
    "SHELL",
    "SHELLOPTS",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// How long a gate may look at the world for one reading, unless it must be done by a certain moment. A question that is open
/// then stays at its worst, so harmless work would be held: a look takes 20 ms on an idle machine, and nobody waits for a look
/// that is over.
const LOOK_LASTS: Duration = Duration::from_secs(5);

/// What surrounds every act of a gate: the same for the life of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    variables: BTreeMap<String, String>,
    target: String,
    look_until: Option<Instant>,
}

impl Surroundings {
    /// Takes in the environment of this process. `data` is the data directory in use: it and this program are the guard's own,
    /// wherever they lie, and take the place of what the environment says of them.
    ///
    /// # Errors
    /// Refuses a variable of the list whose value is not UTF-8: it could not be shown, and leaving it out would hide it. Refuses
    /// as well where this program cannot tell where it lies.
    pub fn of_this_process(data: &Path) -> Result<Self, Unreadable> {
        let uname = rustix::system::uname();
        let host = uname.nodename().to_str().map_err(|_| Unreadable::because("the name of this machine is not UTF-8"))?;
        let target = format!("host:{host}/uid:{}", rustix::process::getuid().as_raw());
        let lost = |error| Unreadable::because(format!("this program cannot tell where it lies: {error}"));
        let program = canonical_or_as_named(&std::env::current_exe().map_err(lost)?);
        let data = canonical_or_as_named(data);
        let variable = |name: &str| match name {
            "HOLDPOINT_DATA" => Some(data.clone().into_os_string()),
            "HOLDPOINT_PROGRAM" => Some(program.clone().into_os_string()),
            name => std::env::var_os(name),
        };
        Self::new(variable, target)
    }

    /// Takes in an environment.
    ///
    /// # Errors
    /// As [`Self::of_this_process`].
    pub fn new<V: AsRef<OsStr>>(variable: impl Fn(&str) -> Option<V>, target: String) -> Result<Self, Unreadable> {
        let mut variables = BTreeMap::new();
        for name in variable_names() {
            if let Some(value) = variable(name) {
                let unreadable = || Unreadable::because(format!("the variable `{name}` is not UTF-8"));
                variables.insert(name.to_owned(), value.as_ref().to_str().ok_or_else(unreadable)?.to_owned());
            }
        }
        Ok(Self { variables, target, look_until: None })
    }

    /// Lets no look at the world go on past a moment: for a gate that must have answered soon after.
    #[must_use]
    pub const fn looking_until(mut self, moment: Instant) -> Self {
        self.look_until = Some(moment);
        self
    }

    /// Sees what an artefact would do in a directory, in the world as it is now.
    ///
    /// # Errors
    /// Refuses a directory that cannot be named, and a proposal beyond a bound.
    pub fn see(&self, artefact: Artefact, directory: &Path) -> Result<Seen, Unreadable> {
        let setting = self.setting(directory)?;
        let deadline = Deadline::at(self.look_until.unwrap_or_else(|| Instant::now() + LOOK_LASTS));
        let (answers, reading) = settle_reading(&artefact, &setting, &deadline);
        let change = Change::seal(artefact, setting, &answers).map_err(|error| Unreadable::because(error.to_string()))?;
        Ok(Seen { change, effects: reading.effects, answers, act: None, said: None })
    }

    /// The setting of an act in a directory.
    ///
    /// # Errors
    /// Refuses a directory that is not absolute, is not there, or whose canonical path is not UTF-8.
    pub fn setting(&self, directory: &Path) -> Result<Setting, Unreadable> {
        if !directory.is_absolute() {
            return Err(Unreadable::because(format!("the working directory `{}` is not absolute", directory.display())));
        }
        let canonical = directory.canonicalize().map_err(|error| {
            Unreadable::because(format!("the working directory `{}` cannot be read: {error}", directory.display()))
        })?;
        let canonical = canonical.into_os_string().into_string();
        let directory = canonical.map_err(|_| Unreadable::because("the working directory is not UTF-8"))?;
        Ok(Setting { directory, variables: self.variables.clone(), target: self.target.clone() })
    }
}

/// The path with every link followed; as it was named where nothing is there yet.
fn canonical_or_as_named(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::ffi::OsStrExt as _;

    fn surroundings() -> Surroundings {
        let variable = |name: &str| [("HOME", "/home/alice"), ("PGPASSWORD", "secret")].into_iter().find(|(n, _)| *n == name);
        Surroundings::new(|name| variable(name).map(|(_, value)| value), "host:t/uid:1".into()).unwrap()
    }

    #[test]
    fn only_listed_variables_are_taken_in_and_none_of_them_holds_a_secret() {
        assert_eq!(surroundings().variables, BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]));
        assert!(MORE_VARIABLES.is_sorted());
        assert_eq!(variable_names().collect::<BTreeSet<_>>().len(), variable_names().count(), "one stands in both lists");
        assert!(!variable_names().any(|name| ["PASSWORD", "TOKEN", "SECRET", "KEY"].iter().any(|word| name.contains(word))));
    }

    #[test]
    fn the_guard_names_its_own_files_whatever_the_environment_says() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        let link = real.join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let variables = Surroundings::of_this_process(&link).unwrap().variables;
        assert_eq!(variables.get("HOLDPOINT_DATA").map(String::as_str), real.to_str());
        let program = std::env::current_exe().unwrap().canonicalize().unwrap();
        assert_eq!(variables.get("HOLDPOINT_PROGRAM").map(String::as_str), program.to_str());
    }

    #[test]
    fn a_directory_is_named_as_it_is_whatever_link_leads_there() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(surroundings().setting(&link).unwrap().directory, real.to_str().unwrap());
    }

    #[test]
    fn a_directory_that_cannot_be_named_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let strange = directory.path().join(OsStr::from_bytes(b"\xff"));
        std::fs::create_dir(&strange).unwrap();
        for bad in [Path::new("src"), Path::new(""), &directory.path().join("missing"), &strange] {
            assert!(surroundings().setting(bad).is_err(), "{}", bad.display());
        }
    }

    #[test]
    fn a_variable_that_is_not_text_is_refused() {
        let variable = |name: &str| (name == "PATH").then(|| OsStr::from_bytes(b"/bin\xff"));
        assert!(Surroundings::new(variable, "host:t".into()).is_err());
    }
}
