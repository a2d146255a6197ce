//! References: what `$(NAME)`, `$(NAME:a=b)` and `$(function …)` come to. What hangs on nobody knows what has several values.

use super::functions::is_function;
use super::values::{VALUES_MAX, append};
use super::{Choice, Makefile, Scope};
use crate::recipe::{DEPTH_MAX, MARKERS, Step, UNDETERMINED, UNSET};

/// Most references that are followed for one command.
const FOLLOWED_MAX: usize = 20_000;

impl Makefile<'_> {
    /// The values that a text may have.
    pub(super) fn expand(&mut self, text: &str, scope: &Scope) -> Vec<String> {
        let mut wholes = vec![String::new()];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            append(&mut wholes, std::slice::from_ref(&before.to_owned()));
            if let Some(after) = after.strip_prefix('$') {
                append(&mut wholes, &["$".to_owned()]);
                rest = after;
                continue;
            }
            let (inner, behind) = reference(after);
            rest = behind;
            self.followed += 1;
            let values = if self.followed > FOLLOWED_MAX || scope.depth > 4 * DEPTH_MAX {
                vec![UNDETERMINED.to_owned()]
            } else {
                self.refer(inner, scope)
            };
            append(&mut wholes, &values);
        }
        append(&mut wholes, &[rest.to_owned()]);
        wholes
    }

    /// The values of what stands in the brackets of a reference.
    fn refer(&mut self, inner: &str, scope: &Scope) -> Vec<String> {
        let inside = Scope { depth: scope.depth + 1, ..scope.clone() };
        if let Some((name, arguments)) = inner.split_once([' ', '\t']).filter(|(name, _)| is_function(name)) {
            return self.function(name, arguments.trim_start(), &inside);
        }
        // `$(NAME:.c=.o)`, which says the same as `$(patsubst %.c,%.o,$(NAME))`.
        if let Some((name, change)) = inner.split_once(':')
            && let Some((from, to)) = change.split_once('=')
        {
            let (from, to) =
                if from.contains('%') { (from.to_owned(), to.to_owned()) } else { (format!("%{from}"), format!("%{to}")) };
            return self.function("patsubst", &format!("{from},{to},$({name})"), &inside);
        }
        let names = if inner.contains('$') { self.expand(inner, &inside) } else { vec![inner.to_owned()] };
        let mut values = Vec::new();
        for name in names {
            for value in self.value(name.trim(), &inside) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        values.truncate(VALUES_MAX);
        values
    }

    /// The values of a variable.
    pub(super) fn value(&mut self, name: &str, scope: &Scope) -> Vec<String> {
        // What reading makes text of is read again.
        if let Some(marker) = MARKERS.iter().find(|marker| marker.trim_matches(['$', '{', '}']) == name) {
            return vec![(*marker).to_owned()];
        }
        if let Some((_, value)) = scope.automatic.iter().rfind(|(automatic, _)| automatic == name) {
            return vec![value.clone()];
        }
        if let Some((base, part)) = name.split_at_checked(1).filter(|(_, part)| matches!(*part, "D" | "F"))
            && scope.automatic.iter().any(|(automatic, _)| automatic == base)
        {
            let function = if part == "D" { "dir" } else { "notdir" };
            return self.function(function, &format!("${base}"), scope).into_iter().map(|text| without_slash(&text)).collect();
        }
        let inside = Scope { depth: scope.depth + 1, ..scope.clone() };
        let own: Vec<Choice> = scope.own.iter().rev().filter(|(own, _)| own == name).map(|(_, choice)| choice.clone()).collect();
        if let Some(choice) = own.first() {
            // A variable of a target may add to itself.
            let scope = Scope { own: scope.own.iter().filter(|(own, _)| own != name).cloned().collect(), ..inside };
            return self.choice(choice, &scope);
        }
        let Some(choices) = self.variables.get(name).map(|variable| variable.choices.clone()) else {
            return self.host.variable(name).unwrap_or_else(|| preset(name));
        };
        let mut values = Vec::new();
        for choice in &choices {
            values.extend(self.choice(choice, &inside));
        }
        values.truncate(VALUES_MAX);
        values
    }

    fn choice(&mut self, choice: &Choice, scope: &Scope) -> Vec<String> {
        if choice.recursive { self.expand(&choice.text, scope) } else { vec![choice.text.clone()] }
    }

    /// Notes that a command runs while the file is read, and gives what it may print.
    pub(super) fn run_shell(&mut self, command: &str, scope: &Scope) -> Vec<String> {
        let mut printed = Vec::new();
        for text in self.expand(command, scope) {
            let text = crate::recipe::beside_quotes(&text);
            if !self.asked.iter().any(|step| step.text == text) {
                let step = Step { text: text.clone(), file: self.file.to_string(), always: true, ..Step::default() };
                self.asked.push(step);
            }
            printed.extend(self.host.output(&text));
        }
        printed.truncate(VALUES_MAX);
        printed
    }
}

/// What stands behind a dollar sign, and what follows it.
fn reference(text: &str) -> (&str, &str) {
    let (open, close) = match text.chars().next() {
        Some('(') => ('(', ')'),
        Some('{') => ('{', '}'),
        Some(letter) => return text.split_at_checked(letter.len_utf8()).unwrap_or((text, "")),
        None => return ("", ""),
    };
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
        }
        if depth == 0 {
            return (text.get(1..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        }
    }
    (text.get(1..).unwrap_or_default(), "")
}

/// What make sets itself ("Variables Used by Implicit Rules"); nothing else has a value unless somebody gives it one.
fn preset(name: &str) -> Vec<String> {
    let value = match name {
        ".SHELLFLAGS" => "-c",
        "AR" => "ar",
        "ARFLAGS" => "rv",
        "AS" => "as",
        "CC" | "LINK.c" | "LINK.o" | "LINK.s" | "LINK.S" => "cc",
        "COMPILE.S" | "COMPILE.c" => "cc -c",
        "COMPILE.C" | "COMPILE.cc" | "COMPILE.cpp" => "g++ -c",
        "COMPILE.s" => "as",
        "CPP" => "cc -E",
        "CTANGLE" => "ctangle",
        "CXX" | "LINK.C" | "LINK.cc" | "LINK.cpp" => "g++",
        "FC" => "f77",
        "LD" => "ld",
        "LEX" => "lex",
        "LINT" => "lint",
        "MAKEINFO" => "makeinfo",
        "MAKELEVEL" => "0",
        "MAKE_VERSION" => "4.4.1",
        "RM" => "rm -f",
        "SHELL" => "/bin/sh",
        "TEX" => "tex",
        "YACC" => "yacc",
        "" | "?" | "<" | "^" | "+" | "*" | "@" | "%" | "|" | "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => "",
        // No environment holds what is no name of a variable.
        _ if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => "",
        _ => UNSET,
    };
    vec![value.to_owned()]
}

fn without_slash(text: &str) -> String {
    let bare: Vec<&str> = text.split(' ').map(|word| if word.len() > 1 { word.trim_end_matches('/') } else { word }).collect();
    bare.join(" ")
}
