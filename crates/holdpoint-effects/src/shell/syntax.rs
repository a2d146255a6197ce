//! What a shell text says, as our own reader sees it: lists, commands, words and their parts.
//!
//! Nothing here is expanded or judged. Spans are byte ranges of the artefact's text; what stands inside a re-read text
//! (back quotes, an `eval` string) carries the span of the construct that holds it.

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

/// Where something stands in the artefact.
pub(crate) type Span = Range<usize>;

/// Commands one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
}

/// One and-or chain of a list.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) first: Command,
    pub(crate) rest: Vec<(Chain, Command)>,
    /// Whether the shell goes on without waiting for it (`&`).
    pub(crate) background: bool,
}

/// How the next command of a chain depends on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chain {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// One command with the redirections that apply to all of it.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) form: Form,
    pub(crate) redirections: Vec<Redirection>,
    pub(crate) span: Span,
}

/// The forms a command can take.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// `((…))` and the head of `for ((…))`: only the expansions inside matter.
    Arithmetic(Vec<Part>),
    Case {
        subject: Word,
        arms: Vec<(Vec<Word>, List)>,
    },
    /// `coproc`
    Coprocess(Box<Command>),
    For {
        variable: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    Function {
        name: String,
        body: Rc<Command>,
    },
    Group(List),
    If {
        branches: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    /// `while` and `until`, and `for ((…))` with its head as the first part.
    Loop {
        head: Vec<Part>,
        condition: List,
        body: List,
    },
    /// `a | b`, also `! a` and `time a`, with one stage.
    Pipeline(Vec<Command>),
    Simple(Simple),
    Subshell(List),
    /// `[[ … ]]`: only the expansions inside matter.
    Test(Vec<Word>),
}

/// A program or builtin with its words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simple {
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) words: Vec<Word>,
    /// The elements of arrays that a declaration gives: `declare -a a=(…)`.
    pub(crate) arrays: Vec<(String, Vec<Word>)>,
}

/// `name=value`, `name+=value`, `name[…]=value` or `name=(…)`.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) append: bool,
    /// The expansions of a subscript.
    pub(crate) subscript: Option<Vec<Part>>,
    pub(crate) value: Assigned,
}

/// What is assigned.
#[derive(Debug, Clone)]
pub(crate) enum Assigned {
    Array(Vec<Word>),
    Scalar(Word),
}

/// One word before expansion.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    pub(crate) parts: Vec<Part>,
    pub(crate) span: Span,
}

/// A piece of a word.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// `$((…))`, `$[…]`: only the expansions inside matter; the value is unknown.
    Arithmetic { parts: Vec<Part>, quoted: bool },
    /// `$(…)` and back quotes.
    Command { list: List, quoted: bool },
    /// `$name`, `${…}`
    Parameter { parameter: Box<Parameter>, quoted: bool },
    /// `<(…)` and `>(…)`
    Process { list: List },
    /// Text as it stands, without its quotes.
    Text { text: String, quoted: bool },
}

/// One parameter expansion.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The expansions of a subscript, and its text where it is plain (`@`, `*`, `0`).
    pub(crate) subscript: Option<Vec<Part>>,
    pub(crate) operation: Operation,
    /// Whether it stands in braces of its own; otherwise what brace expansion puts behind it may lengthen its name.
    pub(crate) braced: bool,
}

/// What a parameter expansion does with the value.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// `${a:+w}`, `${a+w}`; `null` for the forms with a colon, to which an empty value is none.
    Alternative { word: Vec<Part>, null: bool },
    /// Trimming, replacing, slicing, changing case, `@…`, length: by the operator's signs (`operators.rs`).
    Changed { operator: &'static str, word: Vec<Part> },
    /// `${a:-w}`, `${a-w}`, `${a:=w}`, `${a=w}`, `${a:?w}`; `assign` for the `=` forms, `null` for those with a colon.
    Default { word: Vec<Part>, assign: bool, null: bool },
    /// `$a`
    Plain,
    /// `${a@P}` and `${!a}`: the value is itself read as an expansion, so it can run anything the value holds.
    Reread(Vec<Part>),
}

/// One redirection.
#[derive(Debug, Clone)]
pub(crate) struct Redirection {
    /// `None` is the operator's own default.
    pub(crate) descriptor: Option<String>,
    pub(crate) kind: RedirectionKind,
}

/// What a redirection connects to.
#[derive(Debug, Clone)]
pub(crate) enum RedirectionKind {
    /// `>>`, `&>>`
    Append(Word),
    /// `<&`, `>&` with a descriptor: nothing happens to a file. The descriptor it is for, where it says none, is 0 or 1.
    Duplicate { word: Word, input: bool },
    /// `<<`, `<<-`: the body, expanded unless the delimiter was quoted.
    HereDocument(Body),
    /// `<<<`
    HereString(Word),
    /// `<`
    Read(Word),
    /// `<>`
    ReadWrite(Word),
    /// `>`, `>|`, `&>`, `>&file`
    Write(Word),
}

/// The body of a here-document, filled in when the line that introduces it has ended.
pub(crate) type Body = Rc<OnceCell<Vec<Part>>>;

impl Part {
    pub(crate) fn literal(text: impl Into<String>, quoted: bool) -> Self {
        Self::Text { text: text.into(), quoted }
    }
}

impl Word {
    /// The word where it is wholly unquoted text without expansions: what can be a reserved word or a name.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }
}
