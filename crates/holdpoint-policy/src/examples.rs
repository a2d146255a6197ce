//! Cases that a pack must decide as it says, or it does not load.
//!
//! ```toml
//! [[example]]
//! says = "git push --force origin main"
//! does = "rewrite git-history irreversible"   # VERB KIND WAY-BACK [CERTAINTY]
//! at = "unknown"                              # local (if nothing is said), production-host, production, staging, unknown
//! holds = ["shared-history"]                  # exactly these of the file's own pack; none lets it pass
//! near = ["uncommitted-work"]                 # guardrails that it just misses
//! ```
//!
//! Besides, an example may say `actor` (agent, person, service), `count` and `unit`, `tier`, `domains`, `frozen`, `reach`,
//! `gate` and `name`. Every guardrail has an example that it holds and one that it just misses, and what its `@needs` asks
//! for must release it while one thing less must not.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::actor::{Actor, AgentId, PersonId, ServiceId, Strength};
use holdpoint_core::decision::{Decision, Need};
use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::estate::{Production, Tier};
use holdpoint_core::quorum::Dossier;
use serde::Deserialize;
use toml::Spanned;

use crate::case::{Case, Placed, Standing};
use crate::decide::decide;
use crate::files::{File, Role};
use crate::guardrail::Guardrail;
use crate::policies::Policies;
use crate::report::{Place, Problem};
use crate::statements::line_at;

/// The examples of a bundle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Examples {
    all: Vec<Example>,
}

/// One case and what must come of it.
#[derive(Debug, Clone)]
struct Example {
    place: Place,
    says: String,
    case: Case,
    holds: BTreeSet<String>,
    near: BTreeSet<String>,
}

impl Examples {
    /// Reads the examples among these files; what is wrong with them is added to `problems`.
    pub(crate) fn read(files: &[File<'_>], problems: &mut Vec<Problem>) -> Self {
        let files = files.iter().filter(|file| file.role == Role::Examples);
        Self { all: files.flat_map(|file| read(file, problems)).collect() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Runs them all against the policies, and checks what each guardrail says it needs.
    pub(crate) fn run(&self, policies: &Policies) -> Vec<Problem> {
        let mut problems: Vec<_> = self.all.iter().flat_map(|example| example.run(policies)).collect();
        let held = index(&self.all, |example| &example.holds);
        let missed = index(&self.all, |example| &example.near);
        for guardrail in policies.guardrails() {
            let at = |message: &str| Problem::at(&guardrail.place, message).guardrail(&guardrail.id);
            match held.get(guardrail.id.as_str()) {
                None => problems.push(at("no example shows what it holds").hint("Add one with its name under `holds`")),
                Some(example) => problems.extend(needs(policies, guardrail, &example.case)),
            }
            if !missed.contains_key(guardrail.id.as_str()) {
                problems.push(at("no example shows what it just lets pass").hint("Add one with its name under `near`"));
            }
        }
        problems
    }
}

/// The first example for each name it lists.
fn index(all: &[Example], names: fn(&Example) -> &BTreeSet<String>) -> BTreeMap<&str, &Example> {
    let mut first = BTreeMap::new();
    for example in all {
        for name in names(example) {
            first.entry(name.as_str()).or_insert(example);
        }
    }
    first
}

impl Example {
    fn run(&self, policies: &Policies) -> Vec<Problem> {
        let at = |message: String| Problem::at(&self.place, format!("`{}` {message}", self.says));
        let unknown = self.holds.iter().chain(&self.near).filter(|id| policies.guardrail(id).is_none());
        let unknown: Vec<_> = unknown.map(|id| at(format!("names `{id}`, which is no guardrail"))).collect();
        if !unknown.is_empty() {
            return unknown;
        }
        let held = decide_names(policies, &self.case);
        // A pack does not know what others add to it; what it names itself must be as it says.
        let own = |id: &&String| policies.guardrail(id).is_some_and(|it| pack(&it.place.file) == pack(&self.place.file));
        let told: BTreeSet<_> = held.iter().filter(|id| own(id) || self.holds.contains(*id)).cloned().collect();
        if told != self.holds {
            return vec![at(format!("should be {} and is {}", outcome(&self.holds), outcome(&told)))];
        }
        let missed = self.near.iter().filter(|id| held.contains(*id));
        missed.map(|id| at(format!("should just miss `{id}` and is held by it"))).collect()
    }
}

/// The pack that a file belongs to: the directory it lies in.
fn pack(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn outcome(held: &BTreeSet<String>) -> String {
    match held.len() {
        0 => "free".to_owned(),
        _ => format!("held by {}", held.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// Checks that exactly what a guardrail says it needs releases it.
fn needs(policies: &Policies, guardrail: &Guardrail, case: &Case) -> Vec<Problem> {
    let holds = |dossier: &Dossier| decide_names(policies, &case.with(dossier.clone())).contains(&guardrail.id);
    let at = |message: String| Problem::at(&guardrail.place, message).guardrail(&guardrail.id);
    let Some(needs) = &guardrail.needs else {
        let released = !holds(&Dossier::hypothetical(&EVERYTHING));
        let problem = || at("it has no `@needs`, which refuses for good, yet approvals release it".to_owned());
        return released.then(problem).into_iter().collect();
    };
    let full = Dossier::hypothetical(needs);
    if holds(&full) {
        return vec![at(format!("what `@needs` asks for ({}) does not release it", spelled(needs)))];
    }
    let weaker = one_less(needs).filter(|less| Dossier::hypothetical(less) != full);
    let enough = weaker.filter(|less| !holds(&Dossier::hypothetical(less)));
    enough.map(|less| at(format!("less than `@needs` releases it already: {}", spelled(&less)))).collect()
}

fn decide_names(policies: &Policies, case: &Case) -> BTreeSet<String> {
    match decide(policies, case) {
        Decision::Allow => BTreeSet::new(),
        Decision::Hold { guardrails } | Decision::Refuse { guardrails } => guardrails.into_iter().map(|held| held.id).collect(),
    }
}

/// The same needs with one of them left out, or one person fewer.
fn one_less(needs: &[Need]) -> impl Iterator<Item = Vec<Need>> {
    (0..needs.len()).map(|less| {
        let others = needs.iter().enumerate();
        others.filter_map(|(at, need)| if at == less { fewer(need) } else { Some(need.clone()) }).collect()
    })
}

fn fewer(need: &Need) -> Option<Need> {
    match need {
        Need::Approvals { count: 2.. } | Need::Senior { count: 2.. } => Some(match need {
            Need::Senior { count } => Need::Senior { count: count.saturating_sub(1) },
            Need::Approvals { count } => Need::Approvals { count: count.saturating_sub(1) },
            Need::Confirm | Need::Evidence { .. } => need.clone(),
        }),
        Need::Approvals { .. } | Need::Confirm | Need::Evidence { .. } | Need::Senior { .. } => None,
    }
}

fn spelled(needs: &[Need]) -> String {
    match needs.len() {
        0 => "nothing at all".to_owned(),
        _ => needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// More than any guardrail may ask of people.
const EVERYTHING: [Need; 3] = [Need::Approvals { count: 16 }, Need::Confirm, Need::Senior { count: 16 }];

fn read(file: &File<'_>, problems: &mut Vec<Problem>) -> Vec<Example> {
    match toml::from_str::<Document>(file.text) {
        Ok(document) => document.example.into_iter().map(|written| written_at(file, written)).collect(),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_at(file.text, span.start));
            let place = Place { file: file.path.to_owned(), line };
            problems.push(Problem::at(&place, error.message().trim().to_owned()));
            Vec::new()
        }
    }
}

fn written_at(file: &File<'_>, written: Spanned<Written>) -> Example {
    let place = Place { file: file.path.to_owned(), line: line_at(file.text, written.span().start) };
    let written = written.into_inner();
    let case = written.case();
    Example { place, case, says: written.says, holds: written.holds, near: written.near }
}

/// A file of examples.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    example: Vec<Spanned<Written>>,
}

/// An example as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    says: String,
    does: Act,
    #[serde(default)]
    at: At,
    #[serde(default)]
    actor: Who,
    count: Option<u64>,
    #[serde(default = "items")]
    unit: Unit,
    tier: Option<Tier>,
    #[serde(default)]
    domains: BTreeSet<String>,
    #[serde(default)]
    frozen: bool,
    #[serde(default = "no")]
    reach: Production,
    #[serde(default = "advises")]
    gate: Strength,
    #[serde(default)]
    name: String,
    holds: BTreeSet<String>,
    #[serde(default)]
    near: BTreeSet<String>,
}

impl Written {
    fn case(&self) -> Case {
        let (environment, production) = self.at.environment();
        let effect = Effect {
            verb: self.does.verb,
            resource: Resource { kind: self.does.kind, name: self.name.clone() },
            environment: environment.clone(),
            magnitude: Magnitude { count: self.count, unit: self.unit },
            reversibility: self.does.reversibility,
            certainty: self.does.certainty,
            summary: self.says.clone(),
            span: None,
            safer: None,
        };
        let standing = Standing {
            environment: environment.to_string(),
            production,
            frozen: self.frozen,
            system: self.tier.map(|_| "example".to_owned()),
            tier: self.tier,
            domains: self.domains.clone(),
        };
        Case {
            actor: self.actor.actor(),
            effects: vec![Placed { effect, standing }],
            dossier: Dossier::default(),
            waived: BTreeSet::new(),
            gate: self.gate,
            reach: self.reach,
        }
    }
}

/// `VERB KIND WAY-BACK [CERTAINTY]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Act {
    verb: Verb,
    kind: ResourceKind,
    reversibility: Reversibility,
    certainty: Certainty,
}

impl TryFrom<String> for Act {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (verb, kind, reversibility, certainty) = match words.as_slice() {
            [verb, kind, reversibility] => (verb, kind, reversibility, Certainty::Exact.as_str()),
            [verb, kind, reversibility, certainty] => (verb, kind, reversibility, *certainty),
            _ => return Err(format!("`{text}` is not `VERB KIND WAY-BACK [CERTAINTY]`")),
        };
        Ok(Self {
            verb: word(verb, Verb::ALL, Verb::as_str)?,
            kind: word(kind, ResourceKind::ALL, ResourceKind::as_str)?,
            reversibility: word(reversibility, Reversibility::ALL, Reversibility::as_str)?,
            certainty: word(certainty, Certainty::ALL, Certainty::as_str)?,
        })
    }
}

fn word<T: Copy, const N: usize>(text: &str, all: [T; N], spell: fn(T) -> &'static str) -> Result<T, String> {
    let listed = || all.map(spell).join(", ");
    all.into_iter().find(|value| spell(*value) == text).ok_or_else(|| format!("`{text}` is none of {}", listed()))
}

/// Where an example happens.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    #[default]
    Local,
    Production,
    /// The asker's own machine, which the estate calls production.
    ProductionHost,
    Staging,
    Unknown,
}

impl At {
    fn environment(self) -> (Environment, Production) {
        match self {
            Self::Local => (Environment::Local, Production::No),
            Self::Production => (Environment::Named("production".to_owned()), Production::Yes),
            Self::ProductionHost => (Environment::Local, Production::Yes),
            Self::Staging => (Environment::Named("staging".to_owned()), Production::No),
            Self::Unknown => (Environment::Unknown, Production::Unknown),
        }
    }
}

/// Who acts in an example.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Who {
    #[default]
    Agent,
    Person,
    Service,
}

impl Who {
    fn actor(self) -> Actor {
        #[expect(clippy::expect_used, reason = "these names are well formed, and the examples' own tests make all three")]
        match self {
            Self::Agent => Actor::Agent {
                id: AgentId::parse("agent").expect("a well-formed name"),
                on_behalf_of: PersonId::parse("alice").expect("a well-formed name"),
            },
            Self::Person => Actor::Person { id: PersonId::parse("alice").expect("a well-formed name") },
            Self::Service => Actor::Service { id: ServiceId::parse("pipeline").expect("a well-formed name") },
        }
    }
}

const fn items() -> Unit {
    Unit::Items
}

const fn no() -> Production {
    Production::No
}

const fn advises() -> Strength {
    Strength::Advises
}
