//! Follows a text through every branch it can take, and hands each command that may run to `command.rs`.
//!
//! Every branch counts: conditions may go either way, loops may run or not, `cd` may fail. A substitution is a shell of its own.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::dialect::is_called_by_the_shell;
use super::effect::OPEN_CODE;
use super::reader::Reader;
use super::scan::names_in;
use super::state::{Function, State};
use super::structure::disagreement;
use super::syntax::{Chain, Command, Form, Item, List, Part, Simple, Span, Word};
use super::value::{Field, Value};
use super::walker::{Input, Walker};

impl Walker<'_> {
    /// Follows what `trap` registered with the variables as they are at the end.
    pub(crate) fn last_traps(&mut self) {
        self.state.recall();
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
        if let Some(why) = outline.faults.is_empty().then(|| disagreement(text, &outline, self.budget)).flatten() {
            self.opaque("", why, whole);
        }
        if outline.faults.iter().any(|fault| fault.last) || self.budget.is_structure_spent() {
            self.budget.shorten();
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
            None => self.opaque(&text.shown(), OPEN_CODE, span),
        }
    }

    pub(crate) fn list(&mut self, list: &List) {
        for item in &list.items {
            if self.stopped {
                return;
            }
            // What stands behind an `exit` is followed too: one reading too many is cheaper than one too few.
            self.state.alive = true;
            if item.background {
                self.apart(|walker| walker.item(item));
            } else {
                self.item(item);
            }
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

    /// Follows one command; gives the state in which it may have failed where that is another one.
    pub(crate) fn command(&mut self, command: &Command) -> Option<State> {
        if self.stopped || !self.deeper(&command.span) {
            return None;
        }
        if !self.budget.walk_steps(1) {
            self.stop(command.span.clone());
        }
        let around = std::mem::replace(&mut self.at, command.span.clone());
        let written = self.about_to_write(command);
        let outer = (self.input.clone(), self.descriptors.clone(), self.commands_at_input);
        self.keeps_redirections = false;
        self.redirections(&command.redirections);
        let failed = match &command.form {
            Form::Simple(simple) => {
                self.differs_in_zsh(simple, &command.redirections, &command.span);
                self.simple(simple, &command.span)
            }
            form => {
                self.compound(form, &command.span);
                None
            }
        };
        self.hold(written, command);
        if !std::mem::take(&mut self.keeps_redirections) {
            (self.input, self.descriptors, self.commands_at_input) = outer;
        }
        self.at = around;
        self.depth -= 1;
        failed
    }

    fn compound(&mut self, form: &Form, span: &Span) {
        match form {
            Form::Arithmetic(parts) => self.visit_arithmetic(parts),
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
            Form::For { variable, words, body } => self.for_loop(variable, words.as_deref(), body, span),
            Form::Function { name, body } => {
                self.state.functions.insert(name.clone(), Function { bodies: vec![Rc::clone(body)], perhaps: false });
                // When it is called, and with which words, is not known here.
                if is_called_by_the_shell(name) {
                    let span = body.span.clone();
                    let arguments = [Field::new(Value::loose(), span.clone())];
                    self.apart(|walker| walker.call(&[Rc::clone(body)], &arguments, &span));
                }
            }
            Form::Group(list) => self.list(list),
            Form::If { branches, otherwise } => self.branches(branches, otherwise.as_ref()),
            Form::Loop { head, condition, body } => {
                self.repeatedly(|walker| {
                    walker.visit_arithmetic(head);
                    walker.list(condition);
                    walker.perhaps(|walker| walker.list(body));
                });
            }
            Form::Pipeline(stages) => self.pipeline(stages),
            Form::Simple(_) => {}
            Form::Subshell(list) => self.apart(|walker| walker.list(list)),
            Form::Test(words) => {
                let compares = words.iter().filter_map(Word::plain).any(is_arithmetic_comparison);
                for word in words {
                    self.visit(word);
                    self.evaluated_subscript(word);
                    if compares {
                        self.evaluated_variables(&word.parts);
                        self.evaluates(&word.parts);
                    }
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
        for (index, stage) in stages.iter().enumerate() {
            let next = self.printed(stage, &input);
            let foreign =
                index.checked_sub(1).and_then(|before| stages.get(before)).is_some_and(|before| self.prints_contents(before));
            self.listed = None;
            let follow = |walker: &mut Self| {
                walker.input = input.clone();
                walker.commands_at_input = walker.commands;
                walker.input_is_foreign(foreign);
                walker.command(stage);
            };
            if self.last_stage_stays && index + 1 == stages.len() {
                let outer = self.input.clone();
                self.perhaps(follow);
                self.input = outer;
            } else {
                self.apart(follow);
            }
            let listed = self.listed.take().map_or(Input::Piped, Input::Listed);
            input = next.map_or(listed, Input::Text);
        }
    }

    /// What a stage of a pipeline prints, where that is known.
    fn printed(&self, stage: &Command, input: &Input) -> Option<Value> {
        let choices = BTreeMap::new();
        let given = if let Input::Text(text) = input { Some(text) } else { None };
        let value = self.expander(&choices, self.directory().as_deref()).stage(stage, given);
        value.known().is_some().then_some(value)
    }

    fn branches(&mut self, branches: &[(List, List)], otherwise: Option<&List>) {
        let mut ends: Vec<State> = Vec::new();
        for (condition, body) in branches {
            // `if cd x; then` is the one condition whose failure means another state; the list joins it already.
            self.list(condition);
            let Some(untaken) = self.copied() else { return };
            self.list(body);
            ends.push(std::mem::replace(&mut self.state, untaken));
        }
        if let Some(otherwise) = otherwise {
            self.list(otherwise);
        }
        for end in ends {
            self.or_else(end);
        }
    }

    fn for_loop(&mut self, variable: &str, words: Option<&[Word]>, body: &List, span: &Span) {
        let foreign = words.is_some_and(|words| words.iter().any(|word| self.is_foreign(&word.parts)));
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
            self.evaluated_later(value, span);
            self.check_other_setting(variable, value, span);
        }
        self.repeatedly(|walker| {
            // `select` leaves what was typed in another name.
            walker.state.set("REPLY", vec![Value::unknown()]);
            walker.state.set(variable, values.clone());
            walker.foreign_name(variable, foreign);
            walker.list(body);
        });
    }

    fn simple(&mut self, simple: &Simple, span: &Span) -> Option<State> {
        // Each sees what those before it set.
        if simple.words.is_empty() {
            for assignment in &simple.assignments {
                self.visit_assignment(assignment);
                self.assign(assignment, span);
            }
            return None;
        }
        if let [only] = simple.assignments.as_slice() {
            self.visit_assignment(only);
        } else if !simple.assignments.is_empty() {
            self.apart(|walker| {
                for assignment in &simple.assignments {
                    walker.visit_assignment(assignment);
                    walker.assign(assignment, span);
                }
            });
        }
        for word in simple.words.iter().chain(simple.arrays.iter().flat_map(|(_, elements)| elements)) {
            self.visit(word);
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
                let held = std::mem::take(&mut self.state.held);
                let brought = std::mem::take(&mut self.state.brought);
                let remotes = std::mem::take(&mut self.state.remotes);
                self.state = State { moved, written, held, brought, remotes, ..start.clone() };
            }
            let fields = self.fields(simple, choices, directory.as_deref());
            let declared: Vec<&Word> = simple.words.iter().collect();
            let hidden = self.assign_for_command(&simple.assignments);
            let after = self.invoke(&fields, &declared, directory.as_deref(), span);
            self.put_back(hidden, &fields);
            for (name, elements) in &simple.arrays {
                self.assign_array(name, elements, false, span);
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
}

/// Whether a word of `[[ … ]]` makes it evaluate its operands as arithmetic.
fn is_arithmetic_comparison(word: &str) -> bool {
    matches!(word, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge")
}
