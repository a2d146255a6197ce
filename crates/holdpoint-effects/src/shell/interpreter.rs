//! Interpreters of other languages. Python and JavaScript are read (`perform.rs`). Of code in another language, what plainly
//! reaches for files, processes or the network is opaque, the rest counts as delegated, and what cannot be seen before it runs is
//! opaque.

use holdpoint_core::effect::{Certainty, Effect, Magnitude, ResourceKind, Reversibility, Unit, Verb};

use super::address::is_this_machine;
use super::apply::{Applied, behind};
use super::effect::{OPEN_CODE, plain};
use super::perform::{Program, language_of};
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use super::wrapper::leading;
use crate::code::words::{self, Found};
use crate::world::{Content, absolute};

struct Interpreter {
    names: &'static [&'static str],
    /// Options whose value is code.
    code: &'static [&'static str],
    /// Options whose value is something else.
    valued: &'static [&'static str],
    /// Options with which it runs a module or task of its own.
    module: &'static [&'static str],
}

impl Interpreter {
    /// Whether a word is an option with its value attached: `-rjson`.
    fn has_value(&self, word: &str) -> bool {
        self.valued.iter().any(|option| option.len() == 2 && word.len() > 2 && word.starts_with(option))
    }

    /// Whether a word is an option that takes code, alone or behind others as in `-lne`; with the code where that is attached.
    fn code_in(&self, word: &Field) -> Option<Option<Field>> {
        let shown = word.shown();
        if self.code.contains(&shown.as_str()) {
            return Some(None);
        }
        let long = self.code.iter().filter(|option| option.starts_with("--"));
        if let Some(code) = long.filter_map(|option| behind(word, &format!("{option}="))).next() {
            return Some(Some(code));
        }
        let letters = shown.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
        for (at, letter) in letters.char_indices() {
            let option = format!("-{letter}");
            if self.code.contains(&option.as_str()) {
                let before = shown.get(..=at + letter.len_utf8()).unwrap_or_default();
                return Some(behind(word, before).filter(|code| !code.shown().is_empty()));
            }
            // What stands behind these belongs to them.
            let takes = self.valued.contains(&option.as_str()) || self.module.contains(&option.as_str()) || letter == 'i';
            if takes || !letter.is_ascii_alphanumeric() {
                return None;
            }
        }
        None
    }
}

const INTERPRETERS: [Interpreter; 6] = [
    Interpreter {
        names: &["python", "python3", "python2", "pypy", "pypy3"],
        code: &["-c"],
        valued: &["-W", "-X", "--check-hash-based-pycs"],
        module: &["-m"],
    },
    Interpreter {
        names: &["node", "nodejs", "bun", "deno", "ts-node", "tsx"],
        code: &["-e", "--eval", "-p", "--print", "-pe"],
        valued: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "-C",
            "--conditions",
            "--test-reporter",
            "--test-reporter-destination",
        ],
        module: &[],
    },
    Interpreter { names: &["perl"], code: &["-e", "-E"], valued: &["-I", "-M", "-m"], module: &[] },
    Interpreter { names: &["ruby", "irb"], code: &["-e"], valued: &["-I", "-r", "-E", "-C"], module: &[] },
    Interpreter { names: &["php"], code: &["-r", "-B", "-R", "-E"], valued: &["-d", "-c"], module: &[] },
    Interpreter { names: &["lua", "luajit"], code: &["-e", "-E"], valued: &["-l"], module: &[] },
];

/// Modules of Python that print or pack the file they are given.
const PRINTING_MODULES: [&str; 8] = ["ast", "base64", "gzip", "json.tool", "quopri", "tarfile", "tokenize", "zipfile"];

/// Words by which a one-line program reaches beyond itself. A program with one of them is not judged here.
const REACHES: [&str; 58] = [
    "__",
    "`",
    "atob",
    "base64",
    "chmod",
    "child_process",
    "chr(",
    "codecs",
    "connect",
    "ctypes",
    "delete",
    "eval",
    "exec",
    "fetch",
    "file_put",
    "fopen",
    "fork",
    "fromCharCode",
    "fs.",
    "ftp",
    "getattr",
    "http",
    "importlib",
    "kill",
    "mkfifo",
    "mmap",
    "move",
    "net.",
    "opendir",
    "os.rem",
    "os.rename",
    "os.truncate",
    "passthru",
    "popen",
    "pty",
    "qx",
    "remove",
    "rename",
    "replace(",
    "requests",
    "require('/",
    "require('fs",
    "require(\"/",
    "require(\"fs",
    "node:",
    "rm",
    "rmdir",
    "rmtree",
    "shutil",
    "smtp",
    "socket",
    "spawn",
    "subprocess",
    "symlink",
    "syscall",
    "system",
    "unlink",
    "write",
];

impl Walker<'_> {
    /// Follows an interpreter; `false` when the program is none.
    pub(crate) fn interpreter(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let Some(interpreter) = interpreter_named(program) else { return false };
        // These are package managers as well.
        if matches!(program, "bun" | "deno")
            && let Some(command) = crate::families::command(program)
        {
            self.at_worst(|walker| walker.apply(program, command, arguments, directory, span));
        }
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let shown = word.shown();
            let next = arguments.get(at + 1);
            if word.value.starts_unknown() {
                self.opaque(&shown, OPEN_CODE, span.clone());
                return true;
            }
            if matches!(shown.as_str(), "--version" | "-V" | "--help" | "-h") {
                self.note(plain(Verb::Read, ResourceKind::Program, program, format!("Looks only (`{program}`)"), span.clone()));
                return true;
            }
            if let Some(given) = interpreter.code_in(word) {
                let is_next = given.is_none();
                let code = given.as_ref().or(next);
                let words = arguments.get(at + 1 + usize::from(is_next)..).unwrap_or_default();
                // Perl runs a file to be read whose name ends so, and writes one whose name begins so.
                let by_name = |word: &Field| {
                    let (shown, head) = (word.shown(), word.value.head().trim_start().to_owned());
                    shown.trim_end().ends_with('|') || ["|", ">", "+>", "+<"].iter().any(|sign| head.starts_with(sign))
                };
                if program == "perl" && words.iter().any(by_name) {
                    self.unseen_code(program, "a file name that runs or writes", span);
                }
                if matches!(program, "perl" | "ruby") {
                    words.iter().for_each(|file| self.look(file, directory));
                }
                if matches!(program, "perl" | "ruby")
                    && arguments
                        .iter()
                        .map(|word| word.value.head())
                        .any(|word| !interpreter.has_value(word) && (is_cluster(word, "-i") || word.starts_with("-i")))
                {
                    let files = words.iter().filter(|file| !file.value.head().starts_with('-'));
                    // Without a print of its own `-n` leaves nothing, and with one that picks, only what is picked.
                    let leaves =
                        !is_given(arguments, interpreter, "-n") || is_given(arguments, interpreter, "-p") || keeps_others(code);
                    files.for_each(
                        |file| {
                            if leaves { self.edit(file, directory, "Edits") } else { self.overwrite(file, directory) }
                        },
                    );
                }
                let loaded = loaded(arguments.get(..at).unwrap_or_default(), program, code);
                match loaded.as_ref().or(code) {
                    Some(code) => self.code(program, &code.value, words, directory, span),
                    None => self.unseen_code(program, "no code", span),
                }
                // With `-i` it takes more from whoever types, or from the input.
                let asks = interpreter.names.contains(&"python3") && is_given(arguments, interpreter, "-i");
                if asks && !matches!(self.input, Input::Inherited) {
                    self.code_from_input(program, words, directory, span);
                }
                return true;
            }
            if let Some(attached) = interpreter.module.iter().find_map(|option| shown.strip_prefix(option)) {
                let (module, skipped) = match attached {
                    "" => (next.map(Field::shown).unwrap_or_default(), 2),
                    module => (module.to_owned(), 1),
                };
                let words = arguments.get(at + skipped..).unwrap_or_default();
                self.module(program, &module, words, directory, span);
                self.project_tool(&module, words, directory, span);
                return true;
            }
            // What stands behind the module's name is code as well.
            if program == "perl"
                && shown.starts_with(['-'])
                && shown.get(1..2).is_some_and(|letter| matches!(letter, "M" | "m"))
                && shown.contains(';')
            {
                self.unseen_code(program, "code behind the name of a module", span);
            }
            if program == "ruby" && shown == "-run" && next.is_some_and(|next| next.shown().starts_with("-e")) {
                let words = arguments.get(at + 2..).unwrap_or_default().iter().filter(|word| word.shown() != "--");
                // Ruby's own server is none of the system's (un.rb).
                let serves = |word: &&Field| word.known().as_deref() == Some("httpd");
                let own = |word: &Field| Field::new(Value::text("http-server"), word.span.clone());
                let words: Vec<Field> = words.map(|word| if serves(&word) { own(word) } else { word.clone() }).collect();
                self.run_words(&words, directory, span);
                return true;
            }
            let loads = ["-r", "--require", "--import", "--loader", "--experimental-loader", "--test-reporter"];
            let (option, attached) = match shown.strip_prefix("-r").filter(|value| value.starts_with(['.', '/'])) {
                Some(value) => ("-r", Some(value)),
                None => shown.split_once('=').map_or((shown.as_str(), None), |(option, value)| (option, Some(value))),
            };
            if option == "--test-reporter-destination" {
                let told = attached.map(|value| Field::new(Value::text(value), span.clone())).or_else(|| next.cloned());
                let file = told.filter(|file| !matches!(file.shown().as_str(), "stdout" | "stderr"));
                file.iter().for_each(|file| self.overwrite(file, directory));
            }
            if loads.contains(&option) {
                let loaded = attached.map(|value| Field::new(Value::text(value), span.clone())).or_else(|| next.cloned());
                match loaded {
                    Some(file) if file.value.head().starts_with(['.', '/']) => self.script(&file, &[], directory, program),
                    Some(code) if ["data:", "http:", "https:"].iter().any(|kind| code.value.head().starts_with(kind)) => {
                        self.unseen_code(program, "a module that the line or the network holds", span);
                    }
                    _ => {}
                }
            }
            if interpreter.valued.contains(&shown.as_str()) {
                at += 2;
                continue;
            }
            if shown.starts_with('-') && shown.len() > 1 {
                at += 1;
                continue;
            }
            break;
        }
        match arguments.get(at) {
            Some(task) if matches!((program, task.known().as_deref()), ("bun" | "deno", Some(word)) if !word.contains(['.', '/'])) =>
            {
                self.task(program, task, arguments.get(at + 1..).unwrap_or_default(), directory, span);
            }
            Some(file) if file.known().as_deref() != Some("-") => {
                let behind = arguments.get(at + 1..).unwrap_or_default();
                self.script(file, behind, directory, program);
                self.project_tool(&file.shown(), behind, directory, span);
            }
            _ => self.code_from_input(program, arguments.get(at + 1..).unwrap_or_default(), directory, span),
        }
        true
    }

    /// `php -S HOST:PORT [-t DIRECTORY] [FILE]`: everything in the directory goes to whoever asks.
    pub(super) fn php_serves(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (line, used) = leading(arguments, &["-S", "--server", "-t", "--docroot", "-d", "--define", "-c", "--php-ini"]);
        if !line.has("-S") && !line.has("--server") {
            return false;
        }
        // Whoever reaches this machine may then run what lies in the directory.
        let address = ["-S", "--server"].iter().flat_map(|name| line.values(name)).last().map(Field::shown).unwrap_or_default();
        if address.starts_with("0.") || !is_this_machine(&address) {
            let summary = format!("Lets whoever reaches this machine run the programs in a directory (`{address}`)");
            let effect = plain(Verb::Publish, ResourceKind::Network, &address, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Irreversible, ..effect });
        }
        let roots: Vec<Field> = ["-t", "--docroot"].iter().flat_map(|name| line.values(name)).cloned().collect();
        let here = [Field::new(Value::text("."), span.clone())];
        let served = if roots.is_empty() { here.as_slice() } else { roots.as_slice() };
        served.iter().for_each(|place| self.look(place, directory));
        match arguments.get(used) {
            Some(router) => self.script(router, &[], directory, "php"),
            None => self.delegate("php", "php -S", span),
        }
        true
    }

    /// `python -m NAME`: the tools that data describe, those of the language that take code or files, and others, which are delegated.
    fn module(&mut self, program: &str, module: &str, words: &[Field], directory: Option<&str>, span: &Span) {
        let described = crate::families::command(module);
        let operands = match described {
            Some(command) => Applied::of(module, command, words, directory, span).line.operands,
            None => words.iter().filter(|word| !word.value.head().starts_with('-')).cloned().collect(),
        };
        match (module, operands.as_slice()) {
            ("venv" | "virtualenv", places) if words.iter().any(|word| word.value.head() == "--clear") => {
                places.iter().for_each(|place| self.delete(place, directory));
            }
            ("timeit", _) => return self.timed(program, words, directory, span),
            // What waits for somebody to type takes its program from the input.
            ("code" | "asyncio", _) => return self.code_from_input(program, &operands, directory, span),
            ("lib2to3", files)
                if words.iter().any(|word| word.value.head() == "--write" || is_cluster(word.value.head(), "-w")) =>
            {
                files.iter().for_each(|file| self.edit(file, directory, "Edits"));
            }
            // What these are given is a module, or the file of one, which runs.
            ("runpy" | "unittest" | "doctest" | "pydoc", given)
                if given.iter().any(|given| given.shown().contains('/') && !given.shown().ends_with(".md")) =>
            {
                for file in given.iter().filter(|file| file.shown().contains('/')) {
                    self.script(file, &[], directory, program);
                }
                if module == "runpy" {
                    return;
                }
            }
            ("json.tool", [_, written]) => self.overwrite(written, directory),
            ("zipfile" | "tarfile", [written, ..])
                if words.iter().any(|word| ["-c", "--c"].iter().any(|option| word.value.head().starts_with(option))) =>
            {
                self.overwrite(written, directory);
            }
            ("cProfile" | "profile" | "pdb" | "trace", [script, behind @ ..]) if script.shown().contains('.') => {
                self.script(script, behind, directory, program);
                if described.is_some() {
                    self.program_of_system(module, words, directory, span);
                }
                return;
            }
            ("zipfile" | "tarfile", [_, place]) if words.iter().any(|word| word.value.head().starts_with("-e")) => {
                return self.unpack(place, directory);
            }
            _ if self.module_of_the_tree(program, module, words, directory, span) => return,
            _ if described.is_some() => return self.program_of_system(module, words, directory, span),
            _ => {}
        }
        if PRINTING_MODULES.contains(&module) {
            words.iter().for_each(|file| self.look(file, directory));
        }
        self.handed(words, directory);
        self.delegate(program, &format!("{program} -m {module}"), span);
    }

    /// A module that lies where the program runs: its file, or what a package has for this.
    fn module_of_the_tree(&mut self, program: &str, module: &str, words: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return false };
        let path = absolute(&module.replace('.', "/"), directory);
        let files = [format!("{path}.py"), format!("{path}/__main__.py")];
        // Both are asked at once: a gate answers in few rounds.
        let texts = files.map(|file| (matches!(self.world.content(&file), Content::Text(_)) || self.held(&file).is_some(), file));
        let Some((_, file)) = texts.into_iter().find(|(is_text, _)| *is_text) else { return false };
        self.script(&Field::new(Value::text(file), span.clone()), words, Some(directory), program);
        true
    }

    /// `python -m timeit -s SETUP STATEMENT …`: the texts are the lines of one program.
    fn timed(&mut self, program: &str, words: &[Field], directory: Option<&str>, span: &Span) {
        let (mut setup, mut lines, mut rest) = (Vec::new(), Vec::new(), words.iter());
        while let Some(word) = rest.next() {
            let shown = word.shown();
            if let Some(text) = behind(word, "--setup=") {
                setup.push(text.value);
            } else if matches!(shown.as_str(), "-s" | "--setup") {
                setup.extend(rest.next().map(|text| text.value.clone()));
            } else if matches!(shown.as_str(), "-n" | "--number" | "-r" | "--repeat" | "-u" | "--unit") {
                rest.next();
            } else if let Some(text) = behind(word, "-s") {
                setup.push(text.value);
            } else if !shown.starts_with('-') {
                lines.push(word.value.clone());
            }
        }
        let mut whole = Value::text("");
        for line in setup.into_iter().chain(lines) {
            whole.append(line);
            whole.append(Value::text("\n"));
        }
        self.code(program, &whole, &[], directory, span);
    }

    /// `deno eval CODE`, `deno run FILE`, `bun run FILE`; anything else is work of the tool on the project.
    fn task(&mut self, program: &str, task_word: &Field, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let is_option = |word: &Field| word.value.head().starts_with('-') && word.value.head().len() > 1;
        let at = arguments.iter().position(|word| !is_option(word)).unwrap_or(arguments.len());
        let (name, words) = (task_word.shown(), arguments.get(at + 1..).unwrap_or_default());
        match (name.as_str(), arguments.get(at)) {
            ("eval", Some(code)) if program == "deno" => {
                self.code(program, &code.value, words, directory, span);
                // What stands behind an option may be its value, and the code the word after it.
                let before = at.checked_sub(1).and_then(|before| arguments.get(before));
                if let (Some(_), Some((code, words))) = (before, words.split_first()) {
                    self.code(program, &code.value, words, directory, span);
                }
            }
            ("exec", Some(text)) if program == "bun" => self.inner_text(&text.value, span.clone()),
            ("run", Some(file)) if file.value.starts_unknown() || file.shown().contains(['.', '/']) => {
                self.script(file, words, directory, program);
            }
            ("run", Some(file)) if file.shown() == "-" => self.code_from_input(program, words, directory, span),
            (task, given) => {
                match (program, given) {
                    ("deno", Some(given)) if task == "task" => self.deno_task(&given.shown(), directory, span),
                    ("bun", _) => {
                        let words: Vec<Field> = std::iter::once(task_word).chain(arguments).cloned().collect();
                        self.targets("bun", &words, directory, span);
                    }
                    _ => {}
                }
                self.delegate(program, &format!("{program} {name}"), span);
            }
        }
    }

    pub(super) fn code_from_input(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        match self.input.clone() {
            Input::Text(code) => self.code(program, &code, arguments, directory, span),
            Input::File(path) => self.script(&Field::new(Value::text(path), span.clone()), arguments, directory, program),
            Input::Listed(_) | Input::Piped => self.unseen_code(program, "what another program prints", span),
            Input::Inherited => {
                let summary = format!("Starts `{program}`, which waits for somebody to type");
                self.note(plain(Verb::Execute, ResourceKind::Process, program, summary, span.clone()));
            }
        }
    }

    /// Code of another language that the line holds.
    pub(crate) fn code(&mut self, program: &str, code: &Value, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some(text) = code.known() else {
            return self.unseen_code(program, "code that the line does not determine", span);
        };
        if let Some(language) = language_of(program) {
            let arguments: Vec<Value> = arguments.iter().map(|field| field.value.clone()).collect();
            let read = Program { language, interpreter: program, text: &text, file: None, arguments: &arguments, own: false };
            if self.follow_program(&read, directory, span) {
                return;
            }
        }
        match words::read(program, &text) {
            Some(found) => self.found_by_words(program, found, &text, directory, span),
            None => self.code_by_its_words(program, &text, directory, span),
        }
    }

    /// What the words of a program that is not parsed tell of it.
    pub(super) fn found_by_words(&mut self, program: &str, found: Found, text: &str, directory: Option<&str>, span: &Span) {
        self.named_in(text, directory, span);
        match found {
            Found::Acts(acts) => self.perform_found(program, &acts, directory, span),
            Found::Nothing => {
                self.note_delegated(
                    program,
                    format!("Runs a program in the command itself through `{program}`, which is not read"),
                    span,
                );
            }
            Found::Unread => self.unseen_code(program, "a program that acts on what is not told in it", span),
        }
    }

    /// Code that is not read: words by which it reaches beyond itself are looked for.
    fn code_by_its_words(&mut self, program: &str, text: &str, directory: Option<&str>, span: &Span) {
        let opens_to_write = text.contains("open(")
            && ["'w", "\"w", "'a", "\"a", "'x", "\"x", "+'", "+\"", "mode"].iter().any(|mode| text.contains(mode));
        self.named_in(text, directory, span);
        // Letters of other scripts may stand for plain ones.
        let reaches = (language_of(program).is_some() && !text.is_ascii())
            || REACHES.iter().any(|word| text.contains(word))
            || opens_to_write
            || (program == "perl" && text.contains("open"));
        let summary = format!("Runs a program in the command itself through `{program}`, which is not read");
        if !reaches {
            return self.note_delegated(program, summary, span);
        }
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        self.note(Effect {
            certainty: Certainty::Opaque,
            reversibility: Reversibility::Irreversible,
            magnitude: Magnitude::unbounded(Unit::Items),
            ..effect
        });
    }

    fn delegate(&mut self, program: &str, shown: &str, span: &Span) {
        self.note_delegated(program, format!("Runs `{shown}`, which runs code of the work tree"), span);
    }
}

/// Whether a program is an interpreter of another language.
pub(crate) fn is_interpreter(program: &str) -> bool {
    interpreter_named(program).is_some()
}

fn interpreter_named(program: &str) -> Option<&'static Interpreter> {
    let versionless = program.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    let named = |interpreter: &&Interpreter| {
        interpreter.names.contains(&program) || (versionless.len() < program.len() && interpreter.names.contains(&versionless))
    };
    INTERPRETERS.iter().find(named)
}

/// Whether an option of one letter is given, alone or in a bundle.
fn is_given(arguments: &[Field], interpreter: &Interpreter, option: &str) -> bool {
    let heads = arguments.iter().map(|word| word.value.head());
    heads.take_while(|word| word.starts_with('-')).any(|word| !interpreter.has_value(word) && is_cluster(word, option))
}

/// Whether a program that prints by itself prints all but what it names, as far as its words tell.
fn keeps_others(code: Option<&Field>) -> bool {
    code.and_then(Field::known).is_some_and(|code| code.contains("print unless") || code.contains("print if !"))
}

/// The code with the modules in front of it that options of Perl load, as Perl itself reads them (perlrun, `-M`).
fn loaded(options: &[Field], program: &str, code: Option<&Field>) -> Option<Field> {
    let module =
        |word: &Field| word.known()?.strip_prefix("-M").map(|module| format!("use {};", module.replacen('=', " qw(", 1) + ")"));
    let modules: String = options.iter().filter(|_| program == "perl").filter_map(module).collect();
    let code = code.filter(|code| !modules.is_empty() && code.known().is_some())?;
    Some(Field::new(Value::text(format!("{modules}{}", code.known().unwrap_or_default())), code.span.clone()))
}

/// Whether `word` is the option, alone or as the last of a bundle such as `-lne`.
fn is_cluster(word: &str, option: &str) -> bool {
    if word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=') && option.starts_with("--")) {
        return true;
    }
    let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
    letter.is_some_and(|letter| {
        word.starts_with('-')
            && !word.starts_with("--")
            && word
                .get(1..)
                .is_some_and(|bundle| bundle.contains(letter) && bundle.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}
