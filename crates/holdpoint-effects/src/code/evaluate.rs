//! Follows a program through everything it may do: every branch and every function counts, and what it does not determine is
//! taken at its worst.
//!
//! ```text
//! statements ──► names, and what they may stand for ──► calls of functions of its own ──► followed with their arguments
//!                                                  └──► calls of a library (library.rs) ──► acts
//! ```
//!
//! *Out of scope:* what an act means for the machine, which the shell's walker says, as it does for a command.

mod assign;
mod functions;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::act::Act;
use super::bind::{Bind, Choices, Defined, List, below};
use super::language::{Around, Language};
use super::library::Library;
use super::names::assigned;
use super::syntax::{Argument, Expression, Function, Pattern, Piece, Statement};
use crate::shell::value::{self, Value};

/// What following one statement or expression costs, in steps.
const STEPS: usize = 2;
/// Things of a value that are copied for one step.
const WEIGHT_PER_STEP: usize = 4;
/// Most acts of one program.
const ACTS_MAX: usize = 256;
/// Longest text that is put together, in bytes.
const TEXT_MAX_BYTES: usize = 16 * 1024;
/// Times a loop is followed before what it changes is unknown.
const ROUNDS_MAX: usize = 2;

/// What follows one program.
pub(super) struct Evaluator<'a> {
    pub(super) language: Language,
    pub(super) library: &'static Library,
    pub(super) around: &'a Around<'a>,
    pub(super) acts: Vec<Noted>,
    names: HashMap<String, Choices>,
    functions: Vec<Defined>,
    /// The place of each among them.
    defined: HashMap<*const Function, usize>,
    /// Functions of classes, by name.
    methods: HashMap<String, Vec<usize>>,
    /// What is kept under a name in objects.
    kept: HashMap<String, Choices>,
    /// Modules whose names are all known by themselves.
    pub(super) open_modules: Vec<String>,
    called: BTreeSet<usize>,
    calling: Vec<usize>,
    returned: Vec<Option<Choices>>,
    /// Whether it does more than is followed.
    full: bool,
    /// How many branches and loops are around what is followed now.
    conditions: usize,
    looping: bool,
    pub(super) codes: usize,
    /// How many functions around what is followed now are called by something else, or by nothing that is seen.
    apart: usize,
}

/// An act, and whether the program does it by itself or only when something else calls a function of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) act: Act,
    pub(crate) by_itself: bool,
}

/// What a call is given.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// What a method is called on.
    pub(super) receiver: Option<Bind>,
    pub(super) items: List,
    pub(super) named: BTreeMap<String, Choices>,
    /// Whether there may be other arguments by name.
    pub(super) more_named: bool,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(language: Language, around: &'a Around<'a>) -> Self {
        Self {
            language,
            library: Library::of(language),
            around,
            acts: Vec::new(),
            names: HashMap::new(),
            functions: Vec::new(),
            defined: HashMap::new(),
            methods: HashMap::new(),
            kept: HashMap::new(),
            open_modules: Vec::new(),
            called: BTreeSet::new(),
            calling: Vec::new(),
            returned: Vec::new(),
            full: false,
            conditions: 0,
            looping: false,
            codes: 0,
            apart: 0,
        }
    }

    /// Follows a whole program, and then the functions that nothing in it calls.
    pub(super) fn program(&mut self, statements: &[Statement]) {
        self.hoist(statements);
        self.body(statements);
        let mut at = 0;
        while at < self.functions.len() {
            if !self.called.contains(&at) {
                self.called_elsewhere(at);
            }
            at += 1;
        }
    }

    pub(super) fn note(&mut self, act: Act) {
        let by_itself = self.apart == 0;
        if let Some(known) = self.acts.iter_mut().find(|known| known.act == act) {
            known.by_itself |= by_itself;
        } else if self.acts.len() < ACTS_MAX {
            self.acts.push(Noted { act, by_itself });
        } else {
            self.full = true;
        }
    }

    pub(super) fn unseen(&mut self, why: impl Into<String>) {
        self.note(Act::Unseen(why.into()));
    }

    /// Whether what is followed now certainly happens, and happens once.
    pub(super) const fn is_certain(&self) -> bool {
        self.conditions == 0
    }

    fn step(&mut self) -> bool {
        self.spend(STEPS)
    }

    /// Takes steps; `false`, and said, where there are none left.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        if !self.full && self.around.budget.code_steps(steps) {
            return true;
        }
        self.full = true;
        let end = Act::Unseen("a program that does more than is followed".to_owned());
        if self.acts.last().is_none_or(|last| last.act != end) {
            self.acts.push(Noted { act: end, by_itself: true });
        }
        false
    }

    /// Takes the steps that copying a value costs.
    pub(super) fn copies(&mut self, value: &Choices) -> bool {
        self.spend(value.weight() / WEIGHT_PER_STEP)
    }

    pub(super) fn perhaps<T>(&mut self, follow: impl FnOnce(&mut Self) -> T) -> T {
        self.conditions += 1;
        let result = follow(self);
        self.conditions -= 1;
        result
    }

    fn body(&mut self, statements: &[Statement]) {
        for statement in statements {
            if !self.step() {
                return;
            }
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Assign { target, value } => {
                let value = self.value(value);
                self.assign(target, value);
            }
            Statement::Branches(bodies) => self.perhaps(|evaluator| bodies.iter().for_each(|body| evaluator.body(body))),
            Statement::Class { name, bases, body } => self.class(name, bases, body),
            Statement::Define { name, function } => {
                let function = self.define(function.clone());
                self.bind(name, Bind::Function(function).into());
            }
            Statement::Expression(expression) => {
                self.value(expression);
            }
            Statement::Import(import) => self.import(import),
            Statement::Loop { each, body } => self.repeated(each.as_ref(), body),
            Statement::Return(expression) => {
                let value = self.value(expression);
                match self.returned.last_mut() {
                    Some(returned) => *returned = Some(Choices::joined(returned.take(), value)),
                    // Of the program itself, whose value is what whoever loads it gets.
                    None => self.escape(&value),
                }
            }
        }
    }

    /// A loop: what it changes may be what the next round begins with.
    fn repeated(&mut self, each: Option<&(Pattern, Expression)>, body: &[Statement]) {
        let over = each.map(|(_, over)| self.value(over).element());
        let mut changed = BTreeSet::new();
        assigned(body, &mut changed);
        let outermost = !std::mem::replace(&mut self.looping, true);
        for round in 0..=ROUNDS_MAX {
            let before: Vec<_> = changed.iter().map(|name| self.names.get(name).cloned()).collect();
            self.perhaps(|evaluator| {
                if let (Some((target, _)), Some(element)) = (each, over.clone()) {
                    evaluator.forget(target);
                    evaluator.assign(target, element);
                }
                evaluator.body(body);
            });
            let after: Vec<_> = changed.iter().map(|name| self.names.get(name).cloned()).collect();
            if !outermost || before == after {
                break;
            }
            if round + 1 == ROUNDS_MAX {
                let grown = changed.iter().zip(before.iter().zip(&after)).filter(|(_, (before, after))| before != after);
                let grown: Vec<String> = grown.map(|(name, _)| name.clone()).collect();
                grown.iter().for_each(|name| self.bind(name, Choices::unknown()));
            }
        }
        if outermost {
            self.looping = false;
        }
    }

    /// What an expression may stand for; what it does is noted.
    pub(super) fn value(&mut self, expression: &Expression) -> Choices {
        if !self.step() {
            return Choices::unknown();
        }
        match expression {
            Expression::Add(one, other) => {
                let (one, other) = (self.value(one), self.value(other));
                self.copies(&one);
                self.copies(&other);
                added(&one, &other).bounded()
            }
            Expression::Attribute(object, name) => {
                let own = matches!(object.as_ref(), Expression::Name(name) if matches!(name.as_str(), "self" | "this" | "cls"));
                if let Some(kept) = self.kept.get(name).filter(|_| own) {
                    return kept.clone();
                }
                let object = self.value(object);
                self.attribute(&object, name)
            }
            Expression::Block(body) => {
                self.perhaps(|evaluator| evaluator.body(body));
                Choices::data()
            }
            Expression::Call { callee, arguments } => self.call_expression(callee, arguments),
            Expression::Choice(values) => {
                let values: Vec<Choices> = self.perhaps(|evaluator| values.iter().map(|value| evaluator.value(value)).collect());
                values.into_iter().reduce(Choices::or).unwrap_or_else(Choices::data)
            }
            Expression::Divide(one, other) => {
                let (one, other) = (self.value(one), self.value(other));
                one.map(|one| match one {
                    Bind::Path(path) => other.map(|other| Bind::Path(below(path, &other.value())).into()),
                    Bind::Unknown => Choices::unknown(),
                    _ => other.map(|other| match other {
                        Bind::Path(path) => Bind::Path(below(&one.value(), path)).into(),
                        _ => Choices::data(),
                    }),
                })
            }
            Expression::Each { clauses, element } => self.each(clauses, element),
            Expression::Function(function) => Bind::Function(self.define(function.clone())).into(),
            Expression::Index(object, key) => {
                let (object, key) = (self.value(object), self.value(key));
                self.index(&object, &key)
            }
            Expression::List(items) => {
                let given = self.given(items, None);
                Choices::from(Bind::List(given.items)).bounded()
            }
            Expression::Name(name) => self.name(name),
            Expression::Number(number) => Bind::Number(*number).into(),
            Expression::Other(parts) => {
                let parts: Vec<Choices> = parts.iter().map(|part| self.value(part)).collect();
                parts.iter().filter(|part| part.could_act()).for_each(|part| self.escape_functions(part));
                if parts.iter().any(Choices::has_secret) {
                    return Bind::Text(Value::any(value::Shape::Secret)).into();
                }
                if parts.iter().all(Choices::is_data) { Choices::data() } else { Choices::unknown() }
            }
            Expression::Record(fields) => self.record(fields),
            Expression::Text(pieces) => self.text(pieces),
            Expression::Truth(truth) => Bind::Truth(*truth).into(),
        }
    }

    fn each(&mut self, clauses: &[(Pattern, Expression)], element: &Expression) -> Choices {
        let element = self.perhaps(|evaluator| {
            for (target, over) in clauses {
                let over = evaluator.value(over).element();
                evaluator.forget(target);
                evaluator.assign(target, over);
            }
            evaluator.value(element)
        });
        Bind::List(List::of(element)).into()
    }

    fn record(&mut self, fields: &[(Option<String>, Expression)]) -> Choices {
        let mut record = BTreeMap::new();
        let mut certain = true;
        for (name, value) in fields {
            let value = self.value(value);
            match name {
                Some(name) => {
                    record.insert(name.clone(), value);
                }
                None => {
                    certain &= value.is_data();
                    match value.only() {
                        Some(Bind::Record(more)) => record.extend(more.clone()),
                        _ => self.escape_functions(&value),
                    }
                }
            }
        }
        let record = Choices::from(Bind::Record(record)).bounded();
        if certain { record } else { record.or(Choices::unknown()) }
    }

    fn text(&mut self, pieces: &[Piece]) -> Choices {
        let mut text = Choices::text("");
        for piece in pieces {
            let piece = match piece {
                Piece::Known(known) => Choices::text(known.as_str()),
                Piece::Of(expression) => {
                    let of = self.value(expression);
                    let values = of.values().into_iter().map(|value| Choices::from(Bind::Text(value)));
                    values.reduce(Choices::or).unwrap_or_else(Choices::data)
                }
                Piece::Unknown => Bind::Text(Value::unknown()).into(),
            };
            text = added(&text, &piece);
        }
        text
    }

    fn name(&mut self, name: &str) -> Choices {
        if let Some(known) = self.names.get(name).cloned() {
            return if self.copies(&known) { known } else { Choices::unknown() };
        }
        if !self.spend(self.open_modules.len()) {
            return Choices::unknown();
        }
        if let Some(known) = self.global(name) {
            return known;
        }
        let open: Vec<String> = self.open_modules.iter().map(|module| format!("{module}.{name}")).collect();
        let open: Vec<Choices> = open.iter().map(|name| self.library_name(name)).collect();
        open.into_iter().reduce(Choices::or).unwrap_or_else(Choices::unknown)
    }

    /// What the arguments of a call come to.
    pub(super) fn given(&mut self, arguments: &[Argument], receiver: Option<Bind>) -> Given {
        let mut given = Given { receiver, ..Given::default() };
        for argument in arguments {
            let value = self.value(&argument.value);
            match (&argument.name, argument.spread) {
                (Some(name), _) => {
                    given.named.insert(name.clone(), value);
                }
                (None, false) => given.items.push(value),
                (None, true) => given.spread(&value),
            }
        }
        given
    }

    /// What the program says that a name stands for.
    pub(super) fn own(&self, name: &str) -> Option<Choices> {
        self.names.get(name).cloned()
    }
}

impl Given {
    /// Arguments of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self { items: List::of(Choices::unknown()), more_named: true, ..Self::default() }
    }

    /// How many things it is made of.
    pub(super) fn weight(&self) -> usize {
        self.items.weight() + self.named.values().map(Choices::weight).sum::<usize>()
    }

    pub(super) fn item(&self, at: usize) -> Option<Choices> {
        self.items.items.get(at).cloned().or_else(|| self.items.more.clone())
    }

    fn spread(&mut self, value: &Choices) {
        match value.only() {
            Some(Bind::List(list)) => {
                list.items.iter().for_each(|item| self.items.push(item.clone()));
                if let Some(more) = &list.more {
                    self.items.more = Some(Choices::joined(self.items.more.take(), more.clone()));
                }
            }
            Some(Bind::Record(fields)) => self.named.extend(fields.clone()),
            _ => {
                let element = value.element().or(Choices::unknown());
                self.items.more = Some(Choices::joined(self.items.more.take(), element));
                self.more_named = true;
            }
        }
    }
}

/// What `+` gives.
fn added(one: &Choices, other: &Choices) -> Choices {
    one.map(|one| other.map(|other| added_one(one, other)))
}

fn added_one(one: &Bind, other: &Bind) -> Choices {
    match (one, other) {
        (Bind::List(list), Bind::List(more)) => {
            let mut list = list.clone();
            more.items.iter().for_each(|item| list.push(item.clone()));
            if let Some(more) = &more.more {
                list.more = Some(Choices::joined(list.more.take(), more.clone()));
            }
            Bind::List(list).into()
        }
        (Bind::List(list), _) => Bind::List(List { more: Some(Choices::unknown()), ..list.clone() }).into(),
        (Bind::Number(one), Bind::Number(other)) => {
            one.checked_add(*other).map_or_else(Choices::data, |sum| Bind::Number(sum).into())
        }
        (Bind::Text(text), other) => Bind::Text(joined(text, &other.value())).into(),
        (one, Bind::Text(text)) => Bind::Text(joined(&one.value(), text)).into(),
        (Bind::Unknown, _) | (_, Bind::Unknown) => Choices::unknown(),
        _ => Choices::data(),
    }
}

fn joined(one: &Value, other: &Value) -> Value {
    if one.len() + other.len() > TEXT_MAX_BYTES {
        return Value::unknown();
    }
    let mut text = one.clone();
    for piece in &other.pieces {
        // What is unknown inside a text is one word there.
        text.push(match piece {
            value::Piece::Any { shape, .. } => value::Piece::Any { shape: *shape, loose: false },
            piece => piece.clone(),
        });
    }
    text
}
