//! Code of other languages that the line itself holds: whether it plainly only computes, reads and prints, and which files it
//! names.
//!
//! *In scope:* Python and JavaScript, told by the modules and names in them. A program counts as plain only when everything by
//! which it could reach further is absent; what is not plain is no worse for it (`interpreter.rs` judges it as before).
//! *Out of scope:* what the program computes.

/// A piece of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, a keyword or a number.
    Name(String),
    Sign(char),
    /// A text, without its quotes.
    Text(String),
}

/// Whether a Python program plainly only computes, reads and prints.
pub(super) fn is_plain_python(code: &str) -> bool {
    let Some(tokens) = python_tokens(code) else { return false };
    let name = |at: Option<usize>| at.and_then(|at| tokens.get(at)).and_then(Token::name);
    let behind = |at: usize, word: &str| {
        matches!(at.checked_sub(1).and_then(|at| tokens.get(at)), Some(Token::Sign('.'))) && name(at.checked_sub(2)) == Some(word)
    };
    tokens.iter().enumerate().all(|(at, token)| match token.name() {
        None => true,
        Some("import") => imports_plainly(&tokens, at),
        Some("compile") => behind(at, "re"),
        Some("open") => {
            let of_a_file = matches!(at.checked_sub(1).and_then(|at| tokens.get(at)), Some(Token::Sign('.')));
            opens_to_read(tokens.get(at + 1..).unwrap_or_default(), of_a_file)
        }
        Some("os") => match (tokens.get(at + 1), name(Some(at + 2))) {
            (Some(Token::Sign('.')), Some(attribute)) => OS_LOOKS.contains(&attribute),
            _ => is_imported(&tokens, at),
        },
        Some("replace") => arguments_of(tokens.get(at + 1..).unwrap_or_default()).contains(&Token::Sign(',')),
        Some("write" | "writelines") => behind(at, "stdout") || behind(at, "stderr"),
        Some(word) if word.starts_with("__") => PLAIN_DUNDERS.contains(&word),
        Some(word) => !PYTHON_ACTS.contains(&word),
    })
}

/// Whether a JavaScript program plainly only computes, reads and prints. Its texts count as code: a regular expression may hold
/// a quote, so where they begin is not certain.
pub(super) fn is_plain_javascript(code: &str) -> bool {
    let words: Vec<&str> = code.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_' || sign == '$')).collect();
    let reaches = words.iter().any(|word| JAVASCRIPT_ACTS.contains(word));
    if !code.is_ascii() || code.contains('\\') || reaches {
        return false;
    }
    let modules = modules_of(code);
    let plain = |module: &str| {
        let bare = module.strip_prefix("node:").unwrap_or(module);
        JAVASCRIPT_MODULES.contains(&bare) || (bare.starts_with("./") && !bare.contains("..")) || bare.ends_with(".json")
    };
    let within_reach = words.iter().any(|word| matches!(*word, "fs" | "process" | "require" | "import"));
    modules.is_some_and(|modules| modules.iter().all(|module| plain(module))) && (!within_reach || indexes_plainly(code))
}

/// Texts in a program that may be the names of files it reads.
pub(super) fn named_files(code: &str) -> Vec<&str> {
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

impl Token {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Sign(_) | Self::Text(_) => None,
        }
    }
}

/// Takes Python apart; nothing where something stands in it that is not read here. Linear: every text is left behind once.
fn python_tokens(code: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii() {
            return None;
        }
        if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest.find(|sign: char| !(sign.is_alphanumeric() || sign == '_')).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end)?;
            if !word.is_ascii() {
                return None;
            }
            rest = after;
            match (after.starts_with(['\'', '"']), word.to_ascii_lowercase().as_str()) {
                (true, "f" | "rf" | "fr" | "t") => {
                    let (text, after) = python_text(after)?;
                    // What stands in its braces is code; its other words count as such.
                    let inner = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
                    tokens.extend(inner.filter(|word| !word.is_empty()).map(|word| Token::Name(word.to_owned())));
                    rest = after;
                }
                (true, "b" | "r" | "u" | "rb" | "br") => {}
                _ => tokens.push(Token::Name(word.to_owned())),
            }
        } else if matches!(first, '\'' | '"') {
            let (text, after) = python_text(rest)?;
            tokens.push(Token::Text(text.to_owned()));
            rest = after;
        } else {
            if first == '\n' || first == ';' || !first.is_ascii_whitespace() {
                tokens.push(Token::Sign(first));
            }
            rest = rest.get(1..)?;
        }
    }
    Some(tokens)
}

/// The text that Python code begins with, and what follows it.
fn python_text(code: &str) -> Option<(&str, &str)> {
    let quote = code.get(..1)?;
    let triple = quote.repeat(3);
    let mark = if code.starts_with(&triple) { triple.as_str() } else { quote };
    let inner = code.strip_prefix(mark)?;
    let mut escaped = false;
    for (at, sign) in inner.char_indices() {
        if escaped {
            escaped = false;
        } else if sign == '\\' {
            escaped = true;
        } else if inner.get(at..)?.starts_with(mark) {
            return Some((inner.get(..at)?, inner.get(at + mark.len()..)?));
        } else if sign == '\n' && mark.len() == 1 {
            return None;
        }
    }
    None
}

/// Whether `import …` or `from … import …` around a place names only modules that reach nothing.
fn imports_plainly(tokens: &[Token], at: usize) -> bool {
    let is_end = |token: &&Token| !matches!(token, Token::Sign('\n' | ';'));
    let behind: Vec<&Token> = tokens.get(at + 1..).unwrap_or_default().iter().take_while(is_end).collect();
    let before: Vec<&Token> = tokens.get(..at).unwrap_or_default().iter().rev().take_while(is_end).collect();
    let text = |tokens: &[&Token]| {
        let one = |token: &&Token| match token {
            Token::Name(name) => format!("{name} "),
            Token::Sign(sign) => format!("{sign} "),
            Token::Text(_) => "' ".to_owned(),
        };
        tokens.iter().map(one).collect::<String>().replace(" . ", ".")
    };
    let plain = |module: &str| PYTHON_MODULES.contains(&module);
    let before: Vec<&Token> = before.into_iter().rev().collect();
    match text(&before).trim().strip_prefix("from ") {
        Some("os") => text(&behind).split([',', '(', ')']).all(|name| {
            let name = name.trim();
            name.is_empty() || OS_LOOKS.contains(&name)
        }),
        Some(module) => plain(module.trim()),
        // `import os` alone: `os as o` would hide what is done with it.
        None => text(&behind).split(',').all(|one| match one.trim().split_once(" as ") {
            Some((module, _)) => plain(module.trim()),
            None => plain(one.trim()) || matches!(one.trim(), "os" | "os.path"),
        }),
    }
}

/// Whether the name at a place stands in an import, where it does nothing.
fn is_imported(tokens: &[Token], at: usize) -> bool {
    let line = tokens.get(..at).unwrap_or_default().iter().rev().take_while(|token| !matches!(token, Token::Sign('\n' | ';')));
    line.filter_map(Token::name).any(|word| matches!(word, "import" | "from"))
}

/// What stands at the outermost level between the parentheses behind a call's name.
fn arguments_of(tokens: &[Token]) -> Vec<Token> {
    let mut depth = 0_usize;
    let mut arguments = Vec::new();
    for token in tokens {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            token if depth == 1 => arguments.push(token.clone()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    arguments
}

/// Whether a call of `open` certainly opens to read: every text in it that could be a mode is one of reading, and nothing but a
/// text stands where a mode may. The method `open` of a file has its mode first.
fn opens_to_read(tokens: &[Token], of_a_file: bool) -> bool {
    let arguments = arguments_of(tokens);
    if !matches!(tokens.first(), Some(Token::Sign('('))) {
        return false;
    }
    arguments.split(|token| *token == Token::Sign(',')).enumerate().all(|(at, argument)| match argument {
        [Token::Text(_)] if at == 0 && !of_a_file => true,
        [Token::Text(text)] => {
            let mode = !text.is_empty() && text.bytes().all(|byte| b"rwaxbt+U".contains(&byte));
            !mode || !text.contains(['w', 'a', 'x', '+'])
        }
        [Token::Name(keyword), Token::Sign('='), ..] => matches!(keyword.as_str(), "encoding" | "errors" | "newline"),
        _ => at == 0 && argument.first() != Some(&Token::Sign('*')),
    })
}

/// The modules that JavaScript names in `require` and `import`; nothing where one is not a plain text.
fn modules_of(code: &str) -> Option<Vec<&str>> {
    let mut modules = Vec::new();
    for word in ["require", "import", "from"] {
        for (at, _) in code.match_indices(word) {
            let around = code.get(..at).and_then(|before| before.chars().next_back());
            let behind = code.get(at + word.len()..)?.trim_start();
            let called = behind.strip_prefix('(').map(str::trim_start);
            let text = called.unwrap_or(behind);
            let quote = text.chars().next().filter(|sign| matches!(sign, '\'' | '"'));
            match quote {
                Some(quote) => modules.push(text.get(1..)?.split(quote).next()?),
                // `import x from 'y'` names its module behind `from`; `Array.from(x)` is another word.
                None if word == "import" && called.is_none() => {}
                None if word == "from" || around.is_some_and(|sign| sign.is_ascii_alphanumeric()) => {}
                None => return None,
            }
        }
    }
    Some(modules)
}

/// Whether everything in brackets is a list of texts and numbers, so that no name is put together in one.
fn indexes_plainly(code: &str) -> bool {
    code.split('[').skip(1).all(|rest| {
        let Some((inner, _)) = rest.split_once(']') else { return false };
        inner.split(',').map(str::trim).all(|one| {
            let text = one.len() > 1 && one.starts_with(['\'', '"']) && !one.contains('+');
            one.is_empty() || text || one.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// What of `os` looks and changes nothing.
const OS_LOOKS: [&str; 19] = [
    "cpu_count",
    "curdir",
    "environ",
    "fspath",
    "get_terminal_size",
    "getcwd",
    "getenv",
    "getpid",
    "linesep",
    "listdir",
    "name",
    "path",
    "pathsep",
    "scandir",
    "sep",
    "stat",
    "sysconf",
    "uname",
    "walk",
];

/// Modules that neither start anything nor reach files or the network by themselves.
const PYTHON_MODULES: [&str; 54] = [
    "argparse",
    "ast",
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "collections",
    "collections.abc",
    "configparser",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fnmatch",
    "fractions",
    "functools",
    "glob",
    "hashlib",
    "heapq",
    "html",
    "importlib.metadata",
    "itertools",
    "json",
    "locale",
    "math",
    "os.path",
    "pathlib",
    "platform",
    "pprint",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "sys",
    "sysconfig",
    "textwrap",
    "time",
    "tomllib",
    "typing",
    "unicodedata",
    "urllib.parse",
    "uuid",
    "xml.etree",
    "xml.etree.ElementTree",
    "zlib",
    "zoneinfo",
    "ipaddress",
    "secrets",
    "hmac",
    "numbers",
];

const PLAIN_DUNDERS: [&str; 6] = ["__doc__", "__file__", "__init__", "__main__", "__name__", "__version__"];

/// Names by which Python code reaches beyond itself.
const PYTHON_ACTS: [&str; 62] = [
    "addaudithook",
    "breakpoint",
    "chdir",
    "chmod",
    "chown",
    "copy2",
    "copyfile",
    "copytree",
    "delattr",
    "eval",
    "exec",
    "execv",
    "execve",
    "execvp",
    "extract",
    "extractall",
    "fork",
    "getattr",
    "globals",
    "hardlink_to",
    "import_module",
    "kill",
    "killpg",
    "link",
    "link_to",
    "locals",
    "make_dataclass",
    "makedirs",
    "meta_path",
    "mkdir",
    "mkfifo",
    "modules",
    "move",
    "popen",
    "posix_spawn",
    "putenv",
    "remove",
    "removedirs",
    "rename",
    "renames",
    "rmdir",
    "rmtree",
    "run",
    "setattr",
    "setprofile",
    "settrace",
    "socket",
    "spawn",
    "spawnl",
    "spawnv",
    "startfile",
    "subprocess",
    "symlink",
    "symlink_to",
    "system",
    "touch",
    "truncate",
    "unlink",
    "urlopen",
    "vars",
    "write_bytes",
    "write_text",
];

const JAVASCRIPT_MODULES: [&str; 12] =
    ["assert", "crypto", "events", "fs", "os", "path", "querystring", "string_decoder", "url", "util", "perf_hooks", "readline"];

/// Names by which JavaScript reaches beyond itself.
const JAVASCRIPT_ACTS: [&str; 84] = [
    "Function",
    "Proxy",
    "Reflect",
    "WebAssembly",
    "WebSocket",
    "Worker",
    "XMLHttpRequest",
    "__proto__",
    "abort",
    "access",
    "appendFile",
    "appendFileSync",
    "apply",
    "atob",
    "bind",
    "binding",
    "call",
    "chdir",
    "child_process",
    "chmod",
    "chmodSync",
    "chown",
    "chownSync",
    "cluster",
    "connect",
    "constructor",
    "copyFile",
    "copyFileSync",
    "cp",
    "cpSync",
    "createRequire",
    "createWriteStream",
    "dgram",
    "dlopen",
    "eval",
    "exec",
    "execFile",
    "execFileSync",
    "execSync",
    "fetch",
    "fork",
    "fromCharCode",
    "global",
    "globalThis",
    "http",
    "http2",
    "https",
    "kill",
    "lchown",
    "link",
    "linkSync",
    "mainModule",
    "mkdir",
    "mkdirSync",
    "mkdtemp",
    "mkdtempSync",
    "module",
    "net",
    "open",
    "openSync",
    "promises",
    "prototype",
    "rename",
    "renameSync",
    "rm",
    "rmSync",
    "rmdir",
    "rmdirSync",
    "runInThisContext",
    "spawn",
    "spawnSync",
    "symlink",
    "symlinkSync",
    "tls",
    "truncate",
    "truncateSync",
    "unlink",
    "unlinkSync",
    "utimes",
    "vm",
    "worker_threads",
    "writeFile",
    "writeFileSync",
    "writeSync",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_that_only_computes_reads_and_prints_is_plain() {
        for code in [
            "print(1+1)",
            "import json,sys; print(json.load(sys.stdin)['a'])",
            "import re\nprint(re.compile('a').sub('b', 'abc'))",
            "print('{}'.format('rm -rf /'))",
            "print('a-b'.replace('-', '_'))",
            "import os.path, os\nprint(os.path.exists('x'), os.getcwd())",
            "from os import path, listdir; print(listdir('.'))",
            "with open('a.json', encoding='utf-8') as f:\n    print(f.read())",
            "d = open('a', 'rb').read()",
            "import sys; sys.stdout.write('x')",
            "from pathlib import Path; print(Path('a').read_text())",
            "if __name__ == '__main__': print('''three\n'quotes' # no comment''')",
            "# import os; os.remove('a')\nprint(f'{1 + 1}')",
        ] {
            assert!(is_plain_python(code), "{code}");
        }
    }

    #[test]
    fn python_that_may_reach_further_is_not_plain() {
        for code in [
            "import shutil",
            "import os; os.remove('a')",
            "import os as o; o.remove('a')",
            "from os import system as s; s('x')",
            "import os; x = os; x.remove('a')",
            "from os import *",
            "__import__('os').system('x')",
            "getattr(__builtins__, 'ev' + 'al')('x')",
            "open('a', 'w').write('x')",
            "open('a', mode='w')",
            "open('a', m)",
            "f = open; f('a', 'w')",
            "open(*a)",
            "import pathlib; pathlib.Path('a').open('w')",
            "import pathlib; pathlib.Path('a').replace('b')",
            "import pathlib; pathlib.Path('a').write_text('x')",
            "import glob; glob.os.remove('a')",
            "import sys; sys.modules['os'].remove('a')",
            "import subprocess",
            "import json, urllib.request",
            "print(f'{exec(x)}')",
            "ｅｘｅｃ('x')",
            "exec('x')",
            "print('unclosed",
            "import sys; sys.stdout = open('a', 'w'); print('x')",
        ] {
            assert!(!is_plain_python(code), "{code}");
        }
    }

    #[test]
    fn javascript_is_plain_only_where_no_name_can_be_put_together() {
        for code in [
            "console.log(1)",
            "console.log(require('fs').readFileSync('a.json','utf8').length)",
            "require('./package.json').scripts",
            "const fs=require('fs'); console.log(fs.existsSync('a'), process.argv[2])",
            "import path from 'node:path'; console.log(path.join('a','b'))",
        ] {
            assert!(is_plain_javascript(code), "{code}");
        }
        for code in [
            "require('fs').rmSync('a')",
            "require('fs')['rm'+'Sync']('a')",
            "const k='rm'; const fs=require('fs'); fs[k+'Sync']('a')",
            "const k='x'; const {[k]: f} = require('fs'); f('a')",
            "require('child_'+'process')",
            "require(x)",
            "import('child_process')",
            "process.mainModule.require('x')",
            "console.log(/'/, require('child_process').execSync('x'))",
            "require('f\\x73')",
            "fetch('https://example.org')",
            "require('../x.js')",
        ] {
            assert!(!is_plain_javascript(code), "{code}");
        }
    }

    #[test]
    fn the_files_that_code_reads_are_named_in_it() {
        assert_eq!(named_files("open('/home/a/.ssh/id_rsa').read()"), ["/home/a/.ssh/id_rsa"]);
        assert_eq!(named_files("Path(\".env\").read_text()"), [".env"]);
        assert!(named_files("print('.env')").is_empty());
        assert!(named_files("[f for f in read() if f.endswith('.pem')]").is_empty());
    }
}
