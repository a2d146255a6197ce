//! Patches: the files that they name are changed, emptied or taken away, wherever they lie (`patch`, `git apply`, `git am`).
//!
//! *In scope:* unified and git's diffs whose text can be read: a file, a here-document, standard input. *Out of scope:* other forms (ed
//! scripts, context diffs), and what the families say of the programs themselves.

use super::files::Target;
use super::options::{Line, Style, parse};
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use crate::world::Content;

/// Most files of one patch that are followed.
const FILES_MAX: usize = 64;
/// What `patch` and `git apply` take for looking only.
const LOOKING: [&str; 6] = ["--check", "--dry-run", "--numstat", "--stat", "--summary", "--abort"];
const VALUED: [&str; 12] =
    ["-p", "--strip", "-d", "--directory", "-i", "--input", "-o", "--output", "-r", "--reject-file", "-C", "--exclude"];

/// What a patch does to one file.
#[derive(Debug, PartialEq, Eq)]
enum Patched {
    Changed(String),
    Emptied(String),
    Removed(String),
}

impl Walker<'_> {
    /// Follows what `patch` does to the files that its patch names.
    pub(super) fn patch(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let line = patch_line(arguments);
        let given = ["-i", "--input"].iter().find_map(|name| line.values(name).next()).or(line.operands.get(1));
        // A file that is named itself is changed whatever the patch says, and the families say that.
        if line.operands.is_empty() || given.is_some() {
            self.patched(&line, given.cloned().into_iter().collect(), None, directory, span);
        }
    }

    /// Follows what `git apply` and `git am` do to the files that their patches name.
    pub(super) fn git_patches(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let line = patch_line(words.get(1..).unwrap_or_default());
        self.patched(&line, line.operands.clone(), Some(1), directory, span);
    }

    fn patched(&mut self, line: &Line, files: Vec<Field>, strip: Option<usize>, directory: Option<&str>, span: &Span) {
        if self.site != Site::Here || LOOKING.iter().any(|name| line.has_exactly(name)) {
            return;
        }
        let named = ["-p", "--strip"].iter().find_map(|name| line.values(name).next()).and_then(Field::known);
        let strip = named.and_then(|count| count.parse().ok()).or(strip);
        let reversed = ["-R", "--reverse"].iter().any(|name| line.has_exactly(name));
        let below = ["-d", "--directory"].iter().find_map(|name| line.values(name).next()).cloned();
        let place = match below.map(|below| self.target(&below.value, directory)) {
            Some(Target::Exactly(place)) => Some(place),
            Some(_) => return,
            None => directory.map(str::to_owned),
        };
        let texts = self.patch_texts(&files, directory);
        // What is taken back may be what is worked on, and nothing else keeps that.
        if reversed && texts.is_empty() {
            self.opaque("", "it takes changes back, and the line does not determine which", span.clone());
        }
        for (text, written) in texts {
            let span = written.as_ref().unwrap_or(span);
            if !self.budget.walk_steps(text.len().div_ceil(64)) {
                return self.stop(span.clone());
            }
            for patched in patched_files(&text, strip, reversed) {
                self.follow_patched(patched, place.as_deref(), span);
            }
        }
    }

    fn follow_patched(&mut self, patched: Patched, place: Option<&str>, span: &Span) {
        let field = |path: String| Field::new(Value::text(path), span.clone());
        match patched {
            Patched::Changed(path) => self.edit(&field(path), place, "Patches"),
            Patched::Emptied(path) => self.overwrite(&field(path), place),
            Patched::Removed(path) => self.delete(&field(path), place),
        }
    }

    /// The texts of the patches that can be read, each with the place where the line writes it: of the files that are named, or else of
    /// standard input.
    fn patch_texts(&self, files: &[Field], directory: Option<&str>) -> Vec<(String, Option<Span>)> {
        let of_file = |path: &str| match (self.held(path), self.world.content(path)) {
            (Some(held), _) => Some((held.text.clone(), Some(held.span.clone()))),
            (None, Content::Text(text)) if !self.is_rewritten(path) => Some((text.to_owned(), None)),
            _ => None,
        };
        let is_input = |field: &Field| field.known().as_deref() == Some("-");
        if files.is_empty() || files.iter().all(is_input) {
            return match &self.input {
                Input::Text(text) => text.known().map(|text| (text, None)).into_iter().collect(),
                Input::File(path) => of_file(path).into_iter().collect(),
                Input::Inherited | Input::Listed(_) | Input::Piped => Vec::new(),
            };
        }
        let paths = files.iter().map(|file| self.target(&file.value, directory));
        let texts = paths.filter_map(|target| match target {
            Target::Exactly(path) => of_file(&path),
            _ => None,
        });
        texts.collect()
    }
}

fn patch_line(arguments: &[Field]) -> Line {
    let valued = VALUED.map(str::to_owned);
    parse(arguments, Style { valued: [&valued, &[]], abbreviates: true, ..Style::default() }).0
}

/// What a text does to the files that it names, each name without so many of its first parts; without a number only the last is left.
fn patched_files(text: &str, strip: Option<usize>, reversed: bool) -> Vec<Patched> {
    let mut lines = text.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let headers = line.strip_prefix("--- ").zip(lines.peek().and_then(|next| next.strip_prefix("+++ ")));
        let Some((old, new)) = headers.map(|(old, new)| if reversed { (new, old) } else { (old, new) }) else { continue };
        let (old, new) = (name_in_header(old), name_in_header(new));
        lines.next();
        let hunk = lines.peek().and_then(|line| line.strip_prefix("@@ "));
        let patched = match (stripped(old, strip), stripped(new, strip)) {
            (Some(old), None) => Patched::Removed(old),
            (None, Some(new)) => Patched::Changed(new),
            (Some(_), Some(new)) if hunk.is_some_and(|hunk| empties(hunk, reversed)) => Patched::Emptied(new),
            (Some(_), Some(new)) => Patched::Changed(new),
            (None, None) => continue,
        };
        found.push(patched);
        if found.len() == FILES_MAX {
            break;
        }
    }
    found
}

/// The name in a header, which a tab and a time may follow.
fn name_in_header(text: &str) -> &str {
    text.split('\t').next().unwrap_or_default().trim_end()
}

/// A name without its first parts; nothing where it says that there is no file.
fn stripped(name: &str, strip: Option<usize>) -> Option<String> {
    if name == "/dev/null" {
        return None;
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let Some(count) = strip else { return Some(last.to_owned()) };
    let mut rest = name;
    for _ in 0..count {
        // `patch` counts slashes that follow each other as one.
        rest = rest.split_once('/').map_or(last, |(_, rest)| rest.trim_start_matches('/'));
    }
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Whether a hunk, `-1,3 +0,0 @@`, leaves nothing of a file.
fn empties(hunk: &str, reversed: bool) -> bool {
    let mut ranges = hunk.split(' ');
    let (old, new) = (ranges.next().unwrap_or_default(), ranges.next().unwrap_or_default());
    if reversed { old == "-0,0" } else { new == "+0,0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_names_what_it_changes_empties_and_removes() {
        let text = "diff --git a/src/x b/src/x\n--- a/src/x\t2026-01-01\n+++ b/src/x\n@@ -1 +1 @@\n-a\n+b\n\
                    --- a/y\n+++ b/y\n@@ -1,3 +0,0 @@\n-a\n--- a/z\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n--- /dev/null\n+++ b/w/n\n@@ -0,0 +1 @@\n+a\n";
        let (x, y, z, n) = ("src/x".to_owned(), "y".to_owned(), "z".to_owned(), "w/n".to_owned());
        let forth = vec![
            Patched::Changed(x.clone()),
            Patched::Emptied(y.clone()),
            Patched::Removed(z.clone()),
            Patched::Changed(n.clone()),
        ];
        assert_eq!(patched_files(text, Some(1), false), forth);
        let back = vec![Patched::Changed(x), Patched::Changed(y), Patched::Changed(z), Patched::Removed(n)];
        assert_eq!(patched_files(text, Some(1), true), back);
        assert_eq!(patched_files("--- old/a/x\n+++ new/a/x\n", None, false), [Patched::Changed("x".to_owned())]);
        assert_eq!(patched_files("--- /a//x\n+++ /a//x\n", Some(2), false), [Patched::Changed("x".to_owned())]);
        assert_eq!(patched_files("--- a rule\n\n+++ b\n", Some(1), false), []);
    }
}
