//! What a change would do: *verb* × *resource* × *environment* × *magnitude* × *reversibility* × *certainty*.
//!
//! One vocabulary for a shell command, an SQL statement, a plan and a manifest, so that one policy meets them all. What
//! cannot be read is an effect too ([`Certainty::Opaque`]): a list of effects is never empty, and "we found nothing" can
//! not be mistaken for "it does nothing".

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One effect of a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub resource: Resource,
    /// Where.
    pub environment: Environment,
    /// How much of it.
    pub magnitude: Magnitude,
    /// What it would take to have it back.
    pub reversibility: Reversibility,
    /// How well we know.
    pub certainty: Certainty,
    /// One sentence for a person: what happens, to what.
    pub summary: String,
    /// Where in the artefact's text it comes from, in bytes, where it comes from one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
    /// What leaves a way back or shows first what would go, where such a thing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safer: Option<Box<Alternative>>,
}

/// What can be done in place of an effect, or before it, so that nothing is lost. Like the summary it is for people and agents to
/// read, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// A command line, for the directory of the change; nothing where none would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What the command does, in words that go on from it: ``keeps the changes``. A sentence of its own where there is none.
    pub says: String,
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(f, "`{command}` {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}

/// What is done to a resource. The order is alphabetical and means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Says yes on a person's behalf: approve a pull request, merge with administrator rights.
    Approve,
    /// Brings something into being that was not there.
    Create,
    /// Makes something cease to be.
    Delete,
    /// Runs code.
    Execute,
    /// Gives rights or access.
    Grant,
    /// Changes something in place; what was there before is not kept by the act itself.
    Modify,
    /// Replaces content as a whole.
    Overwrite,
    /// Sends data or a release to where it cannot be called back from.
    Publish,
    /// Looks, without side effects.
    Read,
    /// Changes history that others may already hold.
    Rewrite,
    /// Ends a running process, service or workload.
    Stop,
}

impl Verb {
    /// All verbs, for schemas and matrices.
    pub const ALL: [Self; 11] = [
        Self::Approve,
        Self::Create,
        Self::Delete,
        Self::Execute,
        Self::Grant,
        Self::Modify,
        Self::Overwrite,
        Self::Publish,
        Self::Read,
        Self::Rewrite,
        Self::Stop,
    ];

    /// The verb as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Execute => "execute",
            Self::Grant => "grant",
            Self::Modify => "modify",
            Self::Overwrite => "overwrite",
            Self::Publish => "publish",
            Self::Read => "read",
            Self::Rewrite => "rewrite",
            Self::Stop => "stop",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an effect touches: a kind that policies reason about, and a name that people recognise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The kind.
    pub kind: ResourceKind,
    /// The name: a canonical path, `namespace/name`, a table, a host. Never a secret's value.
    pub name: String,
}

/// The kinds of things that effects touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// Configuration of a coding agent: hooks, rules files, prompts, MCP servers.
    AgentConfiguration,
    /// Definitions of continuous integration and of code ownership.
    CiConfiguration,
    /// An object in a Kubernetes cluster that holds no data of its own.
    ClusterObject,
    /// A running or stopped container.
    Container,
    /// A container image.
    ContainerImage,
    /// A private key, token, password or file that holds one.
    Credential,
    /// A whole database, schema or cluster of databases.
    Database,
    /// A disk, partition or file system.
    Device,
    /// A file that is none of the more telling kinds.
    File,
    /// A branch, tag or commit others can see.
    GitHistory,
    /// A reference or object of the local repository.
    GitLocal,
    /// Uncommitted work in the work tree.
    GitWork,
    /// Holdpoint itself: its settings, data, hooks, processes.
    Guard,
    /// A server or machine.
    Host,
    /// Infrastructure that a plan describes and that holds no data of its own.
    Infrastructure,
    /// A route, firewall rule, domain name or open port.
    Network,
    /// A dependency or published package.
    Package,
    /// Something that will run later by itself: cron, shell start-up file, service unit, git hook.
    Persistence,
    /// An account, role or right.
    Privilege,
    /// A process.
    Process,
    /// A program we know nothing of.
    Program,
    /// A pull request or merge request.
    PullRequest,
    /// A repository on a forge.
    Repository,
    /// A value others rely on to be secret, held by a server.
    Secret,
    /// A service that others may be using.
    Service,
    /// A table or its rows.
    Table,
    /// Storage with data in it: volumes, claims, buckets, snapshots, stateful workloads.
    Volume,
}

impl ResourceKind {
    /// All kinds, for schemas and matrices.
    pub const ALL: [Self; 27] = [
        Self::AgentConfiguration,
        Self::CiConfiguration,
        Self::ClusterObject,
        Self::Container,
        Self::ContainerImage,
        Self::Credential,
        Self::Database,
        Self::Device,
        Self::File,
        Self::GitHistory,
        Self::GitLocal,
        Self::GitWork,
        Self::Guard,
        Self::Host,
        Self::Infrastructure,
        Self::Network,
        Self::Package,
        Self::Persistence,
        Self::Privilege,
        Self::Process,
        Self::Program,
        Self::PullRequest,
        Self::Repository,
        Self::Secret,
        Self::Service,
        Self::Table,
        Self::Volume,
    ];

    /// The kind as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentConfiguration => "agent-configuration",
            Self::CiConfiguration => "ci-configuration",
            Self::ClusterObject => "cluster-object",
            Self::Container => "container",
            Self::ContainerImage => "container-image",
            Self::Credential => "credential",
            Self::Database => "database",
            Self::Device => "device",
            Self::File => "file",
            Self::GitHistory => "git-history",
            Self::GitLocal => "git-local",
            Self::GitWork => "git-work",
            Self::Guard => "guard",
            Self::Host => "host",
            Self::Infrastructure => "infrastructure",
            Self::Network => "network",
            Self::Package => "package",
            Self::Persistence => "persistence",
            Self::Privilege => "privilege",
            Self::Process => "process",
            Self::Program => "program",
            Self::PullRequest => "pull-request",
            Self::Repository => "repository",
            Self::Secret => "secret",
            Self::Service => "service",
            Self::Table => "table",
            Self::Volume => "volume",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an effect happens. Which names are production is the estate's to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Environment {
    /// The asker's own machine, provably.
    Local,
    /// An environment with a name: a Kubernetes context, a Terraform workspace, a host.
    Named(String),
    /// Somewhere; the artefact does not say where.
    Unknown,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Named(name) => name,
            Self::Unknown => "unknown",
        })
    }
}

impl From<Environment> for String {
    fn from(environment: Environment) -> Self {
        environment.to_string()
    }
}

impl From<String> for Environment {
    fn from(name: String) -> Self {
        match name.as_str() {
            "local" => Self::Local,
            "unknown" | "" => Self::Unknown,
            _ => Self::Named(name),
        }
    }
}

/// How much an effect touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Magnitude {
    /// At most so many; nothing where no bound is known.
    pub count: Option<u64>,
    /// Of what.
    pub unit: Unit,
}

impl Magnitude {
    /// At most `count` of `unit`.
    pub const fn at_most(count: u64, unit: Unit) -> Self {
        Self { count: Some(count), unit }
    }

    /// No bound is known.
    pub const fn unbounded(unit: Unit) -> Self {
        Self { count: None, unit }
    }

    fn no_worse_than(&self, other: &Self) -> bool {
        self.unit == other.unit
            && match (self.count, other.count) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(now), Some(before)) => now <= before,
            }
    }
}

impl fmt::Display for Magnitude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.unit.names()) {
            (Some(1), (one, _)) => write!(f, "1 {one}"),
            (Some(count), (_, many)) => write!(f, "{count} {many}"),
            (None, (_, many)) => write!(f, "an unknown number of {many}"),
        }
    }
}

/// What a magnitude counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Commits.
    Commits,
    /// Files and directories.
    Files,
    /// Things of the resource's own kind.
    Items,
    /// Rows of a table.
    Rows,
}

impl Unit {
    /// All units, for schemas and matrices.
    pub const ALL: [Self; 4] = [Self::Commits, Self::Files, Self::Items, Self::Rows];

    /// The unit as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        self.names().1
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Commits => ("commit", "commits"),
            Self::Files => ("file", "files"),
            Self::Items => ("item", "items"),
            Self::Rows => ("row", "rows"),
        }
    }
}

/// What it would take to undo an effect. The order is from harmless to final, and [`Effects::no_worse_than`] uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversibility {
    /// Nothing that was there is lost.
    Lossless,
    /// What is lost is made again by a build or an install (`target`, `node_modules`, caches), or was scratch to begin with.
    Regenerable,
    /// Git can bring it back (committed and clean, or reachable from the reflog), or the host's own checkpoint of a file can.
    Git,
    /// It can be had back with effort, from a copy that is known to exist.
    Effort,
    /// Nobody knows of a way back.
    Irreversible,
}

impl Reversibility {
    /// All values, from harmless to final.
    pub const ALL: [Self; 5] = [Self::Lossless, Self::Regenerable, Self::Git, Self::Effort, Self::Irreversible];

    /// The value as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lossless => "lossless",
            Self::Regenerable => "regenerable",
            Self::Git => "git",
            Self::Effort => "effort",
            Self::Irreversible => "irreversible",
        }
    }
}

/// How well an effect is known. The order is from known to unknown, and [`Effects::no_worse_than`] uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The artefact says so.
    Exact,
    /// The worst of several things it may do, for example where a question had no answer.
    Worst,
    /// It runs code that we can reach but not judge: a test suite, a build script.
    Delegated,
    /// It cannot be read.
    Opaque,
}

impl Certainty {
    /// All values, from known to unknown.
    pub const ALL: [Self; 4] = [Self::Exact, Self::Worst, Self::Delegated, Self::Opaque];

    /// The value as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Worst => "worst",
            Self::Delegated => "delegated",
            Self::Opaque => "opaque",
        }
    }
}

impl Effect {
    /// Whether this effect is the same act as `other` and no greater, less reversible or less known.
    fn no_worse_than(&self, other: &Self) -> bool {
        self.verb == other.verb
            && self.resource == other.resource
            && self.environment == other.environment
            && self.magnitude.no_worse_than(&other.magnitude)
            && self.reversibility <= other.reversibility
            && self.certainty <= other.certainty
    }
}

/// The effects of one change: at least one, at most [`Effects::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Effect>", try_from = "Vec<Effect>")]
pub struct Effects {
    // INVARIANT: 1 to MAX items.
    items: Vec<Effect>,
}

impl Effects {
    /// Most effects one change may have. A change with more is held as opaque: nobody could read the card.
    pub const MAX: usize = 512;

    /// Takes the effects a reader found. None at all, or more than [`Effects::MAX`], gives one opaque effect that says so.
    pub fn found(items: Vec<Effect>) -> Self {
        match items.len() {
            0 => Self::opaque(ResourceKind::Program, "", "nothing in it could be read"),
            1..=Self::MAX => Self { items },
            count => {
                Self::opaque(ResourceKind::Program, "", &format!("it has {count} effects, more than anybody can judge at once"))
            }
        }
    }

    /// One effect that stands for something that could not be read.
    pub fn opaque(kind: ResourceKind, name: &str, why: &str) -> Self {
        Self {
            items: vec![Effect {
                verb: Verb::Execute,
                resource: Resource { kind, name: name.to_owned() },
                environment: Environment::Unknown,
                magnitude: Magnitude::unbounded(Unit::Items),
                reversibility: Reversibility::Irreversible,
                certainty: Certainty::Opaque,
                summary: format!("Does something that cannot be read: {why}"),
                span: None,
                safer: None,
            }],
        }
    }

    /// The effects in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Effect> {
        self.items.iter()
    }

    /// The same effects, with what happens in an unknown environment placed in this one.
    #[must_use]
    pub fn with_unknown_in(mut self, environment: &Environment) -> Self {
        for effect in self.items.iter_mut().filter(|effect| effect.environment == Environment::Unknown) {
            effect.environment = environment.clone();
        }
        self
    }

    /// Whether nothing here can do harm that git could not undo: reads, and losses confined to local work that git keeps or a
    /// build makes again. The one thing that passes when a gate has nobody to ask.
    pub fn harmless(&self) -> bool {
        let recoverable = |effect: &Effect| match effect.verb {
            Verb::Read => effect.resource.kind != ResourceKind::Credential,
            Verb::Create | Verb::Delete | Verb::Modify | Verb::Overwrite => {
                matches!(effect.resource.kind, ResourceKind::File | ResourceKind::GitLocal)
                    && effect.environment == Environment::Local
                    && effect.reversibility <= Reversibility::Git
            }
            Verb::Approve | Verb::Execute | Verb::Grant | Verb::Publish | Verb::Rewrite | Verb::Stop => false,
        };
        self.items.iter().all(|effect| effect.certainty == Certainty::Exact && recoverable(effect))
    }

    /// Whether every effect here is one that `approved` had already, or a smaller one. An approval survives only then.
    pub fn no_worse_than(&self, approved: &Self) -> bool {
        self.items.iter().all(|now| approved.items.iter().any(|before| now.no_worse_than(before)))
    }
}

impl<'a> IntoIterator for &'a Effects {
    type Item = &'a Effect;
    type IntoIter = std::slice::Iter<'a, Effect>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Effects> for Vec<Effect> {
    fn from(effects: Effects) -> Self {
        effects.items
    }
}

impl TryFrom<Vec<Effect>> for Effects {
    type Error = &'static str;

    fn try_from(items: Vec<Effect>) -> Result<Self, Self::Error> {
        match items.len() {
            1..=Self::MAX => Ok(Self { items }),
            0 => Err("a list of effects is never empty"),
            _ => Err("a change has too many effects"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delete(name: &str, count: Option<u64>, reversibility: Reversibility) -> Effect {
        Effect {
            verb: Verb::Delete,
            resource: Resource { kind: ResourceKind::File, name: name.to_owned() },
            environment: Environment::Local,
            magnitude: Magnitude { count, unit: Unit::Files },
            reversibility,
            certainty: Certainty::Exact,
            summary: format!("Deletes {name}"),
            span: None,
            safer: None,
        }
    }

    #[test]
    fn nothing_found_is_opaque_not_harmless() {
        let effects = Effects::found(vec![]);
        assert!(effects.iter().all(|effect| effect.certainty == Certainty::Opaque));
        assert!(serde_json::from_str::<Effects>("[]").is_err());
    }

    #[test]
    fn more_effects_than_anybody_can_judge_are_opaque() {
        let effects = Effects::found(vec![delete("/a", Some(1), Reversibility::Git); Effects::MAX + 1]);
        assert_eq!(effects.iter().map(|effect| effect.certainty).collect::<Vec<_>>(), [Certainty::Opaque]);
    }

    #[test]
    fn an_approval_does_not_cover_more_than_was_shown() {
        let approved = Effects::found(vec![delete("/a", Some(3), Reversibility::Git)]);
        let same = |count, reversibility| Effects::found(vec![delete("/a", count, reversibility)]).no_worse_than(&approved);
        assert!(same(Some(3), Reversibility::Git));
        assert!(same(Some(1), Reversibility::Regenerable));
        assert!(!same(Some(4), Reversibility::Git), "more files than were shown");
        assert!(!same(None, Reversibility::Git), "no bound where there was one");
        assert!(!same(Some(3), Reversibility::Irreversible), "it can no longer be undone");
        assert!(!Effects::found(vec![delete("/b", Some(1), Reversibility::Git)]).no_worse_than(&approved), "another file");
    }

    #[test]
    fn only_reads_and_recoverable_local_work_are_harmless() {
        let harmless = |effect: Effect| Effects::found(vec![effect]).harmless();
        assert!(harmless(delete("/w/a", Some(1), Reversibility::Git)));
        assert!(!harmless(delete("/w/a", Some(1), Reversibility::Effort)));
        assert!(!harmless(Effect { certainty: Certainty::Delegated, ..delete("/w/a", Some(1), Reversibility::Git) }));
        assert!(!harmless(Effect { environment: Environment::Unknown, ..delete("/w/a", Some(1), Reversibility::Git) }));
        let secret = Resource { kind: ResourceKind::Credential, name: "/h/.ssh/id".into() };
        assert!(!harmless(Effect { verb: Verb::Read, resource: secret, ..delete("/", None, Reversibility::Lossless) }));
    }

    #[test]
    fn every_spelling_is_the_one_that_json_uses() {
        let json = |value: serde_json::Value| value.as_str().map(str::to_owned);
        for verb in Verb::ALL {
            assert_eq!(json(serde_json::to_value(verb).unwrap()).as_deref(), Some(verb.as_str()));
        }
        for kind in ResourceKind::ALL {
            assert_eq!(json(serde_json::to_value(kind).unwrap()).as_deref(), Some(kind.as_str()));
        }
        for value in Reversibility::ALL {
            assert_eq!(json(serde_json::to_value(value).unwrap()).as_deref(), Some(value.as_str()));
        }
        for value in Unit::ALL {
            assert_eq!(json(serde_json::to_value(value).unwrap()).as_deref(), Some(value.as_str()));
        }
        for value in Certainty::ALL {
            assert_eq!(json(serde_json::to_value(value).unwrap()).as_deref(), Some(value.as_str()));
        }
    }
}
