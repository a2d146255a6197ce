//! What everyday programs print, where that is known without running them.

use holdpoint_core::question::RepositoryFacts;

use super::filters::{escapes, formatted};
use super::listed::printed_names;
use super::processes::numbers;
use super::value::{Piece, Shape, Value};
use crate::world::World;

/// What a program prints in `directory`; unknown for everything but a few.
pub(crate) fn printed(name: &str, arguments: &[Value], directory: Option<&str>, world: &World<'_>) -> Value {
    let known: Option<Vec<String>> = arguments.iter().map(Value::known).collect();
    let known = known.as_deref().map(|known| known.iter().map(String::as_str).collect::<Vec<_>>());
    match (name, known.as_deref()) {
        ("echo", _) => echo(arguments),
        ("printf", Some([format, words @ ..])) if !format.starts_with('-') => {
            formatted(format, words).map_or_else(Value::unknown, |text| trimmed(Value::text(text)))
        }
        ("mktemp", Some(options)) if options.iter().all(|option| is_scratch_option(option)) => Value::any(Shape::Scratch),
        ("dirname", Some([path])) if !path.contains("//") => match path.trim_end_matches('/').rsplit_once('/') {
            Some((parent, _)) => Value::text(if parent.is_empty() { "/" } else { parent }),
            None => Value::text(if path.starts_with('/') { "/" } else { "." }),
        },
        ("basename", Some([path])) if !path.ends_with('/') => Value::text(path.rsplit('/').next().unwrap_or(path)),
        ("git", Some(["rev-parse", "--show-toplevel"])) => repository(directory, world, |facts| Some(facts.root.clone())),
        ("git", Some(["branch", "--show-current"] | ["rev-parse", "--abbrev-ref", "HEAD"])) => {
            repository(directory, world, |facts| facts.branch.clone())
        }
        ("find" | "gfind", Some(words)) if let Some(names) = found(words) => names,
        ("find" | "gfind" | "git" | "grep" | "rg", Some(words)) if let Some(names) = printed_names(name, words) => names,
        ("git", Some(["rev-parse", "HEAD"] | ["rev-parse", "--short", "HEAD"])) => Value::any(Shape::Plain),
        ("date", Some(options)) if !options.iter().any(|option| option.contains(['/', 'D', 'x']) || option.contains("..")) => {
            Value::any(Shape::Plain)
        }
        ("docker" | "podman", Some(["ps" | "images" | "container" | "volume", options @ ..]))
            if options.iter().any(|option| is_quiet(option)) =>
        {
            Value::any(Shape::Plain)
        }
        ("fuser" | "lsof" | "pgrep" | "pidof", Some(words)) => numbers(name, words).unwrap_or_else(Value::unknown),
        ("which", Some(["holdpoint"])) => Value::text(world.own().program.unwrap_or("/usr/local/bin/holdpoint")),
        ("git", Some(["describe", ..])) => Value::any(Shape::Plain),
        ("nproc" | "whoami" | "id" | "hostname" | "uname" | "arch" | "getconf", _) => Value::any(Shape::Plain),
        _ => Value::unknown(),
    }
}

/// The files that `find` names by a pattern and nothing else, as that pattern below where it looks.
fn found(words: &[&str]) -> Option<Value> {
    let (place, tests) = match words {
        [place, tests @ ..] if !place.starts_with('-') => (place.trim_end_matches('/'), tests),
        tests => (".", tests),
    };
    let mut name = None;
    for pair in tests.chunks(2) {
        match pair {
            ["-name", pattern] if name.is_none() => name = Some(*pattern),
            ["-type" | "-maxdepth" | "-mindepth", _] | ["-print"] => {}
            _ => return None,
        }
    }
    let name = name.filter(|name| !name.contains(['/', '\\']))?;
    let mut value = Value::text(place);
    value.push(Piece::Text("/".to_owned()));
    value.push(Piece::Pattern("**".to_owned()));
    value.push(Piece::Text("/".to_owned()));
    let mut rest = name;
    while let Some(at) = rest.find(['*', '?', '[']) {
        let end = if rest.get(at..).is_some_and(|glob| glob.starts_with('[')) { rest.find(']').unwrap_or(at) } else { at };
        value.push(Piece::Text(rest.get(..at).unwrap_or_default().to_owned()));
        value.push(Piece::Pattern(rest.get(at..=end).unwrap_or_default().to_owned()));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    value.push(Piece::Text(rest.to_owned()));
    Some(value)
}

/// Whether an option asks for names only.
fn is_quiet(option: &str) -> bool {
    option == "--quiet" || (option.starts_with('-') && !option.starts_with("--") && option.contains('q'))
}

fn is_scratch_option(option: &str) -> bool {
    matches!(option, "-d" | "-q" | "-t" | "--directory" | "--tmpdir") || (option.starts_with("/tmp/") && !option.contains(".."))
}

fn repository(directory: Option<&str>, world: &World<'_>, name: impl Fn(&RepositoryFacts) -> Option<String>) -> Value {
    let facts = directory.and_then(|directory| world.repository(directory)).flatten();
    facts.and_then(name).map_or_else(Value::unknown, Value::text)
}

fn echo(arguments: &[Value]) -> Value {
    let escaped = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains('\\'));
    let plain = |value: &Value| !value.pieces.iter().any(escaped);
    let is_option = |value: &Value| {
        let letters = value.known().and_then(|text| text.strip_prefix('-').map(str::to_owned));
        letters.is_some_and(|letters| !letters.is_empty() && letters.bytes().all(|letter| b"neE".contains(&letter)))
    };
    let options = arguments.iter().take_while(|value| is_option(value)).count();
    let (options, arguments) = arguments.split_at_checked(options).unwrap_or_default();
    if options.iter().filter_map(Value::known).any(|option| option.contains('e')) {
        let words: Option<Vec<String>> = arguments.iter().map(Value::known).collect();
        let text = words.and_then(|words| escapes(&words.join(" ")));
        return text.map_or_else(Value::unknown, |text| trimmed(Value::text(text)));
    }
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
pub(crate) fn trimmed(mut value: Value) -> Value {
    if let Some(Piece::Text(text)) = value.pieces.last_mut() {
        text.truncate(text.trim_end_matches('\n').len());
    }
    value
}
