//! Archives and packed files: what unpacking puts where, and what a build takes away that the line put among what it makes.
//!
//! *In scope:* acts that `families/archives.toml` names, and the words by which a build cleans. *Out of scope:* what an archive
//! holds, which nobody reads here.

use holdpoint_core::effect::{Certainty, Effect, Magnitude, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::{FileKind, PathFacts, Place};

use super::effect::plain;
use super::files::Target;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use crate::paths;
use crate::recover::kind_of;

/// Programs that delete what a build made where a word says `clean`.
const BUILDERS: [&str; 24] = [
    "ant", "bazel", "bun", "cargo", "dotnet", "dune", "flutter", "gmake", "gradle", "gradlew", "just", "lein", "make", "mix",
    "mvn", "mvnw", "ninja", "npm", "pnpm", "rake", "sbt", "swift", "task", "yarn",
];

impl Walker<'_> {
    /// Takes note that what was in one file is in another from now on: what is known of a path speaks of neither.
    pub(crate) fn carry(&mut self, operand: &Field, directory: Option<&str>) {
        let Target::Exactly(path) = self.target(&operand.value, directory) else { return };
        let kind = kind_of(self.world, &path, None);
        if self.site == Site::Here && is_in_use(kind) && !self.state.moved.contains(&path) {
            let summary = format!("Takes `{path}` from its place and leaves it packed");
            let effect = plain(Verb::Modify, kind, &path, summary, operand.span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
        self.state.moved.extend(unpacked(&path).map(str::to_owned));
        self.state.moved.insert(path);
    }

    /// Writes what a packed file holds over whatever has its name without the ending.
    pub(crate) fn restore(&mut self, operand: &Field, directory: Option<&str>) {
        let paths = match self.target(&operand.value, directory) {
            Target::Exactly(path) => vec![path],
            Target::Matching(pattern) if self.few_matches(&pattern).is_some() => self.few_matches(&pattern).unwrap_or_default(),
            Target::Nothing | Target::Scratch => return,
            Target::Below(..) | Target::Matching(_) | Target::Unknown => {
                return self.lose(operand, directory, Verb::Overwrite, "Unpacks over what lies beside");
            }
        };
        for stem in paths.iter().filter_map(|path| unpacked(path)) {
            self.overwrite(&Field::new(Value::text(stem), operand.span.clone()), None);
        }
    }

    /// Unpacks an archive whose names are not read. Inside a work tree that is work on it, like a build's; elsewhere it may
    /// replace anything below the directory.
    pub(crate) fn unpack(&mut self, operand: &Field, directory: Option<&str>) {
        let own = |facts: &PathFacts| matches!(facts.place, Place::WorkTree | Place::Scratch);
        self.brings_what_is_fetched(operand, directory);
        match self.target(&operand.value, directory) {
            Target::Exactly(path) if self.facts(&path).is_some_and(own) => {
                let effect = plain(
                    Verb::Modify,
                    ResourceKind::File,
                    &path,
                    format!("Unpacks an archive in `{path}`"),
                    operand.span.clone(),
                );
                self.note(effect);
            }
            Target::Exactly(path) if path == "/tmp" => {}
            Target::Nothing | Target::Scratch => {}
            _ => self.merge(operand, directory),
        }
    }

    /// Unpacks an archive that may replace whatever is there. Of that git brings back only what is committed.
    pub(crate) fn unpack_over(&mut self, operand: &Field, directory: Option<&str>) {
        let unkept = |facts: &PathFacts| {
            let uncommitted = facts.git.as_ref().is_none_or(|git| git.modified > 0 || git.untracked > 0);
            facts.place == Place::WorkTree && facts.kind != FileKind::Missing && uncommitted
        };
        let path = match self.target(&operand.value, directory) {
            Target::Exactly(path) if self.facts(&path).is_some_and(unkept) => path,
            _ => return self.unpack(operand, directory),
        };
        let summary = format!("Unpacks an archive over whatever has the same name in `{path}`, uncommitted work included");
        let effect = plain(Verb::Overwrite, ResourceKind::GitWork, &path, summary, operand.span.clone());
        self.note(Effect {
            certainty: Certainty::Worst,
            reversibility: Reversibility::Irreversible,
            magnitude: Magnitude::unbounded(Unit::Files),
            ..effect
        });
    }

    /// A build that cleans takes with it what the line moved to where builds put what they make.
    pub(super) fn cleans(&mut self, program: &str, arguments: &[Field], span: &Span) {
        let name = program.rsplit('/').next().unwrap_or(program);
        let cleans = |word: &str| matches!(word, "clean" | "distclean" | "mrproper" | "realclean") || word.ends_with(":clean");
        if !BUILDERS.contains(&name) || !arguments.iter().filter_map(Field::known).any(|word| cleans(&word)) {
            return;
        }
        let made = |path: &&String| path.split('/').any(|name| !name.is_empty() && paths::regenerable(name));
        let buried: Vec<String> = self.state.moved.iter().filter(made).cloned().collect();
        for path in buried {
            let summary = format!("Cleans with `{name}`, and so may take `{path}` away, which the command itself moves there");
            let effect = plain(Verb::Delete, ResourceKind::File, name, summary, span.clone());
            self.note(Effect { certainty: Certainty::Worst, reversibility: Reversibility::Irreversible, ..effect });
        }
    }
}

/// Whether somebody relies on it being in its place: agents, the guard, shells and services that begin with it.
fn is_in_use(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::AgentConfiguration | ResourceKind::Credential | ResourceKind::Guard | ResourceKind::Persistence)
}

/// The name of what a packed file holds.
fn unpacked(path: &str) -> Option<&str> {
    [".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".lz", ".br", ".Z"].iter().find_map(|ending| path.strip_suffix(ending))
}
