//! Hostile artefact in, effects and questions out. Pure.

use std::collections::BTreeSet;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::Answers;

pub use self::reading::Reading;
use self::world::World;

mod code;
mod credential;
mod data;
mod families;
mod graphql;
pub mod loss;
pub mod paths;
mod reading;
mod recipe;
mod recover;
mod shell;
mod site;
pub mod sql;
pub mod tool;
mod world;

/// Names of environment variables that decide what a command means. A gate puts those that are set into
/// [`Setting::variables`]; the values of all others count as unknown.
pub const VARIABLES: &[&str] = &[
    "AWS_PROFILE",
    "AWS_REGION",
    "CLAUDE_CODE_SHELL",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "HOLDPOINT_DATA",
    "HOLDPOINT_PROGRAM",
    "HOME",
    "KUBECONFIG",
    "PGDATABASE",
    "PGHOST",
    "PGPORT",
    "PGSERVICE",
    "PGUSER",
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_apply",
    "TF_CLI_ARGS_destroy",
    "TF_DATA_DIR",
    "TF_WORKSPACE",
    "TMPDIR",
    "USER",
];

/// The variable of a setting that names the credential which whatever runs is given. Only a gate that holds credentials sets it.
pub const CREDENTIAL: &str = "HOLDPOINT_CREDENTIAL";

/// The variable of a setting that names the site as whose user whatever runs acts. Only a gate that can become that user sets it.
pub const SITE: &str = "HOLDPOINT_SITE";

/// The variable of a setting that names the environment of such a site, where it has one.
pub const SITE_ENVIRONMENT: &str = "HOLDPOINT_SITE_ENVIRONMENT";

/// Reads what an artefact would do. Unanswered questions leave the worst case standing; calling again with more answers
/// refines it.
pub fn read(artefact: &Artefact, setting: &Setting, answers: &Answers) -> Reading {
    let world = World::new(setting, answers);
    let reading = match artefact {
        Artefact::Argv { argv } => Reading::of(shell::argv(argv, &world).0, world),
        Artefact::Command { text } => Reading::of(shell::text(text, &world).0, world),
        Artefact::ToolCall { host, tool, input } => tool::read(host, tool, input, setting, answers),
    };
    let effects = match (setting.variables.get(CREDENTIAL), setting.variables.get(SITE)) {
        (Some(name), _) => credential::used(name, artefact, reading.effects),
        (None, Some(name)) => site::acted_at(name, setting.variables.get(SITE_ENVIRONMENT), reading.effects),
        (None, None) => reading.effects,
    };
    Reading { effects, ..reading }
}

/// The names of all programs and builtins that a text may run, as far as the reader follows it: for comparison with a shell
/// that ran it.
#[doc(hidden)]
pub fn programs_that_may_run(text: &str, setting: &Setting, answers: &Answers) -> BTreeSet<String> {
    shell::text(text, &World::new(setting, answers)).1
}
