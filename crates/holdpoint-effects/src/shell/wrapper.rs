//! Programs that run another command: what they wrap is followed as if it stood alone.

use std::collections::BTreeMap;

use holdpoint_core::effect::{Certainty, Effect, Environment, ResourceKind, Reversibility, Verb};

use super::apply::behind;
use super::destroyers::destroys;
use super::dialect::Dialect;
use super::effect::{OPEN_CODE, plain};
use super::files::Target;
use super::listed::are_branches;
use super::options::{Line, Style, parse};
use super::state::State;
use super::syntax::Span;
use super::value::{Field, Piece, Value};
use super::walker::{Input, Site, Walker};
use super::wrappers::{RUNNER, WRAPPERS, Wrapper, fetches, is_shell, runner};
use crate::world::Content;

impl Walker<'_> {
    /// Follows what a wrapper runs; `false` when the program is none.
    pub(crate) fn wrapper(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        match program {
            "env" => self.apart(|walker| walker.env(arguments, directory, span)),
            "flock" => self.flock(arguments, directory, span),
            "parallel" => self.parallel(arguments, span),
            "script" | "sg" | "su" | "runuser" => self.with_command_option(program, arguments, directory, span),
            "entr" => self.entr(arguments, directory, span),
            _ if is_shell(program) => self.shell(program, arguments, directory, span),
            "autossh" | "mosh" | "ssh" => self.ssh(program, arguments, directory, span),
            "pdsh" | "pssh" | "parallel-ssh" => self.ssh_to_many(program, arguments, span),
            "concurrently" | "hyperfine" | "nodemon" => self.texts(program, arguments, directory, span),
            "cross-env" | "cross-env-shell" => self.apart(|walker| walker.env(arguments, directory, span)),
            "cargo" if arguments.first().and_then(Field::known).as_deref() == Some("watch") => {
                self.texts("cargo watch", arguments.get(1..).unwrap_or_default(), directory, span);
            }
            "watch" => self.watch(arguments, directory, span),
            "busybox" if self.busybox_serves(arguments, directory, span) => {}
            "xargs" | "xe" | "gxargs" => self.xargs(arguments, directory, span),
            "npx" | "bunx" | "uvx" => self.fetched(program, arguments, directory, span),
            "gdb" | "lldb" => return self.debugged(program, arguments, directory, span),
            "nix" | "nix-shell" => return self.nix(program, arguments, directory, span),
            _ => return self.runs_behind(program, arguments, directory, span),
        }
        true
    }

    /// Follows what stands behind a runner's own words or a wrapper's options; `false` when the program is neither.
    fn runs_behind(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let behind = |skipped: usize| arguments.get(skipped..).unwrap_or_default();
        if let Some(skipped) = fetches(program, arguments) {
            self.fetched(program, behind(skipped), directory, span);
        } else if let Some((runner, skipped)) = runner(program, arguments) {
            let follow = |walker: &mut Self| walker.simple_wrapper(runner, behind(skipped), directory, span);
            if matches!(program, "doppler" | "infisical" | "op") { self.given_secrets(follow, span) } else { follow(self) }
        } else if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == program) {
            self.apart(|walker| walker.simple_wrapper(wrapper, arguments, directory, span));
        } else {
            return false;
        }
        true
    }

    /// `gdb --args COMMAND …`, `lldb -- COMMAND …`; the families say the rest.
    fn debugged(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let mark = if program == "gdb" { "--args" } else { "--" };
        let at = arguments.iter().position(|word| word.known().as_deref() == Some(mark));
        let words = at.and_then(|at| arguments.get(at + 1..)).unwrap_or_default();
        if !words.is_empty() {
            self.apart(|walker| walker.run_words(words, directory, span));
        }
        false
    }

    pub(super) fn simple_wrapper(&mut self, wrapper: &Wrapper, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (line, used) = leading(arguments, wrapper.valued);
        self.attaches(wrapper.name, &line, span);
        self.told_by_names(wrapper.name, arguments.get(..used).unwrap_or_default(), directory, span);
        if matches!(wrapper.name, "ltrace" | "perf" | "strace" | "time") {
            for file in ["-o", "--output"].iter().flat_map(|name| line.values(name)) {
                // strace hands its output to a command that stands there in place of a file.
                match ["|", "!"].iter().find_map(|marker| behind(file, marker)).filter(|_| wrapper.name == "strace") {
                    Some(command) => self.inner_text(&command.value, span.clone()),
                    None => self.overwrite(file, directory),
                }
            }
        }
        if wrapper.name == RUNNER.name {
            for text in ["-c", "--call", "--command"].iter().flat_map(|name| line.values(name)) {
                self.inner_text(&text.value, span.clone());
            }
        }
        let mut rest = arguments.get(used + wrapper.operands..).unwrap_or_default();
        // `setarch x86_64 -R COMMAND`: the options of some stand behind their operand.
        if wrapper.name == "setarch" {
            let first = rest.iter().take_while(|field| field.value.head().starts_with('-')).count();
            rest = rest.get(first..).unwrap_or_default();
        }
        if wrapper.name == "sudo" {
            rest = self.leading_variables(rest, span);
            let shell = line.has("-s") || line.has("-i") || line.has("--shell") || line.has("--login");
            if shell || line.has("-e") || line.has("--edit") {
                self.as_root(wrapper.name, &line, span);
                let text = joined(rest);
                return if rest.is_empty() { self.run_input("sudo", span) } else { self.inner_text(&text, span.clone()) };
            }
        }
        if rest.is_empty() {
            self.note(plain(
                Verb::Read,
                ResourceKind::Program,
                wrapper.name,
                format!("Looks only (`{}`)", wrapper.name),
                span.clone(),
            ));
        } else if wrapper.name == "chroot" {
            self.elsewhere(Environment::Local, |walker| walker.run_words(rest, None, span));
        } else {
            let before = self.noted();
            self.run_words(rest, directory, span);
            self.beyond_the_command(wrapper.name, &line, before, span);
        }
    }

    /// What a wrapper does besides: it gives rights, or lets the command run by itself.
    fn beyond_the_command(&mut self, wrapper: &str, line: &Line, before: usize, span: &Span) {
        match wrapper {
            // Rights that serve only to look, at nothing telling, are none that anybody misses.
            "sudo" | "doas" | "pkexec" if !self.only_looked(before) => self.as_root(wrapper, line, span),
            "gosu" | "nsenter" | "s6-setuidgid" | "setuidgid" | "su-exec" => self.as_root(wrapper, &Line::default(), span),
            "systemd-run" if line.options.iter().any(|given| given.name.starts_with("--on-")) => {
                let summary = "Lets a command run by the clock".to_owned();
                let effect = plain(Verb::Create, ResourceKind::Persistence, "systemd-run", summary, span.clone());
                self.note(Effect { reversibility: Reversibility::Effort, ..effect });
            }
            _ => {}
        }
    }

    fn as_root(&mut self, program: &str, line: &Line, span: &Span) {
        let user =
            ["-u", "--user"].iter().flat_map(|name| line.values(name)).last().map_or_else(|| "root".to_owned(), Field::shown);
        let summary = format!("Runs a command as `{user}`, through `{program}`");
        self.note(plain(Verb::Execute, ResourceKind::Privilege, &user, summary, span.clone()));
    }

    /// Steps over `NAME=value` words in front of a command.
    fn leading_variables<'f>(&mut self, words: &'f [Field], span: &Span) -> &'f [Field] {
        let mut rest = words;
        while let Some((first, others)) = rest.split_first() {
            let head = first.value.head();
            let Some((name, begin)) = head.split_once('=').filter(|(name, _)| !name.is_empty()) else { break };
            // A function by the name behind this is what a bash below finds (bash's manual, "Bash Variables").
            if name.starts_with("BASH_FUNC_") {
                self.opaque(name, "it hands a function to every shell that is started", span.clone());
            }
            let mut value = Value::text(begin);
            value.append(Value { pieces: first.value.pieces.iter().skip(1).cloned().collect() });
            self.variable_given(name, &value, span);
            rest = others;
        }
        rest
    }

    fn env(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (line, used) = leading(arguments, &["-u", "--unset", "-C", "--chdir", "-S", "--split-string"]);
        if let Some(text) = line.values("-S").chain(line.values("--split-string")).next().cloned() {
            let mut whole = text.value;
            for field in arguments.get(used..).unwrap_or_default() {
                whole.push(Piece::Text(" ".to_owned()));
                whole.append(field.value.clone());
            }
            return self.inner_text(&whole, span.clone());
        }
        let mut rest = arguments.get(used..).unwrap_or_default();
        let lone = rest.first().and_then(Field::known).as_deref() == Some("-");
        rest = rest.get(usize::from(lone)..).unwrap_or_default();
        if lone || line.has("-i") || line.has("--ignore-environment") {
            self.state.unset("HOME");
        }
        for name in ["-u", "--unset"].iter().flat_map(|name| line.values(name)).filter_map(Field::known) {
            self.state.unset(&name);
        }
        let rest = self.leading_variables(rest, span);
        let moved = line.values("-C").chain(line.values("--chdir")).next().map(|field| self.target(&field.value, directory));
        let inside = match moved {
            Some(super::files::Target::Exactly(path)) => Some(path),
            Some(_) => None,
            None => directory.map(str::to_owned),
        };
        if rest.is_empty() {
            self.shows_environment(&[], span);
            self.note(plain(Verb::Read, ResourceKind::Program, "env", "Lists the environment".to_owned(), span.clone()));
        } else {
            self.run_words(rest, inside.as_deref(), span);
        }
    }

    /// `nix develop -c COMMAND …`, `nix-shell --run TEXT`; the families say the rest.
    fn nix(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let behind = |names: &[&str]| {
            let at = arguments.iter().position(|word| word.known().is_some_and(|word| names.contains(&word.as_str())))?;
            arguments.get(at + 1..)
        };
        if program == "nix" {
            let words = behind(&["-c", "--command"]).unwrap_or_default();
            self.apart(|walker| walker.run_words(words, directory, span));
        } else if let Some(text) = behind(&["--run", "--command"]).and_then(<[Field]>::first) {
            self.apart(|walker| walker.inner_text(&text.value, span.clone()));
        }
        false
    }

    fn flock(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (_, used) = leading(arguments, &["-w", "--wait", "--timeout", "-E", "--conflict-exit-code"]);
        let rest = arguments.get(used + 1..).unwrap_or_default();
        match rest {
            [option, text, ..] if matches!(option.known().as_deref(), Some("-c" | "--command")) => {
                self.inner_text(&text.value, span.clone())
            }
            [] => self.note(plain(Verb::Read, ResourceKind::Program, "flock", "Takes a lock".to_owned(), span.clone())),
            words => self.run_words(words, directory, span),
        }
    }

    /// `parallel` makes commands of its arguments and of what it reads.
    fn parallel(&mut self, arguments: &[Field], span: &Span) {
        let separator = arguments.iter().position(|field| field.known().is_some_and(|text| text.starts_with(":::")));
        let (_, used) =
            leading(arguments, &["-j", "--jobs", "-n", "-N", "-I", "-a", "--colsep", "-S", "--sshlogin", "--delay", "--timeout"]);
        let command = arguments.get(used..separator.unwrap_or(arguments.len())).unwrap_or_default();
        let given = separator.and_then(|at| arguments.get(at + 1..)).unwrap_or_default();
        if command.is_empty() {
            for field in given {
                self.inner_text(&field.value, span.clone());
            }
            return match (separator, self.input.clone()) {
                (Some(_), _) => {
                    self.note(plain(
                        Verb::Read,
                        ResourceKind::Program,
                        "parallel",
                        "Looks only (`parallel`)".to_owned(),
                        span.clone(),
                    ));
                }
                (None, Input::Text(text)) if used == 0 => self.inner_text(&text, span.clone()),
                (None, _) => self.unseen_code("parallel", "what it reads", span),
            };
        }
        let known = given.iter().all(|field| field.known().is_some());
        if given.is_empty() || !known {
            return self.unseen_code("parallel", "what it reads", span);
        }
        for argument in given.iter().filter_map(Field::known) {
            self.inner_text(&with_argument(command, &argument), span.clone());
        }
    }

    /// `su -c TEXT`, `script -c TEXT`, `runuser -u USER -- COMMAND`.
    fn with_command_option(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        const LOGS: [&str; 8] = ["-O", "-B", "-T", "-I", "--log-out", "--log-io", "--log-timing", "--log-in"];
        const VALUED: [&str; 19] = [
            "--log-out",
            "--log-io",
            "--log-timing",
            "--log-in",
            "-c",
            "--command",
            "--session-command",
            "-s",
            "--shell",
            "-g",
            "-G",
            "-I",
            "-O",
            "-B",
            "-T",
            "-u",
            "--user",
            "-E",
            "--echo",
        ];
        if program != "script" {
            self.as_root(program, &Line::default(), span);
        }
        let (first, used) = leading(arguments, &VALUED);
        if program == "runuser" && (first.has("-u") || first.has("--user")) {
            return self.run_words(arguments.get(used..).unwrap_or_default(), None, span);
        }
        let (line, _) = parse_with(arguments, &VALUED);
        if program == "script" && !line.has("-a") && !line.has("--append") {
            let logs = LOGS.iter().flat_map(|name| line.values(name));
            logs.chain(line.operands.first()).for_each(|file| self.overwrite(file, directory));
        }
        let texts: Vec<Value> = ["-c", "--command", "--session-command"]
            .iter()
            .flat_map(|name| line.values(name))
            .map(|field| field.value.clone())
            .collect();
        texts.iter().for_each(|text| self.inner_text(text, span.clone()));
        // Behind the user or the file stand words for the shell, or a command.
        match line.operands.split_first() {
            Some((_, rest)) if !rest.is_empty() => self.run_words(rest, None, span),
            _ if texts.is_empty() => self.run_input(program, span),
            _ => {}
        }
    }

    /// `entr COMMAND`, or with `-s` the text of one.
    fn entr(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (line, used) = leading(arguments, &[]);
        let rest = arguments.get(used..).unwrap_or_default();
        match rest {
            [text, ..] if line.has("-s") => self.inner_text(&text.value, span.clone()),
            words => self.run_words(words, directory, span),
        }
    }

    /// `bash`, `sh` and their like: text, a file, or standard input.
    fn shell(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let mut takes_text = false;
        let mut reads_input = false;
        let mut at = 0;
        if let [option, file, ..] = arguments
            && option.known().as_deref() == Some("-n")
            && !file.value.head().starts_with(['-', '+'])
            && !file.value.head().is_empty()
        {
            let summary = format!("Checks the syntax of `{}`", file.shown());
            return self.note(plain(Verb::Read, ResourceKind::Program, program, summary, span.clone()));
        }
        while let Some(word) = arguments.get(at) {
            let Some(text) = word.known().filter(|text| text.starts_with(['-', '+']) && text.len() > 1) else { break };
            at += 1;
            match text.as_str() {
                "--" => break,
                "--help" | "--version" => {
                    return self.note(plain(
                        Verb::Read,
                        ResourceKind::Program,
                        program,
                        format!("Looks only (`{program}`)"),
                        span.clone(),
                    ));
                }
                "--rcfile" | "--init-file" => {
                    if let Some(file) = arguments.get(at) {
                        self.script(file, &[], directory, "bash");
                    }
                    at += 1;
                }
                text if text.starts_with("--") => {}
                text => {
                    takes_text |= text.starts_with('-') && text.contains('c');
                    reads_input |= text.contains('s');
                    if text.ends_with('o') || text.ends_with('O') {
                        at += 1;
                    }
                }
            }
        }
        let rest = arguments.get(at..).unwrap_or_default();
        match rest.split_first() {
            Some((text, parameters)) if takes_text => self.shell_text(program, text, parameters, directory, span),
            Some((file, _)) if !reads_input && file.value.is_loose() => self.opaque(&file.shown(), OPEN_CODE, span.clone()),
            Some((file, parameters)) if !reads_input => self.script(file, parameters, directory, "bash"),
            _ => {
                let positional: Vec<Value> = rest.iter().map(|field| field.value.clone()).collect();
                self.as_child(positional, |walker| {
                    walker.state.dialect = Dialect::of(program);
                    walker.run_input(program, span);
                });
            }
        }
    }

    fn shell_text(&mut self, program: &str, text: &Field, parameters: &[Field], directory: Option<&str>, span: &Span) {
        let mut positional = parameters.iter().map(|field| field.value.clone());
        let name = positional.next().unwrap_or_else(|| Value::text("bash"));
        let positional: Vec<Value> = positional.collect();
        positional.iter().for_each(|value| self.evaluated_later(value, span));
        let value = text.value.clone();
        let directory = directory.map(str::to_owned);
        let dialect = Dialect::of(program);
        self.as_child(positional, |walker| {
            walker.state.dialect = dialect;
            walker.state.directories = vec![directory];
            walker.state.name = name;
            walker.inner_text(&value, span.clone());
        });
    }

    /// Programs whose operands, or the values of some options, are each shell text.
    fn texts(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (options, others): (&[&str], &[&str]) = match program {
            "cargo watch" => (&["-s", "--shell"], &["-x", "--exec", "-w", "--watch", "-i", "--ignore", "-d", "--delay", "-C"]),
            "concurrently" => (&[], &["-n", "--names", "-c", "--prefix-colors", "-p", "--prefix", "-m", "--max-processes"]),
            "hyperfine" => (
                &["-p", "--prepare", "-s", "--setup", "-c", "--cleanup", "-C", "--conclude", "--reference"],
                &["-w", "--warmup", "-r", "--runs", "-m", "-M", "-n", "--command-name", "-L", "-P", "-S", "--shell", "-u"],
            ),
            _ => (&["-x", "--exec"], &["-w", "--watch", "-e", "--ext", "-i", "--ignore", "--delay", "--config"]),
        };
        let exports: &[&str] = match program {
            "hyperfine" => &["--export-asciidoc", "--export-csv", "--export-json", "--export-markdown", "--export-orgmode"],
            _ => &[],
        };
        let (line, _) = parse_with(arguments, &[options, others, exports].concat());
        let summary = format!("Runs `{program}`, which runs commands of its own");
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        self.note(Effect { certainty: Certainty::Delegated, reversibility: Reversibility::Effort, ..effect });
        for file in exports.iter().flat_map(|name| line.values(name)) {
            self.overwrite(file, directory);
        }
        for text in options.iter().flat_map(|name| line.values(name)) {
            self.apart(|walker| walker.inner_text(&text.value, span.clone()));
        }
        match program {
            "nodemon" => {}
            "cargo watch" => self.run_words(&line.operands, directory, span),
            _ => {
                for text in &line.operands {
                    if !self.runs_named_script(program, text, directory, span) {
                        self.apart(|walker| walker.inner_text(&text.value, span.clone()));
                    }
                }
            }
        }
    }

    /// Follows something on another machine or in a container: nothing that holds here holds there.
    pub(crate) fn elsewhere(&mut self, environment: Environment, follow: impl FnOnce(&mut Self)) {
        self.at_site(Site::There(environment), follow);
    }

    pub(crate) fn at_site(&mut self, site: Site, follow: impl FnOnce(&mut Self)) {
        let site = std::mem::replace(&mut self.site, site);
        self.apart(|walker| {
            walker.state = State { directories: vec![None], variables: BTreeMap::new(), ..State::new(String::new()) };
            follow(walker);
        });
        self.site = site;
    }

    fn watch(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (line, used) = leading(arguments, &["-n", "--interval", "-q", "--equexit"]);
        let rest = arguments.get(used..).unwrap_or_default();
        if line.has("-x") || line.has("--exec") {
            self.run_words(rest, directory, span)
        } else {
            self.inner_text(&joined(rest), span.clone())
        }
    }

    fn xargs(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let valued = [
            "-a",
            "--arg-file",
            "-d",
            "--delimiter",
            "-E",
            "-I",
            "-L",
            "-n",
            "--max-args",
            "-P",
            "--max-procs",
            "--process-slot-var",
            "-s",
            "--max-chars",
            "-R",
            "-J",
            "-S",
        ];
        let (line, used) = leading(arguments, &valued);
        let mut words: Vec<Field> = arguments.get(used..).unwrap_or_default().to_vec();
        if words.is_empty() {
            return self.note(plain(Verb::Read, ResourceKind::Program, "xargs", "Prints what it reads".to_owned(), span.clone()));
        }
        let marker = line
            .values("-I")
            .chain(line.values("-J"))
            .next()
            .and_then(Field::known)
            .or_else(|| replaced_by(arguments.get(..used).unwrap_or_default()));
        ["-a", "--arg-file"].iter().flat_map(|name| line.values(name)).for_each(|file| self.look_by_name(file, directory));
        let listed = self.listed_words(&words);
        match marker {
            Some(marker) => {
                let name = match listed.as_slice() {
                    [only] => only.value.clone(),
                    _ => Value::unknown(),
                };
                words.iter_mut().for_each(|word| replace(&mut word.value, &marker, &name));
            }
            None if !listed.is_empty() => words.extend(listed),
            None if matches!(&self.input, Input::Listed(names) if are_branches(names)) => words.extend(self.input_names(span)),
            None => words.extend(self.read_words(&line, directory, span)),
        }
        self.run_words(&words, directory, span);
        self.read_listed(&words, directory, span);
    }

    /// The files that a listing before it named, for a program that does not destroy: a name with a blank in it is two words, and
    /// then other files than those are meant.
    fn listed_words(&self, words: &[Field]) -> Vec<Field> {
        let program = words.first().and_then(Field::known).unwrap_or_default();
        match &self.input {
            Input::Listed(names) if names.len() <= LISTED_MAX && names.iter().all(is_searched) && !destroys(&program) => {
                names.clone()
            }
            _ => Vec::new(),
        }
    }

    fn input_names(&self, span: &Span) -> Vec<Field> {
        let Input::Listed(names) = &self.input else { return Vec::new() };
        names.iter().map(|name| Field::new(name.value.clone(), span.clone())).collect()
    }

    /// Shows what a listing before it named, where the program shows what it is given: `find ~/.ssh | xargs cat`. What it does to
    /// such files otherwise is followed with words that could be any.
    fn read_listed(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let Input::Listed(names) = self.input.clone() else { return };
        let Some((program, _)) = words.split_first().filter(|_| !are_branches(&names)) else { return };
        let before = self.noted();
        for name in names.into_iter().take(LISTED_MAX) {
            let words = [program.clone(), name];
            self.apart(|walker| walker.run_words(&words, directory, span));
        }
        let shown = |effect: &Effect| effect.verb == Verb::Read && effect.resource.kind == ResourceKind::Credential;
        self.take_noted(before).into_iter().filter(shown).for_each(|effect| self.note(effect));
    }

    /// The words that `xargs` reads, from a file that an option names or from its input.
    fn read_words(&self, line: &Line, directory: Option<&str>, span: &Span) -> Vec<Field> {
        let file = ["-a", "--arg-file"].iter().flat_map(|name| line.values(name)).last();
        let text = match (file, &self.input) {
            (Some(file), _) => self.text_of(file, directory),
            (None, Input::Text(text)) => text.known(),
            (None, Input::File(path)) => self.text_of(&Field::new(Value::text(path.as_str()), span.clone()), None),
            (None, _) => None,
        };
        let words = text.and_then(|text| {
            let separated = |by: char| Some(text.split(by).filter(|word| !word.is_empty()).map(str::to_owned).collect());
            match ["-d", "--delimiter"].iter().flat_map(|name| line.values(name)).last().map(Field::known) {
                Some(Some(delimiter)) if delimiter == "\\n" || delimiter == "\n" => separated('\n'),
                Some(_) => None,
                None if line.has("-0") || line.has("--null") => separated('\0'),
                None if text.contains(['\'', '"', '\\']) => None,
                None => Some(text.split_whitespace().map(str::to_owned).collect::<Vec<String>>()),
            }
        });
        match words {
            Some(words) => words.into_iter().map(|word| Field::new(Value::text(word), span.clone())).collect(),
            None => vec![Field::new(Value::loose(), span.clone())],
        }
    }

    /// What stands in a file of this machine that the line leaves alone.
    pub(super) fn text_of(&self, file: &Field, directory: Option<&str>) -> Option<String> {
        match self.target(&file.value, directory) {
            Target::Exactly(path) if self.site == Site::Here && !self.is_rewritten(&path) => match self.world.content(&path) {
                Content::Text(text) => Some(text.to_owned()),
                Content::Program | Content::Unread => None,
            },
            _ => None,
        }
    }

    /// Follows the command that a program is given to run: the parts of a text, or words, of which one alone is a text.
    pub(super) fn given_to_run(&mut self, words: &[Field], is_text: bool, directory: Option<&str>, span: &Span) {
        self.apart(|walker| match words {
            [] => {}
            words if is_text || words.len() == 1 => walker.inner_text(&joined(words), span.clone()),
            words => walker.run_words(words, directory, span),
        });
    }

    fn variable_given(&mut self, name: &str, value: &Value, span: &Span) {
        self.check_variable(name, value, span);
        self.state.exported.insert(name.to_owned());
        self.state.set(name, vec![value.clone()]);
    }
}

/// Whether it stands for what was found below a place, as it is called from here; `ls` prints other names.
fn is_searched(name: &Field) -> bool {
    name.value.pieces.iter().any(|piece| matches!(piece, Piece::Pattern(glob) if glob == "**"))
}

/// Most names of a listing that are looked at.
const LISTED_MAX: usize = 16;

/// Takes the options in front of a wrapped command; gives them and how many words they were.
pub(super) fn leading(words: &[Field], valued: &[&str]) -> (Line, usize) {
    let valued: Vec<String> = valued.iter().map(|name| (*name).to_owned()).collect();
    parse(words, Style { valued: [&valued, &[]], stops_at_operand: true, abbreviates: true, ..Style::default() })
}

pub(super) fn parse_with(words: &[Field], valued: &[&str]) -> (Line, usize) {
    let valued: Vec<String> = valued.iter().map(|name| (*name).to_owned()).collect();
    parse(words, Style { valued: [&valued, &[]], abbreviates: true, ..Style::default() })
}

/// Words joined with blanks, as `ssh` and `watch` do before a shell reads them.
pub(crate) fn joined(words: &[Field]) -> Value {
    let mut text = Value::default();
    for (index, field) in words.iter().enumerate() {
        if index > 0 {
            text.push(Piece::Text(" ".to_owned()));
        }
        for piece in &field.value.pieces {
            text.push(match piece {
                // A glob that the calling shell did not resolve is one for the shell that reads the text.
                Piece::Pattern(glob) => Piece::Text(glob.clone()),
                piece => piece.clone(),
            });
        }
    }
    text
}

/// The text that `parallel` runs for one argument, which stands for `{}` or at the end. What it makes of other braces is
/// not known.
fn with_argument(command: &[Field], argument: &str) -> Value {
    let quoted = format!("'{}'", argument.replace('\'', "'\\''"));
    let mut whole = Value::default();
    let mut placed = false;
    for piece in joined(command).pieces {
        let Piece::Text(text) = piece else {
            whole.push(piece);
            continue;
        };
        placed |= text.contains("{}");
        let text = text.replace("{}", &quoted);
        if ["{.", "{/", "{#", "{%", "{=", "{1", "{2", "{+", "{-"].iter().any(|open| text.contains(open)) {
            return Value::unknown();
        }
        whole.push(Piece::Text(text));
    }
    if !placed {
        whole.push(Piece::Text(format!(" {quoted}")));
    }
    whole
}

/// Puts what is read where the marker stands.
fn replace(value: &mut Value, marker: &str, by: &Value) {
    let mut replaced = Value::default();
    for piece in std::mem::take(&mut value.pieces) {
        let Piece::Text(text) = piece else {
            replaced.push(piece);
            continue;
        };
        for (index, part) in text.split(marker).enumerate() {
            if index > 0 {
                replaced.append(by.clone());
            }
            if !part.is_empty() {
                replaced.push(Piece::Text(part.to_owned()));
            }
        }
    }
    *value = replaced;
}

/// What `xargs -i`, `-iMARKER` and `--replace` replace.
fn replaced_by(options: &[Field]) -> Option<String> {
    let marker = |field: &Field| {
        let text = field.shown();
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        let long = name.len() > 2 && "--replace".starts_with(name);
        let given = if long { value } else { text.strip_prefix("-i")? };
        Some(if given.is_empty() { "{}".to_owned() } else { given.to_owned() })
    };
    options.iter().rev().find_map(marker)
}
