//! The guardrails in force, read from text and checked before they may decide anything.
//!
//! Two of the ways in which Cedar fails open are closed here: every set is validated strictly against the schema, with
//! warnings denied, so that no type error can skip a rule; and packs hold nothing but `forbid`, so that nothing in them can
//! permit.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use cedar_policy::{
    ActionConstraint, Authorizer, Entities, EntityUid, Policy, PolicyId, PolicySet, Request, Response, ValidationMode, Validator,
};
use holdpoint_core::effect::Verb;
use holdpoint_core::estate::Estate;
use miette::Diagnostic;

pub use crate::files::{FILE_MAX_BYTES, FILES_MAX, Files, Layer};

use crate::files::{self, File, Role};
use crate::guardrail::Guardrail;
use crate::language::{self, Language, language};
use crate::report::{Place, Problem, Report};
use crate::statements::{STATEMENT_MAX_BYTES, STATEMENT_MAX_DEPTH, STATEMENT_MAX_OPERATORS, Statement, line_at, statements};

/// Guardrails that were checked, ready to decide.
#[derive(Clone)]
pub struct Policies {
    // INVARIANT: validated strictly; one permit, the built-in one; every other policy is a forbid named in `guardrails`.
    set: PolicySet,
    /// Of `set`, what may speak of a verb. Made when the verb is first met.
    // INVARIANT: whatever is left out is scoped to other verbs.
    by_verb: HashMap<Verb, OnceLock<PolicySet>>,
    guardrails: HashMap<String, Guardrail>,
}

impl Policies {
    /// Reads and checks the guardrails among these files.
    ///
    /// # Errors
    /// Lists every problem that was found, each with its file, line and guardrail.
    pub fn load(files: &Files) -> Result<Self, Report> {
        let (files, mut problems) = files::sort(files);
        let loaded = Self::read(&files, &mut problems);
        match loaded {
            Some(policies) if problems.is_empty() => Ok(policies),
            _ => Err(Report::of(problems)),
        }
    }

    /// Reads the guardrails among these files and adds what is wrong with them to `problems`.
    pub(crate) fn read(files: &[File<'_>], problems: &mut Vec<Problem>) -> Option<Self> {
        let language = match language() {
            Ok(language) => language,
            Err(error) => {
                problems.push(Problem::in_file("schema.cedarschema", error));
                return None;
            }
        };
        let mut parsed = Parsed::default();
        for file in files {
            match file.role {
                Role::Guardrails(layer) => parsed.read(file, layer, problems),
                Role::Schema if file.text != language::SCHEMA => problems.push(foreign_schema(file)),
                Role::Schema | Role::Estate | Role::Examples => {}
            }
        }
        parsed.validated(language, problems)
    }

    /// The guardrails in the order of their names.
    pub fn guardrails(&self) -> Vec<&Guardrail> {
        let mut all: Vec<_> = self.guardrails.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// The guardrail of a name.
    pub fn guardrail(&self, id: &str) -> Option<&Guardrail> {
        self.guardrails.get(id)
    }

    /// The people whom guardrails name and the estate does not list: a guardrail about nobody never holds.
    pub(crate) fn unknown_people(&self, estate: &Estate) -> Vec<Problem> {
        let listed = |name: &str| estate.people.keys().any(|person| person.as_str() == name);
        let mut problems = Vec::new();
        for policy in self.set.policies() {
            for literal in policy.entity_literals().into_iter().filter(|it| it.type_name().basename() == "Person") {
                let name: &str = literal.id().unescaped();
                if let Some(it) = self.guardrail(policy.id().as_ref()).filter(|_| !listed(name)) {
                    let message = format!("the estate lists no person `{name}`");
                    problems.push(Problem::at(&it.place, message).guardrail(&it.id));
                }
            }
        }
        problems
    }

    /// Puts one request about a verb to all guardrails. Those that are scoped to other verbs are left out: a scope cannot err,
    /// and what it does not cover is not evaluated, so they would have said nothing.
    pub(crate) fn ask(&self, verb: Verb, request: &Request, entities: &Entities) -> Response {
        let speaking = self.by_verb.get(&verb).map(|made| made.get_or_init(|| self.speaking_of(verb)));
        Authorizer::new().is_authorized(request, speaking.unwrap_or(&self.set), entities)
    }

    /// Puts one request to all guardrails, whatever they are scoped to.
    #[cfg(test)]
    pub(crate) fn ask_all(&self, request: &Request, entities: &Entities) -> Response {
        Authorizer::new().is_authorized(request, &self.set, entities)
    }

    /// The policies whose scope covers a verb: all of them where that cannot be told.
    fn speaking_of(&self, verb: Verb) -> PolicySet {
        let covering = language().ok().and_then(|language| {
            let action = language.verbs.get(&verb)?;
            let groups: Vec<&EntityUid> = language.actions.ancestors(action)?.collect();
            let covers = |policy: &&Policy| match policy.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(it) => it == *action,
                ActionConstraint::In(any) => any.iter().any(|it| it == action || groups.contains(&it)),
            };
            PolicySet::from_policies(self.set.policies().filter(covers).cloned()).ok()
        });
        covering.unwrap_or_else(|| self.set.clone())
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies").field("guardrails", &self.guardrails.len()).finish_non_exhaustive()
    }
}

/// Guardrails that were read and not yet validated.
#[derive(Default)]
struct Parsed {
    policies: Vec<Policy>,
    guardrails: HashMap<String, Guardrail>,
}

impl Parsed {
    fn read(&mut self, file: &File<'_>, layer: Layer, problems: &mut Vec<Problem>) {
        for statement in statements(file.text) {
            let place = Place { file: file.path.to_owned(), line: statement.line };
            match parse(&statement, &place).and_then(|policy| Ok((Guardrail::read(&policy, layer, place)?, policy))) {
                Ok((guardrail, policy)) => self.add(guardrail, &policy, problems),
                Err(found) => problems.extend(found),
            }
        }
    }

    fn add(&mut self, guardrail: Guardrail, policy: &Policy, problems: &mut Vec<Problem>) {
        if let Some(other) = self.guardrails.get(&guardrail.id) {
            let message = format!("the name is taken by {}:{}", other.place.file, other.place.line);
            problems.push(
                Problem::at(&guardrail.place, message).guardrail(&guardrail.id).hint("Guardrails are never replaced, only added"),
            );
            return;
        }
        self.policies.push(policy.new_id(PolicyId::new(&guardrail.id)));
        self.guardrails.insert(guardrail.id.clone(), guardrail);
    }

    fn validated(self, language: &Language, problems: &mut Vec<Problem>) -> Option<Policies> {
        self.check_names(language, problems);
        let all = self.policies.into_iter().chain([language.permit.clone()]);
        let set = match PolicySet::from_policies(all) {
            Ok(set) => set,
            Err(error) => {
                problems.push(Problem::in_file("", error.to_string()));
                return None;
            }
        };
        let result = Validator::new(language.schema.clone()).validate(&set, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| (error.policy_id(), error as &dyn Diagnostic));
        let warnings = result.validation_warnings().map(|warning| (warning.policy_id(), warning as &dyn Diagnostic));
        for (id, diagnostic) in errors.chain(warnings) {
            problems.push(invalid(self.guardrails.get(id.as_ref() as &str), diagnostic));
        }
        let by_verb = Verb::ALL.into_iter().map(|verb| (verb, OnceLock::new())).collect();
        Some(Policies { set, by_verb, guardrails: self.guardrails })
    }

    /// Refuses names of things that cannot be known when a guardrail is written. Cedar itself accepts any.
    fn check_names(&self, language: &Language, problems: &mut Vec<Problem>) {
        let types = &language.types;
        for policy in &self.policies {
            for literal in policy.entity_literals() {
                let name: &str = literal.id().unescaped();
                let kind = literal.type_name();
                let message = if *kind == types.guardrail && !self.guardrails.contains_key(name) {
                    format!("there is no guardrail `{name}`")
                } else if [&types.agent, &types.change, &types.dossier].contains(&kind) {
                    format!("`{literal}` lives for one session or one change, so nothing can be said about it beforehand")
                } else {
                    continue;
                };
                let guardrail = self.guardrails.get(policy.id().as_ref() as &str);
                problems.extend(guardrail.map(|it| Problem::at(&it.place, message).guardrail(&it.id)));
            }
        }
    }
}

fn parse(statement: &Statement<'_>, place: &Place) -> Result<Policy, Vec<Problem>> {
    let small = statement.text.len() <= STATEMENT_MAX_BYTES && statement.operators <= STATEMENT_MAX_OPERATORS;
    if !small || statement.depth > STATEMENT_MAX_DEPTH {
        let message = format!(
            "it is too large: a guardrail may have {STATEMENT_MAX_BYTES} bytes, {STATEMENT_MAX_OPERATORS} bytes of operators \
             and brackets {STATEMENT_MAX_DEPTH} deep"
        );
        return Err(vec![Problem::at(place, message).hint("Split it: guardrails add up")]);
    }
    Policy::parse(None, statement.text).map_err(|errors| errors.iter().map(|error| unparsed(statement, place, error)).collect())
}

fn unparsed(statement: &Statement<'_>, place: &Place, error: &cedar_policy::ParseError) -> Problem {
    let offset = error.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset());
    let line = statement.line + line_at(statement.text, offset) - 1;
    let problem = Problem::at(&Place { line, ..place.clone() }, error.to_string());
    match error.help() {
        Some(help) => problem.hint(help.to_string()),
        None => problem,
    }
}

fn invalid(guardrail: Option<&Guardrail>, diagnostic: &dyn Diagnostic) -> Problem {
    let problem = match guardrail {
        Some(it) => Problem::at(&it.place, diagnostic.to_string()).guardrail(&it.id),
        None => Problem::in_file("permit.cedar", diagnostic.to_string()),
    };
    match diagnostic.help() {
        Some(help) => problem.hint(help.to_string()),
        None => problem,
    }
}

fn foreign_schema(file: &File<'_>) -> Problem {
    Problem::in_file(file.path, "it is not the schema of this version of the program")
        .hint("The file is for editors only: take the one that `holdpoint policy` writes")
}
