//! The loss of a path as an effect: what it is, how much, and the sentence a person reads.
//!
//! *Out of scope:* what git or a build can bring back ([`loss`](crate::loss)), and which acts a command performs on which paths.

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::{FileKind, PathFacts, Place};

use crate::loss::if_destroyed;
use crate::paths;
use crate::world::World;

/// The loss of what lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) resource: Resource,
    pub(crate) magnitude: Magnitude,
    pub(crate) reversibility: Reversibility,
    pub(crate) certainty: Certainty,
    /// What it is, for a sentence: `your home directory `/home/a` and everything in it`.
    pub(crate) what: String,
}

impl Loss {
    /// The effect of losing it by an act that the sentence begins with, such as `Deletes`.
    pub(crate) fn effect(self, verb: Verb, act: &str) -> Effect {
        let fate = match (self.reversibility, self.magnitude.count) {
            (_, Some(0)) => "; nothing is there now".to_owned(),
            (Reversibility::Lossless, _) => "; nothing is lost".to_owned(),
            (Reversibility::Regenerable, _) => "; it can be made again".to_owned(),
            (Reversibility::Git, _) => "; git can bring it back".to_owned(),
            (Reversibility::Effort, _) => "; it takes effort to have it back".to_owned(),
            (Reversibility::Irreversible, None | Some(1)) => ", for good".to_owned(),
            (Reversibility::Irreversible, Some(count)) => format!(" ({count} files and directories), for good"),
        };
        Effect {
            verb,
            summary: format!("{act} {}{fate}", self.what.trim_end_matches(',')),
            resource: self.resource,
            environment: Environment::Local,
            magnitude: self.magnitude,
            reversibility: self.reversibility,
            certainty: self.certainty,
            span: None,
            safer: None,
        }
    }
}

/// What kind of resource a path is, by where it leads and by its spelling: the more telling of the two.
pub(crate) fn kind_of(world: &World<'_>, path: &str, facts: Option<&PathFacts>) -> ResourceKind {
    match facts.map(|facts| crate::loss::resource_kind(facts, world.own())) {
        Some(kind) if kind != ResourceKind::File => kind,
        _ => paths::classify(path, world.own()).resource_kind(),
    }
}

/// What would be lost with a path and all below it. Without facts the worst case stands.
pub(crate) fn loss(world: &World<'_>, path: &str, facts: Option<&PathFacts>) -> Loss {
    let kind = kind_of(world, path, facts);
    let resource = Resource { kind, name: facts.map_or_else(|| path.to_owned(), |facts| facts.canonical.clone()) };
    let Some(facts) = facts else {
        let what = format!("`{path}` and whatever is in it");
        let magnitude = Magnitude::unbounded(Unit::Files);
        return Loss { resource, magnitude, reversibility: Reversibility::Irreversible, certainty: Certainty::Worst, what };
    };
    let canonical = &facts.canonical;
    let magnitude = Magnitude { count: facts.files, unit: Unit::Files };
    let exact = |magnitude, reversibility, what| Loss {
        resource: resource.clone(),
        magnitude,
        reversibility,
        certainty: Certainty::Exact,
        what,
    };
    match facts.kind {
        FileKind::Missing => return exact(Magnitude::at_most(0, Unit::Files), Reversibility::Lossless, format!("`{path}`")),
        FileKind::Symlink => return exact(Magnitude::at_most(1, Unit::Files), if_destroyed(facts), format!("the link `{path}`")),
        FileKind::Device | FileKind::Directory | FileKind::File => {}
    }
    let below = if facts.kind == FileKind::Directory { " and everything in it" } else { "" };
    if world.home().is_some_and(|home| holds(canonical, home)) {
        let own = world.home().is_some_and(|home| holds(home, canonical));
        let what = if own {
            format!("your home directory `{canonical}`{below}")
        } else {
            format!("`{canonical}`{below}, your home directory included,")
        };
        return exact(Magnitude::unbounded(Unit::Files), Reversibility::Irreversible, what);
    }
    if facts.place == Place::MountRoot {
        let what = format!("`{canonical}`, a whole file system,{below}");
        return exact(Magnitude::unbounded(Unit::Files), Reversibility::Irreversible, what);
    }
    let what = format!("`{canonical}`{below}");
    // Whoever removes the directory they stand in removes more than they can see.
    let underfoot = facts.place == Place::WorkTree && holds(canonical, world.directory());
    let reversibility = if underfoot { Reversibility::Irreversible } else { if_destroyed(facts) };
    exact(magnitude, reversibility, what)
}

/// Whether `path` is `inner` or holds it.
pub(crate) fn holds(path: &str, inner: &str) -> bool {
    let path = path.trim_end_matches('/');
    inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use holdpoint_core::change::Setting;
    use holdpoint_core::question::Answers;

    use super::*;

    #[test]
    fn only_the_home_directory_is_called_one() {
        let variables = [("HOME".to_owned(), "/home/alice".to_owned())].into();
        let setting = Setting { directory: "/w".into(), variables, target: String::new() };
        let answers = Answers::default();
        let world = World::new(&setting, &answers);
        let sentence = |path: &str, place| {
            let facts = PathFacts { canonical: path.into(), kind: FileKind::Directory, place, files: None, git: None };
            loss(&world, path, Some(&facts)).effect(Verb::Delete, "Deletes").summary
        };
        let own = "Deletes your home directory `/home/alice` and everything in it, for good";
        assert_eq!(sentence("/home/alice", Place::Home), own);
        let all = "Deletes `/` and everything in it, your home directory included, for good";
        assert_eq!(sentence("/", Place::MountRoot), all);
    }
}
