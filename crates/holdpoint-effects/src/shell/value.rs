//! What a word comes to as far as the line determines it.

use super::syntax::Span;

/// What is known of text that the line does not determine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Nothing at all.
    Anything,
    /// A number, name or date: not empty, no slash, no leading dash, no pattern.
    Plain,
    /// Nothing but that it is a secret of the environment, or has one in it.
    Secret,
    /// The absolute path of a temporary file or directory made for this line.
    Scratch,
}

impl Shape {
    /// Whether it may be any text.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Anything | Self::Secret)
    }
}

/// A piece of an expanded word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Piece {
    /// Text the line does not determine. `loose` when word splitting may still make any number of words of it.
    Any {
        shape: Shape,
        loose: bool,
    },
    /// A live glob character or bracket expression.
    Pattern(String),
    Text(String),
}

/// The value of a variable or word.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value {
    pub(crate) pieces: Vec<Piece>,
}

/// One word of a command after expansion, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())] }
    }

    /// What a variable holds that is not set. Set and empty is another thing: `${a-w}` tells them apart.
    pub(crate) const fn unset() -> Self {
        Self { pieces: Vec::new() }
    }

    /// The value of something that is set, even where it is empty.
    pub(crate) fn present(self) -> Self {
        if self.is_unset() { Self::text("") } else { self }
    }

    pub(crate) const fn is_unset(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(crate) fn any(shape: Shape) -> Self {
        Self { pieces: vec![Piece::Any { shape, loose: false }] }
    }

    pub(crate) fn unknown() -> Self {
        Self::any(Shape::Anything)
    }

    /// Any number of words, of which nothing is known.
    pub(crate) fn loose() -> Self {
        Self { pieces: vec![Piece::Any { shape: Shape::Anything, loose: true }] }
    }

    /// The value where the line determines all of it.
    pub(crate) fn known(&self) -> Option<String> {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.pieces.iter().map(text).collect()
    }

    /// The text it certainly begins with.
    pub(crate) fn head(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// Whether something in it is not determined by the line, glob patterns aside.
    pub(crate) fn has_unknown(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Any { .. }))
    }

    /// Whether it is a temporary file or directory made for this line, or something in it.
    pub(crate) fn is_scratch(&self) -> bool {
        matches!(self.pieces.first(), Some(Piece::Any { shape: Shape::Scratch, .. }))
    }

    pub(crate) fn has_pattern(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Pattern(_)))
    }

    /// Whether it begins with text that the line does not determine.
    pub(crate) fn starts_unknown(&self) -> bool {
        let first = self.pieces.iter().find(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        matches!(first, Some(Piece::Any { shape, .. }) if shape.is_open())
    }

    /// Whether word splitting may make any number of words of it.
    pub(crate) fn is_loose(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Any { loose: true, shape } if shape.is_open()))
    }

    /// Whether a secret of the environment is in it.
    pub(crate) fn has_secret(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Any { shape: Shape::Secret, .. }))
    }

    /// What a loop variable holds after splitting: one word, whatever it is.
    pub(crate) fn settle(&mut self) {
        for piece in &mut self.pieces {
            if let Piece::Any { loose, .. } = piece {
                *loose = false;
            }
        }
    }

    pub(crate) fn push(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (_, Piece::Text(more)) if more.is_empty() => {}
            // Unknown text beside unknown text is unknown text.
            (Some(Piece::Any { shape: before, loose }), Piece::Any { shape, loose: more }) if before.is_open() => {
                *loose |= more;
                if shape == Shape::Secret {
                    *before = Shape::Secret;
                }
            }
            (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
            (_, piece) => self.pieces.push(piece),
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        for piece in other.pieces {
            self.push(piece);
        }
    }

    pub(crate) fn len(&self) -> usize {
        let length = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Pattern(text) => text.len(),
            Piece::Any { .. } => 1,
        };
        self.pieces.iter().map(length).sum()
    }

    /// The value for a person; what is not known is an ellipsis.
    pub(crate) fn shown(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Pattern(text) => text.clone(),
            Piece::Any { .. } => "…".to_owned(),
        };
        self.pieces.iter().map(text).collect()
    }

    /// The value in the shell's spelling of a pattern: text escaped, globs live. Nothing where something is unknown.
    pub(crate) fn pattern(&self) -> Option<String> {
        let mut pattern = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    for character in text.chars() {
                        if "*?[]\\".contains(character) {
                            pattern.push('\\');
                        }
                        pattern.push(character);
                    }
                }
                Piece::Pattern(glob) => pattern.push_str(glob),
                Piece::Any { shape: Shape::Plain, .. } => pattern.push('*'),
                Piece::Any { .. } => return None,
            }
        }
        Some(pattern)
    }
}

impl Field {
    pub(crate) fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    pub(crate) fn known(&self) -> Option<String> {
        self.value.known()
    }

    pub(crate) fn shown(&self) -> String {
        self.value.shown()
    }
}
/// What the name of a process substitution stands for here. Its number is nobody's, so that no descriptor is taken for it.
pub(crate) const PIPE: &str = "/dev/fd/pipe";
