//! What the words of a program tell by themselves, whichever program it is: `--output-file ~/x` writes there, `--clean` beside
//! `--out-dir ~/x` empties that, `--pager 'sh x'` runs this, and the last of a stranger's two files is the one that it writes.
//!
//! Nobody describes every word of every program. A name that says that a file is written, a directory filled or a command run is
//! believed, and what it names is followed at its worst, with the questions that a redirection asks. Where data say what a program does,
//! what it writes in the work tree is the work tree's own affair, as what a build writes there, as long as nobody changed it.
//!
//! *Out of scope:* words that data describe, which say more (`families/*.toml`), what names say by themselves (`telling.rs`), and code
//! among the words of a program of which nothing is known (`stranger.rs`).

use holdpoint_core::effect::{Certainty, ResourceKind, Verb};
use holdpoint_core::question::{FileKind, GitKeeping, PathFacts, Place};

use super::apply::behind;
use super::budget::PATH_STEPS;
use super::files::Target;
use super::subcommands::subcommand;
use super::syntax::Span;
use super::telling::{self, Force, Standing, Tells};
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use crate::families::{self, Of, Otherwise, Paths, Template};
use crate::recover::{holds, kind_of};

/// What the words of one line may tell.
struct Told<'a> {
    standing: Standing,
    /// Whether data say of each operand what it is.
    operands_are_described: bool,
    /// What data describe.
    templates: Vec<&'static Template>,
    words: &'a [Field],
    force: Force,
    directory: Option<&'a str>,
}

impl Walker<'_> {
    /// Follows what the words of a program tell of what it writes, empties and runs.
    pub(super) fn told_by_words(&mut self, program: &str, words: &[Field], directory: Option<&str>, span: &Span) {
        // What is written elsewhere cannot be looked at, and what is not known of a described program waits already.
        let Some(told) = Told::of(program, words, directory).filter(|_| self.site == Site::Here) else { return };
        self.told_by_options(&told, span);
        self.told_by_operands(program, &told, span);
    }

    /// Follows what options of a program tell of what it writes, where something else reads the rest of its words, or code does.
    pub(super) fn told_by_names(&mut self, program: &str, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some(told) = Told::of(program, words, directory).filter(|_| self.site == Site::Here) else { return };
        self.told_by_options(&Told { standing: Standing::Read, ..told }, span);
    }

    fn told_by_options(&mut self, told: &Told<'_>, span: &Span) {
        let words = told.words;
        for (at, word) in words.iter().enumerate() {
            if !self.budget.walk_steps(1) {
                return self.stop(span.clone());
            }
            match word.value.head() {
                "--" if told.standing != Standing::Stranger => break,
                head if head.len() > 1 && head.starts_with('-') => self.told_by_option(told, at, word, span),
                // `location=x`, `json=x`: a setting of its own, or the value of an option.
                head if told.standing != Standing::Read => self.told_by_setting(told, head.split('=').next(), word, span),
                _ => {}
            }
        }
    }

    /// Follows a word that sets what its first half names.
    fn told_by_setting(&mut self, told: &Told<'_>, name: Option<&str>, word: &Field, span: &Span) {
        let Some(value) = behind(word, "*=").filter(|_| word.value.head().contains('=')) else { return };
        let tells = name.map(|name| telling::of(&format!("--{name}"), told.standing));
        if tells.is_some_and(|tells| matches!(tells, Tells::Fills | Tells::Writes)) {
            self.may_write(&value, told, span);
        }
    }

    /// The words of a program behind those that a variable holds for it: `PYTEST_ADDOPTS='--basetemp=x' pytest`.
    pub(super) fn with_options_of_variables(&self, program: &str, words: &[Field], span: &Span) -> Option<Vec<Field>> {
        let names = &families::command(program)?.options_in;
        let values = names.iter().filter_map(|name| self.state.variables.get(name)).flatten();
        let more: Vec<Field> = values.flat_map(|value| words_of(value, span)).collect();
        (!more.is_empty()).then(|| more.into_iter().chain(words.iter().cloned()).collect())
    }

    /// Follows what a variable tells a program that something else may start: `PYTEST_ADDOPTS='--basetemp=x' make test`.
    pub(super) fn told_by_variable(&mut self, name: &str, value: &Value, span: &Span) {
        let Some(program) = families::has_options_in(name) else { return };
        let (words, directory) = (words_of(value, span), self.directory());
        self.at_worst(|walker| {
            // The variable is not set yet, or its words would count twice.
            walker.state.variables.remove(name);
            walker.program_of_system(program, &words, directory.as_deref(), span);
        });
    }

    fn told_by_option(&mut self, told: &Told<'_>, at: usize, word: &Field, span: &Span) {
        let head = word.value.head();
        let (name, attached) = head.split_once('=').map_or((head, false), |(name, _)| (name, true));
        if told.is_described(name) {
            return;
        }
        let tells = telling::of(name, told.standing);
        let next = || told.words.get(at + 1).filter(|next| !next.value.head().starts_with('-')).cloned();
        let value = match tells {
            Tells::Nothing => return,
            _ if !self.budget.walk_steps(PATH_STEPS) => return self.stop(span.clone()),
            _ if attached => behind(word, &format!("{name}=")),
            // Without a `=` the word behind it may be no value of it: `lynx -dump ADDRESS`.
            Tells::Writes if !telling::takes_a_file(name, told.standing) => None,
            _ => next(),
        };
        match (tells, value) {
            (Tells::Runs, Some(_)) if told.standing == Standing::Read => {}
            (Tells::Runs, Some(text)) => self.told_to_run(told.standing, &text, span),
            (Tells::Fills, Some(place)) => self.fills(&place, told.directory, told.force),
            (Tells::Perhaps, Some(file)) if name == "-w" || name.len() > 2 => self.may_lose(&file, told, span),
            (Tells::Perhaps, Some(file)) => self.may_write(&file, told, span),
            // `--out json=x` says the form and the file.
            (Tells::Writes, Some(file)) if is_in_form(&file) => {
                if let Some(file) = behind(&file, "*=") {
                    self.may_write(&file, told, span);
                }
            }
            (Tells::Writes, Some(file)) => self.told_to_write(told, &file),
            (Tells::Nothing, _) | (_, None) => {}
        }
    }

    /// Follows what may be a command. What is no text for a shell is something else to a program that is known: a query, a template.
    fn told_to_run(&mut self, standing: Standing, text: &Field, span: &Span) {
        if standing != Standing::Described {
            return self.at_worst(|walker| walker.inner_text(&text.value, span.clone()));
        }
        if !text.known().is_some_and(|text| text.contains([' ', '/'])) {
            return;
        }
        let before = self.noted();
        self.at_worst(|walker| walker.inner_text(&text.value, span.clone()));
        let noted = self.take_noted(before);
        if !noted.iter().any(|effect| effect.certainty == Certainty::Opaque && effect.resource.name.is_empty()) {
            noted.into_iter().for_each(|effect| self.note(effect));
        }
    }

    /// Writes over what an option names, where that is a file; puts files into it where it is a directory.
    fn told_to_write(&mut self, told: &Told<'_>, file: &Field) {
        let Target::Exactly(path) = self.target(&file.value, told.directory) else {
            if !told.standing.is_known() && !file.value.is_scratch() {
                self.overwrite(file, told.directory);
            }
            return;
        };
        let plain = file.known().is_some_and(|file| !file.contains('/'));
        let facts = self.world.path(&path);
        match facts.map(|facts| facts.kind) {
            _ if file.value.head().contains("://") => {}
            Some(FileKind::Directory) => self.fills(file, told.directory, told.force),
            // `--output json` names no file unless there is one.
            Some(FileKind::Missing) if plain && told.standing.is_known() => {}
            _ if told.standing.is_known() && facts.is_some_and(|facts| self.is_own_result(&path, facts)) => {}
            _ => self.overwrite(file, told.directory),
        }
    }

    /// Writes what an option names: a file as a whole, or files into the directory that is there.
    pub(super) fn writes_out(&mut self, file: &Field, directory: Option<&str>) {
        let is_directory = match self.target(&file.value, directory) {
            Target::Exactly(path) => self.facts(&path).is_some_and(|facts| facts.kind == FileKind::Directory),
            _ => false,
        };
        if is_directory { self.fills(file, directory, Force::Keeps) } else { self.overwrite(file, directory) }
    }

    /// Brings a file into shape. One that the line does not name is of those that the program finds in the work tree.
    pub(super) fn shape(&mut self, file: &Field, directory: Option<&str>) {
        let Target::Exactly(path) = self.target(&file.value, directory) else { return };
        let own = |facts: &PathFacts| matches!(facts.place, Place::Scratch | Place::WorkTree) || facts.kind == FileKind::Missing;
        if !self.facts(&path).is_some_and(own) {
            self.edit(file, directory, "Brings into shape");
        }
    }

    /// Whether a file is the work tree's own affair: nobody's changes are in it, and it means nothing else.
    fn is_own_result(&self, path: &str, facts: &PathFacts) -> bool {
        let changed = |git: &GitKeeping| git.tracked > 0 && git.modified > 0;
        let own = matches!(facts.place, Place::Scratch | Place::WorkTree) && !facts.git.as_ref().is_some_and(changed);
        own && matches!(kind_of(self.world, path, Some(facts)), ResourceKind::File | ResourceKind::GitWork)
    }

    /// Puts files into a directory under names that the line does not say. In the work tree that is work on it, as a build's; elsewhere
    /// they may go over any that are there. What is told to empty it first takes all of them away wherever it is.
    pub(super) fn fills(&mut self, place: &Field, directory: Option<&str>, force: Force) {
        let Target::Exactly(path) = self.target(&place.value, directory) else {
            return match force {
                Force::Empties => self.delete(place, directory),
                Force::Keeps | Force::Replaces => {}
            };
        };
        let facts = self.world.path(&path);
        let own = |facts: &PathFacts| matches!(facts.place, Place::Scratch | Place::WorkTree) || path == "/tmp";
        let nothing_in_it = |facts: &PathFacts| facts.kind == FileKind::Missing || facts.files.is_some_and(|files| files < 2);
        match force {
            Force::Empties => self.at_worst(|walker| walker.lose(place, directory, Verb::Delete, "Empties")),
            _ if facts.is_some_and(|facts| own(facts) || (nothing_in_it(facts) && facts.kind != FileKind::File)) => {}
            _ => self.at_worst(|walker| walker.lose(place, directory, Verb::Overwrite, "Puts files over those in")),
        }
    }

    /// Follows what operands may be of which nobody says what they are: where a word beside them says that something is replaced or
    /// emptied, that; otherwise the second of a stranger's files is what it makes of the first.
    fn told_by_operands(&mut self, program: &str, told: &Told<'_>, span: &Span) {
        if told.operands_are_described {
            return;
        }
        let operands = told.operands();
        if told.force > Force::Keeps {
            for operand in &operands {
                self.may_lose(operand, told, span);
            }
        } else if let [.., source, target] = operands.as_slice()
            && told.standing == Standing::Stranger
            && (is_file_like(source) || operands.len() > 2)
            && !telling::looks(program, told.words)
        {
            self.may_lose(target, told, span);
        }
    }

    /// Writes what may be the file, or the directory, that is meant.
    fn may_write(&mut self, file: &Field, told: &Told<'_>, span: &Span) {
        let is_directory = |path: &str| self.world.path(path).is_some_and(|facts| facts.kind == FileKind::Directory);
        match self.target(&file.value, told.directory) {
            Target::Exactly(path) if is_file_like(file) && is_directory(&path) => self.fills(file, told.directory, told.force),
            _ => self.may_lose(file, told, span),
        }
    }

    /// Loses what an operand names, if something lies there that is not the work tree's own.
    fn may_lose(&mut self, operand: &Field, told: &Told<'_>, span: &Span) {
        let spelled =
            is_file_like(operand) || operand.value.has_pattern() || (told.force > Force::Keeps && operand.known().is_some());
        if !spelled || operand.value.head().contains("://") {
            return;
        }
        if let Target::Matching(pattern) = self.target(&operand.value, told.directory) {
            return self.may_lose_matching(&pattern, operand, told, span);
        }
        if !self.budget.walk_steps(PATH_STEPS) {
            return self.stop(span.clone());
        }
        let Target::Exactly(path) = self.target(&operand.value, told.directory) else { return };
        let facts = self.world.path(&path);
        let elsewhere = |facts: &PathFacts| {
            matches!(facts.place, Place::Elsewhere | Place::GitDirectory | Place::Home | Place::MountRoot)
                && !crate::paths::regenerable(&path)
        };
        match facts.map(|facts| facts.kind) {
            _ if !facts.is_none_or(elsewhere) => {}
            Some(FileKind::Missing) => {}
            Some(FileKind::Directory) if told.force == Force::Empties => {
                self.at_worst(|walker| walker.lose(operand, told.directory, Verb::Delete, "Empties"));
            }
            Some(FileKind::Directory) => {}
            Some(_) | None => self.at_worst(|walker| walker.overwrite(operand, told.directory)),
        }
    }
}

impl Walker<'_> {
    /// Loses what fits a pattern, as if each of its matches stood there. Where nobody says which they are, only a pattern in the work
    /// tree is taken to be its own affair.
    fn may_lose_matching(&mut self, pattern: &str, operand: &Field, told: &Told<'_>, span: &Span) {
        match self.few_matches(pattern) {
            Some(paths) => {
                for path in paths {
                    self.may_lose(&Field::new(Value::text(path), operand.span.clone()), told, span);
                }
            }
            None if self.world.matches(pattern).is_some_and(<[String]>::is_empty) || holds(self.world.directory(), pattern) => {}
            None => self.at_worst(|walker| walker.overwrite(operand, told.directory)),
        }
    }
}

impl<'a> Told<'a> {
    fn of(program: &str, words: &'a [Field], directory: Option<&'a str>) -> Option<Self> {
        let force = telling::force(words);
        let Some(command) = families::command(program) else {
            let (standing, templates) = (Standing::Stranger, Vec::new());
            return Some(Self { standing, operands_are_described: false, templates, words, force, directory });
        };
        let sub = subcommand(command, words).0.map(|(sub, _)| sub);
        let templates: Vec<&Template> = command.effect.iter().chain(sub.iter().flat_map(|sub| &sub.effect)).collect();
        let otherwise = sub.map_or(command.otherwise, |sub| sub.otherwise);
        let standing = match otherwise {
            Otherwise::Unknown if templates.is_empty() => return None,
            Otherwise::Delegates => Standing::Delegates,
            Otherwise::Changes | Otherwise::Reads | Otherwise::Unknown => Standing::Described,
        };
        let of_operands = |template: &&Template| {
            template.paths.is_some_and(|paths| paths != Paths::Read)
                && matches!(template.of, Of::Basenames | Of::First | Of::Last | Of::Operands | Of::Rest | Of::Second)
        };
        let operands_are_described = otherwise == Otherwise::Reads || templates.iter().any(of_operands);
        Some(Self { standing, operands_are_described, templates, words, force, directory })
    }

    /// Whether data say what an option is.
    fn is_described(&self, name: &str) -> bool {
        let listed = |names: &[String]| names.iter().any(|known| known == name);
        let named = |template: &&Template| matches!(&template.of, Of::Options(names) if listed(names)) || listed(&template.below);
        self.templates.iter().any(named)
    }

    /// The words that are neither options nor what stands behind one that may take a value.
    fn operands(&self) -> Vec<Field> {
        let is_option = |word: &Field| word.value.head().len() > 1 && word.value.head().starts_with('-');
        let behind_value = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| self.words.get(before)).filter(|word| is_option(word));
            before.is_some_and(|option| telling::may_take_a_value(option.value.head()))
        };
        let words = self.words.iter().enumerate().filter(|(at, word)| !is_option(word) && !behind_value(*at));
        words.map(|(_, word)| word.clone()).collect()
    }
}

/// The words that the text of a variable holds, as shells and shell-like readers part it.
fn words_of(value: &Value, span: &Span) -> Vec<Field> {
    let Some(text) = value.known() else { return vec![Field::new(value.clone(), span.clone())] };
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for sign in text.chars() {
        match (quote, sign) {
            (None, '\'' | '"') => quote = Some(sign),
            (Some(open), sign) if sign == open => quote = None,
            (None, sign) if sign.is_whitespace() => words.push(std::mem::take(&mut word)),
            (_, sign) => word.push(sign),
        }
    }
    words.push(word);
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(|word| Field::new(Value::text(word), span.clone())).collect()
}

/// Whether a value is a form and a file: `json=x`.
fn is_in_form(value: &Field) -> bool {
    value
        .value
        .head()
        .split_once('=')
        .is_some_and(|(form, _)| form.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

/// Whether a word is spelled as what names a file, and not as a subcommand or a name.
fn is_file_like(word: &Field) -> bool {
    word.known().is_some_and(|word| word.contains(['/', '.']))
}
