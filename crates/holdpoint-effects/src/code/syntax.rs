//! A program in the few forms that matter for what it reaches: what is called with what, and which name stands for what.
//!
//! Both languages are brought into these forms, so that one evaluation follows them.

use std::collections::BTreeSet;
use std::rc::Rc;

/// What has a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// `one + other`.
    Add(Box<Expression>, Box<Expression>),
    /// `object.name`.
    Attribute(Box<Expression>, String),
    /// Statements in the place of a value: a class body, the branches of something that is not told apart here.
    Block(Vec<Statement>),
    Call {
        callee: Box<Expression>,
        arguments: Vec<Argument>,
    },
    /// One of several: `a if b else c`, `a or b`.
    Choice(Vec<Expression>),
    /// `directory / name`.
    Divide(Box<Expression>, Box<Expression>),
    /// `element for target in over`, and its conditions: a list of what the elements come to.
    Each {
        clauses: Vec<(Pattern, Expression)>,
        element: Box<Expression>,
    },
    Function(Rc<Function>),
    /// `object[key]`.
    Index(Box<Expression>, Box<Expression>),
    List(Vec<Argument>),
    Name(String),
    Number(i64),
    /// A computation on its parts, whose value is plain data.
    Other(Vec<Expression>),
    Record(Vec<(Option<String>, Expression)>),
    Text(Vec<Piece>),
    /// True, false, nothing.
    Truth(bool),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Known(String),
    Of(Expression),
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    pub(crate) name: Option<String>,
    /// Whether it stands for any number of arguments: `*words`, `...words`.
    pub(crate) spread: bool,
    pub(crate) value: Expression,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Vec<Statement>,
    /// Names that are its own.
    pub(crate) locals: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    pub(crate) pattern: Pattern,
    pub(crate) default: Option<Expression>,
    /// Whether it takes all the arguments that are left.
    pub(crate) rest: bool,
}

/// What takes a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pattern {
    /// A place of something else: `object.name`, `object[key]`.
    Elsewhere(Expression),
    Each(Vec<Pattern>),
    /// `{ key: pattern }`; `None` takes the rest.
    Fields(Vec<(Option<String>, Pattern)>),
    Name(String),
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    Assign {
        target: Pattern,
        value: Expression,
    },
    /// Bodies of which each may run or not.
    Branches(Vec<Vec<Statement>>),
    Class {
        name: String,
        bases: Vec<Expression>,
        body: Vec<Statement>,
    },
    Define {
        name: String,
        function: Rc<Function>,
    },
    Expression(Expression),
    Import(Import),
    Loop {
        /// What the body is done for, where it is done for each of something.
        each: Option<(Pattern, Expression)>,
        body: Vec<Statement>,
    },
    Return(Expression),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Import {
    /// `json.decoder`, `.helper`, `node:fs`.
    pub(crate) module: String,
    pub(crate) takes: Taken,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Taken {
    /// `from x import *`.
    All,
    /// Names of the module, each under a name of its own.
    Names(Vec<(String, String)>),
    /// The module itself under this name; a dotted name is known by its first part.
    Whole(String),
}

/// Why a program was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);
