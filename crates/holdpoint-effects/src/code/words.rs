//! One-line programs in languages that are not parsed: Perl, Ruby, PHP and Lua.
//!
//! Words by which such a program reaches beyond itself are looked for where they stand as a call does. What each is given must be plain
//! texts; then it is known what the program does.
//!
//! *Out of scope:* everything else that these languages can write: a call with anything but plain texts is not read.

use std::borrow::Cow;

use super::act::Act;
use super::evaluate::Noted;
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

/// What a call does with its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Copy,
    Create,
    Delete,
    Move,
    /// Opens its first text as the second says.
    Open,
    /// Opens as Perl does: the mode first, or before the name.
    OpenPerl,
    Overwrite,
    /// Runs one text through a shell, or several as words.
    Run,
    Unread,
}

/// Most calls that are looked at.
const CALLS_MAX: usize = 64;

const PERL: &[(&str, Does)] = &[
    ("unlink", Does::Delete),
    ("rmdir", Does::Delete),
    ("rmtree", Does::Delete),
    ("remove_tree", Does::Delete),
    ("rename", Does::Move),
    ("move", Does::Move),
    ("copy", Does::Copy),
    ("mkdir", Does::Create),
    ("make_path", Does::Create),
    ("system", Does::Run),
    ("exec", Does::Run),
    ("open", Does::OpenPerl),
    ("truncate", Does::Overwrite),
    ("sysopen", Does::Unread),
    ("chmod", Does::Unread),
    ("chown", Does::Unread),
    ("utime", Does::Unread),
    ("symlink", Does::Unread),
    ("link", Does::Unread),
    ("kill", Does::Unread),
    ("fork", Does::Unread),
    ("syscall", Does::Unread),
    ("socket", Does::Unread),
    ("connect", Does::Unread),
    ("eval", Does::Unread),
    ("require", Does::Unread),
    ("do", Does::Unread),
    ("qx", Does::Unread),
    ("readpipe", Does::Unread),
    ("chdir", Does::Unread),
    ("chroot", Does::Unread),
    ("dbmopen", Does::Unread),
    ("spew", Does::Unread),
    ("write_file", Does::Overwrite),
    ("POSIX::remove", Does::Delete),
    ("POSIX::unlink", Does::Delete),
    ("POSIX::rename", Does::Move),
    ("edit_file", Does::Unread),
];
const POSIX: &[(&str, Does)] =
    &[("remove", Does::Delete), ("tmpfile", Does::Unread), ("mkfifo", Does::Unread), ("creat", Does::Overwrite)];
const RUBY: &[(&str, Does)] = &[
    ("File.delete", Does::Delete),
    ("File.unlink", Does::Delete),
    ("FileUtils.rm", Does::Delete),
    ("FileUtils.rm_f", Does::Delete),
    ("FileUtils.rm_r", Does::Delete),
    ("FileUtils.rm_rf", Does::Delete),
    ("FileUtils.remove_dir", Does::Delete),
    ("FileUtils.remove_entry", Does::Delete),
    ("FileUtils.rmdir", Does::Delete),
    ("FileUtils.rmtree", Does::Delete),
    ("Dir.rmdir", Does::Delete),
    ("Dir.unlink", Does::Delete),
    ("Dir.delete", Does::Delete),
    ("File.rename", Does::Move),
    ("FileUtils.mv", Does::Move),
    ("FileUtils.cp", Does::Copy),
    ("FileUtils.cp_r", Does::Copy),
    ("FileUtils.mkdir_p", Does::Create),
    ("Dir.mkdir", Does::Create),
    ("FileUtils.touch", Does::Create),
    ("File.write", Does::Overwrite),
    ("IO.write", Does::Overwrite),
    ("File.binwrite", Does::Overwrite),
    ("File.truncate", Does::Overwrite),
    ("File.open", Does::Open),
    ("File.new", Does::Open),
    ("open", Does::Unread),
    ("system", Does::Run),
    ("exec", Does::Run),
    ("spawn", Does::Run),
    ("IO.popen", Does::Run),
    ("Open3.capture2", Does::Run),
    ("Open3.capture3", Does::Run),
    ("eval", Does::Unread),
    ("instance_eval", Does::Unread),
    ("class_eval", Does::Unread),
    ("const_get", Does::Unread),
    ("send", Does::Unread),
    ("public_send", Does::Unread),
    ("__send__", Does::Unread),
    ("method", Does::Unread),
    ("load", Does::Unread),
    ("require_relative", Does::Unread),
    ("fork", Does::Unread),
    ("syscall", Does::Unread),
    ("Process.kill", Does::Unread),
    ("Process.spawn", Does::Run),
    ("File.chmod", Does::Unread),
    ("File.symlink", Does::Unread),
    ("File.link", Does::Unread),
    ("FileUtils.chmod", Does::Unread),
    ("FileUtils.chmod_R", Does::Unread),
    ("FileUtils.ln_s", Does::Unread),
    ("Net", Does::Unread),
    ("TCPSocket", Does::Unread),
    ("URI.open", Does::Unread),
    ("Socket", Does::Unread),
    ("rm_rf", Does::Delete),
    ("rm_r", Does::Delete),
    ("rm_f", Does::Delete),
    ("rmtree", Does::Unread),
    ("delete_if_exists", Does::Unread),
    ("include FileUtils", Does::Unread),
    ("extend FileUtils", Does::Unread),
    ("Pathname", Does::Unread),
    ("Fiddle", Does::Unread),
    ("binding", Does::Unread),
    ("IO.binwrite", Does::Overwrite),
    ("Dir.chdir", Does::Unread),
    ("File.unlink", Does::Delete),
];
const PHP: &[(&str, Does)] = &[
    ("unlink", Does::Delete),
    ("rmdir", Does::Delete),
    ("rename", Does::Move),
    ("copy", Does::Copy),
    ("mkdir", Does::Create),
    ("touch", Does::Create),
    ("file_put_contents", Does::Overwrite),
    ("fopen", Does::Open),
    ("system", Does::Run),
    ("exec", Does::Run),
    ("shell_exec", Does::Run),
    ("passthru", Does::Run),
    ("popen", Does::Run),
    ("proc_open", Does::Unread),
    ("pcntl_exec", Does::Unread),
    ("pcntl_fork", Does::Unread),
    ("eval", Does::Unread),
    ("assert", Does::Unread),
    ("create_function", Does::Unread),
    ("call_user_func", Does::Unread),
    ("call_user_func_array", Does::Unread),
    ("array_map", Does::Unread),
    ("include", Does::Unread),
    ("include_once", Does::Unread),
    ("require", Does::Unread),
    ("require_once", Does::Unread),
    ("curl_exec", Does::Unread),
    ("fsockopen", Does::Unread),
    ("stream_socket_client", Does::Unread),
    ("mail", Does::Unread),
    ("chmod", Does::Unread),
    ("chown", Does::Unread),
    ("symlink", Does::Unread),
    ("link", Does::Unread),
    ("posix_kill", Does::Unread),
    ("putenv", Does::Unread),
    ("dl", Does::Unread),
    ("unserialize", Does::Unread),
    ("ftruncate", Does::Unread),
    ("splfileobject", Does::Unread),
    ("ziparchive", Does::Unread),
    ("reflection", Does::Unread),
    ("reflectionfunction", Does::Unread),
    ("reflectionmethod", Does::Unread),
    ("fromcallable", Does::Unread),
    ("register_shutdown_function", Does::Unread),
    ("pdo", Does::Unread),
    ("mysqli", Does::Unread),
];
const LUA: &[(&str, Does)] = &[
    ("os.remove", Does::Delete),
    ("os.rename", Does::Move),
    ("os.execute", Does::Run),
    ("io.popen", Does::Run),
    ("io.open", Does::Open),
    ("io.output", Does::Overwrite),
    ("load", Does::Unread),
    ("loadstring", Does::Unread),
    ("loadfile", Does::Unread),
    ("dofile", Does::Unread),
    ("require", Does::Unread),
    ("debug", Does::Unread),
    ("package", Does::Unread),
    ("_G", Does::Unread),
    ("_ENV", Does::Unread),
    ("ffi", Does::Unread),
    ("lfs", Does::Unread),
    ("socket", Does::Unread),
    ("vim", Does::Unread),
];

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
    let hidden =
        code.contains("%x") || code.contains("->$") || code.contains("&$") || code.contains("$$") || code.contains("__END__");
    if hidden || (versionless == "php" && calls_what_is_put_together(code)) {
        return Some(Found::Unread);
    }
    // PHP's functions have no case; what they are given has one.
    let named = if versionless == "php" { Cow::Owned(code.to_ascii_lowercase()) } else { Cow::Borrowed(code) };
    if matches!(versionless, "lua" | "luajit") && hands_on_a_module(code) {
        return Some(Found::Unread);
    }
    let mut acts = Vec::new();
    // Perl's `use POSIX` gives the functions of C their own names.
    let given: &[(&str, Does)] = if versionless == "perl" && code.contains("use POSIX") { POSIX } else { &[] };
    let table = &[table, given].concat();
    for (at, does) in calls(&named, table, versionless == "php") {
        let Some(found) = texts(code.get(at..).unwrap_or_default()).and_then(|texts| done(does, &texts)) else {
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
                found.push((at + name.len(), *does));
            }
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found
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
fn texts(after: &str) -> Option<Vec<String>> {
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
        Does::OpenPerl => {
            let (mode, name) = match texts {
                [_, both] => {
                    let name = both.trim_start_matches(['<', '>', '+', ' ']);
                    (both.get(..both.len() - name.len())?.trim(), name)
                }
                [_, mode, name] => (mode.as_str(), name.as_str()),
                _ => return None,
            };
            if name.contains('|') || mode.contains('|') || mode.contains('-') {
                return None;
            }
            vec![opened(&mode.replace(">>", "a").replace('>', "w"), Value::text(name))]
        }
        Does::Overwrite => vec![Act::Overwrite(value(0)?)],
        Does::Run => match texts {
            [text] => vec![shell(text)],
            words => {
                let words = words.iter().map(|word| Value::text(word.as_str())).collect();
                vec![Act::Run { words, directory: None, input: None }]
            }
        },
        Does::Unread => return None,
    })
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
