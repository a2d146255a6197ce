//! One-line programs in languages of which nothing is known but what they all write alike: names of what is called, texts between quotes.
//!
//! *In scope:* names by which a program starts others, loses files, writes them, reaches the network or runs text as code, whatever
//! the language joins them with (`File.rm_rf!`, `removeDirectoryRecursive`, `delete-file`, `os:cmd`).
//! *Out of scope:* what it is that such a call is given, but for the files that are written; languages of which more is known
//! (`words.rs`, `awk.rs`, `python.rs`, `javascript.rs`).

use serde::Deserialize;

/// What is known of a language besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tongue {
    Any,
    /// A console of an application: what changes its data counts as well.
    Console,
    /// In R `rm` forgets a variable.
    R,
}

/// What a program turns out to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Alike<'c> {
    /// It starts something, loses something, or reaches further than is told.
    Acts,
    /// It computes and prints.
    Nothing,
    /// It writes, to one of these files.
    Writes(Vec<&'c str>),
}

/// Parts of names that say that a program acts.
const ACTS: &[&str] = &[
    "base64",
    "chmod",
    "chown",
    "cmd",
    "command",
    "connect",
    "cp",
    "curl",
    "decode64",
    "del",
    "delete",
    "destroy",
    "download",
    "dynlink",
    "erase",
    "eval",
    "evaluate",
    "exec",
    "executable",
    "execute",
    "execve",
    "ffi",
    "fork",
    "fromcharcode",
    "funcall",
    "getmethod",
    "halt_system",
    "intern",
    "invoke",
    "kill",
    "mail",
    "move",
    "movefile",
    "mv",
    "popen",
    "post",
    "poweroff",
    "process",
    "processbuilder",
    "purge",
    "qqx",
    "qx",
    "reboot",
    "reflect",
    "remove",
    "rename",
    "rm",
    "rmdir",
    "rmtree",
    "send",
    "sh",
    "shell",
    "shutdown",
    "socket",
    "spawn",
    "subprocess",
    "symlink",
    "system2",
    "tcp",
    "truncate",
    "unlink",
    "upload",
    "wipe",
];

/// Parts of names that say that it writes a file.
const WRITES: &[&str] = &["outputstream", "save", "sink", "spew", "spit", "spurt", "write", "writer"];

/// Parts of names that say so where a file is named; lists and values are copied and put together as well.
const PUTS: &[&str] = &["append", "copy", "create", "dump", "output"];

/// Names that have such a part and only print, or change what a program holds in its hands.
const PRINTS: &[&str] = &[
    "fwrite",
    "io.fwrite",
    "io.write",
    "keyword.delete",
    "list.delete",
    "map.delete",
    "maps.remove",
    "mapset.delete",
    "out.write",
    "process.argv",
    "process.env",
    "process.info",
    "stdout.write",
    "writeline",
    "writeln",
];

/// What a console of an application calls changing its data.
const CHANGES: &[&str] = &[
    "create",
    "decrement",
    "deliver",
    "drop",
    "enqueue",
    "increment",
    "insert",
    "perform",
    "publish",
    "save",
    "store",
    "toggle",
    "touch",
    "update",
    "upsert",
    "write",
];

/// Modes in which a file is opened to be written.
const MODES: &[&str] =
    &["a+", "ab", "appendmode", "o_trunc", "o_wronly", "r+", "readwritemode", "rw", "w", "w+", "wb", "write", "writemode", "wt"];

/// Reads a program by what it calls.
pub(crate) fn read(code: &str, tongue: Tongue) -> Alike<'_> {
    let placed = texts(code);
    let plain = without(code, &placed);
    let texts: Vec<&str> = placed.into_iter().map(|(_, text)| text).collect();
    let names: Vec<&str> = names(&plain).collect();
    // A name between quotes may be called by it.
    let quoted = || texts.iter().copied().filter(|text| is_name(text));
    // `System.out` only names where something belongs.
    let calls_system =
        |name: &&str| name.rsplit(['.', ':', '/']).next().is_some_and(|last| parts(last).any(|part| part == "system"));
    let acts = |name: &&str| parts(name).any(|part| says_act(&part, tongue)) && !is_one_of(name, PRINTS) || calls_system(name);
    let calls_by_text = quoted().any(|name| name == "system" || says_act(&name.to_lowercase(), tongue));
    let spelled = texts.iter().any(|text| spells_letters(text));
    let has = |name: &&str, words: &[&str]| parts(name).any(|part| words.contains(&part.as_str()));
    let starts = |name: &&str| has(name, &["run"]) && has(name, &["program", "process", "command", "cmd"]);
    let changes = |name: &&str| tongue == Tongue::Console && has(name, CHANGES);
    if spelled || calls_by_text || runs(code) || names.iter().any(|name| acts(name) || starts(name) || changes(name)) {
        return Alike::Acts;
    }
    let files: Vec<&str> = texts.iter().copied().filter(|text| may_be_path(text)).collect();
    let opens_to_write = |name: &&str| has(name, &["open"]) && has(name, &["out"]);
    let opens = names.iter().any(opens_to_write)
        || names.iter().any(|name| has(name, &["open", "fopen"]))
            && names.iter().copied().chain(quoted()).chain(texts.iter().copied()).any(|name| is_one_of(name, MODES));
    let prints = names.contains(&"writeLines") && only_prints_lines(code);
    let writes = |name: &&str| has(name, WRITES) && !is_one_of(name, PRINTS) && !(prints && *name == "writeLines");
    let puts = |name: &&str| has(name, PUTS) && !files.is_empty();
    if !(opens || names.iter().any(|name| writes(name) || puts(name)) || assigns_contents(&plain)) {
        return Alike::Nothing;
    }
    if files.is_empty() { Alike::Acts } else { Alike::Writes(files) }
}

fn says_act(part: &str, tongue: Tongue) -> bool {
    ACTS.contains(&part) && !(tongue == Tongue::R && part == "rm")
}

/// The texts between quotes, and where each begins. Single quotes may stand for a letter, or before a name that is not worked out.
fn texts(code: &str) -> Vec<(usize, &str)> {
    let (mut texts, mut from) = (Vec::new(), 0);
    while let Some((at, rest)) = code
        .get(from..)
        .and_then(|rest| rest.find(['"', '\'']).map(|at| rest.split_at(at)))
        .map(|(skipped, rest)| (from + skipped.len(), rest))
    {
        let quote = if rest.starts_with('"') { '"' } else { '\'' };
        let inner = rest.get(1..).unwrap_or_default();
        let end =
            end_of_text(inner, quote).filter(|end| quote == '"' || !inner.get(..*end).unwrap_or_default().contains(['(', '\n']));
        from = at + 1;
        if let Some(text) = end.and_then(|end| inner.get(..end)) {
            texts.push((at + 1, text));
            from += text.len() + 1;
        }
    }
    texts
}

fn end_of_text(inner: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    inner.char_indices().find_map(|(at, letter)| {
        let ends = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// The code without its texts between double quotes, but for those in which code may stand.
fn without(code: &str, texts: &[(usize, &str)]) -> String {
    let holds_code = |text: &str| ["#{", "${", "$(", "\\("].iter().any(|start| text.contains(start));
    let (mut plain, mut from) = (String::with_capacity(code.len()), 0);
    for (at, text) in
        texts.iter().filter(|(at, text)| code.get(..*at).is_some_and(|code| code.ends_with('"')) && !holds_code(text))
    {
        plain.push_str(code.get(from..*at).unwrap_or_default());
        from = at + text.len();
    }
    plain + code.get(from..).unwrap_or_default()
}

/// The names in code, with what they belong to: `File.rm_rf`, `os:cmd`, `delete-file`.
fn names(code: &str) -> impl Iterator<Item = &str> {
    let in_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':' | '/' | '+');
    code.split(move |letter: char| !in_name(letter)).filter(|name| !name.is_empty())
}

/// The words that a name is made of, in small letters: `removeItem` is `remove` and `item`.
fn parts(name: &str) -> impl Iterator<Item = String> {
    name.split(|letter: char| !letter.is_alphanumeric()).flat_map(|word| {
        let mut parts = vec![word.to_lowercase()];
        let mut begin = 0;
        let mut before = ' ';
        for (at, letter) in word.char_indices() {
            if letter.is_uppercase() && before.is_lowercase() {
                parts.extend(word.get(begin..at).map(str::to_lowercase));
                begin = at;
            }
            before = letter;
        }
        if begin > 0 {
            parts.extend(word.get(begin..).map(str::to_lowercase));
        }
        parts
    })
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    let name = name.replace(':', ".").to_lowercase();
    let name = name.trim_matches('.');
    list.iter().any(|known| name == *known || (known.contains('.') && name.ends_with(&format!(".{known}"))))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// Whether a program in back-quotes, or one behind `run`, is what runs.
fn runs(code: &str) -> bool {
    let calls = |start: &str| code.contains(start);
    calls("run(`")
        || calls("run `")
        || calls("run(\"")
        || calls("run \"")
        || calls("run '")
        || calls("run('")
        || calls("run <")
        || code.contains(".!")
        || code.contains("!!")
}

/// Whether each `writeLines` is given no second thing: then R prints.
fn only_prints_lines(code: &str) -> bool {
    let is_given_one = |behind: &str| {
        let mut depth = 0_usize;
        for letter in behind.chars() {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' if depth <= 1 => return true,
                ')' | ']' => depth -= 1,
                ',' if depth <= 1 => return false,
                _ => {}
            }
        }
        true
    };
    code.split("writeLines").skip(1).all(is_given_one)
}

/// Groovy and Kotlin give a file its contents by an assignment: `new File("x").text = ""`.
fn assigns_contents(plain: &str) -> bool {
    let squeezed: String = plain.chars().filter(|letter| !letter.is_whitespace()).collect();
    squeezed.contains("File(") && (squeezed.contains(").text=") || squeezed.contains(").bytes=") || squeezed.contains(")<<"))
        || squeezed.contains("file=\"\"") && squeezed.contains("cat(")
}

/// Whether letters are spelled by their numbers, as nobody does who only prints.
fn spells_letters(text: &str) -> bool {
    text.match_indices('\\').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let digits = |skip: usize, length: usize, radix| u32::from_str_radix(rest.get(skip..skip + length)?, radix).ok();
        let code = match rest.chars().next() {
            Some('x') => digits(1, 2, 16),
            Some('u') => digits(1, 4, 16),
            Some('0' | '1') => digits(0, 3, 8),
            _ => None,
        };
        code.and_then(char::from_u32).is_some_and(|letter| letter.is_ascii_alphabetic())
    })
}

/// Whether a text may name a file.
fn may_be_path(text: &str) -> bool {
    let has_ending = text.rsplit_once('.').is_some_and(|(_, ending)| (1..=5).contains(&ending.len()));
    !text.contains([' ', '\n', '%']) && (text.contains('/') || text.starts_with('~') || has_ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_seen_whatever_the_language_joins_names_with() {
        for code in [
            "File.rm_rf!(\"/srv/x\")",
            "rm_rf \"/srv/x\"",
            "System.cmd(\"rm\", [\"-rf\", \"x\"])",
            "apply(File, :rm_rf, [\"x\"])",
            "os:cmd(\"rm -rf x\"), halt().",
            "(delete-file \"x\")",
            "System.Directory.removeDirectoryRecursive \"x\"",
            "try FileManager.default.removeItem(atPath: \"x\")",
            "file delete -force x",
            "do.call(\"unlink\", list(\"x\"))",
            "(get(\"\\x73ystem\"))(\"x\")",
            "\"rm -rf x\".execute()",
            "run(`rm -rf x`)",
            "puts \"#{system('x')}\"",
            "rm(\"x\")",
        ] {
            assert_eq!(read(code, Tongue::Any), Alike::Acts, "{code}");
        }
        assert_eq!(read("User.find(1).update(admin: true)", Tongue::Console), Alike::Acts);
        assert_eq!(read("for (f in list.files()) write(1, f)", Tongue::R), Alike::Acts);
    }

    #[test]
    fn what_writes_is_told_with_its_files() {
        for (code, file) in [
            ("spit(\"a.txt\", \"\")", "a.txt"),
            ("File.write!(\"a/b\", \"x\")", "a/b"),
            ("new File('a.txt').text = ''", "a.txt"),
            ("x = fopen(\"a.txt\", \"w\")", "a.txt"),
            ("writeLines(c(\"x\"), \"a.txt\")", "a.txt"),
            ("(call-with-output-file \"a.txt\" display)", "a.txt"),
            ("cat(1, file = \"a.txt\")", "a.txt"),
        ] {
            assert_eq!(read(code, Tongue::R), Alike::Writes(vec![file]), "{code}");
        }
    }

    #[test]
    fn what_computes_and_prints_does_nothing() {
        for code in [
            "disp(magic(4))",
            "println(1+1)",
            "rm(list = ls()); summary(cars)",
            "IO.puts(1 + 1)",
            "io:format(\"~p~n\",[1]), halt().",
            "io:fwrite(\"~p~n\",[1])",
            "writeLines(paste(1, 2))",
            "println(\"delete me\")",
            "print(fromJSON(\"a.json\")$name)",
            "(display (+ 1 2))",
            "print (sum [1..10])",
            "Enum.map([1, 2], & &1 * 2) |> IO.inspect",
            "x = fopen(\"a.txt\"); disp(fgetl(x))",
            "puts clock format",
        ] {
            assert_eq!(read(code, Tongue::R), Alike::Nothing, "{code}");
        }
        assert_eq!(read("puts User.count", Tongue::Console), Alike::Nothing);
    }
}
