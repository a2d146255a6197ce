//! One command with its words expanded: which function, builtin, wrapper or program it is, and who reads it on.

use std::rc::Rc;

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::{FileKind, PathFacts, Place};

use super::apply::behind;
use super::destroyers::{PROGRAM_DIRECTORIES, destroys};
use super::effect::{OPEN_CODE, OPEN_PROGRAM, UNSEEN, plain};
use super::expand::inherited;
use super::files::Target;
use super::interpreter::is_interpreter;
use super::listed::{are_branches, below, branches, picks, searched};
use super::lookup::{Lookup, shebang};
use super::perform::{Program, language_of};
use super::state::State;
use super::syntax::{Command, Span, Word};
use super::value::{Field, Piece, Value};
use super::walker::{Call, Hidden, Input, Site, Walker};
use super::wrappers::is_shell;
use crate::code::words::{self, Found};
use crate::families;
use crate::paths;
use crate::recipe::scripts::npm_command;
use crate::world::{Content, absolute};

impl Walker<'_> {
    /// Follows one command; gives the state in which it may have failed where that is another one.
    pub(crate) fn invoke(&mut self, fields: &[Field], words: &[&Word], directory: Option<&str>, span: &Span) -> Option<State> {
        let (name, arguments) = fields.split_first()?;
        let base = self.base_in_recipe(name);
        let name = base.as_ref().unwrap_or(name);
        if !self.budget.walk_steps(fields.len()) {
            self.stop(span.clone());
            return None;
        }
        let Some(known) = name.known() else {
            self.opaque(&name.shown(), OPEN_PROGRAM, span.clone());
            return None;
        };
        self.ran.insert(known.clone());
        self.commands += 1;
        self.called_by_alias(&known, arguments, words, directory, span);
        if let Some(function) = self.state.functions.get(&known).cloned() {
            let outer = self.foreign_positional(words.get(1..).unwrap_or_default());
            if !function.perhaps {
                self.call(&function.bodies, arguments, span);
                self.positional_again(outer);
                return None;
            }
            self.perhaps(|walker| walker.call(&function.bodies, arguments, span));
            self.positional_again(outer);
        }
        if !self.deeper(span) {
            return None;
        }
        let failed = match self.builtin(&known, arguments, words, directory, span) {
            Some(after) => after.failed,
            None => {
                self.leaks(words, span);
                self.ends_by_file(&known, arguments, words, directory, span);
                self.cleans(&known, arguments, span);
                self.program(&known, name, arguments, directory, span);
                None
            }
        };
        self.depth -= 1;
        failed
    }

    /// In a recipe, the program of a path that the file does not determine but for its last name: `$(GOPATH)/bin/lint` is a tool that
    /// the project installs somewhere, and does what its name says.
    fn base_in_recipe(&self, name: &Field) -> Option<Field> {
        let open = self.recipes > 0 && name.value.has_unknown();
        let Some(Piece::Text(tail)) = name.value.pieces.last().filter(|_| open) else { return None };
        let base = tail.rsplit_once('/').map(|(_, base)| base).filter(|base| !base.is_empty())?;
        Some(Field::new(Value::text(base), name.span.clone()))
    }

    /// Follows a program that is no function and no builtin.
    pub(crate) fn program(&mut self, known: &str, name: &Field, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let found;
        let program = match known.rsplit_once('/') {
            Some((place, base)) if PROGRAM_DIRECTORIES.contains(&place) || self.is_kept_tool(known, place, base) => base,
            Some((place, base)) => {
                self.script(name, arguments, directory, "itself");
                self.project_tool(base, arguments, directory, span);
                self.told_by_names(known, arguments, directory, span);
                return self.as_named(place, base, name, arguments, directory, span);
            }
            None => {
                if let Some(file) = self.found_first(known, directory) {
                    return self.run_found(file, name, arguments, directory);
                }
                found = match self.look_up(known) {
                    Lookup::File(path) => return self.run_as_file_and_name(path, name, known, arguments, directory, span),
                    Lookup::Named(program) => program,
                    Lookup::Unknown => {
                        self.opaque(known, "nobody can tell which file this name runs", span.clone());
                        known.to_owned()
                    }
                };
                &found
            }
        };
        self.program_of_system(program, arguments, directory, span);
    }

    /// Follows a program that is the one its name says.
    pub(super) fn program_of_system(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let before = self.noted();
        self.known_program(program, arguments, directory, span);
        self.hands_what_is_obeyed(program, arguments, directory, before);
        self.offer(program, arguments, directory, before);
    }

    fn known_program(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        self.ran.insert(program.to_owned());
        if matches!(program, "bun" | "cargo" | "pnpm" | "yarn")
            && let Some((first, words)) = arguments.split_first()
        {
            self.project_tool(&first.shown(), words, directory, span);
        }
        if matches!(program, "hatch" | "mise" | "pdm" | "rye") {
            self.targets(program, arguments, directory, span);
        }
        let spelled_out = spelled_out(program, arguments);
        let arguments = spelled_out.as_deref().unwrap_or(arguments);
        let with_options = self.with_options_of_variables(program, arguments, span);
        let arguments = with_options.as_deref().unwrap_or(arguments);
        if program == "ls" {
            self.listed = Some(arguments.iter().filter(|field| !field.value.head().starts_with('-')).cloned().collect());
        } else if !matches!(program, "find" | "gfind") {
            let picked = match &self.input {
                Input::Listed(names) if are_branches(names) && picks(program, arguments) => Some(names.clone()),
                _ => branches(program, arguments),
            };
            self.listed = picked.or_else(|| searched(program, arguments).map(|places| places.iter().map(below).collect()));
        }
        for file in arguments.iter().filter_map(|field| behind(field, "file://")) {
            self.look(&file, directory);
        }
        if self.wrapper(program, arguments, directory, span) {
            return;
        }
        if self.reader(program, arguments, directory, span) {
            if program == "git" || is_interpreter(program) {
                self.told_by_names(program, arguments, directory, span);
            }
            return;
        }
        match families::command(program) {
            Some(command) => self.apply(program, command, arguments, directory, span),
            None => self.unknown_program(program, arguments, directory, span),
        }
        self.told_by_words(program, arguments, directory, span);
    }

    /// Runs words as a command of its own, as wrappers do: no functions, no aliases.
    pub(crate) fn run_words(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some((name, arguments)) = words.split_first() else { return };
        let base = self.base_in_recipe(name);
        let name = base.as_ref().unwrap_or(name);
        if !self.budget.walk_steps(words.len()) {
            return self.stop(span.clone());
        }
        let Some(known) = name.known() else {
            return self.opaque(&name.shown(), OPEN_PROGRAM, span.clone());
        };
        self.ran.insert(known.clone());
        self.commands += 1;
        if self.deeper(span) {
            self.program(&known, name, arguments, directory, span);
            self.depth -= 1;
        }
    }

    /// Where the line says that programs are looked up in the work tree or a scratch directory first: the file that a name
    /// stands for there, or may stand for. The person's own directories of programs are taken at their word, as are those of
    /// the machine.
    fn found_first(&self, name: &str, directory: Option<&str>) -> Option<String> {
        if self.site != Site::Here {
            return None;
        }
        let searched = self.state.variables.get("PATH")?;
        let places = searched.iter().flat_map(|value| value.head().split(':'));
        let ours = places.filter(|place| !place.is_empty() && !PROGRAM_DIRECTORIES.contains(place));
        let files = ours.take(SEARCHED_MAX).filter_map(|place| match (place.starts_with('/'), directory) {
            (true, _) => Some(absolute(&format!("{place}/{name}"), "/")),
            (false, Some(directory)) => Some(absolute(&format!("{place}/{name}"), directory)),
            (false, None) => None,
        });
        let is_ours = |file: &str, facts: &PathFacts| match facts.place {
            Place::GitDirectory | Place::Scratch | Place::WorkTree => true,
            Place::Home => !self.is_in_tools_of_home(file),
            Place::Elsewhere | Place::MountRoot => false,
        };
        // All are asked about at once: a gate answers in few rounds.
        let files: Vec<_> = files.map(|file| (self.world.path(&file), file)).collect();
        let found = files.into_iter().find(|(facts, file)| {
            let there = |facts: &PathFacts| facts.kind != FileKind::Missing && is_ours(file, facts);
            self.is_rewritten(file) || facts.is_none_or(there)
        });
        found.map(|(_, file)| file)
    }

    /// A program that is run by its path may do what its name says, or what the name says to which it is a link
    /// or of which it is a copy.
    fn as_named(&mut self, place: &str, base: &str, file: &Field, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let installed = ["node_modules/.bin", ".venv/bin", "venv/bin"].iter().any(|bin| place.ends_with(bin));
        let mut names = Vec::new();
        if is_interpreter(base) || destroys(base) || (installed && families::command(base).is_some()) {
            names.push(base.to_owned());
        }
        if let (Site::Here, Target::Exactly(path)) = (&self.site, self.target(&file.value, directory))
            && self.world.content(&path) == Content::Program
        {
            match self.system_program_at(&path) {
                Some(known) => names.extend(known.map(str::to_owned)),
                None => self.opaque(&path, "nobody can tell which program this is", span.clone()),
            }
        }
        for name in names {
            let words: Vec<Field> =
                std::iter::once(Field::new(Value::text(name), file.span.clone())).chain(arguments.iter().cloned()).collect();
            self.at_worst(|walker| walker.run_words(&words, directory, span));
        }
    }

    /// Follows what may happen, and keeps of it what is more than a look.
    pub(super) fn at_worst(&mut self, follow: impl FnOnce(&mut Self)) {
        let before = self.noted();
        self.apart(follow);
        for effect in self.take_noted(before).into_iter().filter(is_worth_saying) {
            self.note(Effect { certainty: effect.certainty.max(Certainty::Worst), ..effect });
        }
    }

    /// Calls a function that the text defined.
    pub(super) fn call(&mut self, bodies: &[Rc<Command>], arguments: &[Field], span: &Span) {
        arguments.iter().for_each(|field| self.evaluated_later(&field.value, span));
        let outer = self.state.positional.clone();
        let Some(start) = self.copied() else { return };
        let mut ends: Option<State> = None;
        for body in bodies {
            self.state = start.clone();
            self.state.set_positional(arguments.iter().map(|field| field.value.clone()));
            if let Some(at) = self.calling.iter().rposition(|call| Rc::ptr_eq(&call.body, body)) {
                self.call_again(at, span);
            } else if self.deeper(span) {
                self.calling.push(Call { body: Rc::clone(body), start: self.state.clone(), again: false });
                self.within_function(|walker| {
                    walker.command(body);
                });
                self.called(span);
                self.depth -= 1;
            }
            self.state.positional.clone_from(&outer);
            let end = std::mem::replace(&mut self.state, State::new(String::new()));
            ends = Some(match ends {
                Some(other) => self.joined(other, end),
                None => end,
            });
        }
        self.state = ends.unwrap_or(start);
    }

    /// A function that calls itself does nothing new where nothing has changed since it was called.
    fn call_again(&mut self, at: usize, span: &Span) {
        let covered = self.calling.get(at).is_some_and(|call| self.covered_by(&call.start));
        if !covered {
            self.opaque("", "a function calls itself with other values, which is not followed", span.clone());
        }
        if let Some(call) = self.calling.get_mut(at) {
            call.again = true;
        }
    }

    /// Ends a call. What one that called itself changes, it changed for the calls inside as well.
    fn called(&mut self, span: &Span) {
        let Some(call) = self.calling.pop() else { return };
        if call.again && !self.covered_by(&call.start) {
            self.opaque("", "a function that calls itself changes what is not followed", span.clone());
        }
    }

    fn covered_by(&self, start: &State) -> bool {
        let directory = start.directories.first().cloned().flatten();
        start.covers(&self.state, &|name| inherited(name, self.world, directory.as_deref()))
    }

    /// Follows what `return` leaves, and what has local names.
    pub(super) fn within_function(&mut self, follow: impl FnOnce(&mut Self)) {
        let exits = self.function_exits.replace(Vec::new());
        // What stands in a function leaves no loop around its call.
        let loops = self.loop_exits.take();
        self.locals.push(Hidden::new());
        follow(self);
        self.loop_exits = loops;
        for exit in std::mem::replace(&mut self.function_exits, exits).unwrap_or_default() {
            self.or_else(exit);
        }
        for (name, (values, elements)) in self.locals.pop().unwrap_or_default() {
            self.state.altered.remove(&name);
            match values {
                Some(values) => self.state.variables.insert(name.clone(), values),
                None => self.state.variables.remove(&name),
            };
            match elements {
                Some(elements) => self.state.arrays.insert(name, elements),
                None => self.state.arrays.remove(&name),
            };
        }
    }

    /// A shell of its own, with what this one hands on to it.
    pub(super) fn as_child(&mut self, positional: impl IntoIterator<Item = Value>, follow: impl FnOnce(&mut Self)) {
        let calling = std::mem::take(&mut self.calling);
        self.apart(|walker| {
            let world = walker.world;
            walker.state.for_child(|name| world.variable(name).is_some() || matches!(name, "HOME" | "PATH" | "PWD"));
            walker.state.set_positional(positional);
            let exits = (walker.loop_exits.take(), walker.function_exits.take());
            let traps = std::mem::take(&mut walker.traps);
            follow(walker);
            // What it registered for its end runs when it ends.
            walker.last_traps();
            walker.traps = traps;
            (walker.loop_exits, walker.function_exits) = exits;
        });
        self.calling = calling;
    }

    /// Runs a file: shell text is read, and what may be shell text but was not read is opaque. `interpreter` is `bash`, `source`,
    /// `itself`, or the program of another language, whose files are judged by where they lie.
    pub(crate) fn script(&mut self, file: &Field, arguments: &[Field], directory: Option<&str>, interpreter: &str) {
        let span = file.span.clone();
        let path = match self.target(&file.value, directory) {
            Target::Exactly(path) if !path.starts_with("/dev/") => path,
            // What lies in an image beside where it works is called by its name, as other programs there are.
            _ if self.site != Site::Here && file.known().is_some_and(|name| !name.starts_with(['/', '-'])) => {
                let summary = format!("Runs `{}`, which lies where it works and is not read", file.shown());
                return self.note_delegated(&file.shown(), summary, &span);
            }
            _ => return self.opaque(&file.shown(), OPEN_CODE, span),
        };
        if let Some(held) = self.held(&path).cloned() {
            // Where it cannot be written to, what is there already runs.
            if self.world.path(&path).is_none_or(|facts| facts.kind != FileKind::Missing) {
                self.at_worst(|walker| walker.script_that_is_there(&path, arguments, directory, interpreter, &span));
            }
            return self.script_of_the_line(&path, &held.text, arguments, directory, interpreter, &held.span);
        }
        if self.state.built.contains(&path) && !self.is_rewritten(&path) {
            let summary = format!("Runs `{path}`, which the command itself compiles");
            let effect = plain(Verb::Execute, ResourceKind::File, &path, summary, span);
            return self.note(Effect { certainty: Certainty::Delegated, reversibility: Reversibility::Effort, ..effect });
        }
        if self.site == Site::Here && !self.is_rewritten(&path) {
            self.script_that_is_there(&path, arguments, directory, interpreter, &span);
        } else {
            self.delegated(&path, Reach::Rewritten, span);
        }
    }

    /// Runs a file as the answers have it.
    fn script_that_is_there(&mut self, path: &str, arguments: &[Field], directory: Option<&str>, interpreter: &str, span: &Span) {
        if let Some(language) = language_of(interpreter) {
            // Both are asked at once: a gate answers in few rounds.
            let own = self.world.path(path).is_some_and(|facts| facts.place == Place::WorkTree);
            if let Content::Text(text) = self.world.content(path) {
                let given: Vec<Value> = arguments.iter().map(|field| field.value.clone()).collect();
                let program = Program { language, interpreter, text, file: Some(path), arguments: &given, own };
                if self.program_in_file(&program, directory, span) {
                    return;
                }
            }
        }
        // What its words plainly say it does is judged as well; the rest of it is not read.
        if words::reads(interpreter)
            && let Content::Text(text) = self.world.content(path)
            && let Some(Found::Acts(acts)) = words::read(interpreter, text)
        {
            self.perform_found(interpreter, &acts, directory, span);
        }
        let direct = interpreter == "itself";
        if !(direct || matches!(interpreter, "bash" | "source")) {
            return self.delegated(path, Reach::Judged, span.clone());
        }
        match self.world.content(path) {
            Content::Program if direct => self.delegated(path, Reach::Judged, span.clone()),
            Content::Program | Content::Unread => self.delegated(path, Reach::Unread, span.clone()),
            Content::Text(text) => self.shell_script(path, text, arguments, directory, interpreter, span),
        }
    }

    /// Runs a file that the line itself has written: its text is a program of the line as much as one that stands in a word.
    fn script_of_the_line(
        &mut self,
        path: &str,
        text: &str,
        arguments: &[Field],
        directory: Option<&str>,
        interpreter: &str,
        span: &Span,
    ) {
        if matches!(interpreter, "bash" | "itself" | "source") {
            return self.shell_script(path, text, arguments, directory, interpreter, span);
        }
        if let Some(language) = language_of(interpreter) {
            let given: Vec<Value> = arguments.iter().map(|field| field.value.clone()).collect();
            let program = Program { language, interpreter, text, file: Some(path), arguments: &given, own: false };
            if self.program_in_file(&program, directory, span) {
                return;
            }
        }
        self.code(interpreter, &Value::text(text), arguments, directory, span);
    }

    fn shell_script(
        &mut self,
        path: &str,
        text: &str,
        arguments: &[Field],
        directory: Option<&str>,
        interpreter: &str,
        span: &Span,
    ) {
        match shebang(text).filter(|_| interpreter == "itself") {
            Some(words) => self.through_shebang(&words, path, arguments, directory, span),
            None => self.read_script(path, text, arguments, interpreter, span.clone()),
        }
    }

    /// Runs the interpreter that a file's first line names, as the kernel does: with the file and its arguments behind it.
    fn through_shebang(&mut self, words: &[&str], path: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let mut words: Vec<&str> = words.to_vec();
        // An interpreter of a virtual environment or a version manager is the one that its name says when it is compiled.
        if let Some((place, base)) = words.first().and_then(|program| program.rsplit_once('/'))
            && !PROGRAM_DIRECTORIES.contains(&place)
            && (is_interpreter(base) || is_shell(base))
            && words.first().is_some_and(|program| self.world.content(program) == Content::Program)
        {
            words.splice(..1, [base]);
        }
        let words = words.into_iter().chain([path]).map(|word| Field::new(Value::text(word), span.clone()));
        let words: Vec<Field> = words.chain(arguments.iter().cloned()).collect();
        self.apart(|walker| walker.run_words(&words, directory, span));
    }

    fn read_script(&mut self, path: &str, text: &str, arguments: &[Field], interpreter: &str, span: Span) {
        if self.reading.contains(path) || !self.deeper(&span) {
            return;
        }
        self.reading.insert(path.to_owned());
        let before = self.noted();
        self.note(plain(
            Verb::Execute,
            ResourceKind::File,
            path,
            format!("Runs the script `{path}`, which was read"),
            span.clone(),
        ));
        let (text, within) = (text.to_owned(), span);
        if interpreter == "source" {
            self.sourced(arguments, |walker| walker.text(&text, Some(within)));
        } else {
            let positional: Vec<Value> = arguments.iter().map(|field| field.value.clone()).collect();
            let name = Value::text(path);
            self.as_child(positional, |walker| {
                walker.state.name = name;
                walker.text(&text, Some(within));
            });
        }
        // What a recipe calls is the project's own where everybody has it: what hangs on what it is given is delegated.
        if self.recipes > 0 && self.is_committed(path) {
            self.forgive_own(before, false);
        }
        self.reading.remove(path);
        self.depth -= 1;
    }

    /// Follows text of another file in this shell; arguments that are given stand for the shell's own while it lasts.
    pub(super) fn sourced(&mut self, arguments: &[Field], follow: impl FnOnce(&mut Self)) {
        let outer = self.state.positional.clone();
        if !arguments.is_empty() {
            self.state.set_positional(arguments.iter().map(|field| field.value.clone()));
        }
        let exits = self.function_exits.replace(Vec::new());
        follow(self);
        for exit in std::mem::replace(&mut self.function_exits, exits).unwrap_or_default() {
            self.or_else(exit);
        }
        if !arguments.is_empty() {
            self.state.positional = outer;
        }
    }

    /// A program or script that can be reached but is not read.
    fn delegated(&mut self, path: &str, reach: Reach, span: Span) {
        let facts = match self.site {
            Site::Here => self.world.path(path),
            Site::There(_) | Site::Throwaway => None,
        };
        // What is not there yet is made by the line; only what a build puts there is the work tree's own code.
        let own = |facts: &PathFacts| match (reach, facts.kind) {
            (Reach::Rewritten, _) => false,
            (_, FileKind::Missing) => paths::regenerable(path.trim_start_matches('/')),
            _ => reach == Reach::Judged,
        };
        let kept = facts.is_some_and(|facts| facts.place == Place::WorkTree && own(facts));
        let summary = format!("Runs `{path}`, which is not read");
        let effect = plain(Verb::Execute, ResourceKind::File, path, summary, span);
        let certainty = if kept { Certainty::Delegated } else { Certainty::Opaque };
        let reversibility = if kept { Reversibility::Effort } else { Reversibility::Irreversible };
        self.note(Effect { certainty, reversibility, magnitude: Magnitude::unbounded(Unit::Items), ..effect });
    }

    /// Runs what is on standard input as shell text.
    pub(crate) fn run_input(&mut self, program: &str, span: &Span) {
        // What ran before may have read some of it, and what is left may mean something else.
        if matches!(self.input, Input::File(_) | Input::Text(_)) && self.commands > self.commands_at_input + 1 {
            self.unseen_code(program, "what another command leaves of its input", span);
        }
        match self.input.clone() {
            Input::Text(text) => {
                let outer = std::mem::replace(&mut self.input, Input::Inherited);
                self.inner_text(&text, span.clone());
                self.input = outer;
            }
            Input::File(path) => {
                let file = Field::new(Value::text(path), span.clone());
                self.script(&file, &[], None, "bash");
            }
            Input::Listed(_) | Input::Piped => self.unseen_code(program, "what another program prints", span),
            Input::Inherited => {
                let summary = format!("Starts `{program}`, which waits for somebody to type");
                self.note(plain(Verb::Execute, ResourceKind::Process, program, summary, span.clone()));
            }
        }
    }

    /// Runs code that cannot be seen before it runs.
    pub(crate) fn unseen_code(&mut self, program: &str, source: &str, span: &Span) {
        let summary = format!("{UNSEEN}: `{program}` gets {source}");
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        self.note(Effect {
            certainty: Certainty::Opaque,
            reversibility: Reversibility::Irreversible,
            environment: Environment::Unknown,
            magnitude: Magnitude::unbounded(Unit::Items),
            ..effect
        });
    }

    pub(crate) fn repository_at(&self, directory: &str) -> Option<&holdpoint_core::question::RepositoryFacts> {
        match self.site {
            Site::Here => self.world.repository(directory).flatten(),
            Site::There(_) | Site::Throwaway => None,
        }
    }
}

/// Whether an effect is more than a look or a program that starts.
fn is_worth_saying(effect: &Effect) -> bool {
    match effect.verb {
        Verb::Read => false,
        Verb::Execute => effect.reversibility > Reversibility::Lossless || effect.resource.kind == ResourceKind::Privilege,
        _ => true,
    }
}

/// The words of npm with the command spelled out that it takes another name or a beginning for.
fn spelled_out(program: &str, arguments: &[Field]) -> Option<Vec<Field>> {
    let (first, rest) = arguments.split_first().filter(|_| program == "npm")?;
    let word = first.known()?;
    let command = npm_command(&word).filter(|command| *command != word)?;
    let first = Field::new(Value::text(command), first.span.clone());
    Some(std::iter::once(first).chain(rest.iter().cloned()).collect())
}

/// Most directories of a search path that a line sets which are looked into.
const SEARCHED_MAX: usize = 4;

/// Whether a file that is run but not read may be shell text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It is no shell text: where it lies decides.
    Judged,
    /// The line writes it, and does not say what.
    Rewritten,
    /// It may be.
    Unread,
}
