//! Recipes that the line brings to where they are found: a Makefile that is copied, linked or unpacked there, gets another line, or
//! other words.
//!
//! ```text
//! cp other.mk Makefile && make          sed -i 's/echo/rm -rf/' package.json && npm test          curl -o Makefile … && make
//! └ what other.mk holds ──► held        └ the file with these words ──► held                       └ nobody knows: it waits
//! ```
//!
//! *In scope:* files that runners of tasks find by themselves. *Out of scope:* text that stands in the line (`held.rs`).

use holdpoint_core::question::FileKind;

use super::files::Target;
use super::filters::replaced;
use super::held::is_alone;
use super::state::Held;
use super::syntax::{Simple, Span, Word};
use super::value::Field;
use super::walker::{Site, Walker};
use crate::recover::holds;
use crate::world::{Content, absolute};

/// Files of tasks by the programs that run them.
const RECIPES: [(&[&str], &[&str]); 5] = [
    (&["gmake", "make"], &["GNUmakefile", "makefile", "Makefile"]),
    (&["bun", "npm", "npm-run-all", "pnpm", "run-p", "run-s", "yarn"], &["package.json"]),
    (&["just"], &["justfile", "Justfile", ".justfile"]),
    (&["go-task", "task"], &["Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"]),
    (&["composer"], &["composer.json"]),
];

/// Programs that bring what others wrote.
const FETCHERS: [&str; 8] = ["aria2c", "curl", "http", "https", "wget", "wget2", "xh", "xhs"];

/// Unpackers that ask before they replace something, so that they only add.
const ADDERS: [&str; 5] = ["bsdunzip", "cabextract", "dtrx", "unar", "unzip"];

impl Walker<'_> {
    /// The recipe that a command is about to copy or to change in place, and what it will hold.
    pub(super) fn about_to_bring(&self, simple: &Simple, span: &Span) -> Option<(String, Held)> {
        let (name, words) = simple.words.split_first()?;
        let operands: Vec<&Word> = words.iter().filter(|word| !word.plain().is_some_and(|text| text.starts_with('-'))).collect();
        let in_place = || words.iter().any(|word| word.plain().is_some_and(|text| matches!(text, "-i" | "--in-place")));
        let (path, text) = match (name.plain()?, operands.as_slice()) {
            ("ln", [source, target]) => {
                // A directory in which something was linked is not what it was.
                let path = self.only_path(target).filter(|path| is_recipe(path))?;
                (path.clone(), self.text_at(&self.linked(source, words, &path)?)?)
            }
            ("cp" | "install" | "mv", [source, target]) => {
                (self.landing(source, target)?, self.text_at(&self.only_path(source)?)?)
            }
            ("sed" | "gsed", [script, file]) if in_place() => {
                let path = self.only_path(file)?;
                let text = replaced(&self.text_at(&path)?, &self.only_text(script)?)?;
                (path, text)
            }
            _ => return None,
        };
        (is_alone(simple) && is_recipe(&path)).then(|| (path, Held { text, span: span.clone() }))
    }

    /// Takes note of where something is unpacked in a line that fetches: it may be what was fetched.
    pub(super) fn brings_what_is_fetched(&mut self, operand: &Field, directory: Option<&str>) {
        if let (true, Target::Exactly(path)) = (self.fetches(), self.target(&operand.value, directory)) {
            self.state.brought.insert(path);
        }
    }

    /// Takes note of where an unpacker of which the families say nothing, because it replaces nothing, puts what is new.
    fn brings_new(&mut self, name: &str, words: &[Word]) {
        if !ADDERS.contains(&name) || !self.fetches() {
            return;
        }
        let at = words.iter().position(|word| word.plain() == Some("-d"));
        let place = match at.and_then(|at| words.get(at + 1)) {
            Some(place) => self.only_path(place),
            None => self.directory(),
        };
        self.state.brought.extend(place);
    }

    /// Takes note of a recipe that a command links to, or merges with, what cannot be read.
    pub(super) fn brings_unread(&mut self, simple: &Simple) {
        let Some((name, words)) = simple.words.split_first() else { return };
        self.brings_new(name.plain().unwrap_or_default(), words);
        let operands: Vec<&Word> = words.iter().filter(|word| !word.plain().is_some_and(|text| text.starts_with('-'))).collect();
        let prints = words.iter().any(|word| word.plain().is_some_and(|text| matches!(text, "-p" | "--stdout")));
        let recipe = match (name.plain(), operands.as_slice()) {
            (Some("ln"), [source, target]) => self.landing(source, target),
            (Some("git"), [merge, current, _, _]) if merge.plain() == Some("merge-file") && !prints => self.only_path(current),
            _ => return,
        };
        if let Some(path) = recipe.filter(|path| is_recipe(path)) {
            self.state.brought.insert(path);
        }
    }

    fn fetches(&self) -> bool {
        FETCHERS.iter().any(|name| self.ran.contains(*name))
    }

    /// What a recipe held before the line adds something to it.
    pub(super) fn recipe_before(&self, path: &str) -> Option<String> {
        if is_recipe(path) { self.text_at(path) } else { None }
    }

    /// What `cat` prints of one file into a recipe.
    pub(super) fn recipe_printed(&self, simple: &Simple, path: &str) -> Option<String> {
        match simple.words.as_slice() {
            [name, file] if name.plain() == Some("cat") && is_alone(simple) && is_recipe(path) => {
                self.text_at(&self.only_path(file)?).map(|text| text.trim_end_matches('\n').to_owned())
            }
            _ => None,
        }
    }

    /// The file that a copy or a link becomes: in a directory it keeps its name.
    fn landing(&self, source: &Word, target: &Word) -> Option<String> {
        let path = self.only_path(target)?;
        if self.world.path(&path).is_none_or(|facts| facts.kind != FileKind::Directory) {
            return Some(path);
        }
        let source = self.only_path(source)?;
        Some(absolute(source.rsplit('/').next()?, &path))
    }

    /// Where a link leads: from where it lies if it is a symbolic one, and from here if it is another name of the file.
    fn linked(&self, source: &Word, words: &[Word], link: &str) -> Option<String> {
        let symbolic = |word: &Word| {
            word.plain().is_some_and(|text| {
                text == "--symbolic" || (text.starts_with('-') && !text.starts_with("--") && text.contains('s'))
            })
        };
        if !words.iter().any(symbolic) {
            return self.only_path(source);
        }
        self.only_text(source).map(|text| absolute(&text, link.rsplit_once('/').map_or("/", |(place, _)| place)))
    }

    fn only_text(&self, word: &Word) -> Option<String> {
        match self.redirected(word).as_slice() {
            [value] => value.known(),
            _ => None,
        }
    }

    fn text_at(&self, path: &str) -> Option<String> {
        match (self.held(path), self.world.content(path)) {
            (Some(held), _) => Some(held.text.clone()),
            (None, Content::Text(text)) if self.site == Site::Here && !self.is_rewritten(path) => Some(text.to_owned()),
            _ => None,
        }
    }

    /// Holds a runner of tasks where the line fetches something and writes the file of the tasks itself.
    pub(super) fn fetched_recipe(&mut self, program: &str, directory: &str, span: &Span) {
        let names = RECIPES.iter().filter(|(programs, _)| programs.contains(&program)).flat_map(|(_, names)| names.iter());
        let unknown = |path: &String| self.is_rewritten(path) && self.held(path).is_none();
        let brought = |path: &String| self.held(path).is_none() && self.state.brought.iter().any(|place| holds(place, path));
        let fetched = self.fetches();
        if names.map(|name| absolute(name, directory)).any(|path| (fetched && unknown(&path)) || brought(&path)) {
            self.unseen_code(program, "tasks that the line brings and nobody read", span);
        }
    }
}

fn is_recipe(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    RECIPES.iter().any(|(_, names)| names.contains(&name))
}
