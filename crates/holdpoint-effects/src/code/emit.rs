//! From a call of a library, as its data describe it, to the acts it does.

use super::act::{Act, Does};
use super::bind::{Bind, Choices};
use super::evaluate::{Evaluator, Given};
use super::library::Entry;
use crate::shell::value::Value;

impl Evaluator<'_> {
    /// Notes what a call does; gives what it gives.
    pub(super) fn act(&mut self, entry: &'static Entry, name: &str, given: &Given) -> Choices {
        let applies = entry.when.is_empty() || given.pick(&entry.when).is_some() || given.more_named;
        if applies && let Some(value) = self.acts_as(entry, name, given) {
            return value;
        }
        let handed = Given { receiver: None, ..given.clone() };
        self.escape_given(&handed);
        match given.receiver.clone().filter(|bind| entry.made && matches!(bind, Bind::Library { .. })) {
            Some(called) => self.made(&called, name, given),
            None if entry.made => self.made(&Bind::Library { name: name.into(), about: None }, name, given),
            None => Choices::data(),
        }
    }

    fn acts_as(&mut self, entry: &'static Entry, name: &str, given: &Given) -> Option<Choices> {
        match entry.does {
            Does::Code => {
                let texts = [given.pick(&entry.with), given.pick(&entry.of)];
                texts.iter().flatten().for_each(|text| self.code_or_function(text));
                if let Some(written) = given.pick(&entry.to) {
                    written.values().into_iter().for_each(|file| self.note(Act::Overwrite(file)));
                }
                return texts.iter().any(Option::is_some).then(Choices::unknown);
            }
            Does::Load => return Some(self.load(&given.pick(&entry.of).unwrap_or_else(Choices::unknown))),
            Does::Open => self.open(entry, given),
            Does::Request => self.request(entry, given),
            Does::Run | Does::RunApart | Does::RunRest | Does::Shell => self.run(entry, given),
            Does::RunNamed => {
                let words = entry.named(name).into_iter().map(Value::text);
                let words = entry.by.split_whitespace().map(Value::text).chain(words).collect();
                let words = given.words_behind(words, 0);
                self.note(Act::Run { words, directory: None, input: None });
            }
            Does::RunRemote => {
                let words = [Some(Value::text(entry.by)), Some(given.about()), given.pick(&entry.of).map(|text| text.value())];
                self.note(Act::Run { words: words.into_iter().flatten().collect(), directory: None, input: None });
            }
            Does::Instruct => {
                let texts = given.pick(&entry.of).map(|text| text.values()).unwrap_or_default();
                texts.into_iter().filter(|text| text.known().is_some()).for_each(|text| self.note(Act::Instruct(text)));
            }
            Does::Set => {
                let name = given.pick(&entry.of).and_then(|name| name.known());
                self.set_variable(name, &given.pick(&entry.to).unwrap_or_else(Choices::unknown));
            }
            Does::Sql => self.sql(entry, given),
            Does::Unseen => self.unseen(format!("what `{name}` does")),
            Does::Mail => self.note(Act::Mail),
            Does::ChangeDirectory => {
                let to = given.pick(&entry.of).map_or_else(Value::unknown, |to| to.value());
                let surely = self.is_certain();
                self.note(Act::ChangeDirectory { to, surely });
            }
            Does::Copy | Does::Link | Does::Merge | Does::Move => self.on_two(entry, given),
            Does::Append
            | Does::Connect
            | Does::Create
            | Does::Delete
            | Does::Edit
            | Does::Kill
            | Does::Modify
            | Does::Overwrite
            | Does::Read
            | Does::Script
            | Does::Seek
            | Does::Unpack => self.on_one(entry, given),
        }
        None
    }

    /// What runs a text as a program may take a function in its place.
    fn code_or_function(&mut self, given: &Choices) {
        for bind in given.iter() {
            match bind {
                Bind::Function(_) => self.escape_functions(&bind.clone().into()),
                Bind::Library { name, .. } if !name.ends_with("()") => self.escape_functions(&bind.clone().into()),
                _ => self.code(&bind.clone().into()),
            }
        }
    }

    fn on_one(&mut self, entry: &'static Entry, given: &Given) {
        // An archive is unpacked where the program is.
        let here = || Some(Choices::text(entry.by)).filter(|_| !entry.by.is_empty());
        let Some(of) = given.pick(&entry.of).or_else(here) else { return };
        let values = if entry.does == Does::Connect { of.hosts() } else { of.each_path() };
        for value in values {
            let value = given.path_from(value, &["dir_fd"]);
            if entry.does == Does::Connect && value.has_secret() {
                self.note(Act::Leak(value.clone()));
            }
            self.note(match entry.does {
                Does::Append => Act::Append(value),
                Does::Connect => Act::Connect(value),
                Does::Create => Act::Create(value),
                Does::Delete => Act::Delete(value),
                Does::Edit => Act::Edit(value),
                Does::Kill => Act::Kill(value),
                Does::Modify => Act::Modify(value),
                Does::Overwrite => Act::Overwrite(value),
                Does::Script => Act::Script(value),
                Does::Seek => Act::Seek(value),
                Does::Unpack => Act::Unpack(value),
                _ => Act::Read(value),
            });
        }
    }

    fn on_two(&mut self, entry: &'static Entry, given: &Given) {
        let (Some(of), Some(to)) = (given.pick(&entry.of), given.pick(&entry.to)) else { return };
        for from in of.values() {
            for to in to.values() {
                let from = given.path_from(from.clone(), &["src_dir_fd", "dir_fd"]);
                let to = given.path_from(to, &["dst_dir_fd", "dir_fd"]);
                self.note(match entry.does {
                    Does::Copy => Act::Copy { from, to },
                    Does::Link => Act::Link { to: from, at: to },
                    Does::Merge => {
                        let words = ["cp", "-rT", "--"].into_iter().map(Value::text).chain([from, to]).collect();
                        Act::Run { words, directory: None, input: None }
                    }
                    _ => Act::Move { from, to },
                });
            }
        }
    }

    /// A file is opened as its mode says; a mode that is not known may be any.
    fn open(&mut self, entry: &'static Entry, given: &Given) {
        let Some(of) = given.pick(&entry.of) else { return };
        let modes = match given.pick(&entry.to) {
            Some(mode) => mode.iter().map(mode_of).collect(),
            None if given.more_named => vec![None],
            None => vec![Some(entry.by.to_owned())],
        };
        for value in of.values() {
            // What is open already is a number.
            if value.known().is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())) {
                continue;
            }
            for mode in &modes {
                let has = |letters: &[char]| mode.as_deref().is_some_and(|mode| mode.contains(letters));
                self.note(match mode {
                    None => Act::Overwrite(value.clone()),
                    // What can be written can be cut off; a database may be new (`n`), or made where there is none (`c`).
                    Some(_) if has(&['w', 'x', '+', 'n']) => Act::Overwrite(value.clone()),
                    Some(_) if has(&['a', 'c']) => Act::Append(value.clone()),
                    Some(_) => Act::Read(value.clone()),
                });
            }
        }
    }

    fn request(&mut self, entry: &'static Entry, given: &Given) {
        let about = match &given.receiver {
            Some(Bind::Library { about, .. }) => about.clone(),
            _ => None,
        };
        let Some(address) = given.pick(&entry.of).or_else(|| about.as_ref().map(|about| Bind::Text((**about).clone()).into()))
        else {
            return;
        };
        let method = given.pick(&entry.to).filter(|_| !entry.to.is_empty());
        let sends = given.pick(&entry.with).is_some_and(|sent| !matches!(sent.only(), Some(Bind::Truth(false))));
        let default = if entry.by.is_empty() { if sends { "POST" } else { "GET" } } else { entry.by };
        let method = method
            .filter(|method| !matches!(method.only(), Some(Bind::Truth(_))))
            .map_or_else(|| Value::text(default), |method| method.value());
        // What goes over the wire in clear is anybody's on the way, wherever it stands; the rest of an encrypted request is where
        // credentials belong.
        let in_parameters = ["params", "1.params", "0.params", "1.searchParams", "1.query"];
        let in_parameters = given.pick(&in_parameters).is_some_and(|given| given.has_secret());
        let anywhere = given.items.items.iter().chain(given.named.values()).any(Choices::has_secret);
        for address in address.values() {
            if address.has_secret() || in_parameters || (anywhere && address.head().starts_with("http://")) {
                self.note(Act::Leak(address.clone()));
            }
            let whole = match &about {
                Some(base) if address.head().starts_with('/') || !address.head().contains("://") => {
                    super::bind::below(base, &Value::text(address.known().unwrap_or_default().trim_start_matches('/')))
                }
                _ => address,
            };
            self.note(Act::Request { method: method.clone(), address: whole, sends });
        }
    }

    fn run(&mut self, entry: &'static Entry, given: &Given) {
        let option = |name: &&'static str| given.pick(&[*name]).map(|value| value.value());
        let directory = entry.with.first().and_then(option).filter(|_| {
            given.pick(entry.with.get(..1).unwrap_or_default()).is_some_and(|value| !matches!(value.only(), Some(Bind::Truth(_))))
        });
        let input = entry.with.get(1).and_then(option);
        let variables = entry.with.get(2).and_then(|name| given.pick(&[*name]));
        self.given_variables(variables);
        let third = entry.names_any_of("subprocess.") && entry.does == Does::Run && given.items.items.len() > 2;
        if third || given.named.contains_key("executable") {
            self.unseen("a program under another name");
        }
        let Some(of) = given.pick(&entry.of) else { return };
        if entry.does == Does::RunRest {
            let words = Given { named: Default::default(), ..given.clone() }.words(entry);
            return self.note(Act::Run { words, directory, input });
        }
        for bind in of.iter() {
            let (directory, input) = (directory.clone(), input.clone());
            if entry.does == Does::RunApart {
                let behind = given.pick(&entry.to);
                let words = match behind.as_ref().map(Choices::only) {
                    Some(Some(Bind::List(list))) => list.words(),
                    Some(Some(Bind::Record(_) | Bind::Function(_) | Bind::Truth(_))) | None => Vec::new(),
                    Some(_) => vec![Value::loose()],
                };
                let words = std::iter::once(bind.value()).chain(words).collect();
                let through_shell =
                    given.pick(Entry::through_shell()).is_some_and(|shell| !matches!(shell.only(), Some(Bind::Truth(false))));
                self.note(if through_shell {
                    Act::Shell { text: spaced(words), directory, input }
                } else {
                    Act::Run { words, directory, input }
                });
                continue;
            }
            self.note(match bind {
                Bind::List(list) => {
                    let through_shell =
                        given.named.get("shell").is_some_and(|shell| !matches!(shell.only(), Some(Bind::Truth(false))));
                    match list.items.first().filter(|_| through_shell) {
                        Some(text) => Act::Shell { text: text.value(), directory, input },
                        None => Act::Run { words: list.words(), directory, input },
                    }
                }
                other => Act::Shell { text: other.value(), directory, input },
            });
        }
    }

    /// Variables that a program gives to another one.
    fn given_variables(&mut self, variables: Option<Choices>) {
        let Some(variables) = variables else { return };
        for bind in variables.iter() {
            if let Bind::Record(fields) = bind {
                for (name, value) in fields {
                    self.set_variable(Some(name.clone()), value);
                }
            }
        }
    }

    fn sql(&mut self, entry: &'static Entry, given: &Given) {
        let Some(text) = given.pick(&entry.of) else { return };
        let database = match &given.receiver {
            Some(Bind::Library { about: Some(about), .. }) => (**about).clone(),
            _ => Value::unknown(),
        };
        for text in text.values() {
            self.note(Act::Sql { client: entry.by.to_owned(), database: database.clone(), text });
        }
    }
}

impl Given {
    /// The arguments as the words of a command, behind its name where the data give one.
    fn words(&self, entry: &Entry) -> Vec<Value> {
        let first: usize = entry.of.first().and_then(|at| at.parse().ok()).unwrap_or(0);
        self.words_behind(entry.by.split_whitespace().map(Value::text).collect(), first)
    }

    /// The arguments from a place on, behind words that are there already; those by name are options, as such libraries take them.
    fn words_behind(&self, mut words: Vec<Value>, first: usize) -> Vec<Value> {
        for item in self.items.items.iter().skip(first) {
            match item.only() {
                Some(Bind::List(list)) => words.extend(list.words()),
                _ => words.push(item.value()),
            }
        }
        for (name, value) in self.named.iter().filter(|(name, _)| !name.starts_with('_')) {
            let dashes = if name.len() == 1 { "-" } else { "--" };
            let mut option = Value::text(format!("{dashes}{}", name.replace('_', "-")));
            match value.only() {
                Some(Bind::Truth(false)) => continue,
                Some(Bind::Truth(true)) => {}
                _ => {
                    option.append(Value::text("="));
                    option.append(value.value());
                }
            }
            words.push(option);
        }
        words.extend(self.items.more.iter().map(|_| Value::loose()));
        words
    }

    /// What the object was made from on which a method is called.
    fn about(&self) -> Value {
        match &self.receiver {
            Some(Bind::Library { about: Some(about), .. }) => (**about).clone(),
            _ => Value::unknown(),
        }
    }

    /// A path that counts from a directory which is open already is not known.
    fn path_from(&self, path: Value, directories: &[&str]) -> Value {
        let elsewhere = directories.iter().any(|name| self.named.contains_key(*name)) && !path.head().starts_with('/');
        if elsewhere { Value::unknown() } else { path }
    }

    /// The first argument that one of the selectors names.
    pub(super) fn pick(&self, selectors: &[&str]) -> Option<Choices> {
        selectors.iter().find_map(|selector| self.selected(selector))
    }

    fn selected(&self, selector: &str) -> Option<Choices> {
        if selector == "self" {
            // `Path.unlink(p)`, and `key=Path.unlink`, where it is the class that is named.
            let on = self.receiver.clone().filter(|on| on.library_name() != Some("pathlib.Path"));
            return on.map(Choices::from).or_else(|| self.item(0));
        }
        if selector == "about" {
            return Some(Bind::Text(self.about()).into());
        }
        let (first, field) = selector.split_once('.').map_or((selector, None), |(first, field)| (first, Some(field)));
        let argument = match first.parse() {
            Ok(at) => self.item(at)?,
            Err(_) => self.named.get(first).cloned()?,
        };
        let Some(field) = field else { return Some(argument) };
        let found: Vec<Choices> = argument
            .iter()
            .filter_map(|bind| match bind {
                Bind::Record(fields) => fields.get(field).cloned(),
                Bind::Unknown | Bind::Data => Some(Choices::unknown()),
                _ => None,
            })
            .collect();
        found.into_iter().reduce(Choices::or)
    }
}

impl Choices {
    /// The paths that something may name: itself, or each of a list.
    pub(super) fn each_path(&self) -> Vec<Value> {
        let mut paths = Vec::new();
        for bind in self.iter() {
            match bind {
                Bind::List(list) => paths.extend(list.items.iter().chain(&list.more).flat_map(Choices::values)),
                other => paths.push(other.value()),
            }
        }
        paths
    }
}

impl Choices {
    /// The hosts that an address may name: `(host, port)`, a host, or a port of this machine.
    fn hosts(&self) -> Vec<Value> {
        let host = |bind: &Bind| match bind {
            Bind::List(list) => list.items.first().map_or_else(Value::unknown, Choices::value),
            Bind::Number(_) => Value::text("localhost"),
            other => other.value(),
        };
        self.iter().map(host).collect()
    }
}

/// The mode in which a file is opened: a text, or Deno's record of what may be done to it.
fn mode_of(given: &Bind) -> Option<String> {
    if let Bind::Number(flags) = given {
        return Some(mode_of_flags(*flags).to_owned());
    }
    let Bind::Record(fields) = given else { return given.value().known() };
    let says = |name: &str| fields.get(name).is_some_and(|said| !matches!(said.only(), Some(Bind::Truth(false))));
    Some(
        if says("truncate") {
            "w"
        } else if says("write") || says("append") {
            "a"
        } else {
            "r"
        }
        .to_owned(),
    )
}

/// The mode that flags of `open(2)` say as a number, as Linux and Node on it number them.
const fn mode_of_flags(flags: i64) -> &'static str {
    const WRITES: i64 = 3;
    const CUTS: i64 = 0o1000;
    const APPENDS: i64 = 0o2000;
    match (flags & WRITES != 0 || flags & CUTS != 0, flags & APPENDS != 0 && flags & CUTS == 0) {
        (true, false) => "w",
        (true, true) => "a",
        (false, _) => "r",
    }
}

fn spaced(words: Vec<Value>) -> Value {
    let mut text = Value::default();
    for (at, word) in words.into_iter().enumerate() {
        if at > 0 {
            text.append(Value::text(" "));
        }
        text.append(word);
    }
    text
}
