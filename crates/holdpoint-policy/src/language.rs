//! The language of guardrails, from `policies/schema.cedarschema`: what entities there are and how each word is spelled.
//!
//! The schema belongs to the program, not to a bundle: the facts that the program makes and the facts that guardrails ask
//! for must be the same. It is compiled in and read once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::LazyLock;

use cedar_policy::{Entities, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, RestrictedExpression, Schema};
use holdpoint_core::actor::Strength;
use holdpoint_core::effect::{Certainty, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::estate::Production;

/// The version of the language. It changes whenever an older program would misread a bundle.
pub(crate) const VERSION: u32 = 1;
/// The schema as it is shipped, for editors and for comparing with the one a bundle may carry.
pub(crate) const SCHEMA: &str = include_str!("../../../policies/schema.cedarschema");
/// The one permission.
pub(crate) const PERMIT: &str = include_str!("../../../policies/permit.cedar");
/// The name of the one permission.
pub(crate) const PERMIT_ID: &str = "broad-permit";

/// The schema, and every word of it ready for use.
pub(crate) struct Language {
    pub(crate) schema: Schema,
    pub(crate) permit: Policy,
    /// The entities that are the same for every case: the actions with their group.
    pub(crate) actions: Entities,
    pub(crate) types: Types,
    pub(crate) verbs: HashMap<Verb, EntityUid>,
    pub(crate) words: Words,
}

/// The types of entities that a case brings.
pub(crate) struct Types {
    pub(crate) agent: EntityTypeName,
    pub(crate) change: EntityTypeName,
    pub(crate) dossier: EntityTypeName,
    pub(crate) guardrail: EntityTypeName,
    pub(crate) person: EntityTypeName,
    pub(crate) service: EntityTypeName,
}

/// The vocabularies, as values of facts.
pub(crate) struct Words {
    pub(crate) certainty: HashMap<Certainty, RestrictedExpression>,
    pub(crate) gate: HashMap<Strength, RestrictedExpression>,
    pub(crate) kind: HashMap<ResourceKind, RestrictedExpression>,
    pub(crate) production: HashMap<Production, RestrictedExpression>,
    pub(crate) reversibility: HashMap<Reversibility, RestrictedExpression>,
    pub(crate) unit: HashMap<Unit, RestrictedExpression>,
}

/// The language, read once. An error here means that the program itself was built from broken files.
pub(crate) fn language() -> Result<&'static Language, &'static str> {
    static LANGUAGE: LazyLock<Result<Language, String>> = LazyLock::new(read);
    LANGUAGE.as_ref().map_err(String::as_str)
}

/// An entity's name.
pub(crate) fn entity(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn read() -> Result<Language, String> {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| error.to_string())?;
    let permit = Policy::parse(Some(PolicyId::new(PERMIT_ID)), PERMIT).map_err(|error| error.to_string())?;
    let actions = schema.action_entities().map_err(|error| error.to_string())?;
    let actions = Entities::from_entities(actions, Some(&schema)).map_err(|error| error.to_string())?;
    let action = kind("Action")?;
    Ok(Language {
        verbs: Verb::ALL.into_iter().map(|verb| (verb, entity(&action, verb.as_str()))).collect(),
        types: Types {
            agent: kind("Agent")?,
            change: kind("Change")?,
            dossier: kind("Dossier")?,
            guardrail: kind("Guardrail")?,
            person: kind("Person")?,
            service: kind("Service")?,
        },
        words: Words {
            certainty: words("Certainty", Certainty::ALL, Certainty::as_str)?,
            gate: words("Strength", Strength::ALL, Strength::as_str)?,
            kind: words("ResourceKind", ResourceKind::ALL, ResourceKind::as_str)?,
            production: words("Production", Production::ALL, Production::as_str)?,
            reversibility: words("Reversibility", Reversibility::ALL, Reversibility::as_str)?,
            unit: words("Unit", Unit::ALL, Unit::as_str)?,
        },
        schema,
        permit,
        actions,
    })
}

fn kind(name: &str) -> Result<EntityTypeName, String> {
    name.parse().map_err(|error: cedar_policy::ParseErrors| error.to_string())
}

fn words<T: Copy + Eq + Hash, const N: usize>(
    name: &str,
    all: [T; N],
    spell: fn(T) -> &'static str,
) -> Result<HashMap<T, RestrictedExpression>, String> {
    let name = kind(name)?;
    let word = |value: T| (value, RestrictedExpression::new_entity_uid(entity(&name, spell(value))));
    Ok(all.into_iter().map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The words of one enumeration, as the schema lists them.
    fn listed(name: &str) -> BTreeSet<String> {
        let (fragment, _) = cedar_policy::SchemaFragment::from_cedarschema_str(SCHEMA).unwrap();
        let json = fragment.to_json_value().unwrap();
        let words = json[""]["entityTypes"][name]["enum"].as_array().unwrap_or_else(|| panic!("no enumeration {name}")).clone();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    fn spelled<T: Copy>(all: &[T], spell: fn(T) -> &'static str) -> BTreeSet<String> {
        all.iter().map(|value| spell(*value).to_owned()).collect()
    }

    #[test]
    fn the_schema_and_the_program_know_the_same_words() {
        assert_eq!(listed("Certainty"), spelled(&Certainty::ALL, Certainty::as_str));
        assert_eq!(listed("Production"), spelled(&Production::ALL, Production::as_str));
        assert_eq!(listed("ResourceKind"), spelled(&ResourceKind::ALL, ResourceKind::as_str));
        assert_eq!(listed("Reversibility"), spelled(&Reversibility::ALL, Reversibility::as_str));
        assert_eq!(listed("Strength"), spelled(&Strength::ALL, Strength::as_str));
        assert_eq!(listed("Unit"), spelled(&Unit::ALL, Unit::as_str));
        let language = language().unwrap();
        let actions: BTreeSet<_> = language.schema.actions().cloned().collect();
        let group = entity(&kind("Action").unwrap(), "any");
        let verbs = language.verbs.values().cloned().chain([group]).collect();
        assert_eq!(actions, verbs);
    }

    #[test]
    fn facts_name_no_entity_that_could_be_missing() {
        // What a context names need not be looked up, because it can only be a word of an enumeration. Should that change,
        // the completeness check must follow what the context names.
        let (fragment, _) = cedar_policy::SchemaFragment::from_cedarschema_str(SCHEMA).unwrap();
        let json = fragment.to_json_value().unwrap();
        let attributes = json[""]["commonTypes"]["Facts"]["attributes"].as_object().unwrap().clone();
        for (name, attribute) in attributes {
            let kind = attribute["name"].as_str().or(attribute["element"]["name"].as_str()).unwrap().to_owned();
            let plain = ["Bool", "Long", "String", "__cedar::Bool", "__cedar::Long", "__cedar::String"].contains(&kind.as_str());
            assert!(plain || json[""]["entityTypes"][&kind]["enum"].is_array(), "`{name}` names entities of type `{kind}`");
        }
    }
}
