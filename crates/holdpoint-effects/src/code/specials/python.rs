//! What Python's own functions give.

use super::super::bind::{Bind, Choices, List, below, pattern, some_name};
use super::super::evaluate::{Evaluator, Given};
use super::super::library::Known;
use super::texts::{from_base64, from_hex, joined};
use super::{base, decoded, each_text, joined_paths, names_list, parent, scratch, texts_of};
use crate::shell::value::{Piece, Shape, Value};

impl Evaluator<'_> {
    pub(super) fn python_property(&mut self, name: &str) -> Option<Choices> {
        Some(match name {
            "sys.argv" => {
                let program = self.around.file.map_or_else(|| Value::text("-c"), Value::text);
                self.words_given(vec![program])
            }
            "sys.executable" => Choices::text("python3"),
            "os.sep" | "os.path.sep" => Choices::text("/"),
            "os.curdir" | "os.path.curdir" => Choices::text("."),
            "os.devnull" => Choices::text("/dev/null"),
            "tempfile.tempdir" => Choices::text("/tmp"),
            "sys.stdout" => Choices::text("/dev/stdout"),
            "sys.stderr" => Choices::text("/dev/stderr"),
            "sys.stdin" | "sys.version" | "sys.platform" | "sys.version_info" => Choices::data(),
            _ => return None,
        })
    }

    pub(super) fn python_global(&mut self, name: &str) -> Option<Choices> {
        match name {
            "__file__" => return Some(self.around.file.map_or_else(Choices::data, Choices::text)),
            "__name__" | "__doc__" | "__package__" => return Some(Choices::data()),
            "__builtins__" => return Some(Choices::library("builtins")),
            _ => {}
        }
        let full = format!("builtins.{name}");
        let told = matches!(self.library.call(&full), Known::Acts(_) | Known::Harmless) || self.library.only_looks(&full);
        if told {
            return Some(Choices::library(full));
        }
        let exception = ["Error", "Exception", "Warning", "Exit", "Interrupt", "Iteration"].iter().any(|end| name.ends_with(end));
        exception.then(Choices::data)
    }

    pub(super) fn python_call(&mut self, name: &str, given: &Given) -> Option<Choices> {
        let join = |one: &Value, other: &Value| below(one, other);
        let bare = name.replace("()", "");
        Some(match bare.as_str() {
            "os.path.join" => texts_of(joined_paths(given, join)),
            "os.path.expanduser" => each_text(given, &["0"], |path| Bind::Text(self.tilde_expanded(path)).into()),
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" => {
                each_text(given, &["0"], |path| Bind::Text(self.resolved(path)).into())
            }
            "os.path.dirname" => each_text(given, &["0"], |path| match path.known() {
                Some(text) if !text.contains('/') => Choices::text(""),
                _ => Bind::Text(parent(path)).into(),
            }),
            "os.path.basename" => each_text(given, &["0"], |path| Bind::Text(base(path)).into()),
            "os.path.splitext" => Bind::List(List { items: vec![Choices::data(), Choices::data()], more: None }).into(),
            "os.getcwd" | "os.getcwdb" => Bind::Text(self.here()).into(),
            "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.setdefault" => {
                let known = given.item(0).and_then(|name| name.known()).map(|name| self.variable(&name));
                let default = given.item(1).or_else(|| given.named.get("default").cloned());
                known.unwrap_or_else(Choices::data).or(default.unwrap_or_else(Choices::data))
            }
            "os.environ.items" | "os.environ.values" => Bind::List(List::of(Bind::Text(Value::any(Shape::Secret)).into())).into(),
            "os.environ.copy" => Bind::Record(std::collections::BTreeMap::new()).into(),
            "os.listdir" => names_list(),
            "os.scandir" => {
                each_text(given, &["0"], |path| Bind::List(List::of(Bind::Path(below(path, &some_name().value())).into())).into())
            }
            "os.walk" | "os.fwalk" => each_text(given, &["0"], |path| {
                let mut inside = path.clone();
                inside.push(Piece::Text("/".to_owned()));
                inside.push(Piece::Pattern("**".to_owned()));
                let row = vec![Bind::Text(inside).into(), names_list(), names_list()];
                Bind::List(List::of(Bind::List(List { items: row, more: None }).into())).into()
            }),
            "glob.glob" | "glob.iglob" => {
                let root = given.named.get("root_dir").map(Choices::value);
                each_text(given, &["0", "pathname"], |path| {
                    let path = root.as_ref().map_or_else(|| path.clone(), |root| below(root, path));
                    Bind::List(List::of(Bind::Text(pattern(&path)).into())).into()
                })
            }
            "os.fspath" | "os.fsencode" | "os.fsdecode" | "builtins.str" | "builtins.bytes" | "builtins.repr"
                if given.item(0).is_some_and(|item| !item.could_act()) =>
            {
                each_text(given, &["0"], |text| Bind::Text(text.clone()).into())
            }
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" => {
                let none = given.items.items.is_empty() && given.items.more.is_none();
                let paths = if none { vec![Value::text(".")] } else { joined_paths(given, join) };
                paths.into_iter().map(|path| Choices::from(Bind::Path(path))).reduce(Choices::or)?
            }
            "pathlib.Path.home" => Bind::Path(self.home()).into(),
            "pathlib.Path.cwd" => Bind::Path(self.here()).into(),
            "tempfile.mkdtemp" | "tempfile.TemporaryDirectory" | "tempfile.mktemp" if !given.named.contains_key("dir") => {
                scratch()
            }
            "tempfile.mkstemp" if !given.named.contains_key("dir") => {
                Bind::List(List { items: vec![Choices::data(), scratch()], more: None }).into()
            }
            "tempfile.NamedTemporaryFile" if !given.named.contains_key("dir") => {
                Bind::Record([("name".to_owned(), scratch())].into()).into()
            }
            "tempfile.gettempdir" => Choices::text("/tmp"),
            "base64.b64decode" | "base64.urlsafe_b64decode" | "base64.standard_b64decode" | "base64.decodebytes" => {
                decoded(given, from_base64)
            }
            "binascii.unhexlify" | "binascii.a2b_hex" | "builtins.bytes.fromhex" | "builtins.bytearray.fromhex" => {
                decoded(given, from_hex)
            }
            "codecs.decode" => match given.item(1).and_then(|codec| codec.known()).as_deref() {
                Some("base64") => decoded(given, from_base64),
                Some("hex") => decoded(given, from_hex),
                _ => Bind::Text(Value::unknown()).into(),
            },
            "shlex.split" => {
                each_text(given, &["0"], |text| match text.known().filter(|text| !text.contains(['"', '\'', '\\', '#'])) {
                    Some(text) => Bind::List(List::of_texts(text.split_whitespace())).into(),
                    None => Bind::List(List::of(Bind::Text(Value::unknown()).into())).into(),
                })
            }
            "shlex.join" => match given.item(0)?.only() {
                Some(Bind::List(List { items, more: None })) => Bind::Text(joined(&Value::text(" "), items)).into(),
                _ => Bind::Text(Value::unknown()).into(),
            },
            "shlex.quote" => given.item(0)?,
            "sqlalchemy.text" | "psycopg.sql.SQL" | "psycopg2.sql.SQL" => given.item(0)?,
            other => return self.builtin(other.strip_prefix("builtins.").or_else(|| other.strip_prefix("functools."))?, given),
        })
    }

    fn builtin(&mut self, name: &str, given: &Given) -> Option<Choices> {
        Some(match name {
            "list" | "tuple" | "sorted" | "reversed" | "set" | "frozenset" | "iter" if !given.items.items.is_empty() => {
                let named = Given { named: given.named.clone(), ..Given::default() };
                self.escape_given(&named);
                let of = given.item(0)?;
                match of.only() {
                    Some(Bind::List(_)) if name != "reversed" && name != "sorted" => of,
                    _ => Bind::List(List::of(of.element())).into(),
                }
            }
            "enumerate" => {
                let row = vec![Choices::data(), given.item(0)?.element()];
                Bind::List(List::of(Bind::List(List { items: row, more: None }).into())).into()
            }
            "zip" => {
                let row = given.items.items.iter().map(Choices::element).collect();
                Bind::List(List::of(Bind::List(List { items: row, more: None }).into())).into()
            }
            "map" | "filter" => {
                let each = Given {
                    items: List { items: given.items.items.iter().skip(1).map(Choices::element).collect(), more: None },
                    ..Given::default()
                };
                let called = given.item(0)?;
                let result = self.perhaps(|evaluator| evaluator.call(&called, &each));
                let element = if name == "map" { result } else { each.item(0)? };
                Bind::List(List::of(element)).into()
            }
            "partial" => {
                let called = given.item(0)?;
                let items = List { items: given.items.items.iter().skip(1).cloned().collect(), more: Some(Choices::unknown()) };
                let given = Given { items, named: given.named.clone(), more_named: true, receiver: None };
                self.perhaps(|evaluator| evaluator.call(&called, &given))
            }
            "next" => given.item(0)?.element(),
            "max" | "min" => {
                let named = Given { named: given.named.clone(), ..Given::default() };
                self.escape_given(&named);
                given.items.any()
            }
            "dict" => {
                let record = Choices::from(Bind::Record(given.named.clone()));
                self.made_of_secrets(given).into_iter().fold(record, Choices::or)
            }
            "getattr" => {
                let object = given.item(0)?;
                match given.item(1)?.known() {
                    Some(name) => {
                        let found = self.attribute(&object, &name);
                        found.or(given.item(2).unwrap_or_else(Choices::data))
                    }
                    None => self.index(&object, &Choices::unknown()),
                }
            }
            "chr" | "hex" | "input" => Choices::data(),
            _ => return None,
        })
    }

    pub(in crate::code) fn path_property(&mut self, path: &Value, name: &str) -> Choices {
        match name {
            "parent" => Bind::Path(parent(path)).into(),
            "parents" => Bind::List(List::of(Bind::Path(Value::unknown()).into())).into(),
            "name" | "stem" => Bind::Text(base(path)).into(),
            "path" => Bind::Text(path.clone()).into(),
            _ => Choices::data(),
        }
    }

    pub(super) fn path_method(&mut self, path: &Value, method: &str, on: &Given) -> Option<Choices> {
        let with = |name: &Value| below(path, name);
        let listed = |value: Value| Some(Bind::List(List::of(Bind::Path(value).into())).into());
        match method {
            "joinpath" => {
                let path = on.items.items.iter().map(Choices::value).fold(path.clone(), |path, part| below(&path, &part));
                Some(Bind::Path(if on.items.more.is_some() { below(&path, &Value::unknown()) } else { path }).into())
            }
            "expanduser" => Some(Bind::Path(self.tilde_expanded(path)).into()),
            "resolve" | "absolute" => Some(Bind::Path(self.resolved(path)).into()),
            "glob" => listed(with(&pattern(&on.item(0)?.value()))),
            "rglob" => {
                let mut inside = Value::default();
                inside.push(Piece::Pattern("**".to_owned()));
                inside.push(Piece::Text("/".to_owned()));
                inside.append(pattern(&on.item(0)?.value()));
                listed(with(&inside))
            }
            "iterdir" => listed(with(&some_name().value())),
            "with_name" => Some(Bind::Path(below(&parent(path), &on.item(0)?.value())).into()),
            "with_suffix" | "with_stem" => {
                let (Some(text), Some(suffix)) = (path.known(), on.item(0)?.known()) else {
                    return Some(Bind::Path(below(&parent(path), &some_name().value())).into());
                };
                let (directory, name) = text.rsplit_once('/').map_or(("", text.as_str()), |(directory, name)| (directory, name));
                let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
                let name = if method == "with_stem" { suffix } else { format!("{stem}{suffix}") };
                let path = if text.contains('/') { format!("{directory}/{name}") } else { name };
                Some(Bind::Path(Value::text(path)).into())
            }
            "relative_to" => Some(Bind::Path(Value::unknown()).into()),
            "as_posix" | "__str__" | "__fspath__" => Some(Bind::Text(path.clone()).into()),
            _ => None,
        }
    }
}
