//! Programs of other languages: what they do, done as the commands do it that come to the same.
//!
//! A program of the work tree is the asker's own code, as a build or a test is: what it determines counts, what hangs on what it is
//! given when it runs is delegated. Any other program must say all that it does.
//!
//! *Out of scope:* what a program does ([`code`](crate::code)).

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::Place;

use super::address::is_this_machine;
use super::effect::plain;
use super::files::{APPENDS, Target};
use super::stranger::starts_a_command;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use crate::code::{self, Act, Around, Language, Noted};
use crate::recover::kind_of;
use crate::sql;
use crate::world::{Content, absolute};

/// What an act costs, in steps of the walk.
const ACT_STEPS: usize = 4;
/// Most modules beside a program that are read with it.
const MODULES_MAX: usize = 8;

/// A program of another language that is about to run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program<'a> {
    pub(super) language: Language,
    /// The interpreter as it is called.
    pub(super) interpreter: &'a str,
    pub(super) text: &'a str,
    pub(super) file: Option<&'a str>,
    pub(super) arguments: &'a [Value],
    /// Whether it belongs to the work tree.
    pub(super) own: bool,
}

impl Walker<'_> {
    /// Follows a program; `false` where it is not one that its language's grammar knows.
    pub(super) fn follow_program(&mut self, program: &Program<'_>, directory: Option<&str>, span: &Span) -> bool {
        let acts = {
            let variable = |name: &str| self.variable_of_program(name);
            let around = Around {
                directory,
                home: self.world.home(),
                file: program.file,
                arguments: program.arguments,
                variable: &variable,
                budget: self.budget,
            };
            code::read(program.language, program.text, &around)
        };
        let acts = match acts {
            Ok(acts) => acts,
            Err(why) if why == code::STRUCTURE || program.own => return false,
            Err(why) => {
                self.unseen_code(program.interpreter, &format!("code that is not read: {}", why.0), span);
                return true;
            }
        };
        let outer = std::mem::replace(&mut self.input, Input::Piped);
        self.apart(|walker| walker.perform_all(program, &acts, directory, span));
        self.input = outer;
        true
    }

    /// Does what was found in a program that is not parsed.
    pub(super) fn perform_found(&mut self, interpreter: &str, acts: &[Noted], directory: Option<&str>, span: &Span) {
        let program = Program { language: Language::Python, interpreter, text: "", file: None, arguments: &[], own: false };
        let outer = std::mem::replace(&mut self.input, Input::Piped);
        self.apart(|walker| walker.perform_all(&program, acts, directory, span));
        self.input = outer;
    }

    fn variable_of_program(&self, name: &str) -> Option<Value> {
        match self.state.variables.get(name).map(Vec::as_slice) {
            Some([value]) => Some(value.clone()),
            Some(_) => Some(Value::unknown()),
            None => self.world.variable(name).map(Value::text),
        }
    }

    fn perform_all(&mut self, program: &Program<'_>, acts: &[Noted], directory: Option<&str>, span: &Span) {
        let mut place = directory.map(str::to_owned);
        let mut delegated = None;
        let (mut modules, mut sought) = (0, Vec::new());
        for Noted { act, by_itself } in acts {
            if self.stopped || !self.budget.walk_steps(ACT_STEPS) {
                return self.stop(span.clone());
            }
            if let Act::Seek(directory) = act {
                // What lies in the work tree is the asker's own.
                let outside = |place: &String| self.world.path(place).is_none_or(|facts| facts.place != Place::WorkTree);
                let found = directory.known().map(|directory| absolute(&directory, place.as_deref().unwrap_or("/")));
                sought.extend(found.filter(outside));
                continue;
            }
            if let Act::Load(module) = act {
                modules += 1;
                if modules > MODULES_MAX || !self.load_module(module, program, place.as_deref(), &sought, span) {
                    self.unseen_from(module, program, &sought, span);
                    delegated = Some(format!("Runs code of `{module}` through `{}`, which is not read", program.interpreter));
                }
                continue;
            }
            if program.own && (!act.is_determined() || (!by_itself && act.is_outward())) {
                let shown = program.file.unwrap_or(program.interpreter);
                delegated.get_or_insert_with(|| format!("Runs `{shown}`, of which some hangs on what it is given"));
                continue;
            }
            let before = self.noted();
            self.perform(program, act, &mut place, span);
            if program.own && self.forgive_own(before, true) {
                let shown = program.file.unwrap_or(program.interpreter);
                delegated.get_or_insert_with(|| format!("Runs `{shown}`, which works on the work tree"));
            }
        }
        match delegated {
            Some(summary) => self.note_delegated(program.interpreter, summary, span),
            None => {
                let shown = program.file.unwrap_or("a program in the command itself");
                let summary = format!("Runs `{shown}` through `{}`, which was read", program.interpreter);
                self.note(plain(Verb::Execute, ResourceKind::Program, program.interpreter, summary, span.clone()));
            }
        }
    }

    pub(super) fn note_delegated(&mut self, name: &str, summary: String, span: &Span) {
        let effect = plain(Verb::Execute, ResourceKind::Program, name, summary, span.clone());
        self.note(Effect {
            certainty: Certainty::Delegated,
            reversibility: Reversibility::Effort,
            magnitude: Magnitude::unbounded(Unit::Items),
            ..effect
        });
    }

    fn perform(&mut self, program: &Program<'_>, act: &Act, place: &mut Option<String>, span: &Span) {
        let field = |value: &Value| Field::new(value.clone(), span.clone());
        let here = place.clone();
        let here = here.as_deref();
        match act {
            Act::Append(value) => self.modify(&field(value), here, APPENDS),
            Act::ChangeDirectory { to, surely } => {
                *place = match self.target(to, here) {
                    Target::Exactly(path) if *surely => Some(path),
                    _ if program.own => place.take(),
                    _ => None,
                };
            }
            Act::Connect(host) => self.connect(host, span),
            Act::Copy { from, to } => self.transfer(&[field(from)], &field(to), here, false),
            Act::Create(value) => self.make(&field(value), here),
            Act::Delete(value) => self.delete(&field(value), here),
            Act::Edit(value) => self.edit(&field(value), here, "Edits"),
            Act::Instruct(text) => self.instructed(text, here, span),
            Act::Kill(value) => self.program_of_system("kill", &[field(value)], here, span),
            Act::Leak(address) => self.leaked(address, span),
            Act::Link { to, at } => {
                self.named_again(&[field(to)], &field(at), here);
                self.link(&[field(to)], &field(at), here);
            }
            Act::Load(_) | Act::Seek(_) => {}
            Act::Mail => {
                let effect = plain(Verb::Publish, ResourceKind::Service, "mail", "Sends mail".to_owned(), span.clone());
                self.note(Effect { environment: Environment::Unknown, reversibility: Reversibility::Irreversible, ..effect });
            }
            Act::Modify(value) => self.modify_rights(&field(value), here),
            Act::Move { from, to } => self.transfer(&[field(from)], &field(to), here, true),
            Act::Overwrite(value) => self.overwrite(&field(value), here),
            Act::Read(value) => self.look(&field(value), here),
            Act::Request { method, address, sends } => self.request(method, address, *sends, here, span),
            Act::Run { words, directory, input } => {
                let words: Vec<Field> = words.iter().map(field).collect();
                self.run_from_program(directory.as_ref(), input.as_ref(), here, |walker, inside| {
                    walker.run_words(&words, inside, span)
                });
            }
            Act::Script(value) => self.script(&field(value), &[], here, program.interpreter),
            Act::Set { name, value } => {
                self.check_variable(name, value, span);
                self.state.set(name, vec![value.clone()]);
            }
            Act::Shell { text, directory, input } => {
                self.run_from_program(directory.as_ref(), input.as_ref(), here, |walker, inside| {
                    walker.state.functions.clear();
                    walker.state.directories = vec![inside.map(str::to_owned)];
                    walker.inner_text(text, span.clone());
                });
            }
            Act::Sql { client, database, text } => self.statement(client, database, text, here, span),
            Act::Unpack(value) => self.unpack(&field(value), here),
            Act::Unseen(what) => self.unseen_code(program.interpreter, what, span),
        }
    }

    /// Runs a command for a program: somewhere else where it says so, with what it writes to it.
    fn run_from_program(
        &mut self,
        directory: Option<&Value>,
        input: Option<&Value>,
        here: Option<&str>,
        follow: impl FnOnce(&mut Self, Option<&str>),
    ) {
        let inside = match directory.map(|directory| self.target(directory, here)) {
            Some(Target::Exactly(path)) => Some(path),
            Some(_) => None,
            None => here.map(str::to_owned),
        };
        let input = input.map_or(Input::Piped, |text| Input::Text(text.clone()));
        let outer = std::mem::replace(&mut self.input, input);
        self.apart(|walker| follow(walker, inside.as_deref()));
        self.input = outer;
    }

    /// A secret of the environment goes where the address leads, unless that is this machine.
    fn leaked(&mut self, address: &Value, span: &Span) {
        if is_this_machine(address.head()) {
            return;
        }
        let shown = address.shown();
        let summary = format!("Sends a secret of the environment to `{shown}`");
        let effect = plain(Verb::Publish, ResourceKind::Credential, &shown, summary, span.clone());
        self.note(Effect {
            environment: Environment::Unknown,
            reversibility: Reversibility::Irreversible,
            certainty: Certainty::Worst,
            ..effect
        });
    }

    fn connect(&mut self, host: &Value, span: &Span) {
        let known = host.known().unwrap_or_else(|| "an address that the program does not determine".to_owned());
        if is_this_machine(&known) {
            let summary = format!("Connects to this machine (`{known}`)");
            return self.note(plain(Verb::Read, ResourceKind::Host, &known, summary, span.clone()));
        }
        let effect = plain(Verb::Publish, ResourceKind::Host, &known, format!("Connects to `{known}`"), span.clone());
        self.note(Effect { environment: Environment::Unknown, reversibility: Reversibility::Irreversible, ..effect });
    }

    /// A request, judged as that of `curl` is.
    fn request(&mut self, method: &Value, address: &Value, sends: bool, here: Option<&str>, span: &Span) {
        let looks =
            method.known().is_some_and(|method| ["get", "head", "options"].iter().any(|look| method.eq_ignore_ascii_case(look)));
        if looks && !sends {
            let shown = address.shown();
            let summary = format!("Asks `{shown}` for something");
            return self.note(plain(Verb::Read, ResourceKind::Service, &shown, summary, span.clone()));
        }
        let mut words = vec![Value::text("-X"), method.clone()];
        if sends {
            words.extend([Value::text("-d"), Value::text("data")]);
        }
        words.push(address.clone());
        let words: Vec<Field> = words.into_iter().map(|word| Field::new(word, span.clone())).collect();
        self.program_of_system("curl", &words, here, span);
    }

    /// A text that something gets which may run it: followed where it reads as a statement, or as a command that matters.
    fn instructed(&mut self, text: &Value, here: Option<&str>, span: &Span) {
        let known = text.known().unwrap_or_default();
        if !self.budget.code_steps(sql::cost(&known)) {
            return self.stop(span.clone());
        }
        if sql::is_statement(&known) {
            self.statement("psql", &Value::unknown(), text, here, span);
        } else if starts_a_command(&known, span) {
            self.at_worst(|walker| walker.inner_text(text, span.clone()));
        }
    }

    /// A statement for a database, judged as that of its client is.
    fn statement(&mut self, client: &str, database: &Value, text: &Value, here: Option<&str>, span: &Span) {
        let text = text.clone();
        let words = match (client, database.known()) {
            ("sqlite3", Some(name)) if name == ":memory:" => return,
            ("sqlite3", _) => vec![database.clone(), text],
            ("psql", Some(name)) if name.contains("://") || name.contains('=') => {
                let mut plain = name.clone();
                // SQLAlchemy names the driver in the scheme.
                if let Some((scheme, rest)) = name.split_once("://") {
                    plain = format!("{}://{rest}", scheme.split('+').next().unwrap_or(scheme));
                }
                vec![Value::text(plain), Value::text("-c"), text]
            }
            ("psql", Some(host)) => vec![Value::text("-h"), Value::text(host), Value::text("-c"), text],
            ("psql", None) => vec![Value::unknown(), Value::text("-c"), text],
            (_, Some(host)) => vec![Value::text("-h"), Value::text(host), Value::text("-e"), text],
            (_, None) => vec![Value::text("-h"), Value::unknown(), Value::text("-e"), text],
        };
        let words: Vec<Field> = words.into_iter().map(|word| Field::new(word, span.clone())).collect();
        self.program_of_system(client, &words, here, span);
    }

    /// A module that is looked for outside the work tree as well, and was found in none of the places that can be read.
    fn unseen_from(&mut self, module: &str, program: &Program<'_>, sought: &[String], span: &Span) {
        if let Some(place) = sought.first().filter(|_| !program.own) {
            self.unseen_code(program.interpreter, &format!("the module `{module}`, which it may take from `{place}`"), span);
        }
    }

    /// Reads a module that lies beside a program, or where it has modules looked for; `false` where there is none, or none that can
    /// be read.
    fn load_module(
        &mut self,
        module: &str,
        program: &Program<'_>,
        directory: Option<&str>,
        sought: &[String],
        span: &Span,
    ) -> bool {
        let beside = program.file.and_then(|file| file.rsplit_once('/')).map(|(place, _)| place).or(directory);
        let (Site::Here, Some(beside)) = (&self.site, beside) else { return false };
        let places = || sought.iter().map(String::as_str).chain([beside]);
        let names = modules(program.language, module);
        let found = places().flat_map(|place| names.iter().map(move |name| absolute(name, place))).find_map(|path| {
            let held = self.held(&path).map(|held| (held.text.clone(), held.span.clone()));
            let found = held.or_else(|| match self.world.content(&path) {
                Content::Text(text) if !self.is_rewritten(&path) => Some((text.to_owned(), span.clone())),
                Content::Program | Content::Text(_) | Content::Unread => None,
            });
            found.map(|(text, span)| (path, text, span))
        });
        let Some((path, text, span)) = found else { return false };
        let of_the_line = self.is_rewritten(&path);
        let own = !of_the_line && self.world.path(&path).is_some_and(|facts| facts.place == Place::WorkTree);
        let module = Program { text: &text, file: Some(&path), arguments: &[], own, ..*program };
        self.program_in_file(&module, directory, &span)
    }

    /// Follows a program that stands in a file; `false` where it cannot be read.
    pub(super) fn program_in_file(&mut self, program: &Program<'_>, directory: Option<&str>, span: &Span) -> bool {
        let path = program.file.unwrap_or_default();
        if self.reading.contains(path) {
            return true;
        }
        if !self.deeper(span) {
            return true;
        }
        self.reading.insert(path.to_owned());
        let read = self.follow_program(program, directory, span);
        self.reading.remove(path);
        self.depth -= 1;
        read
    }

    /// Secrets among the files that a program names which is not read.
    pub(super) fn named_in(&mut self, code: &str, directory: Option<&str>, span: &Span) {
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
}

/// The language of an interpreter whose programs are read.
pub(super) fn language_of(interpreter: &str) -> Option<Language> {
    let versionless = interpreter.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    match versionless {
        "python" | "pypy" => Some(Language::Python),
        "node" | "nodejs" | "bun" | "deno" | "tsx" | "ts-node" | "zx" => Some(Language::JavaScript),
        _ => None,
    }
}

/// Where a module may lie, beside the program that loads it.
fn modules(language: Language, module: &str) -> Vec<String> {
    match language {
        Language::Python => {
            let path = module.trim_start_matches('.').replace('.', "/");
            if path.is_empty() { Vec::new() } else { vec![format!("{path}.py"), format!("{path}/__init__.py")] }
        }
        Language::JavaScript if !module.starts_with('.') && !module.starts_with('/') => Vec::new(),
        Language::JavaScript if [".js", ".mjs", ".cjs"].iter().any(|end| module.ends_with(end)) => vec![module.to_owned()],
        Language::JavaScript => vec![format!("{module}.js"), format!("{module}/index.js")],
    }
}

/// Texts in a program that may be the names of files it reads.
fn named_files(code: &str) -> Vec<&str> {
    const READERS: [&str; 8] = ["open", "read", "Path", "load", "File", "slurp", "cat", "get_contents"];
    if !READERS.iter().any(|reader| code.contains(reader)) {
        return Vec::new();
    }
    let texts = code.split(['\'', '"', '`']).skip(1).filter(|text| {
        let plain = !text.is_empty() && text.len() < NAMED_MAX_BYTES && !text.contains([' ', '\n', '(', ')', '*']);
        // An ending such as `.pem` alone is no file.
        let ending = text.strip_prefix('.').is_some_and(|rest| !rest.contains(['.', '/']) && !rest.starts_with("env"));
        plain && text.contains(['/', '.', '_']) && (!ending || matches!(*text, ".netrc" | ".npmrc" | ".pgpass"))
    });
    texts.take(NAMED_MAX).collect()
}

/// Most texts of a program that are looked at as names of files.
const NAMED_MAX: usize = 32;
const NAMED_MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_code_reads_are_named_in_it() {
        assert_eq!(named_files("open('/home/a/.ssh/id_rsa').read()"), ["/home/a/.ssh/id_rsa"]);
        assert_eq!(named_files("Path(\".env\").read_text()"), [".env"]);
        assert!(named_files("print('.env')").is_empty());
        assert!(named_files("[f for f in read() if f.endswith('.pem')]").is_empty());
    }

    #[test]
    fn only_modules_beside_a_program_are_looked_for() {
        assert_eq!(modules(Language::Python, ".tools.clean"), ["tools/clean.py", "tools/clean/__init__.py"]);
        assert_eq!(modules(Language::JavaScript, "./lib"), ["./lib.js", "./lib/index.js"]);
        assert!(modules(Language::JavaScript, "lodash").is_empty());
    }
}
