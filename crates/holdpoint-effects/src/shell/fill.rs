//! Fills a family's names and sentences with the words of a command line.
//!
//! *Out of scope:* commands to run instead, which must be exact to the word (`safer.rs`).

use super::apply::Applied;
use super::value::Field;
use crate::families::Of;

impl Applied<'_> {
    /// The resource's name as a template gives it, or the command's.
    pub(super) fn named(&self, template: &str) -> String {
        let name = self.filled(template).replace('`', "");
        if name.is_empty() { self.shown() } else { name }
    }

    /// A sentence with its holes filled; what the line does not say is an ellipsis.
    pub(super) fn sentence(&self, template: &str) -> String {
        // A program and what stands behind it are one command.
        self.filled_or(&template.replace("`{program}` {operands}", "{command}"), "`…`")
    }

    fn filled(&self, template: &str) -> String {
        self.filled_or(template, "")
    }

    /// Fills the holes of a template. Those that stand side by side are one: where none of them has anything, `nothing` stands.
    fn filled_or(&self, template: &str, nothing: &str) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let mut found = String::new();
            let mut next = Some(after);
            while let Some((name, behind)) = next.and_then(|after| after.split_once('}')) {
                found.push_str(&self.hole(name));
                rest = behind;
                next = behind.strip_prefix('{');
            }
            filled.push_str(if found.is_empty() { nothing } else { &found });
        }
        filled.push_str(rest);
        filled
    }

    fn hole(&self, name: &str) -> String {
        let listed = |fields: &[Field]| fields.iter().map(|field| format!("`{}`", field.shown())).collect::<Vec<_>>().join(", ");
        let together = |fields: &[Field]| fields.iter().map(Field::shown).collect::<Vec<_>>().join(" ");
        match name {
            "command" => format!("`{}`", format!("{} {}", self.shown(), together(&self.line.operands)).trim_end()),
            "first" => listed(&self.chosen(&Of::First)),
            "last" => listed(&self.chosen(&Of::Last)),
            "operands" => listed(&self.line.operands),
            "program" => self.shown(),
            "rest" => listed(&self.chosen(&Of::Rest)),
            "words" if self.line.operands.is_empty() => String::new(),
            "words" => format!("`{}`", together(&self.line.operands)),
            option => listed(&self.line.values(option).cloned().collect::<Vec<_>>()),
        }
    }
}
