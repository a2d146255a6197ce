//! Programs whose command lines say more than data can: each reader is small, and most hand on to the families.

use holdpoint_core::effect::{Effect, Environment, ResourceKind, Reversibility, Verb};

use super::address::is_far;
use super::apply::{Applied, behind};
use super::effect::plain;
use super::files::APPENDS;
use super::leak::is_secret_name;
use super::sed::{self, Reaches};
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use super::wrapper::leading;
use crate::code::awk;
use crate::code::words::Found;
use crate::families::{self, Command, Place};
use crate::sql;

/// Most files that are looked at of those which an input names.
const NAMED_MAX: usize = 64;

impl Walker<'_> {
    /// Follows a program that has a reader of its own; `false` when it has none.
    pub(crate) fn reader(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        match program {
            "mariadb" | "mysql" if self.plainly_fed(program, arguments, span) => {}
            "sqlite" | "sqlite3" if self.sqlite_adds(program, arguments, directory, span) => {}
            "aws" | "awslocal" | "az" | "bq" | "clickhouse" | "clickhouse-client" | "cockroach" | "cqlsh" | "cypher-shell"
            | "duckdb" | "gcloud" | "influx" | "mariadb" | "mongo" | "mongosh" | "mysql" | "snowsql" | "sqlcmd" | "sqlite"
            | "sqlite3" | "usql" | "wrangler" => return self.plainly_looks(program, arguments, span),
            "ansible" | "ansible-console" | "ansible-playbook" | "ansible-pull" => {
                // Even a rehearsal fills templates in, and these are filled in by running a command.
                let runs =
                    |text: String| ["lookup(", "query(", "q("].iter().any(|call| text.contains(call)) && text.contains("pipe");
                if arguments.iter().any(|word| word.known().is_some_and(runs)) {
                    self.unseen_code(program, "a template that runs a command", span);
                }
                return false;
            }
            "patch" => {
                self.patch(arguments, directory, span);
                return false;
            }
            "c++" | "cc" | "clang" | "clang++" | "g++" | "gcc" | "gfortran" => {
                self.passed_on(arguments, directory);
                return false;
            }
            "php" if self.php_serves(arguments, directory, span) => {}
            "sftp" => return self.sftp_orders(arguments, directory, span),
            "claude" | "claude-code" => return self.agent(program, arguments, directory, span),
            "cargo" => {
                let builtin = self.taken_apart("cargo", arguments, directory, span).is_none_or(|applied| applied.sub.is_some());
                return (!builtin && self.cargo_alias(arguments, directory, span))
                    || self.cargo_clean(arguments, directory, span);
            }
            "cmake" => return self.cmake_tool(arguments, directory, span),
            "awk" | "gawk" | "mawk" | "nawk" => self.awk(program, arguments, directory, span),
            "docker" | "docker-compose" | "nerdctl" | "podman" | "podman-compose" => {
                self.containers(program, arguments, directory, span)
            }
            "ed" | "ex" | "nvim" | "red" | "vi" | "vim" => {
                self.scripted_editor(program, arguments, directory, span);
                return false;
            }
            "fd" | "fdfind" => return self.found_files(arguments, directory, span),
            "find" | "gfind" => self.find(arguments, directory, span),
            // Hub passes to git whatever is none of its own subcommands.
            "hub" if self.taken_apart("hub", arguments, directory, span).is_some_and(|applied| applied.sub.is_some()) => {
                return false;
            }
            "git" | "hub" => self.git(arguments, directory, span),
            "curlie" | "http" | "https" | "httpie" | "xh" | "xhs" => {
                if let Some(applied) = self.taken_apart(program, arguments, directory, span) {
                    self.request_by_items(&applied);
                }
                return false;
            }
            "kubectl" | "oc" | "k" => self.kubectl(program, arguments, directory, span),
            "killall" | "pkill" | "skill" => return self.ends_guard(program, arguments, directory, span),
            "bsdcpio" | "cpio" | "gcpio" => {
                self.packs_named(arguments, directory, span);
                return false;
            }
            "printenv" => return self.shows_environment(arguments, span),
            "ps" => return self.environments(arguments, span),
            "psql" => self.psql(arguments, directory, span),
            "bsdtar" | "gtar" | "tar" => self.tar(program, arguments, directory, span),
            "jar" => {
                if let Some(command) = families::command(program) {
                    let words = lettered(command, arguments);
                    self.apply(program, command, &words, directory, span);
                }
            }
            "make" | "gmake" | "just" => {
                self.targets(program, arguments, directory, span);
                return self.given_variables(program, arguments, span);
            }
            "composer" | "go-task" | "lerna" | "npm" | "npm-run-all" | "npm-run-all2" | "nx" | "pnpm" | "poe" | "pre-commit"
            | "prek" | "run-p" | "run-s" | "task" | "turbo" | "yarn" => {
                self.targets(program, arguments, directory, span);
                return false;
            }
            "screen" => return self.screen(arguments, directory, span),
            "byobu" | "tmux" => return self.tmux(arguments, directory, span),
            "sed" | "gsed" => self.sed(program, arguments, directory, span),
            _ => return self.interpreter(program, arguments, directory, span),
        }
        true
    }

    pub(super) fn taken_apart<'a>(
        &self,
        program: &'a str,
        arguments: &'a [Field],
        directory: Option<&'a str>,
        span: &Span,
    ) -> Option<Applied<'a>> {
        let command = families::command(program)?;
        Some(Applied::of(program, command, arguments, directory, span))
    }

    /// An agent that is started elsewhere, or with another home, may find other settings there and no hook in them; whatever
    /// the answer, the families say the rest.
    fn agent(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let first = arguments.first().and_then(Field::known).unwrap_or_default();
        let looks = ["--version", "-v", "--help", "-h", "mcp", "doctor", "config", "plugin", "update"].contains(&first.as_str());
        let elsewhere = directory != Some(self.world.directory()) || self.state.variables.contains_key("HOME");
        if elsewhere && !looks {
            self.unseen_code(program, "settings that may have no guard in them", span);
        }
        false
    }

    /// A pattern of processes that fits Holdpoint's, too; whatever the answer, the families say the rest.
    fn ends_guard(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let Some(applied) = self.taken_apart(program, arguments, directory, span) else { return false };
        let has = |name: &str| applied.line.has_exactly(name);
        let text = if has("-f") || has("--full") { "/bin/holdpoint up" } else { "holdpoint" };
        let exact = has("-x") || has("--exact") || (program != "pkill" && !has("-r") && !has("--regexp"));
        let fits = |field: &Field| field.known().is_some_and(|pattern| !exact && may_match(&pattern, text));
        if let Some(pattern) = applied.line.operands.iter().find(|field| fits(field)) {
            let summary = format!("Ends what matches `{}`, Holdpoint among it", pattern.shown());
            let effect = plain(Verb::Stop, ResourceKind::Guard, "holdpoint", summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
        false
    }

    /// What a service on another system has in its environment is where its secrets are.
    pub(super) fn shows_environment(&mut self, names: &[Field], span: &Span) -> bool {
        let elsewhere = matches!(&self.site, Site::There(environment) if *environment != Environment::Local);
        let secret = names.iter().all(|name| name.known().is_none_or(|name| is_secret_name(&name)));
        if elsewhere && secret {
            let summary = "Shows the environment of a service, secrets included".to_owned();
            self.note(plain(Verb::Read, ResourceKind::Credential, "environment of a service", summary, span.clone()));
        }
        false
    }

    /// Follows a command that gets secrets in its environment: where it only shows that, it shows them.
    pub(super) fn given_secrets(&mut self, follow: impl FnOnce(&mut Self), span: &Span) {
        const SHOW: [&str; 6] = ["declare", "env", "export", "printenv", "set", "typeset"];
        let before = self.noted();
        let mut ran = std::mem::take(&mut self.ran);
        follow(self);
        let shows = self.only_looked(before) && SHOW.iter().any(|name| self.ran.contains(*name));
        self.ran.append(&mut ran);
        if shows {
            let summary = "Shows the secrets that a command is given in its environment".to_owned();
            self.note(plain(Verb::Read, ResourceKind::Credential, "environment", summary, span.clone()));
        }
    }

    /// `busybox httpd -h DIRECTORY` serves a directory, as other servers do; Apache's program of that name has other options.
    pub(super) fn busybox_serves(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let Some((name, options)) = arguments.split_first() else { return false };
        let (line, _) = leading(options, &["-c", "-d", "-e", "-h", "-m", "-p", "-r", "-u"]);
        if name.known().as_deref() != Some("httpd") || line.has("--help") {
            return false;
        }
        let server = Field::new(Value::text("http-server"), span.clone());
        let words: Vec<Field> = std::iter::once(server).chain(line.values("-h").last().cloned()).collect();
        self.run_words(&words, directory, span);
        true
    }

    /// `cpio -o` packs the files that its input names.
    fn packs_named(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (line, _) = leading(arguments, &["-H", "-D", "-F", "-O"]);
        let packs = ["-o", "--create", "-p", "--pass-through"].iter().any(|name| line.has(name));
        let text = match &self.input {
            Input::Text(text) if packs => text.known(),
            _ => None,
        };
        for name in text.iter().flat_map(|text| text.split(['\n', '\0'])).filter(|name| !name.is_empty()).take(NAMED_MAX) {
            self.look_by_name(&Field::new(Value::text(name), span.clone()), directory);
        }
    }

    /// `ps e` shows what processes have in their environment, which is where secrets are.
    fn environments(&mut self, arguments: &[Field], span: &Span) -> bool {
        let shows = |text: String| text.contains('e') && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if arguments.first().and_then(Field::known).is_some_and(shows) {
            let summary = "Shows the environment of processes, secrets included".to_owned();
            self.note(plain(Verb::Read, ResourceKind::Credential, "environment of processes", summary, span.clone()));
        }
        false
    }

    /// `cargo clean` deletes the target directory that an option or a variable names; `false` for everything else.
    fn cargo_clean(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let Some(applied) = self.taken_apart("cargo", arguments, directory, span) else { return false };
        let rehearses = applied.line.rehearses("-n") || applied.line.rehearses("--dry-run");
        if applied.sub_name != "clean" || rehearses {
            return false;
        }
        let mut named: Vec<Value> = applied.line.values("--target-dir").map(|field| field.value.clone()).collect();
        for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
            if named.is_empty() {
                named = self.state.variables.get(name).cloned().unwrap_or_default();
            }
        }
        named.iter().for_each(|value| self.delete(&Field::new(value.clone(), span.clone()), directory));
        !named.is_empty()
    }

    /// `cmake -E` has file commands of its own; `false` for everything else.
    fn cmake_tool(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let [option, tool, words @ ..] = arguments else { return false };
        let same = match tool.known().as_deref() {
            _ if option.known().as_deref() != Some("-E") => return false,
            Some("copy" | "copy_if_different" | "copy_if_newer" | "copy_directory_if_different" | "copy_directory_if_newer") => {
                "cp"
            }
            // What is in the first goes into the second.
            Some("copy_directory") => "rsync",
            Some("create_hardlink" | "create_symlink") => "ln",
            Some("make_directory") => "mkdir",
            Some("rm" | "remove" | "remove_directory") => "rm",
            Some("rename") => "mv",
            Some("tar") => "tar",
            Some("touch") => "touch",
            Some("env") => "env",
            Some("time") => "time",
            _ => return false,
        };
        let option = (same == "ln").then_some("-sf");
        let named = std::iter::once(same).chain(option).map(|word| Field::new(Value::text(word), tool.span.clone()));
        let words: Vec<Field> = named.chain(words.iter().cloned()).collect();
        self.run_words(&words, directory, span);
        true
    }

    fn psql(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some(applied) = self.taken_apart("psql", arguments, directory, span) else { return };
        let environment = self.place(Place::Postgres, &applied);
        let line = &applied.line;
        let texts: Vec<Value> =
            ["-c", "--command"].iter().flat_map(|name| line.values(name)).map(|field| field.value.clone()).collect();
        let files: Vec<Field> = ["-f", "--file"].iter().flat_map(|name| line.values(name)).cloned().collect();
        if ["-l", "--list", "--help", "-V", "--version"].iter().any(|name| line.has_exactly(name)) {
            return self.apply_line(&applied);
        }
        for output in ["-o", "--output"].iter().flat_map(|name| line.values(name)).cloned().collect::<Vec<_>>() {
            match behind(&output, "|") {
                Some(command) => self.inner_text(&command.value, span.clone()),
                None => self.overwrite(&output, directory),
            }
        }
        for log in ["-L", "--log-file"].iter().flat_map(|name| line.values(name)).cloned().collect::<Vec<_>>() {
            self.modify(&log, directory, APPENDS);
        }
        for text in &texts {
            self.sql(text, &environment, span);
        }
        for file in &files {
            self.sql_file(file, directory, &environment, span);
        }
        if texts.is_empty() && files.is_empty() {
            match self.input.clone() {
                Input::Text(text) => self.sql(&text, &environment, span),
                Input::File(path) => self.sql_file(&Field::new(Value::text(path), span.clone()), None, &environment, span),
                Input::Listed(_) | Input::Piped => self.unseen_code("psql", "what another program prints", span),
                Input::Inherited => {
                    let effect = plain(
                        Verb::Execute,
                        ResourceKind::Database,
                        "psql",
                        "Opens a session that waits for somebody to type".to_owned(),
                        span.clone(),
                    );
                    self.note(Effect { environment, ..effect });
                }
            }
        }
    }

    fn sql(&mut self, text: &Value, environment: &Environment, span: &Span) {
        let Some(text) = text.known() else {
            return self.unseen_code("psql", "SQL that the line does not determine", span);
        };
        if !self.budget.code_steps(sql::cost(&text)) {
            return self.unseen_code("psql", "more SQL than is read", span);
        }
        for effect in sql::read_psql(&text, environment, Some(span.clone())) {
            self.note(effect);
        }
    }

    fn sql_file(&mut self, file: &Field, directory: Option<&str>, environment: &Environment, span: &Span) {
        let path = match self.target(&file.value, directory) {
            super::files::Target::Exactly(path) => path,
            _ => return self.unseen_code("psql", "SQL from a file that the line does not determine", span),
        };
        let held = |walker: &Self| walker.held(&path).map(|held| (held.text.clone(), held.span.clone()));
        let found = match self.site {
            Site::Here if !self.is_rewritten(&path) => self.world.file_text(&path).map(|text| (text.to_owned(), span.clone())),
            Site::Here => held(self),
            _ => None,
        };
        match found {
            Some((text, span)) => self.sql(&Value::text(text), environment, &span),
            None => self.unseen_code("psql", &format!("SQL from `{path}`"), span),
        }
    }

    /// `awk` programs may run commands and write files.
    fn awk(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some(applied) = self.taken_apart("awk", arguments, directory, span) else { return };
        applied.line.operands.iter().skip(1).for_each(|file| self.look(file, directory));
        self.fill_all(&applied);
        let code = match applied.line.values("-f").next() {
            Some(_) => None,
            None => applied.line.operands.first().and_then(Field::known),
        };
        let in_place = applied.line.values("-i").any(|field| field.shown().starts_with("inplace"));
        match code.as_deref().map(awk::read) {
            Some(Found::Nothing) if in_place => {
                // What the program does not print is gone.
                let prints = code.as_deref().is_some_and(|code| code.contains("print") || !code.trim_start().starts_with('{'));
                let empty = code.as_deref().is_none_or(|code| code.trim().is_empty());
                for file in applied.line.operands.iter().skip(1) {
                    if prints && !empty { self.edit(file, directory, "Edits") } else { self.overwrite(file, directory) }
                }
            }
            Some(Found::Nothing) => self.apply_line(&applied),
            Some(Found::Acts(acts)) if !in_place => self.perform_found(program, &acts, directory, span),
            Some(Found::Acts(_) | Found::Unread) => {
                self.unseen_code(program, "a program that acts on what is not told in it", span);
            }
            None => self.unseen_code(program, "a program that is not in the line", span),
        }
    }

    /// `tar czf FILE …`: the first word may be options without a dash, whose values follow it in their order.
    fn tar(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some(command) = families::command("tar") else { return };
        let words = lettered(command, arguments);
        let applied = Applied::of(program, command, &words, directory, span);
        let away = |file: &&Field| is_far(file.value.head());
        let archive = applied.line.values("-f").chain(applied.line.values("--file")).find(away).map(Field::shown);
        if let Some(archive) = archive.filter(|_| !applied.line.has_exactly("--force-local")) {
            let summary = format!("Sends an archive to `{archive}` or gets it from there");
            let effect = plain(Verb::Publish, ResourceKind::Host, &archive, summary, span.clone());
            self.note(Effect { environment: Environment::Unknown, reversibility: Reversibility::Irreversible, ..effect });
        }
        self.apply_line(&applied);
    }

    /// `make CC=clang`: a variable that is given may become a command of a recipe. One that holds more than plain words is
    /// not followed, and one that begins as a command is.
    fn given_variables(&mut self, program: &str, arguments: &[Field], span: &Span) -> bool {
        for field in arguments {
            let head = field.value.head();
            let Some((name, value)) = head.split_once('=').filter(|(name, _)| !name.starts_with('-') && !name.contains('/'))
            else {
                continue;
            };
            if value.contains(['`', ';', '|', '&', '<', '>', '\n']) || value.contains("$(") || value.contains("${") {
                self.opaque(name, &format!("`{program}` runs what a variable holds"), span.clone());
            } else if value.contains(char::is_whitespace) || (value.contains('/') && is_program_variable(name)) {
                let text = Value::text(value);
                self.at_worst(|walker| walker.inner_text(&text, span.clone()));
            }
        }
        false
    }

    /// `sed` edits in place, and its scripts may run commands and write files.
    fn sed(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let in_place = arguments.iter().position(|field| {
            let head = field.value.head();
            head == "--in-place"
                || head.starts_with("--in-place=")
                || (head.starts_with('-') && !head.starts_with("--") && head.contains('i'))
        });
        let Some(applied) = self.taken_apart("sed", arguments, directory, span) else { return };
        let mut scripts: Vec<Field> = ["-e", "--expression"].iter().flat_map(|name| applied.line.values(name)).cloned().collect();
        let mut files = applied.line.operands.clone();
        let from_file = applied.line.values("-f").chain(applied.line.values("--file")).next().is_some();
        // On BSD's systems the ending for copies stands behind `-i` as a word of its own.
        if in_place.is_some() && files.first().and_then(Field::known).as_deref() == Some("") {
            files.remove(0);
        }
        if scripts.is_empty() && !from_file && !files.is_empty() {
            scripts.push(files.remove(0));
        }
        // What stands behind one `-e` ends a line of the script.
        let whole: Option<Vec<String>> = scripts.iter().map(Field::known).collect();
        match whole.filter(|_| !from_file).and_then(|lines| sed::read(&lines.join("\n"))) {
            Some(Reaches { runs: false, writes }) => {
                writes.into_iter().for_each(|file| self.overwrite(&Field::new(Value::text(file), span.clone()), directory));
            }
            _ => self.opaque(program, "a sed script may run commands or write files", span.clone()),
        }
        // `sed -n` leaves only what the script prints, and `d` alone nothing.
        let quiet = |head: &str| head == "--quiet" || head == "--silent" || (is_bundle(head) && head.contains('n'));
        let empties = arguments.iter().any(|field| quiet(field.value.head()))
            || scripts
                .iter()
                .any(|script| matches!(script.known().as_deref().map(str::trim), Some("d" | "1,$d" | "//d" | "/./d")));
        if in_place.is_some() && empties {
            files.iter().for_each(|file| self.overwrite(file, directory));
        } else if in_place.is_some() {
            files.iter().for_each(|file| self.edit(file, directory, "Edits"));
        } else {
            files.iter().for_each(|file| self.look(file, directory));
            self.note(plain(Verb::Read, ResourceKind::Program, program, format!("Looks only (`{program}`)"), span.clone()));
        }
    }
}

/// Words of which the first may be options without a dash, as those of tar and jar: each letter as an option of its own, with its value.
fn lettered(command: &Command, arguments: &[Field]) -> Vec<Field> {
    let letters = arguments.first().and_then(Field::known).filter(|word| !word.starts_with('-'));
    let Some((letters, (first, mut rest))) = letters.zip(arguments.split_first()) else {
        return arguments.to_vec();
    };
    let mut words = Vec::new();
    for letter in letters.chars() {
        let name = format!("-{letter}");
        let takes = command.valued.contains(&name);
        words.push(Field::new(Value::text(name), first.span.clone()));
        if let Some((value, others)) = rest.split_first().filter(|_| takes) {
            words.push(value.clone());
            rest = others;
        }
    }
    words.extend(rest.iter().cloned());
    words
}

/// Whether a variable holds the name of a program by convention: those of make's own rules (GNU make's manual, "Implicit
/// Variables"), and of others by their endings.
fn is_program_variable(name: &str) -> bool {
    const PROGRAMS: [&str; 26] = [
        "AR", "AS", "CARGO", "CC", "CPP", "CXX", "FC", "GO", "INSTALL", "LD", "LEX", "LINT", "M2C", "MAKE", "MAKEINFO", "NODE",
        "NPM", "OBJCOPY", "PC", "PYTHON", "RANLIB", "RM", "RUSTC", "SHELL", "STRIP", "YACC",
    ];
    let base = name.trim_end_matches([':', '+', '?']);
    PROGRAMS.contains(&base) || ["_CC", "_CXX", "_LD", "_PYTHON", "_SHELL", "_WRAPPER"].iter().any(|end| base.ends_with(end))
}

/// Whether a word is one dash and letters of options.
fn is_bundle(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Whether a pattern may match in a text: its plain stretches stand there in their order. It may say yes too often.
fn may_match(pattern: &str, text: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '/' | ' ');
    if let Some((one, others)) = pattern.split_once('|') {
        return may_match(one, text) || may_match(others, text);
    }
    let pattern = pattern.to_lowercase();
    let stretches = pattern.split(|character: char| !plain(character)).filter(|stretch| !stretch.is_empty());
    let mut rest = text;
    for stretch in stretches {
        match rest.split_once(stretch) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    !pattern.is_empty()
}
