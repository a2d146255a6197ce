//! The shell's own commands: those that change what later words mean, and those that run their arguments.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::effect::{ResourceKind, Verb};
use holdpoint_core::question::FileKind;

use super::effect::plain;
use super::expand::inherited;
use super::files::Target;
use super::parameter::may_be_several;
use super::scan::{looks_evaluated, names_in_command};
use super::state::State;
use super::syntax::{Assigned, Assignment, Span, Word};
use super::value::{Field, Value};
use super::walker::{Globs, Input, Walker};

/// What a builtin leaves behind where it failed, if that is another state than where it succeeded.
pub(crate) struct After {
    pub(crate) failed: Option<State>,
}

impl Walker<'_> {
    /// Follows a builtin; nothing when the name is none.
    pub(crate) fn builtin(
        &mut self,
        name: &str,
        arguments: &[Field],
        words: &[&Word],
        directory: Option<&str>,
        span: &Span,
    ) -> Option<After> {
        let mut failed = None;
        match name {
            ":" | "true" | "false" | "wait" | "hash" | "umask" | "ulimit" | "times" | "jobs" | "fg" | "bg" | "disown"
            | "dirs" | "type" | "help" | "caller" | "suspend" | "enable" | "bind" => {
                let harmless = |field: &Field| match field.known().as_deref() {
                    Some("-r") => true,
                    Some("-d" | "-l" | "-t") => name == "hash",
                    _ => !field.value.head().starts_with('-'),
                };
                // `-p NAME` of `wait` may have a subscript.
                words.iter().skip(1).for_each(|word| self.evaluated_subscript(word));
                if matches!(name, "enable" | "hash" | "bind") && !arguments.iter().all(harmless) {
                    self.opaque(name, "it changes what names mean", span.clone());
                } else {
                    self.looks(name, span);
                }
            }
            "let" => {
                words.iter().skip(1).for_each(|word| {
                    self.evaluated_subscript(word);
                    self.evaluates(&word.parts);
                });
                arguments.iter().for_each(|field| self.assigned_by_arithmetic(&field.shown()));
                self.looks(name, span);
            }
            "echo" | "pwd" => self.looks(name, span),
            "test" | "[" => {
                words.iter().skip(1).for_each(|word| self.evaluated_subscript(word));
                self.looks(name, span);
            }
            "compgen" | "fc" | "history" => self.recorded(name, arguments, span),
            "exit" | "logout" => {
                self.looks(name, span);
                self.state.alive = false;
            }
            "return" | "break" | "continue" => {
                self.looks(name, span);
                self.leaves(name != "return");
            }
            "cd" | "pushd" | "popd" => {
                self.looks(name, span);
                failed = self.change_directory(name, arguments, directory);
            }
            "export" | "declare" | "typeset" | "local" | "readonly" => self.declare(name, words, span),
            "unset" => {
                self.looks(name, span);
                for word in words.iter().skip(1) {
                    self.evaluated_subscript(word);
                }
                self.unset(arguments, span);
            }
            "getopts" => {
                self.looks(name, span);
                arguments.iter().for_each(|field| self.evaluated_later(&field.value, span));
                for variable in arguments.get(1).and_then(Field::known).into_iter().chain(["OPTARG".to_owned()]) {
                    self.state.set(&variable, vec![Value::unknown()]);
                }
            }
            "set" => {
                self.set(arguments, span);
                self.set_foreign(words);
            }
            "shift" => {
                self.looks(name, span);
                self.shift(arguments);
                self.shift_foreign();
            }
            "shopt" => self.shopt(arguments, span),
            "alias" => self.alias(arguments, span),
            "unalias" => self.looks(name, span),
            "read" | "mapfile" | "readarray" => self.read(name, arguments, words, span),
            "printf" => self.printf(arguments, words, span),
            "eval" | "source" | "." if self.sets_up_shell(words, span) => {}
            "eval" => self.eval(arguments, span),
            "source" | "." => self.source(arguments, directory, span),
            "exec" => self.exec(arguments, directory, span),
            "command" | "builtin" => return Some(self.command_builtin(arguments, words, directory, span)),
            "trap" => self.trap(arguments, span),
            "complete" => self.opaque(name, "it registers code for later", span.clone()),
            "coproc" | "time" => self.run_words(arguments, directory, span),
            _ if self.zsh_builtin(name, arguments, directory, span) => {}
            _ => return None,
        }
        Some(After { failed })
    }

    /// Notes a builtin that changes nothing outside the shell.
    fn looks(&mut self, name: &str, span: &Span) {
        self.note(plain(Verb::Read, ResourceKind::Program, name, format!("Looks only (`{name}`)"), span.clone()));
    }

    /// Builtins that look at the history or at completions, and with some options run or write them.
    fn recorded(&mut self, name: &str, arguments: &[Field], span: &Span) {
        let option = |letters: &[char]| {
            arguments.iter().map(|field| field.value.head()).any(|head| head.starts_with('-') && head.contains(letters))
        };
        let substitutes = |field: &Field| field.known().is_none_or(|text| text.contains(['$', '`']));
        let acts = match name {
            "compgen" => option(&['C', 'F']) || arguments.iter().any(substitutes),
            "fc" => !option(&['l']),
            _ => arguments.iter().any(|field| field.known().is_none_or(|text| text.starts_with('-'))),
        };
        if acts {
            self.opaque(name, "it runs, changes or writes what was recorded", span.clone());
        } else {
            self.looks(name, span);
        }
    }

    fn change_directory(&mut self, name: &str, arguments: &[Field], directory: Option<&str>) -> Option<State> {
        let operand =
            arguments.iter().find(|field| !matches!(field.known().as_deref(), Some("-P" | "-L" | "-e" | "-@" | "--" | "-n")));
        let home = Field::new(self.expander(&BTreeMap::new(), directory).home(), 0..0);
        let target = match (operand, name) {
            (Some(field), _) if field.known().as_deref() == Some("-") || field.value.head().starts_with('+') => None,
            (Some(field), _) => Some(field.clone()),
            (None, "cd") => Some(home),
            (None, _) => None,
        };
        // With two operands zsh replaces one by the other in the path where it is.
        let operands = arguments.iter().filter(|field| !field.value.head().starts_with('-')).count();
        // With CDPATH a relative name may lead elsewhere.
        let searched = self.state.variables.contains_key("CDPATH")
            && operand.is_some_and(|field| !field.value.head().starts_with(['/', '.']));
        let destination = match target.map(|field| self.logical_target(&field.value, directory)) {
            Some(Target::Exactly(path)) if !searched && operands < 2 => Some(path),
            Some(Target::Nothing) => directory.map(str::to_owned),
            _ => None,
        };
        let exists = match &destination {
            Some(path) if self.state.made.contains(&format!("{path}/")) => true,
            Some(path) => self.site_facts(path).is_some_and(|kind| kind == FileKind::Directory),
            None => false,
        };
        let failed = if exists { None } else { self.copied() };
        self.state.move_to(vec![destination]);
        failed
    }

    fn site_facts(&self, path: &str) -> Option<FileKind> {
        match self.site {
            super::walker::Site::Here => self.world.path(path).map(|facts| facts.kind),
            super::walker::Site::There(_) | super::walker::Site::Throwaway => None,
        }
    }

    fn unset(&mut self, arguments: &[Field], span: &Span) {
        let option = |letter: &str| arguments.iter().any(|field| field.known().as_deref() == Some(letter));
        let (functions, variables) = (option("-f"), option("-v") || option("-n"));
        for field in arguments {
            let Some(name) = field.known() else {
                self.opaque(&field.shown(), "the line does not determine which name it takes away", span.clone());
                continue;
            };
            if let Some((array, _)) = name.split_once('[') {
                self.state.set_array(array, vec![Value::loose()]);
                continue;
            }
            if functions {
                self.state.functions.remove(&name);
                continue;
            }
            // Without an option it is the variable, or else the function.
            if let Some(function) = self.state.functions.get_mut(&name).filter(|_| !variables) {
                function.perhaps = true;
            }
            self.state.unset(&name);
        }
    }

    fn shift(&mut self, arguments: &[Field]) {
        let count: Option<usize> = arguments.first().map_or(Some(1), |field| field.known()?.parse().ok());
        let positional = &mut self.state.positional;
        match (count, positional.as_slice()) {
            // Of the names that a glob gives, the others are left.
            (Some(_), [only]) if only.has_pattern() => {}
            (Some(count), all) if !all.iter().take(count).any(may_be_several) => {
                // Too many are not taken away at all.
                if count <= all.len() {
                    positional.drain(..count);
                }
            }
            _ => *positional = vec![Value::loose()],
        }
    }

    fn declare(&mut self, name: &str, words: &[&Word], span: &Span) {
        self.looks(name, span);
        let mut letters = String::new();
        for word in words.iter().skip(1) {
            if let Some(option) = word.plain().filter(|text| text.starts_with('-')) {
                letters.push_str(option);
            }
        }
        let makes_local = matches!(name, "declare" | "local" | "typeset") && !letters.contains('g');
        let integer = letters.contains(['i', 'n']);
        let declaration = Declaration {
            alters: letters.contains(['i', 'n', 'l', 'u', 'c']) && name != "export",
            integer: integer && name != "export",
            keeps: name == "readonly" || letters.contains('r'),
            exports: name == "export" || letters.contains('x'),
            functions: letters.contains(['f', 'F']),
            refers: letters.contains('n') && name != "export",
            makes_local,
        };
        for word in words.iter().skip(1) {
            if word.plain().is_some_and(|text| text.starts_with(['-', '+'])) || word.parts.is_empty() {
                continue;
            }
            let foreign = self.is_foreign(&word.parts);
            for value in self.single(word) {
                self.declared(&value, &declaration, span);
                let name = value.head().split('=').next().unwrap_or_default().trim_end_matches('+');
                if foreign {
                    self.foreign_name(name, true);
                }
                if letters.contains('A') {
                    self.state.maps.insert(name.to_owned());
                }
            }
        }
    }

    /// Keeps what a function's own name hides, to be put back when the function ends.
    fn hide(&mut self, name: &str) {
        let held = (self.state.variables.get(name).cloned(), self.state.arrays.get(name).cloned());
        if let Some(hidden) = self.locals.last_mut() {
            hidden.entry(name.to_owned()).or_insert(held);
        }
    }

    /// `name=value` after expansion, so quotes around all of it do not matter.
    fn declared(&mut self, value: &Value, declaration: &Declaration, span: &Span) {
        let integer = declaration.integer;
        let head = value.head();
        if looks_evaluated(head) {
            return self.opaque(head, "a subscript is evaluated as code", span.clone());
        }
        let Some((name, first)) = head.split_once('=') else {
            return match value.known() {
                Some(name) => self.declared_name(&name, declaration),
                None => self.opaque(&value.shown(), "the line does not determine which variable it sets", span.clone()),
            };
        };
        let plain_name = name.trim_end_matches('+');
        if declaration.makes_local && !self.locals.is_empty() {
            self.hide(plain_name);
        }
        self.take_attributes(plain_name, declaration);
        // What it stands for changes with it.
        if integer && declaration.alters {
            self.state.altered.insert(first.to_owned());
        }
        let append = name.ends_with('+');
        let name = name.trim_end_matches('+').to_owned();
        let mut assigned = Value::text(first);
        assigned.append(Value { pieces: value.pieces.iter().skip(1).cloned().collect() });
        if integer && (assigned.has_unknown() || assigned.head().contains('[')) {
            self.opaque(&name, "an arithmetic value is evaluated as code", span.clone());
        }
        self.check_variable(&name, &assigned, span);
        if declaration.refers {
            self.check_other_setting(first, &Value::unknown(), span);
        }
        if append || integer {
            self.state.set(&name, vec![Value::unknown()]);
            return self.take_attributes(&name, declaration);
        }
        // A tilde behind the equals sign expands unless it was quoted, which is not known here: both count.
        let mut values = vec![assigned.clone()];
        if let Some(below) = assigned.head().strip_prefix('~') {
            let home = self.world.home().map_or_else(Value::unknown, |home| Value::text(format!("{home}{below}")));
            let rest = assigned.pieces.iter().skip(1).cloned();
            values.push(Value { pieces: home.pieces.into_iter().chain(rest).collect() });
        }
        self.state.set(&name, values);
    }

    /// A name without a value: a function's own begins unset, any other keeps what it holds.
    fn declared_name(&mut self, name: &str, declaration: &Declaration) {
        if declaration.functions {
            if declaration.exports {
                self.state.exported.insert(format!("{name}()"));
            }
            return;
        }
        if declaration.makes_local && !self.locals.is_empty() {
            self.hide(name);
            self.state.unset(name);
        }
        self.take_attributes(name, declaration);
    }

    fn take_attributes(&mut self, name: &str, declaration: &Declaration) {
        let sets = [
            (declaration.alters, &mut self.state.altered),
            (declaration.keeps, &mut self.state.kept),
            (declaration.exports, &mut self.state.exported),
        ];
        for (takes, set) in sets {
            if takes {
                set.insert(name.to_owned());
            }
        }
    }

    /// An assignment in front of a command, which holds for that command.
    pub(crate) fn variable_for_command(&mut self, assignment: &Assignment, span: &Span) {
        self.dangerous_variable(assignment, span);
    }

    /// Notes what an assignment to a variable with a meaning does.
    pub(crate) fn dangerous_variable(&mut self, assignment: &Assignment, span: &Span) {
        if matches!(assignment.value, Assigned::Array(_)) {
            self.check_variable(&assignment.name, &Value::unknown(), span);
        }
        if let Assigned::Scalar(word) = &assignment.value {
            for value in self.single(word) {
                self.check_variable(&assignment.name, &value, span);
            }
        }
    }

    fn set(&mut self, arguments: &[Field], span: &Span) {
        self.looks("set", span);
        let dashes = arguments.iter().position(|field| field.known().as_deref() == Some("--"));
        let first = arguments.first().map(|field| field.value.head().starts_with(['-', '+']));
        let positional = match (dashes, first) {
            (Some(at), _) => arguments.get(at + 1..),
            (None, Some(false)) => Some(arguments),
            _ => None,
        };
        if let Some(positional) = positional {
            positional.iter().for_each(|field| self.evaluated_later(&field.value, span));
            self.state.set_positional(positional.iter().map(|field| field.value.clone()));
        }
        let given = |field: &Field, letter: char, long: &str| {
            field.known().is_some_and(|text| {
                text == long || (text.starts_with(['-', '+']) && !text.starts_with("--") && text.contains(letter))
            })
        };
        // All that is set from now on is handed on, functions included.
        if arguments.iter().any(|field| given(field, 'a', "allexport")) {
            let names = self.state.functions.keys().map(|name| format!("{name}()"));
            let names: Vec<String> = names.chain(self.state.variables.keys().cloned()).collect();
            self.state.exported.extend(names);
        }
        if arguments.iter().any(|field| given(field, 'k', "keyword") || given(field, 'H', "histexpand")) {
            self.opaque("set", "it changes how the rest is read", span.clone());
        }
    }

    fn shopt(&mut self, arguments: &[Field], span: &Span) {
        let sets = arguments.iter().any(|field| field.known().is_none_or(|text| text.starts_with('-') && text.contains('s')));
        let enables = |name: &str| sets && arguments.iter().any(|field| field.known().is_none_or(|text| text == name));
        self.last_stage_stays |= enables("lastpipe");
        if enables("dotglob") {
            self.globs = self.globs.max(Globs::Hidden);
        }
        if enables("nocaseglob") {
            self.globs = Globs::Any;
        }
        if enables("extglob") {
            let why = "it lets words hold extended globs, which are not read: spell out which files are meant";
            self.opaque("shopt", why, span.clone());
        } else {
            self.looks("shopt", span);
        }
    }

    /// Aliases take effect on later lines, in some shells always: what they stand for is followed where they are defined, and
    /// again where their names are called (`aliases.rs`).
    fn alias(&mut self, arguments: &[Field], span: &Span) {
        self.looks("alias", span);
        for field in arguments {
            // zsh has some that stand for words anywhere, and for endings of names.
            if matches!(field.known().as_deref(), Some("-g" | "-s")) {
                self.opaque("alias", "it changes how the rest is read", span.clone());
            }
            let mut value = field.value.clone();
            let Some((name, first)) = value.head().split_once('=') else {
                if field.value.has_unknown() {
                    self.opaque("alias", "the line does not determine which alias it sets", span.clone());
                }
                continue;
            };
            let (name, first) = (name.to_owned(), first.to_owned());
            if let Some(piece) = value.pieces.first_mut() {
                *piece = super::value::Piece::Text(first);
            }
            self.define_alias(name, &value, span);
        }
    }

    fn read(&mut self, name: &str, arguments: &[Field], words: &[&Word], span: &Span) {
        self.looks(name, span);
        words.iter().skip(1).for_each(|word| self.evaluated_subscript(word));
        let calls_back = |field: &Field| {
            let head = field.value.head();
            head.starts_with('-') && head.contains('C')
        };
        if name != "read" && arguments.iter().any(calls_back) {
            self.opaque(name, "it runs code for every line", span.clone());
        }
        if let Input::Text(text) = self.input.clone() {
            self.evaluated_later(&text, span);
        }
        let foreign = self.reads_foreign();
        for field in arguments {
            match field.known() {
                Some(variable) if !variable.starts_with('-') => self.set_otherwise(&variable, vec![Value::unknown()], span),
                Some(_) => {}
                None => self.opaque(&field.shown(), "the line does not determine which variable it sets", span.clone()),
            }
        }
        self.state.set("REPLY", vec![Value::unknown()]);
        let array = name != "read"
            || arguments.iter().any(|field| field.value.head().starts_with('-') && field.value.head().contains('a'));
        if array {
            for variable in arguments.iter().filter_map(Field::known).filter(|text| !text.starts_with('-')) {
                self.state.set_array(&variable, vec![Value::loose()]);
            }
            self.state.set_array("MAPFILE", vec![Value::loose()]);
        }
        let named = arguments.iter().filter_map(Field::known).filter(|text| !text.starts_with('-'));
        for variable in named.chain(["REPLY".to_owned(), "MAPFILE".to_owned()]).filter(|_| foreign).collect::<Vec<_>>() {
            self.foreign_name(&variable, true);
        }
    }

    fn printf(&mut self, arguments: &[Field], words: &[&Word], span: &Span) {
        self.looks("printf", span);
        words.iter().skip(1).for_each(|word| self.evaluated_subscript(word));
        if let Some([_, variable, ..]) =
            arguments.iter().position(|field| field.known().as_deref() == Some("-v")).and_then(|at| arguments.get(at..))
        {
            arguments.iter().for_each(|field| self.evaluated_later(&field.value, span));
            match variable.known() {
                Some(variable) => self.set_otherwise(&variable, vec![Value::unknown()], span),
                None => self.opaque("printf", "the line does not determine which variable it sets", span.clone()),
            }
        }
    }

    fn eval(&mut self, arguments: &[Field], span: &Span) {
        let mut text = Value::default();
        for (index, field) in arguments.iter().enumerate() {
            if index > 0 {
                text.push(super::value::Piece::Text(" ".to_owned()));
            }
            let mut value = field.value.clone();
            for piece in &mut value.pieces {
                // A glob that matches nothing stays as it is; one that matches gives names, which are read as code.
                if matches!(piece, super::value::Piece::Pattern(_)) {
                    *piece = super::value::Piece::Any { shape: super::value::Shape::Anything, loose: true };
                }
            }
            text.append(value);
        }
        self.inner_text(&text, span.clone());
    }

    /// `exec` runs a program in place of the shell; `-a` names it otherwise.
    fn exec(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let mut rest = arguments;
        while let Some((first, others)) = rest.split_first().filter(|(first, _)| first.value.head().starts_with('-')) {
            // The name may stand behind the letter itself.
            let named = first.value.head().find('a').map(|at| at + 1 == first.value.head().len());
            rest = if named == Some(true) { others.get(1..).unwrap_or_default() } else { others };
        }
        if rest.is_empty() {
            self.looks("exec", span);
            self.keeps_redirections = true;
        } else {
            self.run_words(rest, directory, span);
        }
    }

    fn source(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some((file, rest)) = arguments.split_first() else { return };
        if file.known().as_deref() == Some("/dev/stdin") {
            return self.sourced(rest, |walker| walker.run_input("source", span));
        }
        // Whatever runs behind it has the secrets of such a file.
        self.look(file, directory);
        self.script(file, rest, directory, "source");
    }

    fn command_builtin(&mut self, arguments: &[Field], words: &[&Word], directory: Option<&str>, span: &Span) -> After {
        let describes = arguments.first().and_then(Field::known).is_some_and(|option| matches!(option.as_str(), "-v" | "-V"));
        if describes || arguments.is_empty() {
            self.looks("command", span);
            return After { failed: None };
        }
        let skip = arguments.iter().take_while(|field| matches!(field.known().as_deref(), Some("-p" | "--"))).count();
        let rest = arguments.get(skip..).unwrap_or_default();
        let Some((name, inner)) = rest.split_first() else { return After { failed: None } };
        let Some(known) = name.known() else {
            self.opaque(&name.shown(), "the line does not determine which program runs", span.clone());
            return After { failed: None };
        };
        self.ran.insert(known.clone());
        if !self.deeper(span) {
            return After { failed: None };
        }
        let after = self.builtin(&known, inner, words.get(skip + 1..).unwrap_or_default(), directory, span);
        let after = after.unwrap_or_else(|| {
            self.program(&known, name, inner, directory, span);
            After { failed: None }
        });
        self.depth -= 1;
        after
    }

    /// The variables of what a trap runs when the shell ends that get their values only behind it, as `T` does in
    /// `trap 'rm -rf "$T"' EXIT; T=$(mktemp -d)`. Before that they hold nothing.
    fn named_before_set(&self, text: &Value, arguments: &[Field]) -> BTreeSet<String> {
        const ENDS: [&str; 10] = ["0", "EXIT", "HUP", "INT", "QUIT", "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "TERM"];
        let at_the_end = |signal: &Field| signal.known().is_some_and(|signal| ENDS.contains(&signal.as_str()));
        let Some(text) = text.known().filter(|_| arguments.iter().skip(1).all(at_the_end)) else { return BTreeSet::new() };
        let mut names: BTreeSet<String> = variables_in(&text).map(str::to_owned).collect();
        for function in text.split_whitespace().filter_map(|word| self.state.functions.get(word)) {
            function.bodies.iter().for_each(|body| names_in_command(body, &mut names));
        }
        let is_open = |name: &str| inherited(name, self.world, Some("/")) == Value::unknown();
        names.retain(|name| !self.state.variables.contains_key(name) && is_open(name) && !name.starts_with(['@', '*', '!']));
        names
    }

    fn trap(&mut self, arguments: &[Field], span: &Span) {
        self.looks("trap", span);
        let action = arguments.iter().find(|field| !matches!(field.known().as_deref(), Some("--" | "-p" | "-l")));
        if let Some(action) = action.filter(|action| arguments.len() > 1 && action.known().as_deref() != Some("-")) {
            let value = action.value.clone();
            // It runs later, perhaps with other values: it is followed now and once more at the end.
            self.traps.push((value.clone(), span.clone()));
            self.state.remember();
            let unset = self.named_before_set(&value, arguments);
            self.apart(|walker| {
                unset.iter().for_each(|name| walker.state.unset(name));
                walker.input = Input::Inherited;
                walker.inner_text(&value, span.clone());
            });
        }
    }
}

/// Names of variables in a text, whatever its quotes.
fn variables_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        rest.get(..length).filter(|name| !name.is_empty())
    })
}

/// What a declaration does to the names in it.
struct Declaration {
    /// Their values are not what is assigned: references, numbers, changed cases.
    alters: bool,
    integer: bool,
    keeps: bool,
    exports: bool,
    functions: bool,
    makes_local: bool,
    /// A reference to another name.
    refers: bool,
}
