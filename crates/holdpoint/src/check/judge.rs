//! The decision that `check` shows: the real reader, the world as it is here, and the policy that is built in.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use holdpoint_api::v1::JudgementV1;
use holdpoint_core::actor::{Actor, AgentId, PersonId, Strength};
use holdpoint_core::change::Artefact;
use holdpoint_core::effect::{Effects, Environment};
use holdpoint_core::estate::Estate;
use holdpoint_core::quorum::Dossier;
use holdpoint_gates::setting;
use holdpoint_policy::case::{Freezes, Surroundings};
use holdpoint_policy::policies::FILE_MAX_BYTES;
use holdpoint_policy::{Bundle, Case, decide, shipped};

use crate::context::Installation;

/// Where a change would act, and what is known of that place.
#[derive(Debug, clap::Args)]
pub(super) struct Scene {
    /// The estate to decide with [default: none: every environment is unknown]
    #[arg(long, global = true, value_name = "FILE")]
    estate: Option<PathBuf>,
    /// Where it would act, when the artefact does not say
    #[arg(long, global = true, value_name = "NAME")]
    environment: Option<String>,
    /// The directory in which it would run [default: this one]
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Decides about one artefact after the other, in one place.
pub(super) struct Judge {
    here: setting::Surroundings,
    directory: PathBuf,
    environment: Option<Environment>,
    estate: Estate,
    bundle: Bundle,
}

impl Judge {
    /// Takes in the place, the estate and the policy.
    pub(super) fn new(installation: &Installation, scene: &Scene) -> anyhow::Result<Self> {
        let directory = match &scene.directory {
            Some(directory) => directory.clone(),
            None => std::env::current_dir().context("the working directory is gone")?,
        };
        Ok(Self {
            here: setting::Surroundings::of_this_process(installation.home()?.root())?,
            directory: directory.canonicalize().with_context(|| format!("`{}` is no directory", directory.display()))?,
            environment: scene.environment.clone().map(Environment::from),
            estate: scene.estate.as_deref().map(estate).transpose()?.unwrap_or_default(),
            bundle: Bundle::shipped().map_err(|report| anyhow::anyhow!("{report}"))?,
        })
    }

    /// Reads an artefact here and now, and decides as for an agent.
    pub(super) fn judge(&self, artefact: Artefact) -> anyhow::Result<JudgementV1> {
        let seen = self.here.see(artefact, &self.directory)?;
        let effects = match &self.environment {
            Some(name) => seen.effects.with_unknown_in(name),
            None => seen.effects,
        };
        let decision = decide(self.bundle.policies(), &self.case(&effects)?);
        Ok(JudgementV1::new(seen.change.digest(), &effects, &decision))
    }

    /// The change as an agent of somebody's would propose it, with nobody's word for it yet.
    fn case(&self, effects: &Effects) -> anyhow::Result<Case> {
        let around = Surroundings {
            estate: &self.estate,
            freezes: &Freezes::none(),
            gate: Strength::Advises,
            in_reach: &[],
            waived: &BTreeSet::new(),
        };
        let actor = Actor::Agent { id: AgentId::parse("check")?, on_behalf_of: PersonId::parse("somebody")? };
        Ok(Case::assemble(actor, effects, Dossier::default(), &around))
    }
}

fn estate(path: &Path) -> anyhow::Result<Estate> {
    let bytes = estate_file(path).with_context(|| format!("the estate `{}` cannot be read", path.display()))?;
    let files = [("estate.toml".to_owned(), bytes)].into_iter().chain(shipped::files()).collect();
    let bundle = Bundle::unsigned(&files).map_err(|report| anyhow::anyhow!("{report}"));
    Ok(bundle.with_context(|| format!("the estate `{}` is malformed", path.display()))?.estate().clone())
}

/// The content of a regular file that is no longer than a file of a bundle may be.
fn estate_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    // Before it is opened: to open a pipe would wait for its other end.
    anyhow::ensure!(path.metadata()?.is_file(), "it is no regular file");
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(bytes.len() <= FILE_MAX_BYTES, "it is longer than {FILE_MAX_BYTES} bytes");
    Ok(bytes)
}
