//! `find` and `fd`: what they delete and what they run.

use holdpoint_core::effect::{Alternative, ResourceKind, Verb};
use holdpoint_core::question::Place;

use super::effect::plain;
use super::listed::{below, searched};
use super::safer::spelled;
use super::syntax::Span;
use super::value::{Field, Piece, Shape, Value};
use super::walker::{Site, Walker};
use crate::world::absolute;

impl Walker<'_> {
    pub(crate) fn find(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let expression = arguments.iter().position(|field| {
            let head = field.value.head();
            (head.starts_with('-') && !matches!(head, "-H" | "-L" | "-P") && !head.starts_with("-O")) || matches!(head, "(" | "!")
        });
        let (starts, tests) = arguments.split_at_checked(expression.unwrap_or(arguments.len())).unwrap_or((arguments, &[]));
        let mut starts: Vec<Field> = starts.iter().filter(|field| !field.value.head().starts_with('-')).cloned().collect();
        if starts.is_empty() {
            starts.push(Field::new(Value::text("."), span.clone()));
        }
        let follows = arguments.iter().any(|field| field.known().as_deref() == Some("-L"));
        let found = if follows { starts.clone() } else { found(&starts, tests) };
        let mut acts = false;
        let mut at = 0;
        while let Some(test) = tests.get(at) {
            at += 1;
            match test.known().as_deref() {
                Some("-delete") => {
                    acts = true;
                    if !follows && self.only_empty_directories(&starts, tests.get(..at).unwrap_or_default(), directory) {
                        let summary = "Deletes directories in which nothing is; nothing is lost".to_owned();
                        self.note(plain(Verb::Delete, ResourceKind::File, "empty directories", summary, span.clone()));
                        continue;
                    }
                    let before = self.noted();
                    found.iter().for_each(|field| self.delete(field, directory));
                    self.offer_to_print(arguments, directory, before);
                }
                Some("-exec" | "-execdir" | "-ok" | "-okdir") => {
                    acts = true;
                    let rest = tests.get(at..).unwrap_or_default();
                    let end =
                        rest.iter().position(|field| matches!(field.known().as_deref(), Some(";" | "+"))).unwrap_or(rest.len());
                    self.executed(rest.get(..end).unwrap_or_default(), &found, directory, span);
                    at += end + 1;
                }
                Some("-fprint" | "-fprint0" | "-fls" | "-fprintf") => {
                    if let Some(file) = tests.get(at) {
                        acts = true;
                        self.overwrite(file, directory);
                    }
                }
                // The word behind it is no act, whatever it looks like. One that may be several words may still hold one.
                Some(name) if takes_value(name) && tests.get(at).is_some_and(|value| !value.value.is_loose()) => at += 1,
                Some(_) => {}
                None if test.value.starts_unknown() => {
                    self.opaque(&test.shown(), "the line does not determine what find does", span.clone())
                }
                None => {}
            }
        }
        if !acts {
            let named = |start: &Field| if start.value.has_pattern() { start.clone() } else { below(start) };
            self.listed = Some(found.iter().map(named).collect());
            self.note(plain(Verb::Read, ResourceKind::Program, "find", "Looks only (`find`)".to_owned(), span.clone()));
        }
    }

    /// Whether the tests let through only directories in which nothing is, below starts in the work tree.
    fn only_empty_directories(&self, starts: &[Field], tests: &[Field], directory: Option<&str>) -> bool {
        let Some(directory) = directory.filter(|_| self.site == Site::Here) else { return false };
        let ours = |start: &Field| {
            let facts = start.known().and_then(|start| self.world.path(&absolute(&start, directory)));
            facts.is_some_and(|facts| facts.place == Place::WorkTree)
        };
        starts.iter().all(ours) && lets_through_empty_directories(tests)
    }

    /// Offers to print what would be deleted, where that is all that is done with it.
    fn offer_to_print(&mut self, arguments: &[Field], directory: Option<&str>, count: usize) {
        let acts = |word: &Field| {
            word.value.head().starts_with("-exec") || word.value.head().starts_with("-ok") || word.value.head().starts_with("-f")
        };
        if self.site != Site::Here || arguments.iter().any(acts) {
            return;
        }
        let shown =
            |word: &Field| if word.known().as_deref() == Some("-delete") { Some("-print".to_owned()) } else { spelled(word) };
        let words: Option<Vec<String>> = arguments.iter().map(shown).collect();
        let (Some(words), Some(directory)) = (words, directory) else { return };
        if let Some(command) = self.run_from_here(format!("find {}", words.join(" ")), directory) {
            self.give_instead(count, &Alternative { command: Some(command), says: "lists what would go".to_owned() });
        }
    }

    /// `fd -x COMMAND`: runs the command for what it finds. `false` where it only looks.
    pub(super) fn found_files(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let runs = |word: &Field| {
            let word = word.shown();
            let bundle = word.strip_prefix('-').is_some_and(|letters| letters.bytes().all(|byte| byte.is_ascii_alphabetic()));
            matches!(word.as_str(), "--exec" | "--exec-batch") || (bundle && word.ends_with(['x', 'X']))
        };
        let Some(at) = arguments.iter().position(runs) else { return false };
        let (options, words) = arguments.split_at_checked(at).unwrap_or((arguments, &[]));
        let end = words.iter().position(|word| word.known().as_deref() == Some(";")).unwrap_or(words.len());
        let places = searched("fd", options).unwrap_or_else(|| vec![Field::new(Value::unknown(), span.clone())]);
        let mut words: Vec<Field> = words.get(1..end).unwrap_or_default().to_vec();
        let marks = ["{}", "{/}", "{//}", "{.}", "{/.}"];
        for word in words.iter_mut().filter(|word| marks.iter().any(|mark| word.shown().contains(mark)) && word.shown() != "{}") {
            word.value = Value::unknown();
        }
        if !words.iter().any(|word| word.value.has_unknown() || word.shown() == "{}") {
            words.push(Field::new(Value::text("{}"), span.clone()));
        }
        let spanned =
            |place: &Field| if place.span.is_empty() { Field::new(place.value.clone(), span.clone()) } else { place.clone() };
        let found: Vec<Field> = places.iter().map(|place| below(&spanned(place))).collect();
        self.executed(&words, &found, directory, span);
        true
    }

    /// Runs the words of `-exec` for every file found.
    fn executed(&mut self, words: &[Field], found: &[Field], directory: Option<&str>, span: &Span) {
        for file in found {
            let mut command = Vec::new();
            for word in words {
                match word.known().as_deref() {
                    Some("{}") => command.push(file.clone()),
                    Some(text) if text.contains("{}") => command.push(Field::new(Value::unknown(), word.span.clone())),
                    _ => command.push(word.clone()),
                }
            }
            self.run_words(&command, directory, span);
            // Where no name narrows it, what is found is a start and everything below.
            if !file.value.has_pattern() && !file.value.has_unknown() {
                let mut below = file.clone();
                for piece in [
                    Piece::Text("/".to_owned()),
                    Piece::Pattern("**".to_owned()),
                    Piece::Text("/".to_owned()),
                    Piece::Pattern("*".to_owned()),
                ] {
                    below.value.push(piece);
                }
                let each: Vec<Field> =
                    command.iter().map(|word| if word == file { below.clone() } else { word.clone() }).collect();
                self.at_worst(|walker| walker.run_words(&each, directory, span));
            }
        }
    }
}

/// Whether tests that all have to hold are among them that it is a directory, and that nothing is in it.
fn lets_through_empty_directories(tests: &[Field]) -> bool {
    let (mut is_directory, mut is_empty, mut at) = (false, false, 0);
    while let Some(test) = tests.get(at) {
        let value = tests.get(at + 1).and_then(Field::known);
        match (test.known().as_deref(), value) {
            (Some("-empty"), _) => is_empty = true,
            (Some("-delete" | "-depth" | "-print" | "-mount" | "-xdev"), _) => {}
            (Some(name), Some(value)) if takes_value(name) => {
                is_directory |= name == "-type" && value == "d";
                at += 1;
            }
            _ => return false,
        }
        at += 1;
    }
    is_directory && is_empty
}

/// Whether a test or action of `find` takes the next word.
fn takes_value(name: &str) -> bool {
    const VALUED: [&str; 36] = [
        "-amin",
        "-anewer",
        "-atime",
        "-cmin",
        "-cnewer",
        "-context",
        "-ctime",
        "-fstype",
        "-gid",
        "-group",
        "-ilname",
        "-iname",
        "-inum",
        "-ipath",
        "-iregex",
        "-iwholename",
        "-links",
        "-lname",
        "-maxdepth",
        "-mindepth",
        "-mmin",
        "-mtime",
        "-name",
        "-newer",
        "-path",
        "-perm",
        "-printf",
        "-regex",
        "-regextype",
        "-samefile",
        "-size",
        "-type",
        "-uid",
        "-user",
        "-wholename",
        "-xtype",
    ];
    VALUED.contains(&name) || name.starts_with("-newer")
}

/// What may be found: below each start, narrowed by one `-name` where nothing widens it again.
fn found(starts: &[Field], tests: &[Field]) -> Vec<Field> {
    let at = tests.iter().position(|field| field.known().as_deref() == Some("-name"));
    let named_by = at.and_then(|at| tests.get(at + 1));
    let widened =
        tests.iter().any(|field| matches!(field.known().as_deref(), None | Some("-o" | "-or" | "!" | "-not" | "," | "-follow")));
    let named = named_by.and_then(Field::known).filter(|_| !widened);
    let below = |start: &Field| {
        let mut value = start.value.clone();
        let mut span = start.span.clone();
        if let Some(name) = &named {
            value.push(Piece::Text("/".to_owned()));
            value.push(Piece::Pattern("**".to_owned()));
            value.push(Piece::Text("/".to_owned()));
            if name.contains(['[', '\\', '/']) {
                value.push(Piece::Any { shape: Shape::Plain, loose: false });
            } else {
                value.push(Piece::Pattern(name.clone()));
            }
        }
        if let Some(word) = named_by.filter(|_| named.is_some()) {
            span = span.start.min(word.span.start)..span.end.max(word.span.end);
        }
        Field::new(value, span)
    };
    starts.iter().map(below).collect()
}
