//! Follows a text through every branch it can take, and hands each command that may run to `command.rs`.
//!
//! Every branch counts: conditions may go either way, loops may run or not, `cd` may fail. A substitution is a shell of its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};

use super::budget::{Budget, COMBINATIONS_MAX, DEPTH_MAX, VALUE_BYTES_PER_STEP};
use super::expand::{Expander, inherited};
use super::outputs::output_of;
use super::reader::Reader;
use super::scan::{assigned_in, combined, leaves, names_in};
use super::state::State;
use super::structure::disagreement;
use super::syntax::{Assigned, Assignment, Chain, Command, Form, Item, List, Part, Simple, Span, Word};
use super::value::{Field, Value};
use crate::world::World;

/// What a command finds on its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A file of the asker's machine.
    File(String),
    /// Nothing that the line says.
    Inherited,
    /// Something another program prints.
    Piped,
    /// This text.
    Text(Value),
}

/// Where commands run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Site {
    Here,
    /// In a container, or on another machine: nothing can be asked about its files.
    There(Environment),
    /// In a container that is made for the command and shares nothing with the machine.
    Throwaway,
}

/// Follows one artefact.
pub(crate) struct Walker<'w> {
    pub(crate) world: &'w World<'w>,
    pub(crate) budget: &'w Budget,
    pub(crate) depth: usize,
    pub(crate) state: State,
    pub(crate) input: Input,
    pub(crate) site: Site,
    /// The span that everything has while a text is read that is not a piece of the artefact.
    pub(crate) within: Option<Span>,
    /// The functions being followed: one that calls itself is followed once.
    pub(crate) calling: Vec<Rc<Command>>,
    /// The files being read as scripts.
    pub(crate) reading: BTreeSet<String>,
    /// The names of the programs and builtins that may run.
    pub(crate) ran: BTreeSet<String>,
    /// Whether a loop is being followed.
    pub(crate) looping: bool,
    /// What `trap` registered, to be followed once more with the variables of the end.
    pub(crate) traps: Vec<(Value, Span)>,
    effects: Vec<Effect>,
    seen: HashSet<Effect>,
    stopped: bool,
}

/// Most effects that are collected; [`holdpoint_core::effect::Effects`] takes fewer.
const EFFECTS_MAX: usize = 1024;

impl<'w> Walker<'w> {
    pub(crate) fn new(world: &'w World<'w>, budget: &'w Budget) -> Self {
        Self {
            world,
            budget,
            depth: 0,
            state: State::new(world.directory().to_owned()),
            input: Input::Inherited,
            site: Site::Here,
            within: None,
            calling: Vec::new(),
            reading: BTreeSet::new(),
            ran: BTreeSet::new(),
            looping: false,
            traps: Vec::new(),
            effects: Vec::new(),
            seen: HashSet::new(),
            stopped: false,
        }
    }

    /// The effects found, in the order of the text, and the names of what may run.
    pub(crate) fn finish(self) -> (Vec<Effect>, BTreeSet<String>) {
        (self.effects, self.ran)
    }

    /// Follows what `trap` registered with the variables as they are at the end.
    pub(crate) fn last_traps(&mut self) {
        for (text, span) in std::mem::take(&mut self.traps) {
            self.apart(|walker| walker.inner_text(&text, span));
        }
    }

    /// Reads a text and follows it. `within` is its span where it is not the artefact itself.
    pub(crate) fn text(&mut self, text: &str, within: Option<Span>) {
        let whole = within.clone().unwrap_or(0..text.len());
        if text.contains('\0') {
            return self.opaque("", "it holds a NUL byte", whole);
        }
        if !self.budget.read_bytes(text.len()) || !self.budget.walk_steps(1) {
            return self.stop(whole);
        }
        let outline = Reader::new(text, self.depth, self.budget, within.clone()).outline();
        for fault in &outline.faults {
            self.opaque("", fault.why, fault.span.clone());
        }
        // What one reading already finds unreadable needs no second opinion.
        if let Some(why) = outline.faults.is_empty().then(|| disagreement(text, &outline)).flatten() {
            self.opaque("", why, whole);
        }
        let outer = std::mem::replace(&mut self.within, within);
        self.list(&outline.list);
        self.within = outer;
    }

    /// Follows a text one level down, for instance the argument of `sh -c`.
    pub(crate) fn inner_text(&mut self, text: &Value, span: Span) {
        match text.known() {
            Some(text) if self.deeper(&span) => {
                self.text(&text, Some(span));
                self.depth -= 1;
            }
            Some(_) => {}
            None => self.opaque(&text.shown(), "the line does not determine the code that it runs", span),
        }
    }

    /// Goes one level deeper, or notes that the bound is reached.
    pub(crate) fn deeper(&mut self, span: &Span) -> bool {
        if self.depth >= DEPTH_MAX {
            self.opaque("", "it is nested more deeply than is read", span.clone());
            return false;
        }
        self.depth += 1;
        true
    }

    pub(crate) fn list(&mut self, list: &List) {
        for item in &list.items {
            if self.stopped {
                return;
            }
            if item.background {
                self.apart(|walker| walker.item(item));
            } else {
                self.item(item);
            }
            // What stands behind an `exit` is followed too: one reading too many is cheaper than one too few.
            self.state.alive = true;
        }
    }

    /// Follows an and-or chain. `self.state` is the state where the last command succeeded, the other where it failed.
    fn item(&mut self, item: &Item) {
        let mut failed = self.command(&item.first);
        for (chain, command) in &item.rest {
            let Some(mut other) = failed.or_else(|| self.copied()) else { return };
            match chain {
                Chain::And => {
                    let after = self.command(command);
                    let after = after.or_else(|| self.copied());
                    failed = after.map(|after| self.joined(other, after));
                }
                Chain::Or => {
                    std::mem::swap(&mut self.state, &mut other);
                    self.state.alive = true;
                    let after = self.command(command);
                    failed = after.or_else(|| self.copied());
                    let succeeded = std::mem::replace(&mut self.state, other);
                    let own = std::mem::replace(&mut self.state, State::new(String::new()));
                    self.state = self.joined(own, succeeded);
                }
            }
        }
        if let Some(failed) = failed {
            self.or_else(failed);
        }
    }

    /// A copy of the state, paid for.
    pub(crate) fn copied(&mut self) -> Option<State> {
        if self.budget.walk_steps(self.state.size()) {
            return Some(self.state.clone());
        }
        self.stop(0..0);
        None
    }

    fn joined(&self, one: State, other: State) -> State {
        let directory = one.directories.first().cloned().flatten();
        one.join(other, &|name| inherited(name, self.world, directory.as_deref()))
    }

    /// The current state may also be `other`.
    fn or_else(&mut self, other: State) {
        let own = std::mem::replace(&mut self.state, State::new(String::new()));
        self.state = self.joined(own, other);
    }

    /// Follows something in a shell of its own: what it sets is gone afterwards.
    pub(crate) fn apart(&mut self, follow: impl FnOnce(&mut Self)) {
        let Some(before) = self.copied() else { return };
        follow(self);
        let inner = std::mem::replace(&mut self.state, before);
        self.state.made = inner.made;
        self.state.moved = inner.moved;
        self.state.written = inner.written;
    }

    /// Follows something that may happen or not.
    fn perhaps(&mut self, follow: impl FnOnce(&mut Self)) {
        let Some(before) = self.copied() else { return };
        follow(self);
        self.or_else(before);
    }

    /// Follows one command; gives the state in which it may have failed where that is another one.
    pub(crate) fn command(&mut self, command: &Command) -> Option<State> {
        if self.stopped || !self.deeper(&command.span) {
            return None;
        }
        if !self.budget.walk_steps(1) {
            self.stop(command.span.clone());
        }
        let outer = self.input.clone();
        self.redirections(&command.redirections);
        let failed = match &command.form {
            Form::Simple(simple) => self.simple(simple, &command.span),
            form => {
                self.compound(form);
                None
            }
        };
        self.input = outer;
        self.depth -= 1;
        failed
    }

    fn compound(&mut self, form: &Form) {
        match form {
            Form::Arithmetic(parts) => self.visit_all(parts),
            Form::Case { subject, arms } => {
                self.visit(subject);
                for (patterns, body) in arms {
                    for pattern in patterns {
                        self.visit(pattern);
                    }
                    self.perhaps(|walker| walker.list(body));
                }
            }
            Form::Coprocess(command) => self.apart(|walker| {
                walker.input = Input::Piped;
                walker.command(command);
            }),
            Form::For { variable, words, body } => self.for_loop(variable, words.as_deref(), body),
            Form::Function { name, body } => {
                let bodies = self.state.functions.entry(name.clone()).or_default();
                bodies.clear();
                bodies.push(Rc::clone(body));
            }
            Form::Group(list) => self.list(list),
            Form::If { branches, otherwise } => self.branches(branches, otherwise.as_ref()),
            Form::Loop { head, condition, body } => {
                self.visit_all(head);
                self.forget_assigned(body);
                self.forget_assigned(condition);
                let outer = std::mem::replace(&mut self.looping, true);
                self.list(condition);
                self.perhaps(|walker| walker.list(body));
                self.looping = outer;
            }
            Form::Pipeline(stages) => self.pipeline(stages),
            Form::Simple(_) => {}
            Form::Subshell(list) => self.apart(|walker| walker.list(list)),
            Form::Test(words) => {
                for word in words {
                    self.visit(word);
                    self.evaluated_subscript(word);
                }
            }
        }
    }

    fn pipeline(&mut self, stages: &[Command]) {
        if let [only] = stages {
            let failed = self.command(only);
            if let Some(failed) = failed {
                self.or_else(failed);
            }
            return;
        }
        let mut input = self.input.clone();
        for stage in stages {
            let next = self.printed(stage);
            self.apart(|walker| {
                walker.input = input;
                walker.command(stage);
            });
            input = next.map_or(Input::Piped, Input::Text);
        }
    }

    /// What a stage of a pipeline prints, where that is known.
    fn printed(&self, stage: &Command) -> Option<Value> {
        let choices = BTreeMap::new();
        let value = output_of(&self.expander(&choices, self.directory().as_deref()), stage);
        value.known().is_some().then_some(value)
    }

    fn branches(&mut self, branches: &[(List, List)], otherwise: Option<&List>) {
        let mut ends: Vec<State> = Vec::new();
        for (condition, body) in branches {
            // `if cd x; then` is the one condition whose failure means another state; the list joins it already.
            self.list(condition);
            let Some(untaken) = self.copied() else { return };
            self.list_keeping_death(body);
            ends.push(std::mem::replace(&mut self.state, untaken));
        }
        if let Some(otherwise) = otherwise {
            self.list_keeping_death(otherwise);
        }
        for end in ends {
            self.or_else(end);
        }
        self.state.alive = true;
    }

    /// Follows a list whose last command may end the shell, and leaves that to be seen.
    fn list_keeping_death(&mut self, list: &List) {
        self.list(list);
        let ends = list.items.last().is_some_and(|item| item.rest.is_empty() && !item.background && leaves(&item.first));
        self.state.alive = !ends;
    }

    fn for_loop(&mut self, variable: &str, words: Option<&[Word]>, body: &List) {
        let mut values = match words {
            Some(words) => {
                for word in words {
                    self.visit(word);
                }
                self.values_of(words)
            }
            None => self.state.positional.clone(),
        };
        for value in &mut values {
            value.settle();
        }
        self.forget_assigned(body);
        let outer = std::mem::replace(&mut self.looping, true);
        self.perhaps(|walker| {
            walker.state.set(variable, values);
            walker.list(body);
        });
        self.looping = outer;
    }

    /// The values of words under every combination.
    fn values_of(&self, words: &[Word]) -> Vec<Value> {
        let parts: Vec<&Part> = words.iter().flat_map(|word| &word.parts).collect();
        let Some(combinations) = self.combinations(&names_in(&parts)) else { return vec![Value::unknown()] };
        let mut values = Vec::new();
        for (directory, choices) in &combinations {
            let expander = self.expander(choices, directory.as_deref());
            values.extend(words.iter().flat_map(|word| expander.fields(word)));
        }
        values
    }

    /// A loop's body may have run before: what it assigns is not known when it begins.
    fn forget_assigned(&mut self, body: &List) {
        let mut names = BTreeSet::new();
        let mut moves = false;
        assigned_in(body, &mut names, &mut moves);
        for name in names {
            if self.state.variables.contains_key(&name) || self.state.arrays.contains_key(&name) {
                self.state.set(&name, vec![Value::unknown()]);
            }
        }
        if moves {
            self.state.directories = vec![None];
        }
    }

    fn simple(&mut self, simple: &Simple, span: &Span) -> Option<State> {
        for assignment in &simple.assignments {
            self.visit_assignment(assignment);
        }
        for word in &simple.words {
            self.visit(word);
        }
        if simple.words.is_empty() {
            for assignment in &simple.assignments {
                self.assign(assignment, span);
            }
            return None;
        }
        for assignment in &simple.assignments {
            self.variable_for_command(assignment, span);
        }
        let parts: Vec<&Part> = simple.words.iter().flat_map(|word| &word.parts).collect();
        let Some(combinations) = self.combinations(&names_in(&parts)) else {
            self.opaque("", "it has more combinations of values than are read", span.clone());
            return None;
        };
        let many = combinations.len() > 1;
        let (mut succeeded, mut failed): (Option<State>, Option<State>) = (None, None);
        let start = if many { self.copied() } else { None };
        for (directory, choices) in &combinations {
            if let Some(start) = start.as_ref().filter(|_| self.budget.walk_steps(1 + simple.words.len())) {
                // A loop comes here once for every value, one after the other.
                let moved = std::mem::take(&mut self.state.moved);
                let written = std::mem::take(&mut self.state.written);
                self.state = State { moved, written, ..start.clone() };
            }
            let fields = self.fields(simple, choices, directory.as_deref());
            let declared: Vec<&Word> = simple.words.iter().collect();
            let hidden = self.assign_for_command(&simple.assignments);
            let after = self.invoke(&fields, &declared, directory.as_deref(), span);
            for (name, values) in hidden {
                match values {
                    Some(values) => self.state.variables.insert(name, values),
                    None => self.state.variables.remove(&name),
                };
            }
            if many {
                let end = self.state.clone();
                let other = after.unwrap_or_else(|| end.clone());
                succeeded = Some(succeeded.map_or(end.clone(), |before| self.joined(before, end)));
                failed = Some(failed.map_or(other.clone(), |before| self.joined(before, other)));
            } else {
                failed = after;
            }
        }
        if let Some(succeeded) = succeeded {
            self.state = succeeded;
        }
        failed
    }

    /// Sets the variables in front of a command; gives what they hid, to be put back behind it.
    fn assign_for_command(&mut self, assignments: &[Assignment]) -> Vec<(String, Option<Vec<Value>>)> {
        let mut hidden = Vec::new();
        for assignment in assignments {
            if let Assigned::Scalar(word) = &assignment.value {
                let values = self.single(word);
                hidden.push((assignment.name.clone(), self.state.variables.insert(assignment.name.clone(), values)));
            }
        }
        hidden.reverse();
        hidden
    }

    fn fields(&self, simple: &Simple, choices: &BTreeMap<String, usize>, directory: Option<&str>) -> Vec<Field> {
        let expander = self.expander(choices, directory);
        let of = |word: &Word| {
            let span = self.within.clone().unwrap_or_else(|| word.span.clone());
            expander.fields(word).into_iter().map(|value| Field::new(value, span.clone())).collect::<Vec<_>>()
        };
        simple.words.iter().flat_map(of).collect()
    }

    /// Every combination of directory and values of the named variables; nothing when there are too many.
    #[expect(clippy::type_complexity, reason = "a directory and a choice for every variable; used by two callers below it")]
    fn combinations(&self, names: &BTreeSet<String>) -> Option<Vec<(Option<String>, BTreeMap<String, usize>)>> {
        let mut combinations: Vec<_> =
            self.state.directories.iter().map(|directory| (directory.clone(), BTreeMap::new())).collect();
        for name in names {
            let count = self.state.variables.get(name).map_or(1, Vec::len);
            if count < 2 {
                continue;
            }
            if combinations.len() * count > COMBINATIONS_MAX {
                return None;
            }
            let with = |(directory, choices): &(Option<String>, BTreeMap<String, usize>), choice: usize| {
                let mut choices = choices.clone();
                choices.insert(name.clone(), choice);
                (directory.clone(), choices)
            };
            combinations = combinations.iter().flat_map(|one| (0..count).map(move |choice| with(one, choice))).collect();
        }
        Some(combinations)
    }

    pub(crate) fn expander<'e>(&'e self, choices: &'e BTreeMap<String, usize>, directory: Option<&'e str>) -> Expander<'e> {
        Expander { state: &self.state, world: self.world, choices, directory }
    }

    /// The directory the shell is in, where there is only one possibility.
    pub(crate) fn directory(&self) -> Option<String> {
        match self.state.directories.as_slice() {
            [only] => only.clone(),
            _ => None,
        }
    }

    /// The value of a word that is not split, where the line determines one.
    pub(crate) fn single(&self, word: &Word) -> Vec<Value> {
        let parts: Vec<&Part> = word.parts.iter().collect();
        let Some(combinations) = self.combinations(&names_in(&parts)) else { return vec![Value::unknown()] };
        combinations.iter().map(|(directory, choices)| self.expander(choices, directory.as_deref()).single(word)).collect()
    }

    fn assign(&mut self, assignment: &Assignment, span: &Span) {
        self.dangerous_variable(assignment, span);
        match &assignment.value {
            Assigned::Array(words) => {
                let values = self.values_of(words);
                self.state.variables.remove(&assignment.name);
                let elements = self.state.arrays.entry(assignment.name.clone()).or_default();
                if !assignment.append {
                    elements.clear();
                }
                elements.extend(values);
            }
            Assigned::Scalar(_) if assignment.subscript.is_some() => {
                self.state.variables.remove(&assignment.name);
                self.state.arrays.insert(assignment.name.clone(), vec![Value::loose()]);
            }
            Assigned::Scalar(word) => {
                let mut values = self.single(word);
                if assignment.append {
                    let before = self.state.variables.get(&assignment.name).cloned();
                    let before = before.unwrap_or_else(|| vec![inherited(&assignment.name, self.world, None)]);
                    values = combined(&before, &values);
                }
                let copied: usize = values.iter().map(Value::len).sum();
                if !self.budget.walk_steps(copied / VALUE_BYTES_PER_STEP) {
                    return self.stop(span.clone());
                }
                self.state.set(&assignment.name, values);
            }
        }
    }

    fn visit_assignment(&mut self, assignment: &Assignment) {
        if let Some(subscript) = &assignment.subscript {
            self.visit_all(subscript);
        }
        match &assignment.value {
            Assigned::Array(words) => words.iter().for_each(|word| self.visit(word)),
            Assigned::Scalar(word) => self.visit(word),
        }
    }

    /// Notes an effect. The same effect from another branch is noted once.
    pub(crate) fn note(&mut self, mut effect: Effect) {
        match &self.site {
            Site::There(environment) if effect.environment == Environment::Local => effect.environment = environment.clone(),
            Site::Throwaway if effect.environment == Environment::Local => {
                effect.reversibility = effect.reversibility.min(Reversibility::Regenerable);
            }
            Site::Here | Site::There(_) | Site::Throwaway => {}
        }
        if let Some(within) = &self.within {
            effect.span = Some(within.clone());
        }
        let span = effect.span.take();
        if self.effects.len() < EFFECTS_MAX && self.seen.insert(effect.clone()) {
            effect.span = span.filter(|span| !span.is_empty());
            self.effects.push(effect);
        }
    }

    /// A comment, an assignment or a definition alone has no effect outside the shell, and that is said. Where a program may
    /// run and nothing was noted the list stays empty, which reads as opaque.
    pub(crate) fn note_if_idle(&mut self) {
        if self.effects.is_empty() && self.ran.is_empty() {
            let summary = "Does nothing outside the shell".to_owned();
            self.note(super::files::plain(Verb::Read, ResourceKind::Program, "bash", summary, 0..0));
        }
    }

    /// How many effects were noted so far.
    pub(crate) fn noted(&self) -> usize {
        self.effects.len()
    }

    /// Notes something that cannot be read.
    pub(crate) fn opaque(&mut self, name: &str, why: &str, span: Span) {
        self.note(Effect {
            verb: Verb::Execute,
            resource: Resource { kind: ResourceKind::Program, name: name.to_owned() },
            environment: Environment::Unknown,
            magnitude: Magnitude::unbounded(Unit::Items),
            reversibility: Reversibility::Irreversible,
            certainty: Certainty::Opaque,
            summary: format!("Does something that cannot be read: {why}"),
            span: Some(span),
        });
    }

    /// Notes that a bound is reached and follows nothing more.
    pub(crate) fn stop(&mut self, span: Span) {
        if !self.stopped {
            self.stopped = true;
            self.opaque("", "it does more than is followed", span);
        }
    }
}
