//! The functions of make ("Functions for Transforming Text" of its manual).
//!
//! *Out of scope:* `guile`: undetermined. A variable that nobody set counts as empty in a list of words.

use super::values::{append, combined, distinct};
use super::{Makefile, Scope, stem, words};
use crate::recipe::{PLAIN, UNDETERMINED, UNSET, is_undetermined};

/// Most words of a list that `foreach` goes through.
const WORDS_MAX: usize = 256;
/// Deepest nesting of text that makes text.
const EVALS_MAX: usize = 4;

/// The functions whose arguments are all expanded before, with how many they take at most.
const PLAIN_FUNCTIONS: [(&str, usize); 31] = [
    ("abspath", 1),
    ("addprefix", 2),
    ("addsuffix", 2),
    ("basename", 1),
    ("dir", 1),
    ("error", 1),
    ("filter", 2),
    ("filter-out", 2),
    ("findstring", 2),
    ("firstword", 1),
    ("flavor", 1),
    ("guile", 1),
    ("info", 1),
    ("intcmp", 5),
    ("join", 2),
    ("lastword", 1),
    ("let", 3),
    ("notdir", 1),
    ("origin", 1),
    ("patsubst", 3),
    ("realpath", 1),
    ("sort", 1),
    ("strip", 1),
    ("subst", 3),
    ("suffix", 1),
    ("warning", 1),
    ("wildcard", 1),
    ("word", 2),
    ("wordlist", 3),
    ("words", 1),
    ("file", 2),
];

const LAZY_FUNCTIONS: [&str; 8] = ["and", "call", "eval", "foreach", "if", "or", "shell", "value"];

pub(super) fn is_function(name: &str) -> bool {
    LAZY_FUNCTIONS.contains(&name) || PLAIN_FUNCTIONS.iter().any(|(function, _)| *function == name)
}

impl Makefile<'_> {
    /// The values that a function may give.
    pub(super) fn function(&mut self, name: &str, arguments: &str, scope: &Scope) -> Vec<String> {
        match name {
            "and" => self.conjunction(&split(arguments, usize::MAX), scope),
            "call" => self.call(&split(arguments, usize::MAX), scope),
            "eval" => {
                // A bound, so that text which makes itself comes to an end.
                for text in self.expand(arguments, scope) {
                    if scope.depth < EVALS_MAX * super::DEPTH_MAX && !text.trim().is_empty() {
                        self.read_at(&text, EVALS_MAX - 1);
                    }
                }
                vec![String::new()]
            }
            "foreach" => self.foreach(&split(arguments, 3), scope),
            "if" => self.branches(&split(arguments, 3), scope),
            "or" => self.disjunction(&split(arguments, usize::MAX), scope),
            "shell" => self.run_shell(arguments, scope).iter().map(|text| text.replace('\n', " ")).collect(),
            "value" => match self.variables.get(arguments.trim()).and_then(|variable| variable.choices.first()) {
                Some(choice) => vec![choice.text.clone()],
                None => vec![String::new()],
            },
            _ => {
                let most = PLAIN_FUNCTIONS.iter().find(|(function, _)| *function == name).map_or(1, |(_, most)| *most);
                let arguments = split(arguments, most);
                let each: Vec<Vec<String>> = arguments.iter().map(|argument| self.expand(argument, scope)).collect();
                let results: Vec<String> = combined(&each).iter().map(|arguments| self.plain(name, arguments)).collect();
                distinct(results)
            }
        }
    }

    fn plain(&mut self, name: &str, arguments: &[String]) -> String {
        let argument = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
        match name {
            "abspath" | "realpath" => self.absolute(argument(0)),
            "file" => self.file_function(argument(0)),
            "error" | "info" | "warning" => String::new(),
            "flavor" | "guile" | "intcmp" | "let" | "origin" => UNDETERMINED.to_owned(),
            // What it matches is what the shell makes of the same pattern.
            "wildcard" => argument(0).to_owned(),
            _ => of_words(name, arguments),
        }
    }

    fn absolute(&mut self, names: &str) -> String {
        let here = self.value("CURDIR", &Scope::default()).into_iter().next().unwrap_or_default();
        each_word(names, |word| {
            if is_undetermined(word) || word.starts_with('~') { word.to_owned() } else { crate::world::absolute(word, &here) }
        })
    }

    /// `$(file >NAME,TEXT)` writes while the file is read.
    fn file_function(&mut self, argument: &str) -> String {
        if let Some(name) = argument.trim_start().strip_prefix('<') {
            return self.host.text(name.trim()).unwrap_or_else(|| UNDETERMINED.to_owned());
        }
        self.run_shell(&format!(":{}", argument.replace('$', "$$")), &Scope::default());
        String::new()
    }

    fn call(&mut self, arguments: &[&str], scope: &Scope) -> Vec<String> {
        let Some((name, given)) = arguments.split_first() else { return vec![String::new()] };
        let each: Vec<Vec<String>> = given.iter().map(|argument| self.expand(argument, scope)).collect();
        let mut values = Vec::new();
        for name in self.expand(name.trim(), scope) {
            for given in combined(&each) {
                if is_function(&name) {
                    values.extend(self.function(&name, &given.join(",").replace('$', "$$"), scope));
                    continue;
                }
                let mut inside = scope.clone();
                inside.automatic.retain(|(name, _)| !name.bytes().all(|byte| byte.is_ascii_digit()));
                inside.automatic.push(("0".to_owned(), name.clone()));
                inside.automatic.extend(given.iter().enumerate().map(|(at, value)| ((at + 1).to_string(), value.clone())));
                values.extend(self.value(&name, &inside));
            }
        }
        distinct(values)
    }

    fn foreach(&mut self, arguments: &[&str], scope: &Scope) -> Vec<String> {
        let [name, list, text] = arguments else { return vec![String::new()] };
        let mut all = Vec::new();
        for name in self.expand(name.trim(), scope) {
            for list in self.expand(list, scope) {
                let mut wholes = vec![String::new()];
                for (at, word) in set_words(&list).into_iter().take(WORDS_MAX).enumerate() {
                    let mut inside = scope.clone();
                    inside.automatic.push((name.clone(), word));
                    let values = self.expand(text, &inside);
                    if at > 0 {
                        append(&mut wholes, &[" ".to_owned()]);
                    }
                    append(&mut wholes, &values);
                }
                all.extend(wholes);
            }
        }
        distinct(all)
    }

    fn branches(&mut self, arguments: &[&str], scope: &Scope) -> Vec<String> {
        let Some((condition, branches)) = arguments.split_first() else { return vec![String::new()] };
        let conditions = self.expand(condition.trim(), scope);
        let mut values = Vec::new();
        let maybe = conditions.iter().any(|text| only_unset(text));
        if maybe || conditions.iter().any(|text| !text.is_empty()) {
            values.extend(branches.first().map_or_else(|| vec![String::new()], |then| self.expand(then, scope)));
        }
        if maybe || conditions.iter().any(|text| text.is_empty() || text == UNDETERMINED) {
            values.extend(branches.get(1).map_or_else(|| vec![String::new()], |otherwise| self.expand(otherwise, scope)));
        }
        distinct(values)
    }

    fn disjunction(&mut self, arguments: &[&str], scope: &Scope) -> Vec<String> {
        let mut values = Vec::new();
        for argument in arguments {
            let found = self.expand(argument.trim(), scope);
            let surely = found.iter().all(|text| !text.is_empty() && !is_undetermined(text));
            values.extend(found.into_iter().filter(|text| !text.is_empty() && !only_unset(text)));
            if surely {
                return distinct(values);
            }
        }
        values.push(String::new());
        distinct(values)
    }

    fn conjunction(&mut self, arguments: &[&str], scope: &Scope) -> Vec<String> {
        let mut last = vec![String::new()];
        let mut maybe = false;
        for argument in arguments {
            last = self.expand(argument.trim(), scope);
            if last.iter().all(String::is_empty) {
                return vec![String::new()];
            }
            maybe |= last.iter().any(|text| text.is_empty() || is_undetermined(text));
        }
        if maybe {
            last.push(String::new());
        }
        distinct(last)
    }
}

/// The functions on lists of words.
fn of_words(name: &str, arguments: &[String]) -> String {
    let argument = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
    let number = |at: usize| argument(at).trim().parse::<usize>().ok();
    match name {
        "addprefix" => each_word(argument(1), |word| format!("{}{word}", argument(0))),
        "addsuffix" => each_word(argument(1), |word| format!("{word}{}", argument(0))),
        "basename" => each_word(argument(0), |word| ending_of(word).map_or(word, |at| word.get(..at).unwrap_or(word)).to_owned()),
        "dir" => each_word(argument(0), |word| word.rsplit_once('/').map_or("./".to_owned(), |(dir, _)| format!("{dir}/"))),
        "filter" => filtered(argument(0), argument(1), true),
        "filter-out" => filtered(argument(0), argument(1), false),
        "findstring" if is_undetermined(argument(1)) => UNDETERMINED.to_owned(),
        "findstring" => if argument(1).contains(argument(0)) { argument(0) } else { "" }.to_owned(),
        "firstword" => set_words(argument(0)).into_iter().next().unwrap_or_default(),
        "join" => {
            let (one, other) = (set_words(argument(0)), set_words(argument(1)));
            let at = |words: &[String], at: usize| words.get(at).cloned().unwrap_or_default();
            let joined: Vec<String> =
                (0..one.len().max(other.len())).map(|index| format!("{}{}", at(&one, index), at(&other, index))).collect();
            joined.join(" ")
        }
        "lastword" => set_words(argument(0)).pop().unwrap_or_default(),
        "notdir" => each_word(argument(0), |word| match word.rsplit_once('/') {
            Some((_, name)) => name.to_owned(),
            // The last name of a path that nobody knows.
            None if word == UNDETERMINED => PLAIN.to_owned(),
            None => word.to_owned(),
        }),
        "patsubst" => each_word(argument(2), |word| substituted(argument(0).trim(), argument(1).trim(), word)),
        "sort" => {
            let mut sorted = set_words(argument(0));
            sorted.sort();
            sorted.dedup();
            sorted.join(" ")
        }
        "strip" => set_words(argument(0)).join(" "),
        "subst" => argument(2).replace(argument(0), argument(1)),
        "suffix" => each_word(argument(0), |word| ending_of(word).and_then(|at| word.get(at..)).unwrap_or_default().to_owned()),
        "word" => match number(0) {
            Some(at) if !is_undetermined(argument(1)) => {
                set_words(argument(1)).get(at.saturating_sub(1)).cloned().unwrap_or_default()
            }
            _ => UNDETERMINED.to_owned(),
        },
        "wordlist" => match (number(0), number(1)) {
            (Some(from), Some(to)) if !is_undetermined(argument(2)) => set_words(argument(2))
                .get(from.saturating_sub(1)..)
                .unwrap_or_default()
                .iter()
                .take(to.saturating_sub(from) + 1)
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
            _ => UNDETERMINED.to_owned(),
        },
        "words" if is_undetermined(argument(0)) => PLAIN.to_owned(),
        "words" => set_words(argument(0)).len().to_string(),
        _ => UNDETERMINED.to_owned(),
    }
}

/// Where the ending of a file's name begins.
fn ending_of(word: &str) -> Option<usize> {
    let name = word.rfind('/').map_or(0, |at| at + 1);
    word.rfind('.').filter(|at| *at >= name)
}

fn filtered(patterns: &str, text: &str, keeps: bool) -> String {
    if is_undetermined(patterns) {
        return UNDETERMINED.to_owned();
    }
    let patterns = words(patterns);
    let fits = |word: &str| patterns.iter().any(|pattern| pattern == word || pattern == "%" || stem(pattern, word).is_some());
    let kept: Vec<String> = set_words(text).into_iter().filter(|word| is_undetermined(word) || fits(word) == keeps).collect();
    kept.join(" ")
}

/// A word with its part that fits a pattern put into another one. Of a word that is not known, what it becomes where it fits.
fn substituted(from: &str, to: &str, word: &str) -> String {
    if word == UNDETERMINED && from.contains('%') {
        return to.replacen('%', UNDETERMINED, 1);
    }
    match stem(from, word) {
        Some(stem) => to.replacen('%', stem, 1),
        None if from == word => to.to_owned(),
        None => word.to_owned(),
    }
}

fn each_word(text: &str, change: impl Fn(&str) -> String) -> String {
    set_words(text).iter().map(|word| change(word)).collect::<Vec<_>>().join(" ")
}

/// The words of a list, without variables that nobody set.
fn set_words(text: &str) -> Vec<String> {
    words(&text.replace(UNSET, ""))
}

/// Whether a text is empty unless somebody sets a variable outside.
fn only_unset(text: &str) -> bool {
    text.contains(UNSET) && text.replace(UNSET, "").trim().is_empty()
}

/// Arguments between commas outside of brackets; the last one takes what is left.
fn split(text: &str, most: usize) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && parts.len() + 1 < most => {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}
