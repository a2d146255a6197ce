//! Aliases that the text defines: what they stand for, wherever their names are called behind that.
//!
//! Whether aliases are on is not asked: they are in zsh, and in the shells of some hosts. So a name is followed both ways.

use super::state::State;
use super::syntax::{Span, Word};
use super::value::{Field, Piece, Value};
use super::walker::Walker;

/// Words that begin what no alias may hide.
const RESERVED: [&str; 22] = [
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select",
    "then", "time", "until", "while", "{", "}",
];

impl Walker<'_> {
    pub(super) fn define_alias(&mut self, name: String, value: &Value, span: &Span) {
        self.apart(|walker| walker.inner_text(value, span.clone()));
        if RESERVED.contains(&name.as_str()) {
            return self.opaque("alias", "it changes how the rest is read", span.clone());
        }
        if let Some(text) = value.known() {
            self.aliases.entry(name).or_default().insert(text);
        }
    }

    /// Follows what a command's name stands for where the text made it an alias; the name itself is followed besides.
    pub(super) fn called_by_alias(
        &mut self,
        name: &str,
        arguments: &[Field],
        words: &[&Word],
        directory: Option<&str>,
        span: &Span,
    ) {
        let bare = words.first().and_then(|word| word.plain()) == Some(name);
        if !bare {
            return;
        }
        // While it is followed it stands for nothing, as in bash.
        let Some(texts) = self.aliases.remove(name) else { return };
        for text in &texts {
            let next = arguments.first().and_then(Field::known).is_some_and(|next| self.aliases.contains_key(&next));
            if text.ends_with([' ', '\t']) && next {
                self.opaque(name, "an alias lets another one stand behind it", span.clone());
            }
            self.perhaps(|walker| walker.run_alias(text, arguments, directory, span));
        }
        self.aliases.insert(name.to_owned(), texts);
    }

    fn run_alias(&mut self, text: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _./:,@%+-".contains(&byte);
        if text.bytes().all(plain) {
            let words = text.split_whitespace().map(|word| Field::new(Value::text(word), span.clone()));
            let fields: Vec<Field> = words.chain(arguments.iter().cloned()).collect();
            let _: Option<State> = self.invoke(&fields, &[], directory, span);
            return;
        }
        let mut whole = Value::text(text);
        for field in arguments {
            match field.known() {
                Some(word) => whole.push(Piece::Text(format!(" '{}'", word.replace('\'', "'\\''")))),
                None => whole.append(Value::loose()),
            }
        }
        self.inner_text(&whole, span.clone());
    }
}
