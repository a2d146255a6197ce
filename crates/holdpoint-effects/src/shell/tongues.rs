//! Code in languages that are not read, where data say which word of a line it is: what all languages write alike says what it does.
//!
//! *Out of scope:* how that is found in the code (`code/alike.rs`), and code among the words of programs that nobody described
//! (`stranger.rs`).

use super::apply::Applied;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use crate::code::alike::{self, Alike, Tongue};
use crate::families::{Of, Template};

impl Walker<'_> {
    /// Follows the code in the words that a template names, or on the input.
    pub(super) fn on_code(&mut self, tongue: Tongue, template: &Template, applied: &Applied<'_>) {
        let (program, directory, span) = (applied.program, applied.directory, &applied.span);
        if template.of == Of::Input {
            return self.code_alike_from_input(program, tongue, directory, span);
        }
        for code in applied.chosen(&template.of) {
            self.code_alike(program, &code.value, tongue, directory, span);
        }
    }

    fn code_alike_from_input(&mut self, program: &str, tongue: Tongue, directory: Option<&str>, span: &Span) {
        match self.input.clone() {
            Input::Text(code) => self.code_alike(program, &code, tongue, directory, span),
            Input::File(path) => {
                match self.world.file_text(&path).filter(|_| self.site == Site::Here && !self.is_rewritten(&path)) {
                    Some(text) => self.code_alike(program, &Value::text(text), tongue, directory, span),
                    None => self.unseen_code(program, &format!("a program from `{path}`"), span),
                }
            }
            Input::Listed(_) | Input::Piped => self.unseen_code(program, "what another program prints", span),
            Input::Inherited => {}
        }
    }

    /// Follows a program by what all languages write alike.
    pub(super) fn code_alike(&mut self, program: &str, code: &Value, tongue: Tongue, directory: Option<&str>, span: &Span) {
        let Some(text) = code.known() else {
            return self.unseen_code(program, "code that the line does not determine", span);
        };
        if !self.budget.code_steps(text.len().div_ceil(8)) {
            return self.stop(span.clone());
        }
        self.named_in(&text, directory, span);
        match alike::read(&text, tongue) {
            Alike::Acts => self.unseen_code(program, "a program that starts, loses or reaches something", span),
            Alike::Nothing => {
                let summary = format!("Runs a program in the command itself through `{program}`, which computes and prints");
                self.note_delegated(program, summary, span);
            }
            Alike::Writes(files) => {
                files.into_iter().for_each(|file| self.overwrite(&Field::new(Value::text(file), span.clone()), directory));
            }
        }
    }
}
