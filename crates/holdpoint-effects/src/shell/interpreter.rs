//! Interpreters of other languages. Their code is not parsed here: code that plainly reaches for files, processes or the
//! network is opaque, other code counts as delegated, and what cannot be seen before it runs is opaque.

use holdpoint_core::effect::{Certainty, Effect, Magnitude, ResourceKind, Reversibility, Unit, Verb};

use super::apply::behind;
use super::code::{is_plain_javascript, is_plain_python, named_files};
use super::effect::plain;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Walker};
use crate::recover::kind_of;
use crate::world::absolute;

struct Interpreter {
    names: &'static [&'static str],
    /// Options whose value is code.
    code: &'static [&'static str],
    /// Options whose value is something else.
    valued: &'static [&'static str],
    /// Options with which it runs a module or task of its own.
    module: &'static [&'static str],
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
        valued: &["-r", "--require", "--import", "--loader", "-C", "--conditions"],
        module: &[],
    },
    Interpreter { names: &["perl"], code: &["-e", "-E"], valued: &["-I", "-M", "-m"], module: &[] },
    Interpreter { names: &["ruby", "irb"], code: &["-e"], valued: &["-I", "-r", "-E", "-C"], module: &[] },
    Interpreter { names: &["php"], code: &["-r", "-B", "-R", "-E"], valued: &["-d", "-c"], module: &[] },
    Interpreter { names: &["lua", "luajit", "osascript", "Rscript", "julia"], code: &["-e", "-E"], valued: &["-l"], module: &[] },
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
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let shown = word.shown();
            let next = arguments.get(at + 1);
            if word.value.starts_unknown() {
                self.opaque(&shown, "the line does not determine the code that it runs", span.clone());
                return true;
            }
            if matches!(shown.as_str(), "--version" | "-V" | "--help" | "-h") {
                self.note(plain(Verb::Read, ResourceKind::Program, program, format!("Looks only (`{program}`)"), span.clone()));
                return true;
            }
            if let Some(option) = interpreter.code.iter().find(|option| is_cluster(&shown, option)) {
                let attached = shown.len() > option.len() && !option.starts_with("--") && shown.starts_with(option);
                let code = if attached { Some(word) } else { next };
                let joined = behind(word, &format!("{option}="));
                let code = joined.as_ref().or(code);
                let words = arguments.get(at + 2..).unwrap_or_default();
                if matches!(program, "perl" | "ruby") {
                    words.iter().for_each(|file| self.look(file, directory));
                }
                if matches!(program, "perl" | "ruby")
                    && arguments.iter().any(|word| is_cluster(word.value.head(), "-i") || word.value.head().starts_with("-i"))
                {
                    let files =
                        arguments.get(at + 2..).unwrap_or_default().iter().filter(|file| !file.value.head().starts_with('-'));
                    files.for_each(|file| self.edit(file, directory, "Edits"));
                }
                match code {
                    Some(code) => self.code(program, &code.value, directory, span),
                    None => self.unseen_code(program, "no code", span),
                }
                return true;
            }
            if interpreter.module.contains(&shown.as_str()) {
                let module = next.map(Field::shown).unwrap_or_default();
                let words = arguments.get(at + 2..).unwrap_or_default();
                if matches!(module.as_str(), "venv" | "virtualenv") && words.iter().any(|word| word.value.head() == "--clear") {
                    let places = words.iter().filter(|word| !word.value.head().starts_with('-'));
                    places.for_each(|place| self.delete(place, directory));
                }
                if PRINTING_MODULES.contains(&module.as_str()) {
                    words.iter().for_each(|file| self.look(file, directory));
                }
                self.handed(words, directory);
                self.delegate(program, &format!("{program} {shown} {module}"), span);
                return true;
            }
            let loads = ["-r", "--require", "--import", "--loader", "--experimental-loader"];
            let (option, attached) =
                shown.split_once('=').map_or((shown.as_str(), None), |(option, value)| (option, Some(value)));
            if loads.contains(&option) {
                let loaded = attached.map(|value| Field::new(Value::text(value), span.clone())).or_else(|| next.cloned());
                if let Some(file) = loaded.filter(|file| file.value.head().starts_with(['.', '/'])) {
                    self.script(&file, &[], directory, program);
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
                self.delegate(program, &format!("{program} {}", task.shown()), span);
            }
            Some(file) if file.known().as_deref() != Some("-") => self.script(file, &[], directory, program),
            _ => self.code_from_input(program, directory, span),
        }
        true
    }

    fn code_from_input(&mut self, program: &str, directory: Option<&str>, span: &Span) {
        match self.input.clone() {
            Input::Text(code) => self.code(program, &code, directory, span),
            Input::File(path) => self.script(&Field::new(Value::text(path), span.clone()), &[], None, program),
            Input::Piped => self.unseen_code(program, "what another program prints", span),
            Input::Inherited => {
                let summary = format!("Starts `{program}`, which waits for somebody to type");
                self.note(plain(Verb::Execute, ResourceKind::Process, program, summary, span.clone()));
            }
        }
    }

    /// Code of another language that the line holds.
    pub(crate) fn code(&mut self, program: &str, code: &Value, directory: Option<&str>, span: &Span) {
        let Some(text) = code.known() else {
            return self.unseen_code(program, "code that the line does not determine", span);
        };
        let opens_to_write = text.contains("open(")
            && ["'w", "\"w", "'a", "\"a", "'x", "\"x", "+'", "+\"", "mode"].iter().any(|mode| text.contains(mode));
        self.named_in(text.as_str(), directory, span);
        let harmless = match interpreter_named(program).and_then(|interpreter| interpreter.names.first()) {
            Some(&"python") => is_plain_python(&text),
            Some(&"node") => is_plain_javascript(&text),
            _ => false,
        };
        let reaches = !harmless
            && (REACHES.iter().any(|word| text.contains(word)) || opens_to_write || (program == "perl" && text.contains("open")));
        let summary = format!("Runs a program in the command itself through `{program}`, which is not read");
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        let effect = Effect { magnitude: Magnitude::unbounded(Unit::Items), ..effect };
        self.note(if reaches {
            Effect { certainty: Certainty::Opaque, reversibility: Reversibility::Irreversible, ..effect }
        } else {
            Effect { certainty: Certainty::Delegated, reversibility: Reversibility::Effort, ..effect }
        });
    }

    /// Secrets among the files that a program names.
    fn named_in(&mut self, code: &str, directory: Option<&str>, span: &Span) {
        for name in named_files(code) {
            let path = match (name.strip_prefix("~/"), self.world.home(), directory) {
                (Some(below), Some(home), _) => absolute(below, home),
                (Some(_), None, _) => continue,
                (None, _, Some(directory)) => absolute(name, directory),
                (None, _, None) => absolute(name, "/"),
            };
            let kind = kind_of(self.world, &path, None);
            if kind == ResourceKind::Credential {
                self.note(plain(Verb::Read, kind, &path, format!("Reads `{path}`, as far as its code says"), span.clone()));
            }
        }
    }

    fn delegate(&mut self, program: &str, shown: &str, span: &Span) {
        let summary = format!("Runs `{shown}`, which runs code of the work tree");
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        self.note(Effect {
            certainty: Certainty::Delegated,
            reversibility: Reversibility::Effort,
            magnitude: Magnitude::unbounded(Unit::Items),
            ..effect
        });
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
