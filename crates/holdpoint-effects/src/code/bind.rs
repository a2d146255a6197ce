//! What a name or an expression may stand for while a program is followed.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::syntax::Function;
use crate::shell::value::{Piece, Shape, Value};

/// Most things that one expression is followed through.
const CHOICES_MAX: usize = 32;
/// The name of a function that is one of more than are followed.
pub(crate) const LOST: &str = "?lost";
/// Most elements of a list that are told apart.
const ELEMENTS_MAX: usize = 64;
/// Most calls and parts that the name of an object is made of.
pub(crate) const CALLS_MAX: usize = 6;
/// Most things that one value is made of, those in its lists and records counted. Copying, comparing and dropping a value goes
/// through all of them, and as deep as they are nested.
const WEIGHT_MAX: usize = 256;
/// Bytes of a text that count as one more thing.
const TEXT_BYTES_PER_WEIGHT: usize = 128;
/// Most stars and their like in one pattern.
const STARS_MAX: usize = 64;

/// One thing that an expression may stand for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bind {
    /// A value that certainly is no function, no module and no object of one.
    Data,
    /// A function of the program, by its place.
    Function(usize),
    List(List),
    /// Something of a library: a module, a class, a function, by its full name. What a call of it gives has `()` at its end.
    /// With what it was made from, where that matters: the file of a database.
    Library {
        name: Rc<str>,
        about: Option<Rc<Value>>,
    },
    Number(i64),
    /// A path as an object.
    Path(Value),
    Record(BTreeMap<String, Choices>),
    Text(Value),
    Truth(bool),
    /// It could be anything.
    Unknown,
}

/// A list of which the first elements are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct List {
    pub(crate) items: Vec<Choices>,
    /// What further elements may be, where there may be some.
    pub(crate) more: Option<Choices>,
}

/// What an expression may stand for; never nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choices(Vec<Bind>);

/// A function that the program defines.
pub(crate) type Defined = Rc<Function>;

impl Choices {
    pub(crate) fn data() -> Self {
        Self(vec![Bind::Data])
    }

    pub(crate) fn unknown() -> Self {
        Self(vec![Bind::Unknown])
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self(vec![Bind::Text(Value::text(text))])
    }

    pub(crate) fn library(name: impl Into<Rc<str>>) -> Self {
        Self(vec![Bind::Library { name: name.into(), about: None }])
    }

    /// Either the one or the other.
    pub(crate) fn or(mut self, other: Self) -> Self {
        for bind in other.0 {
            self.add(bind);
        }
        self
    }

    /// What was there before, if anything, or this.
    pub(crate) fn joined(before: Option<Self>, more: Self) -> Self {
        match before {
            Some(before) => before.or(more),
            None => more,
        }
    }

    pub(crate) fn add(&mut self, bind: Bind) {
        if self.0.contains(&bind) {
            return;
        }
        let bind = match bind {
            bind if self.0.len() < CHOICES_MAX => bind,
            Bind::Function(_) | Bind::Library { .. } => Bind::Library { name: LOST.into(), about: None },
            _ => Bind::Unknown,
        };
        if !self.0.contains(&bind) {
            self.0.push(bind);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bind> {
        self.0.iter()
    }

    /// One for each of them.
    pub(crate) fn map(&self, each: impl FnMut(&Bind) -> Self) -> Self {
        self.0.iter().map(each).reduce(Self::or).unwrap_or_else(Self::unknown)
    }

    /// The only one.
    pub(crate) fn only(&self) -> Option<&Bind> {
        if let [bind] = self.0.as_slice() { Some(bind) } else { None }
    }

    /// The texts that they may be.
    pub(crate) fn values(&self) -> Vec<Value> {
        let mut values: Vec<Value> = self.0.iter().map(Bind::value).collect();
        values.dedup();
        values
    }

    /// The text that it is, where there is only one.
    pub(crate) fn value(&self) -> Value {
        self.only().map_or_else(Value::unknown, Bind::value)
    }

    pub(crate) fn known(&self) -> Option<String> {
        self.value().known()
    }

    /// What any one of the elements may be.
    pub(crate) fn element(&self) -> Self {
        self.map(|bind| match bind {
            Bind::List(list) => list.any(),
            Bind::Data | Bind::Number(_) | Bind::Truth(_) => Self::data(),
            // Its letters.
            Bind::Text(_) => Self(vec![Bind::Text(Value::unknown())]),
            // One of what a call gave is known by how they were made.
            Bind::Library { name, about } if name.ends_with("()") && name.matches("()").count() < CALLS_MAX => {
                Bind::Library { name: format!("{name}()").into(), about: about.clone() }.into()
            }
            Bind::Path(_) | Bind::Function(_) | Bind::Library { .. } | Bind::Record(_) | Bind::Unknown => Self::unknown(),
        })
    }

    /// Whether something in it could act when it is called.
    pub(crate) fn could_act(&self) -> bool {
        self.0.iter().any(|bind| match bind {
            Bind::Function(_) => true,
            Bind::Library { name, .. } => !name.ends_with("()"),
            Bind::List(list) => list.items.iter().chain(&list.more).any(Self::could_act),
            Bind::Record(fields) => fields.values().any(Self::could_act),
            Bind::Data | Bind::Number(_) | Bind::Path(_) | Bind::Text(_) | Bind::Truth(_) | Bind::Unknown => false,
        })
    }

    /// Whether a secret of the environment is in it.
    pub(crate) fn has_secret(&self) -> bool {
        self.0.iter().any(Bind::has_secret)
    }

    /// How many things it is made of.
    pub(crate) fn weight(&self) -> usize {
        self.0.iter().map(Bind::weight).sum()
    }

    /// As it is, or anything where it is made of more than is followed.
    pub(crate) fn bounded(self) -> Self {
        match (self.weight() > WEIGHT_MAX, self.could_act()) {
            (false, _) => self,
            (true, true) => Self::unknown().or(Self::library(LOST)),
            (true, false) => Self::unknown(),
        }
    }

    /// Whether all of it is plain data.
    pub(crate) fn is_data(&self) -> bool {
        self.0.iter().all(|bind| match bind {
            Bind::Data | Bind::Number(_) | Bind::Text(_) | Bind::Truth(_) => true,
            Bind::List(list) => list.items.iter().chain(&list.more).all(Self::is_data),
            Bind::Record(fields) => fields.values().all(Self::is_data),
            Bind::Function(_) | Bind::Library { .. } | Bind::Path(_) | Bind::Unknown => false,
        })
    }
}

impl From<Bind> for Choices {
    fn from(bind: Bind) -> Self {
        Self(vec![bind])
    }
}

impl Bind {
    /// The text that it is where a text is wanted.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Text(value) | Self::Path(value) => value.clone(),
            Self::Number(number) => Value::text(number.to_string()),
            Self::Data
            | Self::Function(_)
            | Self::Library { .. }
            | Self::List(_)
            | Self::Record(_)
            | Self::Truth(_)
            | Self::Unknown => Value::unknown(),
        }
    }

    /// Whether a secret of the environment is in it.
    pub(crate) fn has_secret(&self) -> bool {
        match self {
            Self::List(list) => list.items.iter().chain(&list.more).any(Choices::has_secret),
            Self::Path(value) | Self::Text(value) => value.has_secret(),
            Self::Record(fields) => fields.values().any(Choices::has_secret),
            Self::Library { about, .. } => about.as_ref().is_some_and(|about| about.has_secret()),
            Self::Data | Self::Function(_) | Self::Number(_) | Self::Truth(_) | Self::Unknown => false,
        }
    }

    pub(crate) fn weight(&self) -> usize {
        1 + match self {
            Self::List(list) => list.weight(),
            Self::Record(fields) => fields.values().map(Choices::weight).sum(),
            Self::Path(text) | Self::Text(text) => text.pieces.len() + text.len() / TEXT_BYTES_PER_WEIGHT,
            Self::Data | Self::Function(_) | Self::Library { .. } | Self::Number(_) | Self::Truth(_) | Self::Unknown => 0,
        }
    }

    pub(crate) fn library_name(&self) -> Option<&str> {
        if let Self::Library { name, .. } = self { Some(name) } else { None }
    }
}

impl List {
    /// A list of texts.
    pub(crate) fn of_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut list = Self::default();
        let mut texts = texts.into_iter();
        list.items.extend(texts.by_ref().take(ELEMENTS_MAX).map(Choices::text));
        list.more = texts.next().map(|_| Bind::Text(Value::unknown()).into());
        list
    }

    /// A list of any number of such elements.
    pub(crate) fn of(element: Choices) -> Self {
        Self { items: Vec::new(), more: Some(element) }
    }

    pub(crate) fn push(&mut self, element: Choices) {
        match self.more.take() {
            None if self.items.len() < ELEMENTS_MAX => self.items.push(element),
            more => self.more = Some(Choices::joined(more, element)),
        }
    }

    /// How many things its elements are made of.
    pub(crate) fn weight(&self) -> usize {
        self.items.iter().chain(&self.more).map(Choices::weight).sum()
    }

    pub(crate) fn any(&self) -> Choices {
        self.items.iter().chain(&self.more).cloned().reduce(Choices::or).unwrap_or_else(Choices::data)
    }

    /// The words of a command.
    pub(crate) fn words(&self) -> Vec<Value> {
        let more = self.more.iter().map(|_| Value::loose());
        self.items.iter().map(Choices::value).chain(more).collect()
    }
}

/// One name inside a directory that the program does not determine.
pub(crate) fn some_name() -> Choices {
    Bind::Text(Value::any(Shape::Plain)).into()
}

/// `directory` with `/` and a name behind it; a name that is absolute stands alone.
pub(crate) fn below(directory: &Value, name: &Value) -> Value {
    if name.head().starts_with('/') || directory.known().as_deref() == Some("") {
        return name.clone();
    }
    let mut path = directory.clone();
    if !matches!(path.pieces.last(), Some(Piece::Text(text)) if text.ends_with('/')) {
        path.push(Piece::Text("/".to_owned()));
    }
    path.append(name.clone());
    path
}

/// A path in which the stars of a pattern's text are live.
pub(crate) fn pattern(value: &Value) -> Value {
    let is_star = |letter: char| matches!(letter, '*' | '?' | '[' | ']');
    let stars =
        |piece: &Piece| if let Piece::Text(text) = piece { text.chars().filter(|letter| is_star(*letter)).count() } else { 0 };
    if value.pieces.iter().map(stars).sum::<usize>() > STARS_MAX {
        return Value::unknown();
    }
    let mut path = Value::default();
    for piece in &value.pieces {
        let Piece::Text(text) = piece else {
            path.push(piece.clone());
            continue;
        };
        let mut plain = String::new();
        for letter in text.chars() {
            if is_star(letter) {
                path.push(Piece::Text(std::mem::take(&mut plain)));
                path.push(Piece::Pattern(letter.to_string()));
            } else {
                plain.push(letter);
            }
        }
        path.push(Piece::Text(plain));
    }
    path
}
