//! One-line programs in languages that are not parsed: Perl, Ruby, PHP and Lua.
//!
//! Words by which such a program reaches beyond itself are looked for where they stand as a call does. What each is given must be plain
//! texts; then it is known what the program does.
//!
//! *Out of scope:* everything else that these languages can write: a call with anything but plain texts is not read.

mod tables;

use std::borrow::Cow;

use self::tables::{Does, FILE_COPY, LUA, PATH_METHODS, PERL, PHP, POSIX, RUBY};
use super::act::Act;
use super::evaluate::Noted;
use crate::shell::address::is_this_machine;
use crate::shell::leak::is_secret_name;
use crate::shell::value::Value;

/// What a program in such a language turns out to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Acts(Vec<Noted>),
    /// No word by which it could reach beyond itself.
    Nothing,
    /// Something that is not read.
    Unread,
}

/// Most calls that are looked at.
const CALLS_MAX: usize = 64;

/// Whether programs of this interpreter are read by their words.
pub(crate) fn reads(interpreter: &str) -> bool {
    table_of(without_version(interpreter)).is_some()
}

fn without_version(interpreter: &str) -> &str {
    interpreter.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.')
}

/// What the names of a language do, and whether text in back-quotes runs.
fn table_of(language: &str) -> Option<(&'static [(&'static str, Does)], bool)> {
    match language {
        "perl" => Some((PERL, true)),
        "ruby" | "irb" => Some((RUBY, true)),
        "php" => Some((PHP, true)),
        "lua" | "luajit" => Some((LUA, false)),
        _ => None,
    }
}

/// Reads a program by its words; nothing for a language of which none are known.
pub(crate) fn read(interpreter: &str, code: &str) -> Option<Found> {
    let versionless = without_version(interpreter);
    let (table, runs_backticks) = table_of(versionless)?;
    // Names that are put together, and names that stand for what is not seen here.
    const HIDING: [&str; 10] = ["%x", "->$", "&$", "$$", "__END__", "&{", "\"->(", "'->(", "->can(", "$^I"];
    let hidden = HIDING.iter().any(|sign| code.contains(sign));
    if hidden
        || sends_secrets(code)
        || (versionless == "perl" && reads_what_it_names(code))
        || (versionless == "php" && calls_what_is_put_together(code))
    {
        return Some(Found::Unread);
    }
    // PHP's functions have no case; what they are given has one.
    let named = if versionless == "php" { Cow::Owned(code.to_ascii_lowercase()) } else { Cow::Borrowed(code) };
    if matches!(versionless, "lua" | "luajit") && hands_on_a_module(code) {
        return Some(Found::Unread);
    }
    let mut acts = Vec::new();
    // Perl's `use POSIX` gives the functions of C their own names.
    let uses = |module: &str| versionless == "perl" && code.contains(module);
    let posix = if uses("use POSIX") { POSIX } else { &[] };
    let copies = if uses("File::Copy") { FILE_COPY } else { &[] };
    let objects = uses("Path::Tiny") || uses("Path::Class") || uses("Mojo::File");
    if objects && PATH_METHODS.iter().any(|method| code.contains(method)) {
        return Some(Found::Unread);
    }
    let table = &[table, posix, copies].concat();
    for (at, does) in calls(&named, table, versionless == "php") {
        if does == Does::Apply && applies_what_stands_there(code.get(at..).unwrap_or_default()) {
            continue;
        }
        let Some(found) = texts(code.get(at..).unwrap_or_default(), does).and_then(|texts| done(does, &texts)) else {
            return Some(Found::Unread);
        };
        acts.extend(found);
        if acts.len() > CALLS_MAX {
            return Some(Found::Unread);
        }
    }
    if runs_backticks && code.contains('`') {
        let pieces: Vec<&str> = code.split('`').collect();
        let closed = pieces.len() % 2 == 1 && pieces.iter().skip(1).step_by(2).all(|text| !text.contains(['$', '@', '#', '\\']));
        if !closed {
            return Some(Found::Unread);
        }
        acts.extend(pieces.iter().skip(1).step_by(2).map(|text| shell(text)));
    }
    Some(if acts.is_empty() {
        Found::Nothing
    } else {
        Found::Acts(acts.into_iter().map(|act| Noted { act, by_itself: true }).collect())
    })
}

/// Whether the function that is applied stands there, or is named by a whole text, which is looked at as any name is.
fn applies_what_stands_there(behind: &str) -> bool {
    let first = behind.trim_start().trim_start_matches('(').trim_start();
    let named = |quote: char| {
        let text = first.strip_prefix(quote)?;
        let (name, behind) = text.split_once(quote)?;
        Some(!name.contains(['\\', '$']) && behind.trim_start().starts_with(','))
    };
    ["fn", "function", "static fn", "static function"].iter().any(|word| first.starts_with(word))
        || named('\'').or_else(|| named('"')).unwrap_or_default()
}

/// Whether Perl is told which files to read, and one of them may be a command or one to write: `@ARGV = ("date|"); <>`.
fn reads_what_it_names(code: &str) -> bool {
    let settings = ["@ARGV", "$ARGV["].into_iter().flat_map(|name| code.match_indices(name));
    settings.map(|(at, _)| code.get(at..).unwrap_or_default()).any(|rest| {
        let statement = rest.split(';').next().unwrap_or_default();
        let behind =
            statement.trim_start_matches(|letter: char| letter.is_alphanumeric() || "@$[]_".contains(letter)).trim_start();
        let sets =
            (behind.starts_with('=') && !behind.starts_with("==") && !behind.starts_with("=~")) || behind.starts_with([',', ')']);
        sets && statement.replace("=>", "").contains(['|', '>', '`'])
    })
}

/// Whether a secret of the environment is named beside an address elsewhere.
fn sends_secrets(code: &str) -> bool {
    let reaches = code.match_indices("://").any(|(at, _)| {
        let host = code.get(at + 3..).unwrap_or_default();
        !is_this_machine(host.split(['/', '"', '\'', ' ', '?']).next().unwrap_or_default())
    });
    let mut names = code.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let asks = ["ENV", "getenv"].iter().any(|word| code.contains(word));
    reaches
        && asks
        && names.any(|name| name.len() > 3 && name.chars().all(|letter| !letter.is_lowercase()) && is_secret_name(name))
}

/// Whether PHP calls what a variable, a text or an expression names: `$f(…)`, `("sys"."tem")(…)`, `$$f`.
fn calls_what_is_put_together(code: &str) -> bool {
    code.match_indices('(').any(|(at, _)| {
        let before = code.get(..at).unwrap_or_default().trim_end();
        let name = before.trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
        before.ends_with([')', ']', '}', '"', '\'']) || (name.len() < before.len() && name.ends_with('$'))
    }) || code.contains("${")
}

fn shell(text: &str) -> Act {
    Act::Shell { text: Value::text(text), directory: None, input: None }
}

/// Whether Lua's modules that reach out are named without one of their functions: `os[name]`, `pairs(os)`.
fn hands_on_a_module(code: &str) -> bool {
    let modules = [("os", Does::Unread), ("io", Does::Unread)];
    calls(code, &modules, false).into_iter().any(|(at, _)| !code.get(at..).unwrap_or_default().trim_start().starts_with('.'))
}

/// Where calls of these names are, with the places behind the names.
fn calls(code: &str, table: &[(&str, Does)], texts_are_names: bool) -> Vec<(usize, Does)> {
    let (mut found, quoted) = (Vec::new(), quoted(code));
    for (name, does) in table {
        for (at, _) in code.match_indices(name) {
            let before = code.get(..at).unwrap_or_default();
            let after = code.get(at + name.len()..).unwrap_or_default();
            // In PHP `@` in front of a call silences it; elsewhere it belongs to a name.
            let in_name = |letter: char| {
                letter.is_alphanumeric() || matches!(letter, '_' | '$' | '%') || (letter == '@' && !texts_are_names)
            };
            let own = before.ends_with(in_name);
            let longer = after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
            let is_data =
                if texts_are_names { false } else { is_in_pattern(before, after) || quoted.get(at).copied().unwrap_or_default() };
            if !own && !longer && !is_data {
                found.push((at + name.len(), name.len(), *does));
            }
        }
    }
    // Of `File.open` and `open` it is the longer that is called.
    found.sort_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)));
    found.dedup_by_key(|(at, ..)| *at);
    found.into_iter().map(|(at, _, does)| (at, does)).collect()
}

/// Whether a word stands in a pattern, as far as the signs around it tell.
fn is_in_pattern(before: &str, after: &str) -> bool {
    let next = after.chars().next();
    (before.ends_with('/') || (before.ends_with('|') && !before.ends_with("||"))) && matches!(next, Some('/' | '|'))
}

/// For each byte, whether it stands in a text, as far as the quotes before it tell. Code in a text (`#{…}`) is none.
fn quoted(code: &str) -> Vec<bool> {
    let (mut double, mut single, mut before) = (Inside::default(), Inside::default(), b' ');
    code.bytes()
        .map(|byte| {
            let is_quoted = double.is_text() || single.is_text();
            match byte {
                b'"' if before != b'\\' => double.toggle(),
                b'\'' if before != b'\\' => single.toggle(),
                b'{' if matches!(before, b'#' | b'@' | b'$') => (double.code, single.code) = (true, true),
                _ => {}
            }
            before = byte;
            is_quoted
        })
        .collect()
}

/// Whether a text of one kind of quotes is open, and whether code began in it.
#[derive(Default)]
struct Inside {
    open: bool,
    code: bool,
}

impl Inside {
    const fn toggle(&mut self) {
        (self.open, self.code) = (!self.open, false);
    }

    const fn is_text(&self) -> bool {
        self.open && !self.code
    }
}

/// The plain texts that a call is given, all of them.
fn texts(after: &str, does: Does) -> Option<Vec<String>> {
    let mut rest = after.trim_start();
    let parenthesised = rest.starts_with('(');
    rest = rest.strip_prefix('(').unwrap_or(rest).trim_start();
    let mut texts = Vec::new();
    loop {
        // A file handle of Perl in front of its mode: `open(my $f, …)`, `open(F, …)`.
        let handle = rest.strip_prefix("my ").map(str::trim_start).unwrap_or(rest);
        let word = handle.strip_prefix('$').unwrap_or(handle);
        let end = word.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(word.len());
        if texts.is_empty() && end > 0 && word.get(end..)?.trim_start().starts_with(',') && !rest.starts_with(['\'', '"']) {
            texts.push("handle".to_owned());
            rest = word.get(end..)?.trim_start().strip_prefix(',')?.trim_start();
            continue;
        }
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (text, behind) = rest.get(1..)?.split_once(quote)?;
        if text.contains('\\') || (quote == '"' && text.contains(['$', '@', '#'])) {
            return None;
        }
        texts.push(text.to_owned());
        rest = behind.trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if parenthesised && rest.starts_with(')') => return Some(texts),
            None if !parenthesised && (rest.is_empty() || rest.starts_with([';', '}', '\n', ')'])) => return Some(texts),
            None if ["if ", "unless ", "or ", "and ", "do ", "||", "&&"].iter().any(|word| rest.starts_with(word)) => {
                return Some(texts);
            }
            None => return None,
        }
        // What is written may be anything; where it goes is known.
        if !rest.starts_with(['\'', '"']) {
            // A mode that is put together may be any.
            if matches!(does, Does::Open | Does::OpenObject) {
                texts.push("w".to_owned());
            }
            return Some(texts);
        }
    }
}

fn done(does: Does, texts: &[String]) -> Option<Vec<Act>> {
    let value = |at: usize| texts.get(at).map(|text| Value::text(text.as_str()));
    let two = || Some((value(0)?, value(1)?));
    Some(match does {
        Does::Copy => two().map(|(from, to)| vec![Act::Copy { from, to }])?,
        Does::Create => vec![Act::Create(value(0)?)],
        Does::Delete => texts.iter().map(|text| Act::Delete(Value::text(text.as_str()))).collect(),
        Does::Move => two().map(|(from, to)| vec![Act::Move { from, to }])?,
        Does::Open => {
            let mode = texts.get(1).map_or("r", String::as_str);
            vec![opened(mode, value(0)?)]
        }
        Does::OpenObject => match texts {
            [both] => vec![opened_by_perl(both, None)?],
            [name, mode, ..] => vec![opened_by_perl(mode, Some(name))?],
            [] => return None,
        },
        Does::OpenPerl => match texts {
            [_, both] => vec![opened_by_perl(both, None)?],
            [_, mode, name] => vec![opened_by_perl(mode, Some(name))?],
            _ => return None,
        },
        Does::Overwrite => vec![Act::Overwrite(value(0)?)],
        Does::Run => match texts {
            [text] => vec![shell(text)],
            words => {
                let words = words.iter().map(|word| Value::text(word.as_str())).collect();
                vec![Act::Run { words, directory: None, input: None }]
            }
        },
        Does::Apply | Does::Unread => return None,
    })
}

/// Opens a file as Perl's `open` does: the mode is a text of its own, or stands before the name.
fn opened_by_perl(mode: &str, name: Option<&String>) -> Option<Act> {
    let (mode, name) = match name {
        Some(name) => (mode, name.as_str()),
        None => {
            let name = mode.trim_start_matches(['<', '>', '+', ' ']);
            (mode.get(..mode.len() - name.len())?.trim(), name)
        }
    };
    let runs = name.contains('|') || mode.contains(['|', '-']);
    (!runs).then(|| opened(&mode.replace(">>", "a").replace('>', "w"), Value::text(name)))
}

fn opened(mode: &str, name: Value) -> Act {
    if mode.contains(['w', 'x', 'c']) {
        Act::Overwrite(name)
    } else if mode.contains('a') {
        Act::Append(name)
    } else if mode.contains('+') {
        Act::Edit(name)
    } else {
        Act::Read(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_texts_and_patterns_are_no_calls() {
        for (language, code) in [
            ("perl", "s/open/close/"),
            ("perl", "print if /unlink|system/"),
            ("perl", "$_ = lc; s/format/perform/g"),
            ("perl", "print join(q(,), sort keys %h); delete $h{a}"),
            ("ruby", "puts 'information'.upcase"),
            ("ruby", "puts [1, 2].map { |x| x * 2 }.inspect; h.delete(:a)"),
            ("php", "echo json_encode(['a' => 1]);"),
            ("lua", "print(string.format('%d', 1))"),
        ] {
            assert_eq!(read(language, code), Some(Found::Nothing), "{code}");
        }
    }

    #[test]
    fn calls_with_plain_texts_are_read() {
        let acts = |language: &str, code: &str| -> Vec<Act> {
            match read(language, code) {
                Some(Found::Acts(acts)) => acts.into_iter().map(|noted| noted.act).collect(),
                other => panic!("{code}: {other:?}"),
            }
        };
        assert_eq!(acts("perl", "unlink 'a', \"b\""), [Act::Delete(Value::text("a")), Act::Delete(Value::text("b"))]);
        assert_eq!(acts("perl", "open(my $f, '>', 'a'); print $f 1"), [Act::Overwrite(Value::text("a"))]);
        assert_eq!(acts("perl", "open(F, '<a') or die"), [Act::Read(Value::text("a"))]);
        assert_eq!(acts("perl", "system(\"ls -l\")"), [shell("ls -l")]);
        assert_eq!(acts("ruby", "File.write('a', x)"), [Act::Overwrite(Value::text("a"))]);
        assert_eq!(acts("ruby", "puts `git log -1`"), [shell("git log -1")]);
        assert_eq!(acts("lua", "os.remove('a')"), [Act::Delete(Value::text("a"))]);
        assert_eq!(acts("php", "file_put_contents('a', $x);"), [Act::Overwrite(Value::text("a"))]);
    }

    #[test]
    fn calls_with_anything_else_are_not_read() {
        for (language, code) in [
            ("perl", "unlink $ARGV[0]"),
            ("perl", "unlink glob '*.txt'"),
            ("perl", "unlink <*.txt>"),
            ("perl", "unlink"),
            ("perl", "unlink for @ARGV"),
            ("perl", "system('rm ' . $x)"),
            ("perl", "open(F, \"ls|\")"),
            ("perl", "&$f('a')"),
            ("perl", "s/x/unlink('a' . 'b')/e"),
            ("perl", "eval $x"),
            ("ruby", "system(\"rm #{x}\")"),
            ("ruby", "eval(gets)"),
            ("ruby", "Kernel.send(:system, 'x')"),
            ("ruby", "`rm #{x}`"),
            ("ruby", "%x(rm -rf x)"),
            ("php", "eval($x);"),
            ("php", "$f = 'unlink'; include 'x.php';"),
            ("lua", "load(io.read())()"),
        ] {
            assert_eq!(read(language, code), Some(Found::Unread), "{code}");
        }
    }
}
