//! What the names of a language's libraries do, from `languages/*.toml`.
//!
//! A name is looked up as it is, then as any name of its module with the same last part (`sqlite3.*.execute`), then as one of
//! those that reach nothing. A module that is `closed` is known wholly: what it has beside the names that are told is held.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::act::Does;
use super::bind::LOST;
use super::language::Language;
use crate::data;

/// What is known of the names of one language.
#[derive(Debug)]
pub(crate) struct Library {
    written: Written,
    acts: HashMap<&'static str, usize>,
    patterns: HashMap<(&'static str, &'static str), usize>,
    /// The beginnings of names behind which any name does the same, by their modules.
    under: HashMap<&'static str, Vec<(&'static str, usize)>>,
    plain: HashSet<&'static str>,
    /// The harmless names of each module.
    harmless: HashMap<&'static str, Vec<&'static str>>,
    modules: HashSet<&'static str>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", bound(deserialize = "'de: 'static"))]
struct Written {
    /// Modules of which nothing reaches beyond the program.
    plain: Vec<&'static str>,
    /// Modules of which every name that reaches further is told here.
    closed: Vec<&'static str>,
    /// Modules whose other names count by their words, as those of a module that is not known.
    #[serde(default)]
    open: Vec<&'static str>,
    /// Names of other modules that reach nothing; a star at the end stands for all that begin so.
    harmless: Vec<&'static str>,
    /// Functions that are given functions and call none of them.
    #[serde(default)]
    looking: Vec<&'static str>,
    /// Mappings of the variables of the environment.
    environment: Vec<&'static str>,
    /// Names that stand for others.
    same: Vec<(&'static str, &'static str)>,
    /// Words in names of unknown modules by which something is changed elsewhere.
    telling: Vec<&'static str>,
    /// Modules that speak for something elsewhere: what their objects do is a change, unless its name says that it looks.
    #[serde(default)]
    clients: Vec<&'static str>,
    /// Words with which the names of what only looks begin.
    #[serde(default)]
    looks: Vec<&'static str>,
    act: Vec<Entry>,
}

/// What a call of some names does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    #[serde(default)]
    names: Vec<&'static str>,
    /// Beginnings of names: what stands behind them names the program or the subcommand that is run.
    #[serde(default)]
    under: Vec<&'static str>,
    pub(crate) does: Does,
    /// To what: the places or names of the argument, the first that is given. `self` is what a method is called on, `0.path` a
    /// field of an argument.
    #[serde(default)]
    pub(crate) of: Vec<&'static str>,
    /// Where it goes, or, of what opens a file, how.
    #[serde(default)]
    pub(crate) to: Vec<&'static str>,
    /// The method of a request, the client of a database.
    #[serde(default)]
    pub(crate) by: &'static str,
    /// What it sends, the directory it runs in, its input.
    #[serde(default)]
    pub(crate) with: Vec<&'static str>,
    /// It does so only where one of these arguments is given.
    #[serde(default)]
    pub(crate) when: Vec<&'static str>,
    /// Whether what it gives has methods of its own.
    #[serde(default)]
    pub(crate) made: bool,
}

/// What is known of one name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known {
    Acts(&'static Entry),
    /// It belongs to a module that is not known, and its name says nothing.
    Foreign,
    /// It reaches nothing.
    Harmless,
    /// It belongs to a module that reaches far, and nobody has told what it does.
    Untold,
}

static PYTHON: LazyLock<Library> =
    LazyLock::new(|| Library::new(data::read(include_str!(concat!(env!("OUT_DIR"), "/python.json")))));
static JAVASCRIPT: LazyLock<Library> =
    LazyLock::new(|| Library::new(data::read(include_str!(concat!(env!("OUT_DIR"), "/javascript.json")))));

impl Entry {
    /// The words of a command that a name stands for: `git.Repo().git.rev_parse`, `sh.apt_get.install`.
    pub(crate) fn named(&self, name: &str) -> Vec<String> {
        let rest = self.under.iter().find_map(|start| behind(name, start)).unwrap_or_default();
        rest.split('.').filter(|part| !part.is_empty()).map(|part| part.trim_end_matches('_').replace('_', "-")).collect()
    }

    pub(crate) fn names_any_of(&self, module: &str) -> bool {
        self.names.iter().any(|name| name.starts_with(module))
    }

    /// Whether it writes a file of which it is given the name.
    pub(crate) fn writes_given(&self) -> bool {
        self.does == Does::Overwrite && !self.of.contains(&"self")
    }

    /// Where it is said that a list of words runs through a shell.
    pub(crate) const fn through_shell() -> &'static [&'static str] {
        &["2.shell", "1.shell"]
    }
}

impl Library {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::JavaScript => &JAVASCRIPT,
            Language::Python => &PYTHON,
        }
    }

    fn new(written: Written) -> Self {
        let (mut acts, mut patterns) = (HashMap::new(), HashMap::new());
        let mut under: HashMap<&'static str, Vec<(&'static str, usize)>> = HashMap::new();
        for (at, entry) in written.act.iter().enumerate() {
            entry.under.iter().for_each(|start| under.entry(root(start)).or_default().push((start, at)));
            for name in &entry.names {
                match name.split_once(".*.") {
                    Some(ends) => patterns.insert(ends, at),
                    None => acts.insert(*name, at),
                };
            }
        }
        let named = acts
            .keys()
            .copied()
            .chain(under.keys().copied())
            .chain(patterns.keys().map(|(module, _)| *module))
            .chain(written.harmless.iter().copied());
        let lists = [&written.plain, &written.closed, &written.open];
        let modules = named.map(root).chain(lists.into_iter().flatten().copied()).collect();
        let plain = written.plain.iter().copied().collect();
        let mut harmless: HashMap<&'static str, Vec<&'static str>> = HashMap::new();
        for name in &written.harmless {
            harmless.entry(root(name)).or_default().push(name);
        }
        Self { written, acts, patterns, under, plain, harmless, modules }
    }

    /// What a name does when it is called.
    pub(crate) fn call(&'static self, name: &str) -> Known {
        let bare = name.replace("()", "");
        // What a call gave is an object: only its methods act.
        let object = name.ends_with("()");
        if let Some(entry) = self.entry(name).or_else(|| if object { None } else { self.entry(&bare) }) {
            return Known::Acts(entry);
        }
        if is_inner(name) && self.knows(root(name)) && !self.is_told_harmless(&bare, is_inner) {
            return Known::Untold;
        }
        if self.is_plain(&bare) || self.is_told_harmless(&bare, |_| true) {
            return Known::Harmless;
        }
        let last = bare.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let tells = || self.written.telling.iter().any(|word| last.starts_with(word)) || self.changes_elsewhere(name);
        let closed = || !name.contains("()") && self.written.closed.iter().any(|module| begins(name, module));
        if object {
            Known::Foreign
        } else if bare == LOST || closed() || tells() {
            Known::Untold
        } else {
            Known::Foreign
        }
    }

    fn is_told_harmless(&self, bare: &str, counts: impl Fn(&str) -> bool) -> bool {
        let harmless = |known: &&str| known.strip_suffix('*').map_or(**known == *bare, |head| bare.starts_with(head));
        self.harmless.get(root(bare)).is_some_and(|known| known.iter().filter(|known| counts(known)).any(harmless))
    }

    fn entry(&'static self, name: &str) -> Option<&'static Entry> {
        let of_module = || self.patterns.get(&(root(name), name.rsplit('.').next()?));
        let below = || self.under.get(root(name))?.iter().find(|(start, _)| behind(name, start).is_some()).map(|(_, at)| at);
        self.written.act.get(*self.acts.get(name).or_else(below).or_else(of_module)?)
    }

    /// Whether it is a method of an object that speaks for something elsewhere, and not one that only looks.
    fn changes_elsewhere(&self, name: &str) -> bool {
        let last = name.rsplit('.').next().unwrap_or_default();
        let of_object = name.contains("()") && last.starts_with(|letter: char| letter.is_ascii_lowercase());
        let looks = |word: &&str| {
            last.strip_prefix(*word).is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
        };
        of_object && self.written.clients.iter().any(|module| begins(name, module)) && !self.written.looks.iter().any(looks)
    }

    /// What a method does of which it is not known on what it is called.
    pub(crate) fn of_anything(&'static self, method: &str) -> Option<&'static Entry> {
        self.entry(&format!("?.{method}"))
    }

    /// Whether a name reaches nothing: it belongs to a plain module.
    pub(crate) fn is_plain(&self, name: &str) -> bool {
        let ends = name.match_indices(['.', '/']).map(|(at, _)| at).chain([name.len()]);
        ends.filter_map(|end| name.get(..end)).any(|module| self.plain.contains(module))
    }

    /// Whether anything is told of a module.
    pub(crate) fn knows(&self, module: &str) -> bool {
        self.is_plain(module) || self.modules.contains(module) || self.modules.contains(root(module))
    }

    /// Whether a name is that of a module that reaches far, which other modules may have among their own names.
    pub(crate) fn is_closed_module(&self, name: &str) -> bool {
        self.written.closed.contains(&name)
    }

    pub(crate) fn only_looks(&self, name: &str) -> bool {
        self.written.looking.contains(&name)
    }

    pub(crate) fn is_environment(&self, name: &str) -> bool {
        self.written.environment.contains(&name)
    }

    /// The name under which something is told.
    pub(crate) fn same(&self, name: &str) -> String {
        let mut name = name.strip_prefix("node:").unwrap_or(name).to_owned();
        for (from, to) in &self.written.same {
            if let Some(rest) =
                name.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with(['.', '(']) || from.ends_with('.'))
            {
                name = format!("{to}{rest}");
            }
        }
        name
    }
}

/// What stands behind the beginning of a name, where it is plain names.
fn behind<'n>(name: &'n str, start: &str) -> Option<&'n str> {
    name.strip_prefix(start).filter(|rest| !rest.is_empty() && !rest.contains('('))
}

fn begins(name: &str, module: &str) -> bool {
    name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(']))
}

/// Whether a part of a name behind the module's begins as what is not for others does: `tempfile._shutil.rmtree`.
pub(super) fn is_inner(name: &str) -> bool {
    !name.contains("()") && name.split('.').skip(1).any(|part| part.starts_with('_') && !part.starts_with("__"))
}

/// The first part of a name.
fn root(name: &str) -> &str {
    name.split(['.', '(']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_can_be_read() {
        for language in [Language::JavaScript, Language::Python] {
            let library = Library::of(language);
            assert!(!library.acts.is_empty() && !library.plain.is_empty());
            let told: usize = library.written.act.iter().map(|entry| entry.names.len()).sum();
            assert_eq!(library.acts.len() + library.patterns.len(), told, "a name of {language:?} is told twice");
        }
    }
}
