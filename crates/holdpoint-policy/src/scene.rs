//! One case as Cedar sees it: the entities of the case, and one request for each effect.
//!
//! Two of the ways in which Cedar fails open are closed here. Entities are made in one place, which always takes the schema:
//! without it the actions lose their group and every guardrail scoped by it silently stops applying. And every entity that a
//! request can reach must be there, because `in` over a missing one is silently false.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, EvalResult, Request, RestrictedExpression as Value};
use holdpoint_core::actor::Actor;
use holdpoint_core::effect::{Environment, Reversibility};

use crate::case::{Case, Placed};
use crate::language::{Language, entity};

/// The entities of a case.
pub(crate) struct Scene<'a> {
    language: &'static Language,
    case: &'a Case,
    principal: EntityUid,
    change: EntityUid,
    // INVARIANT: made with the schema, and complete.
    entities: Entities,
}

/// Why a case cannot be put to the policies.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the facts do not fit the schema: {0}")]
    Facts(String),
    #[error("`{0}` is missing, and a guardrail that asks for it would silently not apply")]
    Missing(EntityUid),
    #[error("the case has {0} effects")]
    Effects(usize),
    #[error("the program's own schema cannot be read: {0}")]
    Language(&'static str),
    #[error("no permission applied, so the actions have lost their group")]
    NoPermission,
}

impl<'a> Scene<'a> {
    /// Sets the scene of a case.
    pub(crate) fn set(language: &'static Language, case: &'a Case) -> Result<Self, Unreadable> {
        let change = entity(&language.types.change, THIS);
        let (principal, actor) = actors(language, &case.actor)?;
        let dossier = dossier(language, case)?;
        let all = actor.into_iter().chain(dossier).chain([link(language, change.clone())?]);
        let entities = language.actions.clone().upsert_entities(all, Some(&language.schema)).map_err(unfit)?;
        Self::complete(language, case, principal, change, entities)
    }

    /// Refuses entities among which one is missing that a guardrail could reach.
    pub(crate) fn complete(
        language: &'static Language,
        case: &'a Case,
        principal: EntityUid,
        change: EntityUid,
        entities: Entities,
    ) -> Result<Self, Unreadable> {
        let asked = case.effects.iter().filter_map(|placed| language.verbs.get(&placed.effect.verb));
        let start = asked.chain([&principal, &change]).cloned().collect();
        match missing(&entities, start) {
            Some(uid) => Err(Unreadable::Missing(uid)),
            None => Ok(Self { language, case, principal, change, entities }),
        }
    }

    /// The request for one effect.
    pub(crate) fn request(&self, placed: &Placed) -> Result<Request, Unreadable> {
        let action = self.language.verbs.get(&placed.effect.verb).cloned().ok_or(Unreadable::Language("a verb is missing"))?;
        let context = self.facts(placed)?;
        let schema = Some(&self.language.schema);
        Request::new(self.principal.clone(), action, self.change.clone(), context, schema).map_err(unfit)
    }

    /// The entities of the case.
    pub(crate) const fn entities(&self) -> &Entities {
        &self.entities
    }

    /// Who asks.
    #[cfg(test)]
    pub(crate) const fn principal(&self) -> &EntityUid {
        &self.principal
    }

    /// What is asked about.
    #[cfg(test)]
    pub(crate) const fn change(&self) -> &EntityUid {
        &self.change
    }

    fn facts(&self, Placed { effect, standing }: &Placed) -> Result<Context, Unreadable> {
        let words = &self.language.words;
        let word = |word: Option<&Value>| word.cloned().ok_or(Unreadable::Language("a word is missing"));
        let optional = [
            ("count", effect.magnitude.count.map(|count| Value::new_long(i64::try_from(count).unwrap_or(i64::MAX)))),
            ("system", standing.system.clone().map(Value::new_string)),
            ("tier", standing.tier.map(|tier| Value::new_long(tier.number().into()))),
        ];
        let always = [
            ("certainty", word(words.certainty.get(&effect.certainty))?),
            ("domains", Value::new_set(standing.domains.iter().cloned().map(Value::new_string))),
            ("environment", Value::new_string(standing.environment.clone())),
            ("frozen", Value::new_bool(standing.frozen)),
            ("gate", word(words.gate.get(&self.case.gate))?),
            ("kind", word(words.kind.get(&effect.resource.kind))?),
            ("local", Value::new_bool(effect.environment == Environment::Local)),
            ("name", Value::new_string(effect.resource.name.clone())),
            ("production", word(words.production.get(&standing.production))?),
            ("reach", word(words.production.get(&self.case.reach))?),
            ("recovery", Value::new_long(rank(effect.reversibility))),
            ("reversibility", word(words.reversibility.get(&effect.reversibility))?),
            ("unit", word(words.unit.get(&effect.magnitude.unit))?),
        ];
        let given = optional.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        Context::from_pairs(given.chain(always).map(|(name, value)| (name.to_owned(), value))).map_err(unfit)
    }
}

/// The rank of a way back, as `context.recovery` gives it.
const fn rank(reversibility: Reversibility) -> i64 {
    match reversibility {
        Reversibility::Lossless => 0,
        Reversibility::Regenerable => 1,
        Reversibility::Git => 2,
        Reversibility::Effort => 3,
        Reversibility::Irreversible => 4,
    }
}

/// The actor, and whom it acts for.
fn actors(language: &Language, actor: &Actor) -> Result<(EntityUid, Vec<Entity>), Unreadable> {
    let types = &language.types;
    match actor {
        Actor::Agent { id, on_behalf_of } => {
            let person = entity(&types.person, on_behalf_of.as_str());
            let agent = entity(&types.agent, id.as_str());
            let attributes = [("onBehalfOf", Value::new_entity_uid(person.clone()))];
            Ok((agent.clone(), vec![with(agent, attributes)?, Entity::with_uid(person)]))
        }
        Actor::Person { id } => alone(entity(&types.person, id.as_str())),
        Actor::Service { id } => alone(entity(&types.service, id.as_str())),
    }
}

fn alone(uid: EntityUid) -> Result<(EntityUid, Vec<Entity>), Unreadable> {
    Ok((uid.clone(), vec![Entity::with_uid(uid)]))
}

/// The dossier, with the people and waived guardrails that it names.
fn dossier(language: &Language, case: &Case) -> Result<Vec<Entity>, Unreadable> {
    let types = &language.types;
    let approvers: Vec<_> = case.dossier.approvers().map(|person| entity(&types.person, person.as_str())).collect();
    let waived: Vec<_> = case.waived.iter().map(|id| entity(&types.guardrail, id)).collect();
    let set = |uids: &[EntityUid]| Value::new_set(uids.iter().cloned().map(Value::new_entity_uid));
    let attributes = [
        ("approvals", Value::new_long(case.dossier.approvals().into())),
        ("seniorApprovals", Value::new_long(case.dossier.senior_approvals().into())),
        ("confirmed", Value::new_bool(case.dossier.confirmed())),
        ("approvers", set(&approvers)),
        ("evidence", Value::new_set(case.dossier.evidence().iter().cloned().map(Value::new_string))),
        ("waived", set(&waived)),
    ];
    let dossier = with(entity(&types.dossier, THIS), attributes)?;
    Ok(approvers.into_iter().chain(waived).map(Entity::with_uid).chain([dossier]).collect())
}

/// The change, which leads to its dossier.
fn link(language: &Language, change: EntityUid) -> Result<Entity, Unreadable> {
    with(change, [("dossier", Value::new_entity_uid(entity(&language.types.dossier, THIS)))])
}

fn with<const N: usize>(uid: EntityUid, attributes: [(&str, Value); N]) -> Result<Entity, Unreadable> {
    let attributes: HashMap<_, _> = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid, attributes, HashSet::new()).map_err(unfit)
}

/// An entity that can be reached from `todo` and is not there.
fn missing(entities: &Entities, mut todo: Vec<EntityUid>) -> Option<EntityUid> {
    let mut seen = HashSet::new();
    while let Some(uid) = todo.pop() {
        let Some(entity) = entities.get(&uid) else { return Some(uid) };
        if seen.insert(uid.clone()) {
            todo.extend(entities.ancestors(&uid).into_iter().flatten().cloned());
            entity.attrs().filter_map(|(_, value)| value.ok()).for_each(|value| names(&value, &mut todo));
        }
    }
    None
}

/// The entities that a value names. Values of the schema nest at most two deep.
fn names(value: &EvalResult, found: &mut Vec<EntityUid>) {
    match value {
        EvalResult::EntityUid(uid) => found.push(uid.clone()),
        EvalResult::Set(items) => items.iter().for_each(|item| names(item, found)),
        EvalResult::Record(fields) => fields.iter().for_each(|(_, field)| names(field, found)),
        EvalResult::Bool(_) | EvalResult::Long(_) | EvalResult::String(_) | EvalResult::ExtensionValue(_) => {}
    }
}

fn unfit(error: impl std::fmt::Display) -> Unreadable {
    Unreadable::Facts(error.to_string())
}

/// There is one change and one dossier in a scene, so they need no telling names.
const THIS: &str = "this";
