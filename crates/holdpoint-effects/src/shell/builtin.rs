//! The shell's own commands: those that change what later words mean, and those that run their arguments.

use holdpoint_core::effect::{Certainty, Effect, ResourceKind, Reversibility, Verb};
use holdpoint_core::question::FileKind;

use super::effect::plain;
use super::files::Target;
use super::scan::looks_evaluated;
use super::state::State;
use super::syntax::{Assigned, Assignment, Span, Word};
use super::value::{Field, Value};
use super::walker::{Input, Walker};

/// What a builtin leaves behind where it failed, if that is another state than where it succeeded.
pub(crate) struct After {
    pub(crate) failed: Option<State>,
}

/// Variables whose value is a command that a program runs.
const COMMAND_VARIABLES: &[&str] = &[
    "AR",
    "AS",
    "AWS_PAGER",
    "BAT_PAGER",
    "BROWSER",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CC",
    "CXX",
    "DELTA_PAGER",
    "EDITOR",
    "FCEDIT",
    "GH_BROWSER",
    "GH_EDITOR",
    "GH_PAGER",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "HGEDITOR",
    "KUBECTL_EXTERNAL_DIFF",
    "KUBE_EDITOR",
    "LD",
    "LESSCLOSE",
    "LESSOPEN",
    "MANPAGER",
    "NPM_CONFIG_EDITOR",
    "NPM_CONFIG_SCRIPT_SHELL",
    "NPM_CONFIG_VIEWER",
    "PAGER",
    "PROMPT_COMMAND",
    "PSQL_EDITOR",
    "PSQL_PAGER",
    "RSYNC_RSH",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "SVN_EDITOR",
    "SVN_SSH",
    "SYSTEMD_EDITOR",
    "SYSTEMD_PAGER",
    "VISUAL",
];
/// Variables that make other programs load or run code.
const CODE_VARIABLES: &[&str] = &[
    "ANSIBLE_CONFIG",
    "BASH_ENV",
    "CURL_HOME",
    "DYLD_INSERT_LIBRARIES",
    "ENV",
    "GCC_EXEC_PREFIX",
    "GIT_ALLOW_PROTOCOL",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_PROXY_COMMAND",
    "GIT_TEMPLATE_DIR",
    "GNUMAKEFLAGS",
    "LD_AUDIT",
    "LD_PRELOAD",
    "LUA_INIT",
    "MAKEFILES",
    "MAKEFLAGS",
    "NPM_CONFIG_GIT",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_NODE_OPTIONS",
    "NPM_CONFIG_USERCONFIG",
    "OPENSSL_CONF",
    "PERL5DB",
    "PERL5OPT",
    "PROMPT0",
    "PS4",
    "PYTHONBREAKPOINT",
    "PYTHONSTARTUP",
    "RIPGREP_CONFIG_PATH",
    "RUBYOPT",
    "TAR_OPTIONS",
    "WGETRC",
];
/// Variables that do so only with some of their values.
const OPTION_VARIABLES: &[(&str, &[&str])] = &[
    ("CARGO_ENCODED_RUSTFLAGS", &["linker"]),
    ("GOFLAGS", &["toolexec", "exec"]),
    ("JAVA_TOOL_OPTIONS", &["agent", "@"]),
    ("JDK_JAVA_OPTIONS", &["agent", "@"]),
    ("MAVEN_OPTS", &["agent"]),
    ("NODE_OPTIONS", &["require", "import", "loader", "-r"]),
    ("RUSTFLAGS", &["linker"]),
    ("_JAVA_OPTIONS", &["agent"]),
];
/// Variables that say where an agent finds its settings, and with them its hooks.
const AGENT_VARIABLES: &[&str] =
    &["CLAUDE_CONFIG_DIR", "CODEX_HOME", "CURSOR_CONFIG_DIR", "GEMINI_CONFIG_DIR", "OPENCODE_CONFIG"];

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
                if matches!(name, "enable" | "hash" | "bind") && !arguments.iter().all(harmless) {
                    self.opaque(name, "it changes what names mean", span.clone());
                } else {
                    self.looks(name, span);
                }
            }
            "echo" | "pwd" | "let" => {
                words.iter().skip(1).filter(|_| name == "let").for_each(|word| self.evaluated_subscript(word));
                self.looks(name, span);
            }
            "test" | "[" => {
                words.iter().skip(1).for_each(|word| self.evaluated_subscript(word));
                self.looks(name, span);
            }
            "compgen" | "fc" | "history" => self.recorded(name, arguments, span),
            "exit" | "return" | "break" | "continue" | "logout" => {
                self.looks(name, span);
                self.state.alive = false;
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
                for name in arguments.iter().filter_map(Field::known) {
                    self.state.functions.remove(&name);
                    self.state.set(&name, vec![Value::text("")]);
                }
            }
            "getopts" => {
                self.looks(name, span);
                arguments.iter().for_each(|field| self.evaluated_later(&field.value, span));
                for variable in arguments.get(1).and_then(Field::known).into_iter().chain(["OPTARG".to_owned()]) {
                    self.state.set(&variable, vec![Value::unknown()]);
                }
            }
            "set" => self.set(arguments, span),
            "shift" => {
                self.looks(name, span);
                let count = arguments.first().map_or(Some(1), |field| field.known()?.parse().ok());
                let count = count.unwrap_or(self.state.positional.len()).min(self.state.positional.len());
                self.state.positional.drain(..count);
                if arguments.first().is_some_and(|field| field.known().is_none()) {
                    self.state.positional = vec![Value::loose()];
                }
            }
            "shopt" => self.shopt(arguments, span),
            "alias" => self.alias(arguments, span),
            "unalias" => self.looks(name, span),
            "read" | "mapfile" | "readarray" => self.read(name, arguments, words, span),
            "printf" => self.printf(arguments, words, span),
            "eval" => self.eval(arguments, span),
            "source" | "." => self.source(arguments, directory, span),
            "exec" => self.exec(arguments, directory, span),
            "command" | "builtin" => return Some(self.command_builtin(arguments, words, directory, span)),
            "trap" => self.trap(arguments, span),
            "complete" => self.opaque(name, "it registers code for later", span.clone()),
            "coproc" | "time" => self.run_words(arguments, directory, span),
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
        let home = Field::new(self.world.home().map_or_else(Value::unknown, Value::text), 0..0);
        let target = match (operand, name) {
            (Some(field), _) if field.known().as_deref() == Some("-") || field.value.head().starts_with('+') => None,
            (Some(field), _) => Some(field.clone()),
            (None, "cd") => Some(home),
            (None, _) => None,
        };
        // With CDPATH a relative name may lead elsewhere.
        let searched = self.state.variables.contains_key("CDPATH")
            && operand.is_some_and(|field| !field.value.head().starts_with(['/', '.']));
        let destination = match target.map(|field| self.target(&field.value, directory)) {
            Some(Target::Exactly(path)) if !searched => Some(path),
            Some(Target::Nothing) => directory.map(str::to_owned),
            _ => None,
        };
        let exists = match &destination {
            Some(path) if self.state.made.contains(&format!("{path}/")) => true,
            Some(path) => self.site_facts(path).is_some_and(|kind| kind == FileKind::Directory),
            None => false,
        };
        let failed = if exists { None } else { self.copied() };
        self.state.directories = vec![destination];
        failed
    }

    fn site_facts(&self, path: &str) -> Option<FileKind> {
        match self.site {
            super::walker::Site::Here => self.world.path(path).map(|facts| facts.kind),
            super::walker::Site::There(_) | super::walker::Site::Throwaway => None,
        }
    }

    fn declare(&mut self, name: &str, words: &[&Word], span: &Span) {
        self.looks(name, span);
        let mut integer = false;
        for word in words.iter().skip(1) {
            let Some(text) = word.parts.first().map(|_| self.single(word)) else { continue };
            if let Some(option) = word.plain().filter(|text| text.starts_with('-')) {
                integer |= option.contains('i') || option.contains('n');
                continue;
            }
            for value in text {
                self.declared(&value, integer, span);
            }
        }
    }

    /// `name=value` after expansion, so quotes around all of it do not matter.
    fn declared(&mut self, value: &Value, integer: bool, span: &Span) {
        let head = value.head();
        if looks_evaluated(head) {
            return self.opaque(head, "a subscript is evaluated as code", span.clone());
        }
        let Some((name, first)) = head.split_once('=') else {
            if value.has_unknown() {
                self.opaque(&value.shown(), "the line does not determine which variable it sets", span.clone());
            }
            return;
        };
        let append = name.ends_with('+');
        let name = name.trim_end_matches('+').to_owned();
        let mut assigned = Value::text(first);
        assigned.append(Value { pieces: value.pieces.iter().skip(1).cloned().collect() });
        if integer && (assigned.has_unknown() || assigned.head().contains('[')) {
            self.opaque(&name, "an arithmetic value is evaluated as code", span.clone());
        }
        self.check_variable(&name, &assigned, span);
        if append || integer {
            return self.state.set(&name, vec![Value::unknown()]);
        }
        // A tilde behind the equals sign expands unless it was quoted, which is not known here: both count.
        let mut values = vec![assigned.clone()];
        if let Some(below) = assigned.known().and_then(|text| text.strip_prefix('~').map(str::to_owned)) {
            values.push(self.world.home().map_or_else(Value::unknown, |home| Value::text(format!("{home}{below}"))));
        }
        self.state.set(&name, values);
    }

    /// An assignment in front of a command, which holds for that command.
    pub(crate) fn variable_for_command(&mut self, assignment: &Assignment, span: &Span) {
        self.dangerous_variable(assignment, span);
    }

    /// Notes what an assignment to a variable with a meaning does.
    pub(crate) fn dangerous_variable(&mut self, assignment: &Assignment, span: &Span) {
        if let Assigned::Scalar(word) = &assignment.value {
            for value in self.single(word) {
                self.check_variable(&assignment.name, &value, span);
            }
        }
    }

    pub(crate) fn check_variable(&mut self, name: &str, value: &Value, span: &Span) {
        self.evaluated_later(value, span);
        let known = value.known();
        // npm takes its settings in either case, cargo has one of these for every target.
        let upper = if name.starts_with("npm_config_") { name.to_ascii_uppercase() } else { name.to_owned() };
        let of_target = name.starts_with("CARGO_TARGET_") && (name.ends_with("_RUNNER") || name.ends_with("_LINKER"));
        let mentions = |flags: &[&str]| known.as_deref().is_none_or(|text| flags.iter().any(|flag| text.contains(flag)));
        if COMMAND_VARIABLES.contains(&upper.as_str()) || of_target {
            if known.as_deref() != Some("") {
                self.inner_text(value, span.clone());
            }
        } else if CODE_VARIABLES.contains(&upper.as_str()) {
            if !known.as_deref().is_some_and(|text| is_harmless_value(name, text)) {
                self.opaque(name, "a variable makes other programs run code", span.clone());
            }
        } else if OPTION_VARIABLES.iter().any(|(option, flags)| *option == name && mentions(flags)) {
            self.opaque(name, "a variable makes other programs run code", span.clone());
        } else if AGENT_VARIABLES.contains(&name) {
            let summary = format!("Lets an agent run with other settings than those that are guarded (`{name}`)");
            let effect = plain(Verb::Modify, ResourceKind::Guard, name, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        } else if name == "PATH" {
            self.search_path(value, span);
        }
    }

    /// Programs are looked up elsewhere: harmless when only the usual directories come before the ones that were there.
    fn search_path(&mut self, value: &Value, span: &Span) {
        let before = value.shown();
        let summary = format!("Looks for programs in other directories (`{before}`)");
        let effect = plain(Verb::Execute, ResourceKind::Program, "PATH", summary, span.clone());
        self.note(Effect { certainty: Certainty::Delegated, ..effect });
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
            self.state.positional = positional.iter().map(|field| field.value.clone()).collect();
        }
    }

    fn shopt(&mut self, arguments: &[Field], span: &Span) {
        let enables = |name: &str| arguments.iter().any(|field| field.known().is_none_or(|text| text == name));
        if enables("-s") && (enables("extglob") || enables("expand_aliases")) {
            self.opaque("shopt", "it changes how the rest is read", span.clone());
        } else {
            self.looks("shopt", span);
        }
    }

    /// Aliases take effect on later lines of some shells: what they stand for is followed where they are defined.
    fn alias(&mut self, arguments: &[Field], span: &Span) {
        self.looks("alias", span);
        for field in arguments {
            let mut value = field.value.clone();
            let Some((_, first)) = value.head().split_once('=') else { continue };
            let first = first.to_owned();
            if let Some(piece) = value.pieces.first_mut() {
                *piece = super::value::Piece::Text(first);
            }
            self.apart(|walker| walker.inner_text(&value, span.clone()));
        }
    }

    fn read(&mut self, name: &str, arguments: &[Field], words: &[&Word], span: &Span) {
        self.looks(name, span);
        words.iter().skip(1).for_each(|word| self.evaluated_subscript(word));
        if name != "read" && arguments.iter().any(|field| field.value.head().starts_with("-C")) {
            self.opaque(name, "it runs code for every line", span.clone());
        }
        if let Input::Text(text) = self.input.clone() {
            self.evaluated_later(&text, span);
        }
        for field in arguments {
            match field.known() {
                Some(variable) if !variable.starts_with('-') => self.state.set(&variable, vec![Value::unknown()]),
                Some(_) => {}
                None => self.opaque(&field.shown(), "the line does not determine which variable it sets", span.clone()),
            }
        }
        self.state.set("REPLY", vec![Value::unknown()]);
        if name != "read" {
            for variable in arguments.iter().filter_map(Field::known).filter(|text| !text.starts_with('-')) {
                self.state.variables.remove(&variable);
                self.state.arrays.insert(variable, vec![Value::loose()]);
            }
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
                Some(variable) => self.state.set(&variable, vec![Value::unknown()]),
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
            let named = first.value.head().ends_with('a');
            rest = if named { others.get(1..).unwrap_or_default() } else { others };
        }
        if rest.is_empty() { self.looks("exec", span) } else { self.run_words(rest, directory, span) }
    }

    fn source(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some((file, rest)) = arguments.split_first() else { return };
        if file.known().as_deref() == Some("/dev/stdin") {
            return self.run_input("source", span);
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

    fn trap(&mut self, arguments: &[Field], span: &Span) {
        self.looks("trap", span);
        let action = arguments.iter().find(|field| !matches!(field.known().as_deref(), Some("--" | "-p" | "-l")));
        if let Some(action) = action.filter(|action| arguments.len() > 1 && action.known().as_deref() != Some("-")) {
            let value = action.value.clone();
            // It runs later, perhaps with other values: it is followed now and once more at the end.
            self.traps.push((value.clone(), span.clone()));
            self.apart(|walker| {
                walker.input = Input::Inherited;
                walker.inner_text(&value, span.clone());
            });
        }
    }
}

/// Whether the value of a variable that can make programs run code makes them run none.
fn is_harmless_value(name: &str, text: &str) -> bool {
    let switches =
        |word: &str| word.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || b"jkswBl.".contains(&byte));
    match name {
        "MAKEFLAGS" | "GNUMAKEFLAGS" => text.split_whitespace().all(switches),
        "PS4" => !text.contains(['$', '`']),
        "PYTHONBREAKPOINT" => matches!(text, "" | "0"),
        _ => matches!(text, "" | "/dev/null"),
    }
}
