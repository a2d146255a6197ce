//! What a command substitution prints, where that is known without running it.

use super::expand::Expander;
use super::syntax::{Command, Form, List, RedirectionKind, Simple};
use super::value::{Piece, Shape, Value};

/// The output of a list; unknown for everything but a few everyday commands.
pub(crate) fn output(expander: &Expander<'_>, list: &List) -> Value {
    match list.items.as_slice() {
        [item] if item.rest.is_empty() => output_of(expander, &item.first),
        _ => Value::unknown(),
    }
}

/// The output of one command.
pub(crate) fn output_of(expander: &Expander<'_>, command: &Command) -> Value {
    let Form::Simple(simple) = &command.form else { return Value::unknown() };
    if !simple.assignments.is_empty() {
        return Value::unknown();
    }
    let fields: Vec<Value> = simple.words.iter().flat_map(|word| expander.fields(word)).collect();
    let name = fields.first().and_then(Value::known).unwrap_or_default();
    if expander.state.functions.contains_key(&name) {
        return Value::unknown();
    }
    match command.redirections.as_slice() {
        [] => program(expander, &name, fields.get(1..).unwrap_or_default()),
        [redirection] if name == "cat" && simple.is_bare() => match &redirection.kind {
            RedirectionKind::HereDocument(body) => body.get().map_or_else(Value::unknown, |body| trimmed(expander.parts(body))),
            RedirectionKind::HereString(word) => trimmed(expander.single(word)),
            _ => Value::unknown(),
        },
        // Errors thrown away do not change what is printed.
        [redirection] if redirection.descriptor.as_deref() == Some("2") => {
            program(expander, &name, fields.get(1..).unwrap_or_default())
        }
        _ => Value::unknown(),
    }
}

impl Simple {
    fn is_bare(&self) -> bool {
        self.words.len() == 1
    }
}

fn program(expander: &Expander<'_>, name: &str, arguments: &[Value]) -> Value {
    let known: Option<Vec<String>> = arguments.iter().map(Value::known).collect();
    let known = known.as_deref().map(|known| known.iter().map(String::as_str).collect::<Vec<_>>());
    match (name, known.as_deref()) {
        ("pwd", _) => expander.variable("PWD"),
        ("echo", _) => echo(arguments),
        ("printf", Some(["%s", text] | ["%s\\n", text])) => trimmed(Value::text(*text)),
        ("printf", Some([text])) if !text.contains(['%', '\\']) => Value::text(*text),
        ("mktemp", Some(options)) if options.iter().all(|option| is_scratch_option(option)) => Value::any(Shape::Scratch),
        ("dirname", Some([path])) => {
            Value::text(path.rsplit_once('/').map_or(".", |(parent, _)| if parent.is_empty() { "/" } else { parent }))
        }
        ("basename", Some([path])) => Value::text(path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)),
        ("git", Some(["rev-parse", "--show-toplevel"])) => repository(expander, |facts| Some(facts.root.clone())),
        ("git", Some(["branch", "--show-current"] | ["rev-parse", "--abbrev-ref", "HEAD"])) => {
            repository(expander, |facts| facts.branch.clone())
        }
        ("git", Some(["rev-parse", "HEAD"] | ["rev-parse", "--short", "HEAD"])) => Value::any(Shape::Plain),
        ("date", Some(options)) if !options.iter().any(|option| option.contains(['/', 'D', 'x']) || option.contains("..")) => {
            Value::any(Shape::Plain)
        }
        ("docker" | "podman", Some(["ps" | "images" | "container" | "volume", options @ ..]))
            if options.iter().any(|option| is_quiet(option)) =>
        {
            Value::any(Shape::Plain)
        }
        ("nproc" | "whoami" | "id" | "hostname" | "uname" | "arch" | "getconf", _) => Value::any(Shape::Plain),
        _ => Value::unknown(),
    }
}

/// Whether an option asks for names only.
fn is_quiet(option: &str) -> bool {
    option == "--quiet" || (option.starts_with('-') && !option.starts_with("--") && option.contains('q'))
}

fn is_scratch_option(option: &str) -> bool {
    matches!(option, "-d" | "-q" | "-t" | "--directory" | "--tmpdir") || (option.starts_with("/tmp/") && !option.contains(".."))
}

fn repository(expander: &Expander<'_>, name: impl Fn(&holdpoint_core::question::RepositoryFacts) -> Option<String>) -> Value {
    let facts = expander.directory.and_then(|directory| expander.world.repository(directory)).flatten();
    facts.and_then(name).map_or_else(Value::unknown, Value::text)
}

fn echo(arguments: &[Value]) -> Value {
    let plain = |value: &Value| !value.head().contains('\\') && !value.head().starts_with("-e");
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first.known().as_deref() == Some("-n") => rest,
        _ => arguments,
    };
    if !arguments.iter().all(plain) {
        return Value::unknown();
    }
    let mut value = Value::default();
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            value.push(Piece::Text(" ".to_owned()));
        }
        value.append(argument.clone());
    }
    trimmed(value)
}

/// Without the newlines at its end, which a substitution drops.
fn trimmed(mut value: Value) -> Value {
    if let Some(Piece::Text(text)) = value.pieces.last_mut() {
        text.truncate(text.trim_end_matches('\n').len());
    }
    value
}
