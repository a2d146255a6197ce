//! Recipes that the line brings to where they are found: a Makefile that is copied there, gets another line, or other words.
//!
//! ```text
//! cp other.mk Makefile && make          sed -i 's/echo/rm -rf/' package.json && npm test          curl -o Makefile … && make
//! └ what other.mk holds ──► held        └ the file with these words ──► held                       └ nobody knows: it waits
//! ```
//!
//! *In scope:* files that runners of tasks find by themselves. *Out of scope:* text that stands in the line (`held.rs`).

use super::filters::replaced;
use super::held::is_alone;
use super::state::Held;
use super::syntax::{Simple, Span, Word};
use super::walker::{Site, Walker};
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

impl Walker<'_> {
    /// The recipe that a command is about to copy or to change in place, and what it will hold.
    pub(super) fn about_to_bring(&self, simple: &Simple, span: &Span) -> Option<(String, Held)> {
        let (name, words) = simple.words.split_first()?;
        let operands: Vec<&Word> = words.iter().filter(|word| !word.plain().is_some_and(|text| text.starts_with('-'))).collect();
        let in_place = || words.iter().any(|word| word.plain().is_some_and(|text| matches!(text, "-i" | "--in-place")));
        let (path, text) = match (name.plain()?, operands.as_slice()) {
            ("cp" | "install" | "mv", [source, target]) => (self.only_path(target)?, self.text_at(&self.only_path(source)?)?),
            ("sed" | "gsed", [script, file]) if in_place() => {
                let path = self.only_path(file)?;
                let text = replaced(&self.text_at(&path)?, &self.only_text(script)?)?;
                (path, text)
            }
            _ => return None,
        };
        (is_alone(simple) && is_recipe(&path)).then(|| (path, Held { text, span: span.clone() }))
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
        let fetched = FETCHERS.iter().any(|name| self.ran.contains(*name));
        if fetched && names.map(|name| absolute(name, directory)).any(|path| unknown(&path)) {
            self.unseen_code(program, "tasks that the line fetches", span);
        }
    }
}

fn is_recipe(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    RECIPES.iter().any(|(_, names)| names.contains(&name))
}
