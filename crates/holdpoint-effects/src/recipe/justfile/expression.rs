//! Expressions of justfiles ("Expressions and Substitutions" of just's manual): texts, variables, conditions, and what commands print.
//!
//! *Out of scope:* most functions: undetermined.

use std::collections::BTreeMap;

use crate::recipe::{PLAIN, UNDETERMINED, is_undetermined};

/// Deepest nesting of an expression.
const DEPTH_MAX: usize = 24;

/// Where an expression is evaluated.
pub(super) struct Around<'a> {
    pub(super) variables: &'a BTreeMap<String, String>,
    /// What a command of the shell may print; it is noted as one that runs.
    pub(super) output: &'a dyn Fn(&str) -> String,
    /// What a variable of the environment holds, where that is known.
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(super) directory: &'a str,
}

/// What an expression comes to. What is not followed is undetermined.
pub(super) fn evaluate(text: &str, around: &Around<'_>) -> String {
    let mut reading = Reading { rest: text.trim(), around, depth: 0 };
    match reading.expression() {
        Some(value) if reading.rest.trim().is_empty() => value,
        _ => UNDETERMINED.to_owned(),
    }
}

struct Reading<'t, 'a> {
    rest: &'t str,
    around: &'a Around<'a>,
    depth: usize,
}

impl Reading<'_, '_> {
    fn takes(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Terms with `+`, `/`, `&&` and `||` between them.
    fn expression(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut value = self.term()?;
        loop {
            if self.takes("&&") || self.takes("||") {
                self.term()?;
                UNDETERMINED.clone_into(&mut value);
            } else if self.takes("+") {
                value.push_str(&self.term()?);
            } else if self.takes("/") {
                value = format!("{}/{}", value.trim_end_matches('/'), self.term()?);
            } else {
                self.depth -= 1;
                return Some(value);
            }
        }
    }

    fn term(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        if self.takes("(") {
            let value = self.expression()?;
            return self.takes(")").then_some(value);
        }
        if self.takes("/") {
            return Some(format!("/{}", self.term()?));
        }
        if let Some(command) = self.between("```").or_else(|| self.between("`")) {
            return Some((self.around.output)(command.trim()));
        }
        for quote in ["'''", "\"\"\"", "'", "\""] {
            let start = self.rest;
            self.rest = self.rest.strip_prefix(['x', 'f']).filter(|rest| rest.starts_with(quote)).unwrap_or(self.rest);
            let changed = start.len() != self.rest.len();
            if let Some(text) = self.between(quote) {
                let text = if quote.starts_with('"') { unescaped(&text) } else { text };
                return Some(if changed && text.contains(['$', '{', '~']) { UNDETERMINED.to_owned() } else { text });
            }
            self.rest = start;
        }
        let end =
            self.rest.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-'))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
        let name = name.to_owned();
        self.rest = rest;
        if name == "if" {
            return self.condition();
        }
        if self.takes("(") {
            let mut arguments = Vec::new();
            while !self.takes(")") {
                arguments.push(self.expression()?);
                self.takes(",");
            }
            return Some(self.function(&name, &arguments));
        }
        Some(self.around.variables.get(&name).cloned().unwrap_or_else(|| UNDETERMINED.to_owned()))
    }

    /// `if a == b { x } else { y }`; undetermined where that hangs on what nobody knows and the branches differ.
    fn condition(&mut self) -> Option<String> {
        let one = self.expression()?;
        let operators = ["==", "!=", "=~", "!~"];
        let operator = operators.iter().find(|operator| self.takes(operator))?;
        let other = self.expression()?;
        let then = self.braced()?;
        let otherwise =
            if self.takes("else") { if self.takes("if") { self.condition()? } else { self.braced()? } } else { String::new() };
        let known = !is_undetermined(&one) && !is_undetermined(&other) && operator.contains('=') && !operator.contains('~');
        Some(match known {
            true if (one == other) == (*operator == "==") => then,
            true => otherwise,
            false if then == otherwise => then,
            false => UNDETERMINED.to_owned(),
        })
    }

    fn braced(&mut self) -> Option<String> {
        let opened = self.takes("{");
        let value = self.expression()?;
        (opened && self.takes("}")).then_some(value)
    }

    fn between(&mut self, quote: &str) -> Option<String> {
        let inner = self.rest.strip_prefix(quote)?;
        let mut from = 0;
        loop {
            let at = from + inner.get(from..)?.find(quote)?;
            let escapes = inner.get(..at)?.bytes().rev().take_while(|byte| *byte == b'\\').count();
            if quote.starts_with('"') && escapes % 2 == 1 {
                from = at + 1;
                continue;
            }
            self.rest = inner.get(at + quote.len()..)?;
            return Some(inner.get(..at)?.to_owned());
        }
    }

    fn function(&self, name: &str, arguments: &[String]) -> String {
        match (name, arguments) {
            ("env_var" | "env", [name]) => (self.around.environment)(name).unwrap_or_else(|| UNDETERMINED.to_owned()),
            ("env_var_or_default" | "env", [name, default]) => (self.around.environment)(name).unwrap_or_else(|| default.clone()),
            ("justfile_directory" | "invocation_directory" | "source_directory" | "justfile_dir" | "invocation_dir", []) => {
                self.around.directory.to_owned()
            }
            ("home_directory" | "home_dir", []) => (self.around.environment)("HOME").unwrap_or_else(|| UNDETERMINED.to_owned()),
            ("just_executable", []) => "just".to_owned(),
            ("quote", [text]) => text.clone(),
            ("trim", [text]) => text.trim().to_owned(),
            ("replace", [text, from, to]) if !is_undetermined(text) => text.replace(from.as_str(), to),
            ("join", [first, more @ ..]) => {
                more.iter().fold(first.clone(), |whole, part| format!("{}/{part}", whole.trim_end_matches('/')))
            }
            ("require" | "which", [name]) => name.clone(),
            ("shell", [command, ..]) => (self.around.output)(command),
            (
                "arch" | "datetime" | "datetime_utc" | "file_name" | "file_stem" | "extension" | "is_dependency" | "num_cpus"
                | "os" | "os_family" | "sha256" | "sha256_file" | "blake3" | "blake3_file" | "uuid" | "path_exists" | "just_pid",
                _,
            ) => PLAIN.to_owned(),
            ("error" | "assert", _) => String::new(),
            _ => UNDETERMINED.to_owned(),
        }
    }
}

fn unescaped(text: &str) -> String {
    [("\\n", "\n"), ("\\t", "\t"), ("\\\"", "\""), ("\\\\", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
