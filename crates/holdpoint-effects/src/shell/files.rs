//! Acts on paths: delete, overwrite, change, move. Each asks what is there and what git or a build could bring back.

use holdpoint_core::effect::{
    Alternative, Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};
use holdpoint_core::question::{FileKind, PathFacts, Place, Question};

use super::address::is_far;
use super::budget::{PATH_BYTES_PER_STEP, PATH_MAX_BYTES, PATH_STEPS};
use super::descriptors::{is_descriptor, is_output};
use super::destroyers::is_destroyer;
use super::dialect::{Dialect, may_be_extended};
use super::effect::{anything, nothing_there, plain, scratch};
use super::state::State;
use super::syntax::Span;
use super::value::{Field, PIPE, Piece, Shape, Value};
use super::walker::{Globs, Site, Walker};
use crate::paths;
use crate::recover::{Loss, holds, kind_of, loss};
use crate::world::{Content, absolute};

/// What an operand names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Exactly(String),
    /// Whatever has this name somewhere below a path.
    Below(String, String),
    /// All paths that match an absolute pattern.
    Matching(String),
    /// Nothing: an empty word.
    Nothing,
    /// A temporary file or directory that the line made, or something in it.
    Scratch,
    /// Something that the line does not determine. It could be anything.
    Unknown,
}

/// Most links on the way of one path that are asked about.
const LINKS_MAX: usize = 4;
/// The act of `>>`, which keeps what is there.
pub(crate) const APPENDS: &str = "Appends to";
/// Most matches of a pattern that are looked at one by one.
const MATCHES_MAX: usize = 32;

impl Walker<'_> {
    /// What a word names as a path.
    pub(crate) fn target(&self, value: &Value, directory: Option<&str>) -> Target {
        if self.state.dialect == Dialect::Zsh && may_be_extended(value) {
            return Target::Unknown;
        }
        match (self.logical_target(value, directory), value.known()) {
            (Target::Exactly(path), Some(text)) if text.contains("..") => {
                self.through_links(self.physical(&text, directory).unwrap_or(path))
            }
            (Target::Exactly(path), _) => self.through_links(path),
            (target, _) => target,
        }
    }

    /// Where a path leads that goes upwards: from where links lead, as the kernel takes it, not from how they are called.
    fn physical(&self, text: &str, directory: Option<&str>) -> Option<String> {
        if self.site != Site::Here || text.len() > PATH_MAX_BYTES {
            return None;
        }
        let mut at = if text.starts_with('/') { "/".to_owned() } else { directory?.to_owned() };
        let (mut asked, mut is_real) = (0, false);
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    if !is_real && asked < LINKS_MAX {
                        at = self.world.name(Question::Canonical { path: at.clone() }).flatten().map_or(at, str::to_owned);
                        asked += 1;
                    }
                    at = absolute("..", &at);
                    is_real = true;
                }
                name => {
                    at = absolute(name, &at);
                    is_real = false;
                }
            }
        }
        Some(at).filter(|path| path.len() <= PATH_MAX_BYTES)
    }

    /// What a word names as a path by its spelling, as `cd` takes it.
    pub(super) fn logical_target(&self, value: &Value, directory: Option<&str>) -> Target {
        if let Some(Piece::Any { shape: Shape::Scratch, .. }) = value.pieces.first() {
            let rest = value.pieces.iter().skip(1);
            let inside = rest.clone().all(|piece| {
                !matches!(piece, Piece::Any { shape, .. } if shape.is_open())
                    && !matches!(piece, Piece::Text(text) if text.contains(".."))
            });
            return if inside { Target::Scratch } else { Target::Unknown };
        }
        let place = |path: &str| {
            let directory = if path.starts_with('/') { "/" } else { directory? };
            // A path that no system takes is not worth following, and looking at a long one is paid for.
            let paid = self.budget.walk_steps(1 + (directory.len() + path.len()) / PATH_BYTES_PER_STEP);
            paid.then(|| absolute(path, directory)).filter(|path| path.len() <= PATH_MAX_BYTES)
        };
        if let Some(text) = value.known() {
            return match (text.is_empty(), place(&text)) {
                (true, _) => Target::Nothing,
                (false, Some(path)) => Target::Exactly(path),
                (false, None) => Target::Unknown,
            };
        }
        match value.pattern().and_then(|pattern| place(&pattern)) {
            Some(pattern) if is_descriptor(&pattern) => Target::Unknown,
            Some(pattern) => match pattern.split_once("/**/") {
                Some((start, name)) if !start.contains(['*', '?', '[']) => Target::Below(absolute(start, "/"), name.to_owned()),
                _ => Target::Matching(pattern),
            },
            None => Target::Unknown,
        }
    }

    pub(super) fn facts(&self, path: &str) -> Option<&PathFacts> {
        match self.site {
            Site::Here => self.world.path(path),
            Site::There(_) | Site::Throwaway => None,
        }
    }

    /// Deletes what an operand names.
    pub(crate) fn delete(&mut self, operand: &Field, directory: Option<&str>) {
        self.lose(operand, directory, Verb::Delete, "Deletes");
    }

    /// Loses what an operand names by an act that the sentence begins with.
    pub(crate) fn lose(&mut self, operand: &Field, directory: Option<&str>, verb: Verb, act: &str) {
        let span = operand.span.clone();
        match self.target(&operand.value, directory) {
            Target::Below(start, name) => self.lose_below(&start, &name, verb, act, span),
            Target::Exactly(path) => self.lose_path(&path, verb, act, span),
            Target::Matching(pattern) if self.globs == Globs::Any => {
                let parent = pattern.split(['*', '?', '[']).next().and_then(parent).unwrap_or("/").to_owned();
                self.lose_path(if parent.is_empty() { "/" } else { &parent }, verb, act, span);
            }
            Target::Matching(pattern) => {
                if self.globs == Globs::Hidden {
                    match hidden(&pattern) {
                        Some(hidden) => self.lose_matching(&hidden, verb, act, span.clone()),
                        None => self.note(Effect { span: Some(span.clone()), ..anything(verb, act, &operand.shown()) }),
                    }
                }
                self.lose_matching(&pattern, verb, act, span);
            }
            Target::Nothing => {}
            Target::Scratch => self.note(scratch(verb, act, span)),
            Target::Unknown if self.is_confined(&operand.value, directory) => {}
            Target::Unknown => self.note(Effect { span: Some(span), ..anything(verb, act, &operand.shown()) }),
        }
    }

    /// Whether a path that a recipe does not determine begins with a name in its directory, or is a pattern of endings there: what it
    /// builds is called so.
    fn is_confined(&self, value: &Value, directory: Option<&str>) -> bool {
        let (Some(directory), true) = (directory, self.recipes > 0) else { return false };
        if let [Piece::Pattern(star), Piece::Text(dot), ..] = value.pieces.as_slice() {
            return star == "*" && dot.starts_with('.');
        }
        let head = value.head();
        let named = head.rsplit('/').next().is_some_and(|name| !name.is_empty()) || head.trim_start_matches("./").contains('/');
        let inside = absolute(head, directory).strip_prefix(directory).is_some_and(|below| below.len() > 1);
        named && inside && !head.contains("..") && !head.contains(".git")
    }

    /// Loses what has a name somewhere below a path: all of it at worst, unless the name is that of something made by a build.
    fn lose_below(&mut self, start: &str, name: &str, verb: Verb, act: &str, span: Span) {
        let pattern = format!("{}/**/{name}", start.trim_end_matches('/'));
        let found = if self.site == Site::Here { self.world.matches(&pattern) } else { None };
        if found.is_some_and(|paths| paths.len() <= MATCHES_MAX) {
            return self.lose_matching(&pattern, verb, act, span);
        }
        self.takes_guard(start, verb, act, &span);
        let facts = self.facts(start);
        let own = facts.is_some_and(|facts| matches!(facts.place, Place::WorkTree | Place::Scratch));
        let mut found = loss(self.world, start, facts);
        found.what = format!("whatever is named `{name}` below `{start}`");
        found.certainty = Certainty::Worst;
        // Of all that is there, what has a name of its own is somebody's scratch.
        let scratch = matches!(start, "/tmp" | "/var/tmp") && name.bytes().filter(u8::is_ascii_alphanumeric).count() > 1;
        if scratch || (own && paths::regenerable(name)) {
            found.reversibility = found.reversibility.min(Reversibility::Regenerable);
        }
        self.note(Effect { span: Some(span), ..found.effect(verb, act) });
    }

    fn lose_matching(&mut self, pattern: &str, verb: Verb, act: &str, span: Span) {
        let paths = match self.site {
            Site::Here => self.world.matches(pattern),
            Site::There(_) | Site::Throwaway => None,
        };
        let sweeps_scratch = ["/tmp/*", "/var/tmp/*", "/tmp/.*"].contains(&pattern);
        let touched = self
            .state
            .moved
            .iter()
            .any(|moved| parent(pattern).is_some_and(|parent| holds(parent, moved) || holds(moved, parent)));
        match paths {
            Some([]) if !touched => self.note(nothing_there(verb, act, pattern, span)),
            Some(paths) if paths.len() <= MATCHES_MAX && !sweeps_scratch && !touched => {
                for path in paths {
                    self.lose_path(path, verb, act, span.clone());
                }
            }
            paths => {
                let count = paths.map(|paths| u64::try_from(paths.len()).unwrap_or(u64::MAX));
                match paths {
                    Some(paths) => paths.iter().for_each(|path| self.takes_guard(path, verb, act, &span)),
                    None => self.takes_guard(parent(pattern).unwrap_or("/"), verb, act, &span),
                }
                let found = Loss {
                    resource: Resource { kind: ResourceKind::File, name: pattern.to_owned() },
                    magnitude: Magnitude { count: count.filter(|count| *count > 0), unit: Unit::Files },
                    reversibility: Reversibility::Irreversible,
                    certainty: Certainty::Worst,
                    what: format!("everything that matches `{pattern}`"),
                };
                let safer = self.listing(pattern).map(Box::new);
                self.note(Effect { span: Some(span), safer, ..found.effect(verb, act) });
            }
        }
    }

    pub(crate) fn lose_path(&mut self, path: &str, verb: Verb, act: &str, span: Span) {
        if !self.budget.walk_steps(PATH_STEPS) {
            return self.stop(span);
        }
        if verb == Verb::Overwrite {
            self.state.write(path);
        }
        self.state.held.remove(path);
        self.takes_guard(path, verb, act, &span);
        let mut found = loss(self.world, path, self.facts(path));
        if self.state.moved.iter().any(|moved| holds(path, moved) || holds(moved, path)) {
            found.reversibility = Reversibility::Irreversible;
            found.certainty = Certainty::Worst;
            found.magnitude = Magnitude::unbounded(Unit::Files);
            found.what = format!("`{path}`, to which the command itself moves or links something,");
        } else if self.state.made.contains(path) && found.magnitude.count == Some(0) {
            found.magnitude = Magnitude::at_most(1, Unit::Files);
            found.reversibility = Reversibility::Regenerable;
            found.what = format!("`{path}`, which the command itself makes");
        }
        let safer = self.keeping(verb, path, self.facts(path), &found).map(Box::new);
        self.note(Effect { span: Some(span), safer, ..found.effect(verb, act) });
    }

    /// Says so where Holdpoint's own data or program goes with a directory.
    fn takes_guard(&mut self, path: &str, verb: Verb, act: &str, span: &Span) {
        if self.site == Site::Here && paths::holds_guard(path, self.world.own()) {
            let summary = format!("{act} `{path}`, in which Holdpoint itself lies");
            let effect = plain(verb, ResourceKind::Guard, path, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
    }

    /// Puts files over those of the same name at a path.
    pub(crate) fn merge(&mut self, operand: &Field, directory: Option<&str>) {
        match self.target(&operand.value, directory) {
            Target::Exactly(path) if self.facts(&path).is_some_and(|facts| facts.kind == FileKind::Missing) => {
                self.make(operand, directory)
            }
            Target::Exactly(_) => self.lose(operand, directory, Verb::Overwrite, "Puts files over those in"),
            _ => self.lose(operand, directory, Verb::Overwrite, "Overwrites"),
        }
    }

    /// Writes what was compiled: a program that lies there can be compiled again.
    pub(crate) fn rebuild(&mut self, operand: &Field, directory: Option<&str>) {
        let program = |path: &str| {
            let file = self.facts(path).is_some_and(|facts| facts.kind == FileKind::File && facts.place == Place::WorkTree);
            file && self.world.content(path) == Content::Program
        };
        let missing = |path: &str| {
            let own = |facts: &PathFacts| matches!(facts.place, Place::WorkTree | Place::Scratch);
            self.facts(path).is_some_and(|facts| facts.kind == FileKind::Missing && own(facts))
        };
        match self.target(&operand.value, directory) {
            Target::Exactly(path) if program(&path) && !self.is_rewritten(&path) => {
                let summary = format!("Compiles `{path}` again");
                let effect = plain(Verb::Overwrite, ResourceKind::File, &path, summary, operand.span.clone());
                self.note(Effect { reversibility: Reversibility::Regenerable, ..effect });
                self.state.built.insert(path);
            }
            Target::Exactly(path) if missing(&path) && !self.is_rewritten(&path) => {
                let kind = kind_of(self.world, &path, None);
                self.note(plain(Verb::Create, kind, &path, format!("Compiles `{path}`"), operand.span.clone()));
                self.state.built.insert(path);
            }
            _ => self.overwrite(operand, directory),
        }
    }

    /// Writes a file as a whole: what is there is lost.
    pub(crate) fn overwrite(&mut self, operand: &Field, directory: Option<&str>) {
        let span = operand.span.clone();
        let Target::Exactly(path) = self.target(&operand.value, directory) else {
            return self.lose(operand, directory, Verb::Overwrite, "Overwrites");
        };
        if self.is_stream(&path, &span) {
            return;
        }
        if is_descriptor(&path) {
            return self.reopens(&path, "Overwrites", span);
        }
        match self.facts(&path).map(|facts| facts.kind) {
            Some(FileKind::Missing) if !self.state.moved.contains(&path) => self.create(&path, span),
            Some(FileKind::Directory) => self.note(nothing_there(Verb::Overwrite, "Fails to overwrite", &path, span)),
            _ => self.lose_path(&path, Verb::Overwrite, "Overwrites", span),
        }
    }

    /// Brings a path into being.
    pub(crate) fn create(&mut self, path: &str, span: Span) {
        let kind = kind_of(self.world, path, self.facts(path));
        self.state.write(path);
        let again = !self.state.made.insert(path.to_owned());
        let mut effect = plain(Verb::Create, kind, path, format!("Creates `{path}`"), span);
        // What is written there programs use from now on; in a work tree it is the work tree's own.
        let own = |facts: &PathFacts| matches!(facts.place, Place::WorkTree | Place::Scratch);
        if kind == ResourceKind::Credential && !self.facts(path).is_some_and(own) {
            effect.reversibility = Reversibility::Effort;
            effect.summary = format!("Sets the secret `{path}`, which programs use from now on");
        }
        if again && kind == ResourceKind::File {
            let summary = format!("Writes `{path}` once more, which the command itself makes");
            self.note(Effect { verb: Verb::Overwrite, reversibility: Reversibility::Regenerable, summary, ..effect });
        } else {
            self.note(effect);
        }
    }

    /// Whether the line itself decides what a path holds when something behind it looks there.
    pub(crate) fn is_rewritten(&self, path: &str) -> bool {
        let State { made, moved, written, .. } = &self.state;
        written.contains(path) || made.contains(path) || moved.iter().any(|moved| holds(moved, path))
    }

    /// Makes another name for something: what lies below it is not what the answers speak of.
    pub(crate) fn link(&mut self, sources: &[Field], operand: &Field, directory: Option<&str>) {
        self.make(operand, directory);
        if let Target::Exactly(path) = self.target(&operand.value, directory) {
            sources.iter().for_each(|source| self.leads(&path, source));
            self.state.held.remove(&path);
            self.state.moved.insert(path);
        }
    }

    /// Makes a file or directory that an operand names; one that is there already stays as it is.
    pub(crate) fn make(&mut self, operand: &Field, directory: Option<&str>) {
        match self.target(&operand.value, directory) {
            Target::Exactly(path) => {
                self.state.made.insert(format!("{path}/"));
                self.create(&path, operand.span.clone());
            }
            Target::Nothing | Target::Scratch => {}
            Target::Below(..) | Target::Matching(_) | Target::Unknown => {
                let shown = operand.shown();
                let effect = plain(Verb::Create, ResourceKind::File, &shown, format!("Creates `{shown}`"), operand.span.clone());
                self.note(Effect { certainty: Certainty::Worst, ..effect });
            }
        }
    }

    /// Makes a directory. There is nothing in it yet that anything could run by itself.
    pub(crate) fn make_directory(&mut self, operand: &Field, directory: Option<&str>) {
        let before = self.noted();
        self.make(operand, directory);
        let is_empty = |effect: &Effect| effect.verb == Verb::Create && effect.resource.kind == ResourceKind::Persistence;
        for effect in self.take_noted(before) {
            let kind = if is_empty(&effect) { ResourceKind::File } else { effect.resource.kind };
            self.note(Effect { resource: Resource { kind, ..effect.resource }, ..effect });
        }
    }

    /// Changes a path without losing what is there as a whole: appending, permissions, times.
    pub(crate) fn modify(&mut self, operand: &Field, directory: Option<&str>, act: &str) {
        let span = operand.span.clone();
        match self.target(&operand.value, directory) {
            Target::Exactly(path) if self.is_stream(&path, &span) => {}
            Target::Exactly(path) if is_descriptor(&path) => self.reopens(&path, act, span),
            Target::Exactly(path) => match self.facts(&path) {
                Some(facts) if facts.kind == FileKind::Missing => self.create(&path, span),
                facts => {
                    let kind = kind_of(self.world, &path, facts);
                    let facts = facts.cloned();
                    self.state.write(&path);
                    let reversibility = match facts.map(|facts| facts.place) {
                        Some(Place::WorkTree | Place::Scratch | Place::GitDirectory) => Reversibility::Lossless,
                        Some(Place::MountRoot) => Reversibility::Irreversible,
                        Some(Place::Home) if act == APPENDS => Reversibility::Lossless,
                        Some(Place::Elsewhere | Place::Home) | None => Reversibility::Effort,
                    };
                    let effect = plain(Verb::Modify, kind, &path, format!("{act} `{path}`"), span);
                    self.note(Effect { reversibility, ..effect });
                }
            },
            Target::Nothing | Target::Scratch => {}
            Target::Matching(pattern) if self.few_matches(&pattern).is_some() => {
                for file in self.few_matches(&pattern).unwrap_or_default() {
                    self.modify(&Field::new(Value::text(file), span.clone()), directory, act);
                }
            }
            Target::Below(start, name) => self.modify_below(&start, &name, act, span),
            Target::Matching(pattern) => {
                let start = pattern.split(['*', '?', '[']).next().and_then(parent).filter(|start| !start.is_empty());
                self.modify_below(start.unwrap_or("/"), &pattern, act, span);
            }
            Target::Unknown => {
                let shown = operand.shown();
                let certain =
                    plain(Verb::Modify, ResourceKind::File, &shown, format!("{act} `{shown}`, which could be any file"), span);
                self.note(Effect { certainty: Certainty::Worst, reversibility: Reversibility::Effort, ..certain });
            }
        }
    }

    /// Changes the rights or times of a path, and not what it holds.
    pub(crate) fn modify_rights(&mut self, operand: &Field, directory: Option<&str>) {
        let held = self.state.held.clone();
        self.modify(operand, directory, "Changes");
        self.state.held = held;
    }

    /// Changes what has a name below a path: work on the work tree where that is all inside it.
    fn modify_below(&mut self, start: &str, name: &str, act: &str, span: Span) {
        let own = |facts: &PathFacts| matches!(facts.place, Place::WorkTree | Place::Scratch);
        let inside = self.facts(start).is_some_and(own) && !self.is_rewritten(start);
        let kind = kind_of(self.world, start, None);
        let effect = plain(Verb::Modify, kind, name, format!("{act} what matches `{name}` below `{start}`"), span);
        let (certainty, reversibility) =
            if inside { (Certainty::Exact, Reversibility::Lossless) } else { (Certainty::Worst, Reversibility::Effort) };
        self.note(Effect { certainty, reversibility, magnitude: Magnitude::unbounded(Unit::Files), ..effect });
    }

    /// Edits a file in place, so that its old content is gone.
    pub(crate) fn edit(&mut self, operand: &Field, directory: Option<&str>, act: &str) {
        let path = match self.target(&operand.value, directory) {
            Target::Exactly(path) => path,
            Target::Matching(pattern) if self.few_matches(&pattern).is_some() => {
                let files = self.few_matches(&pattern).unwrap_or_default().into_iter();
                return files.for_each(|file| self.edit(&Field::new(Value::text(file), operand.span.clone()), directory, act));
            }
            _ => return self.modify(operand, directory, act),
        };
        if is_descriptor(&path) {
            return self.reopens(&path, act, operand.span.clone());
        }
        self.state.write(&path);
        let facts = self.facts(&path);
        let kind = match kind_of(self.world, &path, facts) {
            // An edit is work on the work tree, not its loss.
            ResourceKind::GitWork => ResourceKind::File,
            kind => kind,
        };
        let found = loss(self.world, &path, facts);
        let in_work_tree = facts.is_some_and(|facts| facts.place == Place::WorkTree);
        let reversibility = match found.reversibility {
            // What an edit says it takes stands in the line, as it does in an agent's own edits; outside the work tree nobody
            // would look for it there.
            Reversibility::Irreversible if in_work_tree => Reversibility::Lossless,
            other => other,
        };
        let summary = format!("{act} `{path}`");
        let found = Loss { reversibility, ..found };
        let safer = self.keeping(Verb::Modify, &path, facts, &found).map(Box::new);
        let effect = plain(Verb::Modify, kind, &path, summary, operand.span.clone());
        self.note(Effect { reversibility, certainty: found.certainty, safer, ..effect });
    }

    /// Moves or copies sources to a target; what lies there, and what earlier sources put there, is lost.
    pub(crate) fn transfer(&mut self, sources: &[Field], target: &Field, directory: Option<&str>, moves: bool) {
        let resolved = self.target(&target.value, directory);
        let Target::Exactly(path) = resolved else {
            if resolved != Target::Scratch {
                self.lose(target, directory, Verb::Overwrite, "Overwrites");
            }
            return self.leave_sources(sources, directory, moves);
        };
        if self.is_stream(&path, &target.span) {
            return self.lose_sources(sources, directory, moves);
        }
        if is_descriptor(&path) {
            self.reopens(&path, "Overwrites", target.span.clone());
            return self.leave_sources(sources, directory, moves);
        }
        let facts = self.facts(&path);
        let is_directory =
            facts.is_some_and(|facts| facts.kind == FileKind::Directory) || self.state.made.contains(&format!("{path}/"));
        if is_directory {
            for source in sources {
                if !moves && is_all_within(source) {
                    self.lose_path(&path, Verb::Overwrite, "Copies files over those in", target.span.clone());
                } else {
                    self.transfer_into(source, &path, directory, moves);
                }
            }
        } else {
            self.transfer_onto(sources, &path, target, directory, moves);
        }
        self.leave_sources(sources, directory, moves);
    }

    /// Several sources onto what is no directory: each overwrites the one before.
    fn transfer_onto(&mut self, sources: &[Field], path: &str, target: &Field, directory: Option<&str>, moves: bool) {
        let missing = self.facts(path).is_some_and(|facts| facts.kind == FileKind::Missing);
        let repeated = self.looping && sources.iter().any(|source| source.value.has_unknown());
        let several = repeated
            || sources.len() > 1
            || sources.iter().any(|source| source.value.has_pattern() && !self.one_match(&source.value, directory));
        let again = self.state.moved.contains(path);
        if several || again {
            let what = format!("what was moved or copied to `{path}` before: it is no directory, so each replaces the last");
            let resource = Resource { kind: ResourceKind::File, name: path.to_owned() };
            let magnitude = Magnitude::unbounded(Unit::Files);
            let found =
                Loss { resource, magnitude, reversibility: Reversibility::Irreversible, certainty: Certainty::Worst, what };
            let says =
                "Put a slash behind the target: a directory that is not there is an error then, and nothing is lost".to_owned();
            let safer = Some(Box::new(Alternative { command: None, says }));
            self.note(Effect { span: Some(target.span.clone()), safer, ..found.effect(Verb::Overwrite, "Overwrites") });
        }
        if !missing {
            self.lose_path(path, Verb::Overwrite, "Overwrites", target.span.clone());
        } else if !again {
            self.create(path, target.span.clone());
        }
        // A copy of a file can be made again while its source is there, which no move of this line took.
        let copied = |source: &Field| match self.target(&source.value, directory) {
            Target::Exactly(path) => {
                !self.is_rewritten(&path) && self.facts(&path).is_some_and(|facts| facts.kind == FileKind::File)
            }
            _ => false,
        };
        if moves || !missing || !sources.iter().all(copied) {
            self.state.held.remove(path);
            self.state.moved.insert(path.to_owned());
        }
    }

    /// The paths that match a pattern, where there are some and few enough to look at one by one.
    pub(super) fn few_matches(&self, pattern: &str) -> Option<Vec<String>> {
        let paths = if self.site == Site::Here { self.world.matches(pattern) } else { None };
        paths.filter(|paths| !paths.is_empty() && paths.len() <= MATCHES_MAX).map(<[String]>::to_vec)
    }

    fn one_match(&self, value: &Value, directory: Option<&str>) -> bool {
        match self.target(value, directory) {
            Target::Matching(pattern) => self.world.matches(&pattern).is_some_and(|paths| paths.len() <= 1),
            _ => false,
        }
    }

    /// One source into a directory that exists.
    fn transfer_into(&mut self, source: &Field, into: &str, directory: Option<&str>, moves: bool) {
        let names: Vec<String> = match self.target(&source.value, directory) {
            Target::Exactly(path) => vec![path],
            Target::Matching(pattern) => match self.world.matches(&pattern) {
                Some(paths) if paths.len() <= MATCHES_MAX => paths.to_vec(),
                _ => {
                    let act = if moves { "Moves files into" } else { "Copies files into" };
                    let effect = plain(Verb::Modify, ResourceKind::File, into, format!("{act} `{into}`"), source.span.clone());
                    return self.note(Effect { certainty: Certainty::Worst, reversibility: Reversibility::Effort, ..effect });
                }
            },
            Target::Below(..) | Target::Nothing | Target::Scratch | Target::Unknown => return,
        };
        for name in names {
            let base = name.rsplit('/').next().unwrap_or_default();
            // What comes from another machine leaves its name there.
            let base = if is_far(source.value.head()) { base.rsplit(':').next().unwrap_or_default() } else { base };
            let path = format!("{}/{base}", into.trim_end_matches('/'));
            let there = self.facts(&path).map(|facts| facts.kind);
            match there {
                Some(FileKind::Missing) => self.create(&path, source.span.clone()),
                // A directory is merged into, not replaced; which files both have is not asked.
                Some(FileKind::Directory) if moves => {}
                Some(FileKind::Directory) => {
                    self.lose_path(&path, Verb::Overwrite, "Copies files over those in", source.span.clone())
                }
                _ => self.lose_path(&path, Verb::Overwrite, "Overwrites", source.span.clone()),
            }
            if moves {
                self.state.held.remove(&path);
                self.state.moved.insert(path);
            }
        }
    }

    /// What a move leaves behind: the sources are gone from where they were, but not lost.
    fn leave_sources(&mut self, sources: &[Field], directory: Option<&str>, moves: bool) {
        if !moves {
            return sources.iter().for_each(|source| {
                self.look(source, directory);
                self.disguises(source, directory);
            });
        }
        for source in sources {
            let (name, kind) = match self.target(&source.value, directory) {
                Target::Exactly(path) => {
                    let kind = kind_of(self.world, &path, self.facts(&path));
                    (path, kind)
                }
                Target::Below(_, pattern) | Target::Matching(pattern) => (pattern, ResourceKind::File),
                Target::Nothing | Target::Scratch => continue,
                Target::Unknown => (source.shown(), ResourceKind::File),
            };
            let far = self.facts(&name).is_none_or(|facts| {
                !matches!(facts.place, Place::WorkTree | Place::Scratch) || holds(&name, self.world.directory())
            });
            self.takes_guard(&name, Verb::Modify, "Moves", &source.span);
            let effect = plain(Verb::Modify, kind, &name, format!("Moves `{name}` away"), source.span.clone());
            self.note(Effect { reversibility: if far { Reversibility::Effort } else { Reversibility::Lossless }, ..effect });
        }
    }

    /// Puts into the trash what an operand names. It is gone from where it was, and can be taken back as it was.
    pub(crate) fn trash(&mut self, operand: &Field, directory: Option<&str>) {
        let Target::Exactly(path) = self.target(&operand.value, directory) else { return self.delete(operand, directory) };
        let whole = |facts: &PathFacts| {
            let around = [Some(self.world.directory()), self.world.home()];
            !around.into_iter().flatten().any(|inner| holds(&facts.canonical, inner))
        };
        let kept = |facts: &PathFacts| matches!(facts.place, Place::Home | Place::Scratch | Place::WorkTree) && whole(facts);
        let facts = self.facts(&path);
        if !facts.is_some_and(kept) || self.is_rewritten(&path) {
            return self.delete(operand, directory);
        }
        let kind = kind_of(self.world, &path, facts);
        self.takes_guard(&path, Verb::Modify, "Puts into the trash", &operand.span);
        self.note(plain(Verb::Modify, kind, &path, format!("Puts `{path}` into the trash"), operand.span.clone()));
        self.state.moved.insert(path);
    }

    /// A copy of a program that destroys: nobody will know it by its other name.
    fn disguises(&mut self, source: &Field, directory: Option<&str>) {
        let (Site::Here, Target::Exactly(path)) = (&self.site, self.target(&source.value, directory)) else { return };
        let led = self.world.name(Question::Canonical { path: path.clone() }).flatten().unwrap_or(&path);
        if is_destroyer(&path) || is_destroyer(led) {
            self.opaque(&path, "it gives a program another name, under which nobody knows what it does", source.span.clone());
        }
    }

    fn lose_sources(&mut self, sources: &[Field], directory: Option<&str>, moves: bool) {
        for source in sources {
            if moves {
                self.lose(source, directory, Verb::Delete, "Throws away");
            } else {
                self.look(source, directory);
            }
        }
    }

    /// Whether a path is a stream and no file: nothing at it can be lost. Sockets that bash opens are noted.
    pub(crate) fn is_stream(&mut self, path: &str, span: &Span) -> bool {
        if let Some(host) = path.strip_prefix("/dev/tcp/").or_else(|| path.strip_prefix("/dev/udp/")) {
            let effect = plain(Verb::Publish, ResourceKind::Host, host, format!("Sends data to `{host}`"), span.clone());
            self.note(Effect {
                environment: Environment::Named(host.to_owned()),
                reversibility: Reversibility::Irreversible,
                ..effect
            });
            return true;
        }
        matches!(path, "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/zero" | "/dev/full" | PIPE)
            || is_output(path)
    }
}

/// The pattern of the names with a dot in front that `*` matches as well; nothing where it is not that simple.
fn hidden(pattern: &str) -> Option<String> {
    let (place, name) = pattern.rsplit_once('/')?;
    (!place.contains(['*', '?', '[']) && !name.starts_with(['?', '['])).then(|| format!("{place}/.{name}"))
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Whether a source is what lies in a directory and not the directory itself: `cp -a src/. there`.
fn is_all_within(source: &Field) -> bool {
    let spelled = source.known().unwrap_or_default();
    matches!(spelled.trim_end_matches('/').rsplit(['/', ':']).next(), Some("." | ".."))
}
