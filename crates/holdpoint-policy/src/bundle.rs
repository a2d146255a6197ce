//! Policy and estate as one signed thing: what is in force, since which revision, until when.
//!
//! ```text
//! files ──Manifest::build──▶ Manifest ──sign──▶ Signed<Manifest>      (by a person, or by the release)
//! files + Signed<Manifest> ──Bundle::open──▶ Bundle                    (by the server and the gates)
//! ```
//!
//! A bundle that opens is sound: every file is the one that was signed, every guardrail validates, every example comes out
//! as it says. Where opening fails, the bundle before stays in force; that is the caller's to see to.
//!
//! *Out of scope:* reading files, the clock, and who may sign: keys arrive as an argument.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::Timestamp;
use holdpoint_core::digest::{Digest, FieldHasher};
use holdpoint_core::estate::Estate;
use holdpoint_core::signed::{self, Signed, Statement, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::examples::Examples;
use crate::files::{self, File, Files, Role};
use crate::language;
use crate::policies::Policies;
use crate::report::{Problem, Report};
use crate::{estate, shipped};

/// What a person signs when they put a bundle in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Grows with every change; nobody who has seen a revision goes back to one before it.
    pub revision: u64,
    /// The version of the language that the guardrails are written in.
    pub language: u32,
    /// The oldest program that understands the bundle, as `major.minor.patch`.
    pub minimum_program: String,
    /// From when it may be in force.
    pub not_before: Timestamp,
    /// Until when.
    pub expires: Timestamp,
    /// The digest of every file, by path.
    pub files: BTreeMap<String, Digest>,
}

impl Statement for Manifest {
    const DOMAIN: &'static str = "holdpoint-bundle-v1";
}

impl Manifest {
    /// Describes these files, after checking them as [`Bundle::open`] would.
    ///
    /// # Errors
    /// Lists what must be put right before anybody signs.
    pub fn build(files: &Files, revision: u64, not_before: Timestamp, expires: Timestamp) -> Result<Self, Report> {
        Bundle::unsigned(files)?;
        Ok(Self {
            revision,
            language: language::VERSION,
            minimum_program: PROGRAM.to_owned(),
            not_before,
            expires,
            files: digests(files),
        })
    }

    fn check(&self, files: &Files, newest_seen: u64, now: Timestamp) -> Result<(), Error> {
        if self.language != language::VERSION {
            return Err(Error::Language { written: self.language });
        }
        if version(&self.minimum_program) > version(PROGRAM) || version(&self.minimum_program).is_none() {
            return Err(Error::Program { minimum: self.minimum_program.clone() });
        }
        if self.revision < newest_seen {
            return Err(Error::RolledBack { revision: self.revision, newest_seen });
        }
        if now < self.not_before {
            return Err(Error::NotYet { not_before: self.not_before });
        }
        if now >= self.expires {
            return Err(Error::Expired { expires: self.expires });
        }
        let (listed, found) = (&self.files, digests(files));
        let differ = |path: &&String| listed.get(*path) != found.get(*path);
        let other: BTreeSet<_> = listed.keys().chain(found.keys()).filter(differ).cloned().collect();
        if other.is_empty() { Ok(()) } else { Err(Error::OtherFiles { paths: other.into_iter().collect() }) }
    }
}

/// Policies and the estate they speak of, checked and ready.
#[derive(Debug, Clone)]
pub struct Bundle {
    policies: Policies,
    estate: Estate,
    examples: Examples,
    digest: Digest,
    revision: u64,
    files: Files,
}

impl Bundle {
    /// Opens a signed bundle and runs its examples.
    ///
    /// # Errors
    /// Refuses a bundle that none of the keys signed, that is older than one already seen, out of its time, written for
    /// another program, of other files than were signed, or unsound.
    pub fn open(
        files: &Files,
        manifest: &Signed<Manifest>,
        keys: &[VerifyingKey],
        newest_seen: u64,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let bundle = Self::reopen(files, manifest, keys, newest_seen, now)?;
        bundle.tested().map_err(Error::Unsound)
    }

    /// Opens a signed bundle without running its examples, for a gate that must decide alone at once: whoever signed ran
    /// them, and so did the server that handed the bundle out.
    ///
    /// # Errors
    /// Refuses as [`Bundle::open`] does, but for the examples.
    pub fn reopen(
        files: &Files,
        manifest: &Signed<Manifest>,
        keys: &[VerifyingKey],
        newest_seen: u64,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let opened = keys.iter().find_map(|key| manifest.open(key).ok());
        let manifest = opened.ok_or(Error::Unsigned(signed::Error::WrongSignature))?;
        manifest.check(files, newest_seen, now)?;
        let bundle = Self::parse(files).map_err(Error::Unsound)?;
        Ok(Self { revision: manifest.revision, ..bundle })
    }

    /// The bundle that the release ships: the default pack and an empty estate, revision 0. Its examples were run by the
    /// release's tests.
    ///
    /// # Errors
    /// Fails only where the program was built from broken files.
    pub fn shipped() -> Result<Self, Report> {
        Self::parse(&shipped::files())
    }

    /// Checks files that nobody has signed, examples included, as revision 0: to validate them, or to decide a question that
    /// releases nothing.
    ///
    /// # Errors
    /// Lists everything that is wrong.
    pub fn unsigned(files: &Files) -> Result<Self, Report> {
        Self::parse(files)?.tested()
    }

    /// This bundle with further guardrails from a place that nobody signed, such as a repository. Files must lie below
    /// `overlay/`; they can only hold more. Nothing else is read from there.
    ///
    /// # Errors
    /// Lists everything that is wrong with the overlay. The caller then refuses rather than going on without it.
    pub fn overlaid(&self, overlay: &Files) -> Result<Self, Report> {
        let elsewhere = overlay.keys().filter(|path| !path.starts_with("overlay/") || !path.ends_with(".cedar"));
        let elsewhere = elsewhere.map(|path| Problem::in_file(path, "an overlay is `overlay/SUBJECT.cedar`"));
        // Were it replaced, a guardrail would be gone.
        let taken = overlay.keys().filter(|path| self.files.contains_key(*path));
        let taken = taken.map(|path| Problem::in_file(path, "the bundle holds this file already"));
        let problems: Vec<_> = elsewhere.chain(taken).collect();
        if !problems.is_empty() {
            return Err(Report::of(problems));
        }
        let both = self.files.iter().chain(overlay).map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
        Ok(Self { revision: self.revision, ..Self::parse(&both)? })
    }

    /// Opens the files that somebody signed by their digest, as the head of a gate's snapshot does. Examples are not run: the
    /// server that handed the files out ran them.
    ///
    /// # Errors
    /// Refuses files that are not those, and unsound ones.
    pub fn of_digest(files: &Files, signed: Digest, revision: u64) -> Result<Self, Error> {
        // Before anything is parsed: a reader of policies should never meet text that nobody signed.
        let found = digest(files);
        if found != signed {
            return Err(Error::OtherFiles { paths: vec![format!("their digest is {found}")] });
        }
        Ok(Self { revision, ..Self::parse(files).map_err(Error::Unsound)? })
    }

    /// The guardrails.
    pub const fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The estate.
    pub const fn estate(&self) -> &Estate {
        &self.estate
    }

    /// What every decision names: the digest of the language and of all files. Who signed them, and when, does not change it.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The revision.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The files it was made of, to be kept for deciding again.
    pub const fn files(&self) -> &Files {
        &self.files
    }

    fn parse(files: &Files) -> Result<Self, Report> {
        let (sorted, mut problems) = files::sort(files);
        let estate = estate_of(&sorted, &mut problems);
        let examples = Examples::read(&sorted, &mut problems);
        let policies = Policies::read(&sorted, &mut problems);
        problems.extend(policies.iter().flat_map(|policies| policies.unknown_people(&estate)));
        if policies.as_ref().is_some_and(|policies| policies.guardrails().is_empty()) {
            problems.push(
                Problem::in_file("", "there is no guardrail, so everything would pass").hint("Start from the default pack"),
            );
        }
        let guardrails = policies.as_ref().map_or(0, |policies| policies.guardrails().len());
        match policies {
            Some(policies) if problems.is_empty() => {
                Ok(Self { policies, estate, examples, digest: digest(files), revision: 0, files: files.clone() })
            }
            _ => Err(Report { guardrails, examples: examples.len(), ..Report::of(problems) }),
        }
    }

    /// The same bundle, if its examples hold.
    fn tested(self) -> Result<Self, Report> {
        let report = self.report(self.examples.run(&self.policies));
        if report.sound() { Ok(self) } else { Err(report) }
    }

    fn report(&self, problems: Vec<Problem>) -> Report {
        Report { guardrails: self.policies.guardrails().len(), examples: self.examples.len(), ..Report::of(problems) }
    }
}

/// Checks files as loading them would, without running their examples: `holdpoint policy validate`.
pub fn validate(files: &Files) -> Report {
    Bundle::parse(files).map_or_else(|report| report, |bundle| bundle.report(Vec::new()))
}

/// Checks files and runs their examples: `holdpoint policy test`.
pub fn test(files: &Files) -> Report {
    Bundle::parse(files).map_or_else(|report| report, |bundle| bundle.report(bundle.examples.run(&bundle.policies)))
}

fn estate_of(files: &[File<'_>], problems: &mut Vec<Problem>) -> Estate {
    let file = files.iter().find(|file| file.role == Role::Estate);
    file.map(|file| estate::read(file.path, file.text, problems)).unwrap_or_default()
}

fn digests(files: &Files) -> BTreeMap<String, Digest> {
    files.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect()
}

fn digest(files: &Files) -> Digest {
    let mut hasher = FieldHasher::new("holdpoint.bundle.v1");
    hasher.count(language::VERSION as usize).text(language::SCHEMA).count(files.len());
    for (path, bytes) in files {
        hasher.text(path).field(bytes);
    }
    hasher.finish()
}

/// `major.minor.patch`.
fn version(text: &str) -> Option<[u64; 3]> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}

/// This program's version.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Why a bundle is not put in force. The one before stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Its time is over.
    #[error("the bundle expired at {expires}: sign a new revision")]
    Expired {
        /// When.
        expires: Timestamp,
    },
    /// It is written in another version of the language.
    #[error("the bundle is written in version {written} of the policy language, and this program reads {}", language::VERSION)]
    Language {
        /// That version.
        written: u32,
    },
    /// Its time has not come.
    #[error("the bundle is not in force before {not_before}")]
    NotYet {
        /// When it has.
        not_before: Timestamp,
    },
    /// The files are not those that were signed.
    #[error("these files are not the ones that were signed: {}", paths.join(", "))]
    OtherFiles {
        /// The files that differ, are missing, or were not signed.
        paths: Vec<String>,
    },
    /// It needs a newer program.
    #[error("the bundle needs holdpoint {minimum} or newer, and this is {PROGRAM}")]
    Program {
        /// The oldest that will do.
        minimum: String,
    },
    /// It is older than one already seen.
    #[error("the bundle has revision {revision}, but {newest_seen} was seen before")]
    RolledBack {
        /// Its revision.
        revision: u64,
        /// The newest seen.
        newest_seen: u64,
    },
    /// No key that counts has signed it.
    #[error("nobody who may has signed the bundle")]
    Unsigned(#[source] signed::Error),
    /// It was signed, and yet something in it is wrong.
    #[error("the bundle is unsound")]
    Unsound(#[source] Report),
}

#[cfg(test)]
mod tests;
