//! What the functions of Node, Deno and Bun give.

use super::super::bind::{Bind, Choices, List, below, some_name};
use super::super::evaluate::{Evaluator, Given};
use super::super::javascript::SHELL_TEMPLATE;
use super::super::library::Known;
use super::texts::{from_base64, from_hex, joined};
use super::{base, decoded, each_text, joined_path, joined_paths, names_list, parent, scratch, texts_of};
use crate::shell::value::Value;
use crate::world::absolute;

impl Evaluator<'_> {
    pub(super) fn javascript_property(&mut self, name: &str) -> Option<Choices> {
        Some(match name {
            "process.argv" | "Bun.argv" => {
                let script = self.around.file.map_or_else(Vec::new, |file| vec![Value::text(file)]);
                let before = std::iter::once(Value::text("node")).chain(script).collect();
                self.words_given(before)
            }
            "Deno.args" => self.words_given(Vec::new()),
            "process.execPath" | "process.argv0" => Choices::text("node"),
            "process.platform" | "process.version" | "process.versions" | "process.pid" | "process.stdin" | "process.stdout"
            | "process.stderr" | "process.arch" | "process.exitCode" | "import.meta.url" => Choices::data(),
            "import.meta.dirname" | "import.meta.dir" => Bind::Text(self.directory_of_file()).into(),
            "import.meta.filename" | "import.meta.path" => self.around.file.map_or_else(Choices::data, Choices::text),
            "path.sep" => Choices::text("/"),
            "os.EOL" => Choices::text("\n"),
            name => return name.strip_prefix("process.env.").map(|variable| self.variable(variable)),
        })
    }

    pub(super) fn javascript_global(&mut self, name: &str) -> Option<Choices> {
        match name {
            "__dirname" => return Some(Bind::Text(self.directory_of_file()).into()),
            "__filename" => return Some(self.around.file.map_or_else(Choices::data, Choices::text)),
            "undefined" | "NaN" | "Infinity" | "arguments" => return Some(Choices::data()),
            _ => {}
        }
        if let Some(tag) = name.strip_prefix(SHELL_TEMPLATE) {
            // A function of the program that is called so takes its place.
            let own = self
                .own(tag)
                .filter(|own| !own.iter().any(|bind| bind.library_name().is_some_and(|name| name.starts_with("execa"))));
            return Some(own.unwrap_or_else(|| Choices::library("zx.$")));
        }
        let name = self.library.same(name);
        // Without a file, node has its own modules under their names.
        let module = self.library.knows(&name);
        (module || matches!(self.library.call(&name), Known::Acts(_) | Known::Harmless)).then(|| Choices::library(name.as_str()))
    }

    fn directory_of_file(&self) -> Value {
        self.around.file.map_or_else(|| self.here(), |file| parent(&Value::text(file)))
    }

    pub(super) fn javascript_call(&mut self, name: &str, given: &Given) -> Option<Choices> {
        let join = |one: &Value, other: &Value| {
            let relative = other.head().trim_start_matches('/');
            let mut inside = Value::text(relative);
            inside.append(Value { pieces: other.pieces.iter().skip(usize::from(!other.head().is_empty())).cloned().collect() });
            below(one, &inside)
        };
        let bare = name.replace("()", "");
        Some(match bare.as_str() {
            "path.join" | "path.posix.join" => texts_of(joined_paths(given, join).into_iter().map(normal).collect()),
            "path.resolve" | "path.posix.resolve" => {
                let path = joined_path(given, below);
                Bind::Text(self.resolved(&path)).into()
            }
            "path.dirname" => each_text(given, &["0"], |path| Bind::Text(parent(path)).into()),
            "path.basename" => each_text(given, &["0"], |path| Bind::Text(base(path)).into()),
            "path.normalize" => each_text(given, &["0"], |path| Bind::Text(normal(path.clone())).into()),
            "os.homedir" => Bind::Text(self.home()).into(),
            "os.tmpdir" => Choices::text("/tmp"),
            "process.cwd" | "Deno.cwd" => Bind::Text(self.here()).into(),
            "Deno.env.get" => given.item(0)?.known().map_or_else(Choices::data, |name| self.variable(&name)),
            "fs.mkdtemp"
            | "fs.mkdtempSync"
            | "Deno.makeTempDir"
            | "Deno.makeTempDirSync"
            | "Deno.makeTempFile"
            | "Deno.makeTempFileSync" => scratch(),
            "fs.readdir" | "fs.readdirSync" | "fs.globSync" | "glob.sync" | "fs.glob" => {
                let names = if bare.contains("glob") {
                    each_text(given, &["0"], |path| {
                        Bind::List(List::of(Bind::Text(super::super::bind::pattern(path)).into())).into()
                    })
                } else {
                    names_list()
                };
                self.call_back(given, &names);
                names
            }
            "Deno.readDir" | "Deno.readDirSync" => {
                Bind::List(List::of(Bind::Record([("name".to_owned(), some_name())].into()).into())).into()
            }
            "url.fileURLToPath" => self.around.file.map_or_else(Choices::data, Choices::text),
            "util.promisify" | "Promise.resolve" | "Object.freeze" | "String.raw" | "structuredClone" => given.item(0)?,
            "Object.assign" => {
                // What is put into the object that holds everything is known by its own name from here on.
                let everything = given.item(0)?.iter().any(|bind| bind.library_name() == Some("globalThis"));
                let added: Vec<Choices> = given.items.items.iter().skip(1).cloned().collect();
                let modules = added.iter().flat_map(Choices::iter).filter_map(Bind::library_name).map(str::to_owned);
                self.open_modules.extend(modules.filter(|_| everything).collect::<Vec<_>>());
                added.into_iter().fold(given.item(0)?, Choices::or)
            }
            "Worker" if given.pick(&["1.eval"]).is_some() => {
                self.code(&given.item(0)?);
                Choices::data()
            }
            "setTimeout" | "setInterval" | "setImmediate" if matches!(given.item(0)?.only(), Some(Bind::Text(_))) => {
                self.code(&given.item(0)?);
                Choices::data()
            }
            "String" => each_text(given, &["0"], |text| Bind::Text(text.clone()).into()),
            "Promise.all" | "Promise.allSettled" | "Promise.race" | "Promise.any" | "Array.from" | "Set" | "Object.values"
                if given.item(0).is_some_and(|item| item.only().is_some()) =>
            {
                let list = given.item(0)?;
                if bare == "Object.values" {
                    self.escape(&list);
                }
                let callback = given.item(1);
                let element = list.element();
                match callback {
                    Some(callback) => {
                        let each =
                            Given { items: List { items: vec![element], more: Some(Choices::data()) }, ..Given::default() };
                        Bind::List(List::of(self.perhaps(|evaluator| evaluator.call(&callback, &each)))).into()
                    }
                    None => Bind::List(List::of(element)).into(),
                }
            }
            "atob" => decoded(given, from_base64),
            "Buffer.from" => match given.item(1).and_then(|encoding| encoding.known()).as_deref() {
                Some("base64" | "base64url") => decoded(given, from_base64),
                Some("hex") => decoded(given, from_hex),
                _ => each_text(given, &["0"], |text| Bind::Text(text.clone()).into()),
            },
            "module.createRequire" => Choices::library("require"),
            "Function" => {
                let last = given.items.items.last().cloned().unwrap_or_else(|| Choices::text(""));
                self.code(&last);
                if last.known().is_none_or(|text| text.contains("this")) {
                    self.unseen("the object that holds everything");
                }
                Choices::unknown()
            }
            "Array.of" => Bind::List(given.items.clone()).into(),
            _ => return None,
        })
    }

    /// A function that is handed as the last argument gets what a call gives, behind an error.
    fn call_back(&mut self, given: &Given, value: &Choices) {
        let last = given.items.items.last().filter(|last| last.could_act()).cloned();
        if let Some(last) = last {
            let items = List { items: vec![Choices::data(), value.clone()], more: None };
            self.perhaps(|evaluator| evaluator.call(&last, &Given { items, ..Given::default() }));
        }
    }

    /// Promises are what they come to; a list is gone through with the function that is handed.
    pub(super) fn promise_method(&mut self, bind: &Bind, method: &str, on: &Given) -> Option<Choices> {
        match (bind, method) {
            (_, "then" | "tap") if !matches!(bind, Bind::Function(_)) => {
                let each = Given { items: List { items: vec![bind.clone().into()], more: None }, ..Given::default() };
                let mut result = Choices::data();
                for callback in on.items.items.iter().filter(|callback| callback.could_act()) {
                    result = self.perhaps(|evaluator| evaluator.call(callback, &each));
                }
                Some(result)
            }
            (Bind::List(list), "map" | "flatMap") => {
                let element = list.any();
                let each = Given { items: List { items: vec![element], more: Some(Choices::data()) }, ..Given::default() };
                let callback = on.item(0)?;
                let result = self.perhaps(|evaluator| evaluator.call(&callback, &each));
                Some(Bind::List(List::of(if method == "flatMap" { result.element() } else { result })).into())
            }
            (Bind::List(list), "join") => match list {
                List { items, more: None } => {
                    let between = on.item(0).map_or_else(|| Value::text(","), |between| between.value());
                    Some(Bind::Text(joined(&between, items)).into())
                }
                _ => Some(Bind::Text(Value::unknown()).into()),
            },
            _ => None,
        }
    }
}

fn normal(path: Value) -> Value {
    match path.known() {
        Some(text) if text.starts_with('/') => Value::text(absolute(&text, "/")),
        _ => path,
    }
}
