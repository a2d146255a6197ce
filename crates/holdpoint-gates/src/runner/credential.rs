//! The credentials that the runner holds: one file each, read anew for each act.
//!
//! ```toml
//! # credentials.d/shop-db.toml
//! programs = ["psql", "pg_dump"]
//! [secrets]                                  # masked wherever a program prints them
//! password = "…"
//! [variables]                                # given to the program; those without a secret are part of the change
//! PGHOST = "db.shop.example"
//! PGUSER = "deploy"
//! [files]                                    # written for the act alone; the variable names the path
//! PGPASSFILE = "db.shop.example:5432:*:deploy:${secret.password}"
//! ```
//!
//! **In scope**: reading such a file only where nobody but the runner and root could have written or read it, and which credential
//! a command asks for. **Out of scope**: whether it may be used (policy), giving it to the program ([`super::act`]).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use holdpoint_api::limits::Limits;
use rustix::fs::{Mode, OFlags};
use serde::Deserialize;

use super::masker::{SECRET_MIN_BYTES, Secrets};

/// Longest file of a credential in bytes.
const FILE_MAX_BYTES: u64 = 256 * 1024;
/// Most credentials.
const CREDENTIALS_MAX: usize = 256;
/// How a secret is put into a variable or file.
const PLACE: &str = "${secret.";
/// Variables that are the runner's own to set.
const RESERVED: &[&str] = &["HOME", "PATH", "PWD", "SHELL", "TMPDIR", "USER"];
/// Beginnings of variables that change what any program is.
const RESERVED_BEGINNINGS: &[&str] = &["HOLDPOINT_", "LD_", "BASH_", "GIT_CONFIG"];

/// What the runner holds for some programs.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credential {
    #[serde(skip)]
    name: String,
    programs: Vec<String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    limits: Limits,
}

impl Credential {
    /// Its name: that of its file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What an act with it may use up.
    pub(super) const fn limits(&self) -> Limits {
        self.limits
    }

    /// The variables that hold no secret: they say what the credential is for, and are part of the change.
    pub(super) fn public_variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.variables.iter().filter(|(_, value)| !value.contains(PLACE))
    }

    /// All variables, secrets filled in.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.variables.iter().map(|(name, value)| (name.clone(), self.filled(value)))
    }

    /// The files to be written for an act, by the variable that names their path, secrets filled in.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, String)> {
        self.files.iter().map(|(name, text)| (name.clone(), self.filled(text)))
    }

    /// What nobody may read in the output.
    pub(super) fn secrets(&self) -> Secrets {
        Secrets::of(self.secrets.values().map(String::as_str))
    }

    fn filled(&self, template: &str) -> String {
        self.secrets.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{PLACE}{name}}}"), value))
    }

    fn check(&self) -> Result<(), String> {
        if self.programs.is_empty() || self.programs.iter().any(|program| program.is_empty() || program.contains('/')) {
            return Err("it names the programs it is for, as they stand on the path".to_owned());
        }
        let given = self.variables.keys().chain(self.files.keys());
        let reserved = |name: &&String| {
            RESERVED.contains(&name.as_str()) || RESERVED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        };
        if let Some(name) = given.clone().find(|name| reserved(name) || !is_variable(name)) {
            return Err(format!("`{name}` is no variable that a credential may set"));
        }
        if let Some((name, _)) = self.secrets.iter().find(|(_, value)| value.len() < SECRET_MIN_BYTES) {
            return Err(format!("the secret `{name}` is shorter than {SECRET_MIN_BYTES} bytes and could not be masked"));
        }
        let templates = self.variables.values().chain(self.files.values());
        if templates.map(|template| self.filled(template)).any(|filled| filled.contains(PLACE)) {
            return Err("it uses a secret that it does not hold".to_owned());
        }
        Ok(())
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The credential that a command asks for.
///
/// # Errors
/// Fails where it cannot be said which.
pub(super) fn for_program(directory: &Path, program: &str, named: Option<&str>) -> Result<Option<Credential>, Error> {
    let mut fitting: Vec<_> =
        read_all(directory)?.into_iter().filter(|credential| credential.programs.iter().any(|name| name == program)).collect();
    if let Some(named) = named {
        fitting.retain(|credential| credential.name == named);
        return fitting.pop().map(Some).ok_or_else(|| Error::NotFor { name: named.to_owned(), program: program.to_owned() });
    }
    match fitting.as_slice() {
        [] | [_] => Ok(fitting.pop()),
        several => Err(Error::Several { names: several.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join("`, `") }),
    }
}

fn read_all(directory: &Path) -> Result<Vec<Credential>, Error> {
    let failed = |source| Error::Unreadable { path: directory.to_owned(), source };
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    check_owner(directory, &std::fs::metadata(directory).map_err(failed)?)?;
    let mut paths = Vec::new();
    for entry in entries.take(CREDENTIALS_MAX) {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Credential, Error> {
    let failed = |source| Error::Unreadable { path: path.to_owned(), source };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?);
    let metadata = file.metadata().map_err(failed)?;
    check_owner(path, &metadata)?;
    if !metadata.is_file() {
        return Err(Error::NoCredential { path: path.to_owned(), why: "it is no file".to_owned() });
    }
    let mut text = String::new();
    file.take(FILE_MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    let wrong = |why: String| Error::NoCredential { path: path.to_owned(), why };
    // The parser's own words would quote what it met, and callers hear this.
    let at = |error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {} is not understood", before.lines().count().max(1))
    };
    let mut credential: Credential = toml::from_str(&text).map_err(|error| wrong(at(error)))?;
    credential.name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    credential.check().map_err(wrong)?;
    Ok(credential)
}

/// Only root and the runner may have written it, and nobody else may read it.
fn check_owner(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Error> {
    let (own, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let others = if metadata.gid() == group { 0o027 } else { 0o077 };
    if [0, own].contains(&metadata.uid()) && metadata.mode() & others == 0 {
        return Ok(());
    }
    Err(Error::OpenToOthers { path: path.to_owned(), mode: metadata.mode() & 0o7777 })
}

/// Why there is no saying which credential is meant. Nothing ran.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A file is none.
    #[error("`{}` is no credential: {why}", path.display())]
    NoCredential {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The one that was named is not for that program.
    #[error("the runner holds no credential `{name}` for `{program}`")]
    NotFor {
        /// The name.
        name: String,
        /// The program.
        program: String,
    },
    /// Others may read or write it.
    #[error("`{}` is open to others than the runner and root (mode {mode:o}), so it is none of the runner's", path.display())]
    OpenToOthers {
        /// The file or directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// More than one fits.
    #[error("name the credential with --credential: `{names}`")]
    Several {
        /// Which.
        names: String,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const SHOP: &str = "programs = ['psql']\n[secrets]\npassword = 'hunter2-and-more'\n[variables]\nPGHOST = 'db.shop'\n\
        PGPASSWORD = '${secret.password}'\n[files]\nPGPASSFILE = 'db.shop:*:*:*:${secret.password}'\n";

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        directory
    }

    fn keep(directory: &Path, name: &str, text: &str, mode: u32) {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_that_others_could_read_or_write_is_no_credential() {
        for mode in [0o604, 0o602, 0o620, 0o666] {
            let directory = directory();
            keep(directory.path(), "shop.toml", SHOP, mode);
            assert!(matches!(for_program(directory.path(), "psql", None), Err(Error::OpenToOthers { .. })), "{mode:o}");
        }
        let directory = directory();
        keep(directory.path(), "real", SHOP, 0o600);
        std::os::unix::fs::symlink(directory.path().join("real"), directory.path().join("shop.toml")).unwrap();
        assert!(matches!(for_program(directory.path(), "psql", None), Err(Error::Unreadable { .. })), "no link is followed");
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(for_program(directory.path(), "psql", None), Err(Error::OpenToOthers { .. })));
    }

    #[test]
    fn what_is_wrong_with_a_credential_is_said_without_what_is_secret_in_it() {
        for (text, why) in [
            ("programs = []", "programs"),
            ("programs = ['/usr/bin/psql']", "programs"),
            ("programs = ['psql']\n[variables]\nLD_PRELOAD = '/tmp/x.so'", "LD_PRELOAD"),
            ("programs = ['psql']\n[variables]\nPATH = '/tmp'", "PATH"),
            ("programs = ['psql']\n[secrets]\npin = '1234'", "shorter"),
            ("programs = ['psql']\n[variables]\nX = '${secret.other}'", "does not hold"),
            ("programs = ['psql']\n[secrets]\npassword = 'hunter2-and-more\n", "line "),
            ("programs = ['psql']\nsecret = 'hunter2-and-more'\n", "line "),
            ("programs = 'hunter2-and-more'\n", "line 1"),
        ] {
            let directory = directory();
            keep(directory.path(), "shop.toml", text, 0o600);
            let Err(error) = for_program(directory.path(), "psql", None) else { panic!("{text}") };
            let said = error.to_string();
            assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn which_credential_is_meant_is_never_guessed() {
        let directory = directory();
        keep(directory.path(), "shop.toml", SHOP, 0o600);
        keep(directory.path(), "notes.txt", "no credential", 0o666);
        let found = |program: &str, named: Option<&str>| {
            for_program(directory.path(), program, named).map(|found| found.map(|one| one.name().to_owned()))
        };
        assert_eq!(found("psql", None).unwrap().as_deref(), Some("shop"));
        assert_eq!(found("curl", None).unwrap(), None);
        assert!(matches!(found("curl", Some("shop")), Err(Error::NotFor { .. })));
        keep(directory.path(), "staging.toml", SHOP, 0o600);
        assert!(matches!(found("psql", None), Err(Error::Several { .. })));
        assert_eq!(found("psql", Some("staging")).unwrap().as_deref(), Some("staging"));
        assert_eq!(for_program(Path::new("/nonexistent"), "psql", None).unwrap().map(|one| one.name), None);
    }

    #[test]
    fn what_is_secret_is_given_to_the_program_and_is_no_part_of_the_change() {
        let directory = directory();
        keep(directory.path(), "shop.toml", SHOP, 0o600);
        let credential = for_program(directory.path(), "psql", None).unwrap().unwrap();
        let public: Vec<_> = credential.public_variables().map(|(name, _)| name.as_str()).collect();
        assert_eq!(public, ["PGHOST"]);
        let given: BTreeMap<_, _> = credential.variables().chain(credential.files()).collect();
        assert_eq!(given["PGPASSWORD"], "hunter2-and-more");
        assert_eq!(given["PGPASSFILE"], "db.shop:*:*:*:hunter2-and-more");
    }
}
