//! Targets of task files: `make clean`, `npm run build`, `just test`, `task lint`, `deno task x`, `composer run x`, aliases of cargo.
//!
//! What a target runs is the work tree's own code, as a build is. It is read for what it does; what it writes in the work tree and what
//! it clears away there that git ignores are its own affair and delegated. What the files leave open is judged as in any other text:
//! where it could destroy, it waits, and the reason says which line (`docs/design/006-what-a-recipe-leaves-open.md`).
//!
//! *Out of scope:* the files' formats ([`recipe`](crate::recipe)).

mod containers;
mod make;
mod packages;
mod prints;
mod tasks;

use holdpoint_core::effect::{Certainty, Effect, Environment, ResourceKind, Reversibility, Verb};
use holdpoint_core::question::{GitKeeping, PathFacts, Place};

use super::destroyers::destroys;
use super::dialect::Dialect;
use super::effect::{OPEN_CODE, OPEN_PROGRAM, UNSEEN};
use super::interpreter::is_interpreter;
use super::syntax::Span;
use super::value::{Field, Piece, Shape, Value};
use super::walker::{Input, Site, Walker};
use super::wrappers::is_shell;
use crate::recipe::{MARKERS, PLAIN, SCRATCH, Step, UNDETERMINED, UNSET};
use crate::world::{Content, absolute};

/// What a package manager calls its own scripts with.
const MANAGERS: [&str; 4] = ["bun", "npm", "pnpm", "yarn"];
/// Most directories in which a task file is looked for.
const LEVELS_MAX: usize = 5;
/// Longest text of a recipe that a reason shows, in characters.
const SHOWN_MAX: usize = 80;

/// What a target runs, and where.
pub(super) struct Recipe<'a> {
    /// The file and the words, so that one that leads to itself is read once.
    pub(super) name: String,
    pub(super) steps: &'a [Step],
    /// What the steps find in their environment.
    pub(super) variables: &'a [(String, Vec<String>)],
    pub(super) program: &'a str,
    pub(super) directory: &'a str,
}

/// What looking for the file of a target costs, in steps of the walk.
const LOOKED_FOR_STEPS: usize = 200;

impl Walker<'_> {
    /// Follows what a target runs, where its file can be read. Whatever it finds, the families say the rest.
    pub(super) fn targets(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return };
        let directory = directory.to_owned();
        // Files are looked for in many places each time, whatever comes of it.
        if !self.budget.walk_steps(LOOKED_FOR_STEPS) {
            return self.stop(span.clone());
        }
        self.fetched_recipe(program, &directory, span);
        match program {
            "make" | "gmake" => self.make_targets(program, arguments, &directory, span),
            "just" => self.just_targets(arguments, &directory, span),
            "task" | "go-task" => self.task_targets(program, arguments, &directory, span),
            "composer" => self.composer_scripts(arguments, &directory, span),
            "npm-run-all" | "npm-run-all2" | "run-p" | "run-s" => self.run_all(program, arguments, &directory, span),
            "lerna" | "nx" | "turbo" => self.run_everywhere(program, arguments, &directory, span),
            "hatch" | "mise" | "pdm" | "poe" | "rye" | "taskipy" => self.project_tasks(program, arguments, &directory, span),
            "pre-commit" | "prek" => self.hooks(program, arguments, &directory, span),
            _ if MANAGERS.contains(&program) => self.package_scripts(program, arguments, &directory, span),
            _ => {}
        }
    }

    /// The first of these files that can be read.
    pub(super) fn first_text(&self, names: &[String], directory: &str) -> Option<(String, String)> {
        // All are asked about at once: a gate answers in few rounds.
        let texts: Vec<(String, Content<'_>)> = names
            .iter()
            .map(|name| absolute(name, directory))
            .map(|path| {
                let content = self.world.content(&path);
                (path, content)
            })
            .collect();
        texts.into_iter().find_map(|(path, content)| match (self.held(&path), content) {
            (Some(held), _) => Some((path, held.text.clone())),
            (None, Content::Text(text)) if !self.is_rewritten(&path) => Some((path, text.to_owned())),
            _ => None,
        })
    }

    /// The first of these files in a directory or, where there is none, in one above it, with the directory.
    pub(super) fn nearest_text(&self, names: &[String], directory: &str) -> Option<(String, String, String)> {
        let above = std::iter::successors(Some(directory), |place| place.rsplit_once('/').map(|(parent, _)| parent));
        let home = self.world.home();
        let places = above.take_while(|place| !place.is_empty() && Some(*place) != home).take(LEVELS_MAX);
        // All are asked about at once here as well.
        let found: Vec<_> = places.map(|place| (self.first_text(names, place), place)).collect();
        found.into_iter().find_map(|(found, place)| found.map(|(path, text)| (path, text, place.to_owned())))
    }

    /// Follows the texts that a target runs, each in a shell of its own.
    pub(super) fn recipe(&mut self, recipe: &Recipe<'_>, span: &Span) {
        if recipe.steps.is_empty() || self.reading.contains(&recipe.name) || !self.deeper(span) {
            return;
        }
        self.reading.insert(recipe.name.clone());
        self.recipes += 1;
        for step in recipe.steps {
            let before = self.noted();
            // A variable that nobody sets is empty; where the environment holds it, it may be anything.
            if step.text.contains(UNSET) {
                self.step(recipe, step, &step.text.replace(UNSET, UNDETERMINED), span);
                let possible = self.take_noted(before).into_iter().filter(|effect| effect.certainty != Certainty::Opaque);
                possible.for_each(|effect| self.note(effect));
            }
            self.step(recipe, step, &step.text.replace(UNSET, ""), span);
            self.tell_line(before, step, recipe.steps);
        }
        self.recipes -= 1;
        self.reading.remove(&recipe.name);
        self.depth -= 1;
        self.note_delegated(recipe.program, format!("Runs `{}`, whose recipe was read", recipe.name.trim_end()), span);
    }

    fn step(&mut self, recipe: &Recipe<'_>, step: &Step, text: &str, span: &Span) {
        self.as_child([], |walker| {
            walker.state.functions.clear();
            walker.state.dialect = Dialect::Bash;
            walker.state.directories = vec![Some(recipe.directory.to_owned())];
            for (name, values) in recipe.variables {
                let mut values: Vec<Value> = values.iter().map(|text| value_of(text)).collect();
                if name == "PATH" {
                    values = values.into_iter().filter_map(|value| walker.searched_besides(&value)).collect();
                }
                if !values.is_empty() {
                    walker.state.set(name, values);
                    walker.state.exported.insert(name.clone());
                }
            }
            let scratch = Value::any(Shape::Scratch);
            for (marker, value) in [(PLAIN, Value::any(Shape::Plain)), (SCRATCH, scratch), (UNDETERMINED, Value::loose())] {
                walker.state.set(marker.trim_matches(['$', '{', '}']), vec![value]);
            }
            let name = step.through.last().map(|word| word.rsplit('/').next().unwrap_or(word));
            if name.is_none_or(|name| step.at_input && is_shell(name)) {
                return walker.inner_text(&Value::text(text), span.clone());
            }
            let mut words: Vec<Field> = step.through.iter().map(|word| Field::new(value_of(word), span.clone())).collect();
            if step.at_input {
                walker.input = Input::Text(value_of(text));
            } else {
                words.push(Field::new(value_of(text), span.clone()));
            }
            walker.run_words(&words, Some(recipe.directory), span);
        });
    }

    /// Of what a step does, leaves out what is the work tree's own affair, and says of the rest where it stands.
    fn tell_line(&mut self, before: usize, step: &Step, steps: &[Step]) {
        for effect in self.take_noted(before) {
            if self.site == Site::Here && (self.is_own_affair(&effect) || self.is_left_to_the_tree(&effect, &step.text, steps)) {
                continue;
            }
            let telling = effect.verb != Verb::Read
                && effect.certainty != Certainty::Delegated
                && effect.reversibility > Reversibility::Lossless
                && !effect.summary.ends_with("`)");
            let effect = if telling { placed(effect, step) } else { effect };
            self.note(effect);
        }
    }

    /// The directories of a search path besides those that the machine's own has; nothing where there are none.
    fn searched_besides(&self, path: &Value) -> Option<Value> {
        let usual: Vec<&str> = self.world.variable("PATH").unwrap_or_default().split(':').collect();
        let places: Vec<&str> = path.head().split(':').filter(|place| !place.is_empty() && !usual.contains(place)).collect();
        (!places.is_empty()).then(|| Value::text(places.join(":")))
    }

    /// Whether what a recipe leaves open cannot destroy as its text has it, so that it is the project's own affair: options that a word
    /// might hold, files that the recipe itself makes, and text without a program that destroys.
    fn is_left_to_the_tree(&self, effect: &Effect, text: &str, steps: &[Step]) -> bool {
        use ResourceKind as Kind;
        let name = effect.resource.name.as_str();
        let open = name == "/" || name.is_empty() || name.contains('…');
        let words = || text.split(|letter: char| letter.is_whitespace() || ";&|()`'\"".contains(letter));
        match (effect.certainty, effect.verb) {
            (_, Verb::Modify) if effect.resource.kind == Kind::File && name.contains('…') => true,
            (Certainty::Worst, Verb::Execute) => true,
            (Certainty::Worst, _) if matches!(effect.resource.kind, Kind::GitLocal | Kind::GitWork) => true,
            (Certainty::Worst, Verb::Delete) => false,
            (Certainty::Worst, Verb::Overwrite) => open && !words().any(overwrites_whole),
            (Certainty::Worst, _) => open,
            (Certainty::Opaque, _) if effect.resource.kind == Kind::File => {
                let made = self.is_rewritten(name) && !steps.iter().all(|step| builds(&step.text, name));
                !made && self.world.path(name).is_some_and(|facts| facts.place == Place::WorkTree)
            }
            (Certainty::Opaque, _) if effect.summary.ends_with(OPEN_PROGRAM) => false,
            (Certainty::Opaque, _) if effect.summary.ends_with(OPEN_CODE) => !words().any(takes_code),
            (Certainty::Opaque, _) if effect.summary.starts_with(UNSEEN) => FETCHERS.contains(&name),
            // Code of another language that reaches beyond itself.
            (Certainty::Opaque, _) if effect.environment == Environment::Local => false,
            (Certainty::Opaque, _) => !words().any(|word| destroys(word) && !is_shell(word)),
            _ => false,
        }
    }

    /// Whether git holds a file as it is.
    pub(super) fn is_committed(&self, path: &str) -> bool {
        let kept = |git: &GitKeeping| git.tracked > 0 && git.modified == 0 && git.untracked == 0;
        self.world.path(path).is_some_and(|facts| facts.place == Place::WorkTree && facts.git.as_ref().is_some_and(kept))
            && !self.is_rewritten(path)
    }

    /// Of what the work tree's own code does, leaves out what is its own affair: what cannot be read, unless that is said to count,
    /// what hangs on values that nobody knows yet, what it writes in the work tree, and what it clears away there that git ignores. Says
    /// whether there was any of that.
    pub(super) fn forgive_own(&mut self, before: usize, unread_counts: bool) -> bool {
        let taken = self.take_noted(before);
        let all = taken.len();
        let unread = |effect: &Effect| effect.certainty == Certainty::Opaque && !unread_counts;
        let undetermined = |effect: &Effect| effect.certainty == Certainty::Worst && effect.resource.name == "/";
        let own = |effect: &Effect| self.site == Site::Here && self.is_own_affair(effect);
        let kept: Vec<Effect> =
            taken.into_iter().filter(|effect| !unread(effect) && !undetermined(effect) && !own(effect)).collect();
        let forgave = kept.len() < all;
        kept.into_iter().for_each(|effect| self.note(effect));
        forgave
    }

    pub(super) fn is_own_affair(&self, effect: &Effect) -> bool {
        let facts = |here: &dyn Fn(&PathFacts) -> bool| {
            self.world.path(&effect.resource.name).is_some_and(|facts| facts.place == Place::WorkTree && here(facts))
        };
        let ignored = |git: &GitKeeping| git.untracked == 0 && git.modified == 0 && git.tracked == 0;
        let file = matches!(effect.resource.kind, ResourceKind::File | ResourceKind::GitWork);
        match effect.verb {
            Verb::Delete if file && effect.resource.name.contains(['*', '?']) => {
                self.is_pattern_of_results(&effect.resource.name)
            }
            Verb::Delete if file => facts(&|facts| facts.git.as_ref().is_some_and(ignored)),
            Verb::Modify | Verb::Overwrite if file => facts(&|_| true),
            Verb::Read => effect.resource.kind == ResourceKind::Credential && facts(&|_| true),
            _ => false,
        }
    }

    /// Whether a pattern names files by their ending, in the work tree.
    fn is_pattern_of_results(&self, pattern: &str) -> bool {
        let Some((place, name)) = pattern.rsplit_once('/') else { return false };
        let ending = name.trim_start_matches('.').strip_prefix('*');
        let ending = ending
            .is_some_and(|ending| (ending == "~" || (ending.len() > 1 && ending.starts_with('.'))) && !ending.contains('*'));
        let place = place.split_once("/**").map_or(place, |(start, _)| start);
        ending && self.world.path(place).is_some_and(|facts| facts.place == Place::WorkTree)
    }
}

/// Programs that run what a registry has under a name.
const FETCHERS: [&str; 9] = ["bunx", "dlx", "go", "npm", "npx", "pipx", "pnpm", "uvx", "yarn"];

/// Whether what a step puts at a path, if anything, is what it compiled: not what it fetched or wrote itself.
fn builds(text: &str, path: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path);
    let brings = |word: &str| {
        matches!(
            word,
            "base64" | "cat" | "cp" | "curl" | "echo" | "install" | "ln" | "mv" | "printf" | "tar" | "tee" | "unzip" | "wget"
        )
    };
    !text.contains(base) || !text.split(|letter: char| letter.is_whitespace() || ";&|()".contains(letter)).any(brings)
}

/// Whether a program writes over all of what it is given.
fn overwrites_whole(word: &str) -> bool {
    matches!(word, "dd" | "shred" | "truncate") || word.starts_with("mkfs")
}

/// Whether a word runs the text or the file behind it.
fn takes_code(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    is_shell(name) || is_interpreter(name) || matches!(name, "." | "eval" | "source")
}

/// What a variable of the environment holds, as far as the line and the gate say.
fn set_variable(walker: &Walker<'_>, name: &str) -> Option<String> {
    match walker.state.variables.get(name).map(Vec::as_slice) {
        Some([value]) => Some(prints::text_of(value)),
        Some(_) => Some(UNDETERMINED.to_owned()),
        None => walker.world.variable(name).map(str::to_owned),
    }
}

/// An effect that says where it stands.
fn placed(effect: Effect, step: &Step) -> Effect {
    Effect { summary: format!("{} ({})", effect.summary, place_of(step)), ..effect }
}

/// Where a step stands, for a person.
fn place_of(step: &Step) -> String {
    let shown = MARKERS.iter().fold(step.text.replace('\n', " "), |text, marker| text.replace(marker, "…"));
    let short: String = shown.chars().take(SHOWN_MAX).collect();
    let more = if short.len() < shown.len() { "…" } else { "" };
    let file = step.file.rsplit('/').next().unwrap_or_default();
    match step.line {
        0 => format!("`{short}{more}` in `{file}`"),
        line => format!("`{short}{more}`, line {line} of `{file}`"),
    }
}

/// A text with what is not determined in it as such.
pub(super) fn value_of(text: &str) -> Value {
    let mut value = Value::text("");
    let mut rest = text;
    while let Some((at, marker)) = MARKERS.iter().filter_map(|marker| Some((rest.find(marker)?, *marker))).min() {
        value.push(Piece::Text(rest.get(..at).unwrap_or_default().to_owned()));
        let shape = match marker {
            PLAIN => Shape::Plain,
            SCRATCH => Shape::Scratch,
            _ => Shape::Anything,
        };
        value.push(Piece::Any { shape, loose: false });
        rest = rest.get(at + marker.len()..).unwrap_or_default();
    }
    value.push(Piece::Text(rest.to_owned()));
    value
}
