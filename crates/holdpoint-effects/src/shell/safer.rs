//! What can be done instead of a loss, or before it: what the families say of a command, and what can be said of a path.
//!
//! *In scope:* filling a family's words with those of the command line, for the directory of the change. An alternative that the
//! line does not determine word for word is none. *Out of scope:* what the families say (`families/*.toml`), and whether the
//! commands pass, which tests see over all of them.

use holdpoint_core::change::quoted;
use holdpoint_core::effect::{Alternative, ResourceKind, Reversibility, Verb};
use holdpoint_core::question::{FileKind, PathFacts, Place};

use super::apply::Applied;
use super::subcommands::{before_subcommand, behind_subcommand};
use super::value::{Field, Piece};
use super::walker::{Site, Walker};
use crate::VARIABLES;
use crate::families::{self, Safer};
use crate::recover::{Loss, holds};

/// Longest command that is offered, in bytes.
const COMMAND_MAX_BYTES: usize = 400;

impl Walker<'_> {
    /// Offers what the family of a program says instead for the effects that were noted since there were `count`.
    pub(super) fn offer(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, count: usize) {
        // A line with something in it that cannot be read is no pattern for another one.
        if self.site != Site::Here || !self.lacks_alternative(count) || self.noted_opaque(count) {
            return;
        }
        let Some(command) = families::command(program) else { return };
        let applied = Applied::of(program, command, arguments, directory, &(0..0));
        let of_sub = applied.sub.and_then(|sub| self.alternative(&sub.safer, &applied));
        if let Some(alternative) = of_sub.or_else(|| self.alternative(&command.safer, &applied)) {
            self.give(count, &alternative);
        }
    }

    /// The first of what a family says that fits a command line, filled with its words.
    pub(super) fn alternative(&self, said: &[Safer], applied: &Applied<'_>) -> Option<Alternative> {
        let names = |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
        let fits = |said: &&Safer| names(&said.programs, applied.program) && names(&said.subcommands, applied.sub_name);
        said.iter().filter(fits).find_map(|said| match &said.run {
            None => Some(only_says(&said.says)),
            Some(run) => Some(Alternative { command: Some(self.filled(run, said, applied)?), says: said.says.clone() }),
        })
    }

    fn filled(&self, run: &str, said: &Safer, applied: &Applied<'_>) -> Option<String> {
        // What the line sets for the command would have to be set for the other one too.
        let set = VARIABLES.iter().any(|name| self.state.variables.contains_key(*name));
        if self.site != Site::Here || set {
            return None;
        }
        let words: Vec<Vec<String>> =
            run.split(' ').map(|part| part_filled(part, &said.without, applied)).collect::<Option<_>>()?;
        self.run_from_here(words.concat().join(" "), applied.directory?)
    }

    /// A command that is meant for a directory, as it is run from where the change begins; nothing where it is too long.
    pub(super) fn run_from_here(&self, command: String, directory: &str) -> Option<String> {
        let here = directory == self.world.directory();
        let command = if here { command } else { format!("cd {} && {command}", quoted(directory)) };
        (command.len() <= COMMAND_MAX_BYTES).then_some(command)
    }

    /// How what is at a path can be kept where an act would lose it.
    pub(super) fn keeping(&self, verb: Verb, path: &str, facts: Option<&PathFacts>, found: &Loss) -> Option<Alternative> {
        let facts = facts.filter(|_| self.site == Site::Here && found.reversibility >= Reversibility::Effort)?;
        let ordinary = matches!(found.resource.kind, ResourceKind::File | ResourceKind::GitWork);
        if matches!(facts.kind, FileKind::Missing | FileKind::Device) || !ordinary {
            return None;
        }
        let home = self.world.home().is_some_and(|home| holds(&facts.canonical, home));
        if home || facts.place == Place::MountRoot || holds(&facts.canonical, self.world.directory()) {
            return Some(only_says("Name only what should go: nothing brings back the rest"));
        }
        let shown = self.near(path);
        let beside = |ending: &str| quoted(&format!("{shown}.{ending}"));
        let (command, says) = match (verb, facts.place) {
            (Verb::Delete, Place::WorkTree | Place::Scratch) => {
                (format!("mv -n {} {}", quoted(&shown), beside("aside")), "keeps it under another name")
            }
            (Verb::Delete, Place::Home) => {
                (format!("gio trash {}", quoted(&shown)), "puts it into the trash, from where it can be taken back")
            }
            (Verb::Modify | Verb::Overwrite, Place::WorkTree | Place::Scratch | Place::Home) if facts.kind == FileKind::File => {
                (format!("cp -n {} {}", quoted(&shown), beside("before")), "first keeps a copy of what is there now")
            }
            _ => return None,
        };
        (command.len() <= COMMAND_MAX_BYTES).then(|| Alternative { command: Some(command), says: says.to_owned() })
    }

    /// How one sees what a pattern matches.
    pub(super) fn listing(&self, pattern: &str) -> Option<Alternative> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+*?[]\\".contains(&byte);
        let short = pattern.len() <= COMMAND_MAX_BYTES && pattern.bytes().all(plain);
        let command = Some(format!("ls -d {pattern}")).filter(|_| short && self.site == Site::Here)?;
        Some(Alternative { command: Some(command), says: "shows what would go".to_owned() })
    }

    /// A path as it is named from where the change begins.
    fn near(&self, path: &str) -> String {
        let below = path.strip_prefix(self.world.directory()).and_then(|rest| rest.strip_prefix('/'));
        match below.filter(|rest| !rest.is_empty()) {
            // A name may look like an option.
            Some(rest) if rest.starts_with('-') => format!("./{rest}"),
            Some(rest) => rest.to_owned(),
            None => path.to_owned(),
        }
    }
}

/// Advice without a command.
fn only_says(says: &str) -> Alternative {
    Alternative { command: None, says: says.to_owned() }
}

/// The words that one part of a template stands for; nothing where the line does not determine them.
fn part_filled(part: &str, without: &[String], applied: &Applied<'_>) -> Option<Vec<String>> {
    let hole = part.split_once('{').and_then(|(head, rest)| rest.split_once('}').map(|(name, tail)| (head, name, tail)));
    let Some((head, name, tail)) = hole.filter(|(_, name, _)| is_hole(name)) else { return Some(vec![part.to_owned()]) };
    let fields = fields(name, applied);
    // What would be put behind `--` would be no option, and a line that says how it rehearses says it otherwise.
    let fixed = |field: &Field| field.known().as_deref() == Some("--") || rehearses(&field.shown(), applied);
    if matches!(name, "arguments" | "behind" | "line") && fields.iter().any(fixed) {
        return None;
    }
    if head.is_empty() && tail.is_empty() {
        let kept: Vec<&Field> =
            fields.iter().filter(|field| !field.known().is_some_and(|word| without.contains(&word))).collect();
        if kept.iter().any(|field| hides(&field.shown(), without)) {
            return None;
        }
        let words: Vec<String> = kept.into_iter().map(spelled).collect::<Option<_>>()?;
        let may_be_none = matches!(name, "arguments" | "before" | "behind" | "line") || name.starts_with('-');
        return (may_be_none || !words.is_empty()).then_some(words);
    }
    let [field] = fields.as_slice() else { return None };
    Some(vec![quoted(&format!("{head}{}{tail}", field.known()?))])
}

/// Whether a word is an option that makes a rehearsal of the line, whatever its value: `--dry-run=no`.
fn rehearses(word: &str, applied: &Applied<'_>) -> bool {
    let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
    let of_sub = applied.sub.iter().flat_map(|sub| &sub.harmless_with);
    word.starts_with('-') && applied.command.harmless_with.iter().chain(of_sub).any(|option| name(option) == name(word))
}

/// Whether a word holds an option of one letter that is to be left out, among others: `-am` holds `-m`.
fn hides(word: &str, without: &[String]) -> bool {
    let cluster = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
    let letter =
        |option: &String| option.strip_prefix('-').filter(|rest| rest.chars().count() == 1).and_then(|rest| rest.chars().next());
    cluster.is_some_and(|letters| without.iter().filter_map(letter).any(|letter| letters.contains(letter)))
}

fn is_hole(name: &str) -> bool {
    let known = ["arguments", "before", "behind", "first", "last", "line", "operands", "paths", "program", "rest"];
    known.contains(&name) || name.starts_with('-')
}

fn fields(name: &str, applied: &Applied<'_>) -> Vec<Field> {
    let operands = &applied.line.operands;
    match name {
        "arguments" => applied.arguments.to_vec(),
        "before" => before_subcommand(applied.command, applied.arguments),
        "behind" => behind_subcommand(applied.command, applied.arguments),
        "first" => operands.first().into_iter().cloned().collect(),
        "last" => operands.last().into_iter().cloned().collect(),
        "line" => applied.words(),
        "operands" => operands.clone(),
        "paths" => behind_dashes(applied.arguments),
        "program" => applied.words().into_iter().take(1).collect(),
        "rest" => operands.iter().skip(1).cloned().collect(),
        option => applied.line.values(option).cloned().collect(),
    }
}

/// What stands behind a lone `--`.
fn behind_dashes(words: &[Field]) -> Vec<Field> {
    let dashes = words.iter().position(|word| word.known().as_deref() == Some("--"));
    dashes.and_then(|at| words.get(at + 1..)).unwrap_or_default().to_vec()
}

/// A word as a shell would read it back; nothing where the line does not determine it.
pub(super) fn spelled(field: &Field) -> Option<String> {
    if let Some(word) = field.known() {
        return Some(quoted(&word));
    }
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => Some(quoted(text)),
        Piece::Pattern(glob) => Some(glob.clone()),
        Piece::Any { .. } => None,
    };
    field.value.pieces.iter().map(piece).collect()
}
