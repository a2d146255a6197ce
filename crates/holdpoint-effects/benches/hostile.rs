//! Looks for texts that take long to read: fragments again and again up to the longest text that is read, of shell and of each language
//! whose programs a line may hold or lead to.
//!
//! `№` in a fragment is a number that grows, so that names differ.
//!
//! First every pair of fragments, in three arrangements; then the slowest are changed a little, many times, and whatever became
//! slower is kept. Each text is read as a gate reads it, with answers from the invented world; what counts is how long the thread ran for
//! the slowest single reading.
//! `-- changes=N` says how many changes are tried, `-- every=N` takes only each Nth pair, `-- only=NAME` one language, `-- file=FILE` reads
//! the text of a file in place of all those.
#![expect(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a bench reads its arguments, and prints")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::{Answer, Answers, Question};
use holdpoint_testkit::dice::Dice;
use rustix::time::{ClockId, clock_gettime};

#[path = "../tests/everyday/world.rs"]
#[expect(dead_code, reason = "the readings are made here one by one")]
mod world;

const TEXT_BYTES: usize = 64 * 1024;
const CHANGES: usize = 3_000;
/// How many of the slowest are kept, changed and shown.
const KEPT: usize = 24;
const ROUNDS_MAX: usize = 4;

const SHELL: [&str; 133] = [
    "a",
    "a ",
    "a;",
    "a\n",
    "é",
    "#",
    "-a ",
    "--a=b ",
    "$",
    "$x ",
    "$x",
    "x=1;",
    "x=$x$x;",
    "x=a[$x];",
    "a[",
    "]",
    "=",
    "'",
    "\"",
    "\\",
    "'a' ",
    "\"a\" ",
    "\"$x\" ",
    "{",
    "}",
    ",",
    "{a,b}",
    "{1..9} ",
    "`",
    "`a` ",
    "$(",
    "$(a) ",
    "(",
    ")",
    "((",
    "))",
    "$((",
    "$[",
    "[[ ",
    " ]]",
    "*",
    "?",
    "[",
    "[!a]",
    "**/",
    "~",
    "~/.ssh/",
    "/",
    "a/",
    "../",
    ".env ",
    "<",
    ">",
    "<<",
    "<<<a ",
    "<<E\n",
    "E\n",
    "cat <<E\nx $y\nE\n",
    "> f;",
    ">> f;",
    "2>&1 ",
    "|",
    "||",
    "&&",
    "&",
    ";",
    "!",
    "time ",
    "coproc ",
    "if a;then ",
    "fi;",
    "for v in a b;do ",
    "done;",
    "while a;do ",
    "case a in a) ",
    ";;",
    "esac;",
    "f() { ",
    "};",
    "f;",
    "function f ",
    "git ",
    "git push ",
    "git -c a=b ",
    "rm ",
    "rm -rf ",
    "cd a;",
    "cd x && ",
    "sudo ",
    "env ",
    "xargs ",
    "find . ",
    "-exec ",
    "docker run ",
    "kubectl ",
    "python3 -c '",
    "node -e '",
    "psql -c '",
    "select 1;",
    "import os\n",
    "os.remove(",
    "bash -c '",
    "eval ",
    "source x;",
    "export x=1;",
    "declare -a a;",
    "a=(b c);",
    "${a[1]} ",
    "${x:-",
    "${x@P} ",
    "${!x} ",
    "$((1+x)) ",
    "trap a EXIT;",
    "IFS=a;",
    "cp a b;",
    "mv a b ",
    "./x ",
    "make ",
    "npm run ",
    "ssh h ",
    "tar xf a ",
    "sed -e s/a/b/ ",
    "awk '",
    "curl -d @a ",
    "http://h/ ",
    "foo ",
    "unset x;",
    "local a=",
    "v№=1;",
    "v№ ",
    "mv a№ b№;",
    "rm a№;",
    "cd a№;",
];

/// What names, calls, functions, texts and branches of Python are made of.
const PYTHON: &[&str] = &[
    "a",
    "1",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "=",
    "\n",
    " ",
    ";",
    "#",
    "\\\n",
    "'",
    "\"",
    "\"\"\"",
    "f'{",
    "}'",
    "'a'",
    "b'\\x00'",
    "a=1\n",
    "a=[a,a]\n",
    "a=a+a\n",
    "a=a,a\n",
    "a=[a]\n",
    "a={'a':a,'b':a}\n",
    "a='aaaaaaaaaaaaaaaa'\n",
    "a=a.b\n",
    "a=a()\n",
    "a.append(a)\n",
    "a['b']=a\n",
    "v№=1\n",
    "v№=a\n",
    "v№",
    "f(",
    "f(a)\n",
    "f(a).",
    "a.b.",
    "a[b].",
    "lambda:",
    "lambda a=a:",
    "not ",
    "a if b else ",
    "a or ",
    "1+",
    "a/",
    "def f(a):\n return f(a)\n",
    "def f№(): f№()\n",
    "def f№():\n global a\n a=f№\n",
    "class A№:\n def f(self): self.f()\n",
    "@a\n",
    "if a:\n a=№\n",
    "if a: a=[№,a]\n",
    "for a in a: a=[a]\n",
    "while a: a=a+a\n",
    "try: a\nexcept: a\n",
    "with a as a: a\n",
    "[a for a in a]",
    "[a for b in ",
    "import os\n",
    "from os import *\n",
    "from m№ import *\n",
    "import m№\n",
    "os.remove(a)\n",
    "os.path.join(a,a)\n",
    "os.system('a')\n",
    "os.environ['v№']=a\n",
    "a=a.replace('a',a)\n",
    "a=a.split('a')\n",
    "a=a.format(a,a)\n",
    "''.join(a)\n",
    "exec(a)\n",
    "exec('a=1;'*9)\n",
    "eval('f(a)')\n",
    "getattr(os,a)\n",
    "glob.glob('**')\n",
    "map(f,a)\n",
    "sorted(a,key=f)\n",
    "print(a,*a)\n",
    "f(*a,**a)\n",
    "match a:\n case b: a\n",
    " a\n",
    "\ta\n",
    "  ",
    "pathlib.Path(a)/",
    "subprocess.run(['a',a])\n",
    "é",
    "await ",
    "async ",
];
/// The same of JavaScript.
const JAVASCRIPT: &[&str] = &[
    "a",
    "1",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "=",
    "\n",
    " ",
    ";",
    "//",
    "/*",
    "*/",
    "/",
    "'",
    "\"",
    "`",
    "${",
    "'a'",
    "/a/",
    "<",
    ">",
    "<!--",
    "?.",
    "...",
    "a=1;",
    "a=[a,a];",
    "a=a+a;",
    "a={a,b:a};",
    "a='aaaaaaaaaaaaaaaa';",
    "a=a.b;",
    "a=a();",
    "a.push(a);",
    "a['b']=a;",
    "let v№=1;",
    "v№=a;",
    "v№",
    "var a=",
    "const {a,b:{c}}=",
    "f(",
    "f(a);",
    "f(a).",
    "new ",
    "a.b.",
    "a[b].",
    "a=>",
    "(a=1)=>",
    "()=>{",
    "async()=>",
    "function f(a){return f(a)}",
    "function f№(){f№()}",
    "function(){",
    "class A№{f(){this.f()}}",
    "({a(){",
    "!",
    "-",
    "a?b:",
    "a||",
    "a??",
    "1+",
    "if(a)",
    "else ",
    "for(a of a)a=[a];",
    "for(;;)",
    "while(a)a=a+a;",
    "switch(a){case a:a}",
    "try{a}catch{a}",
    "do a;while(a)\n",
    "x:",
    "return ",
    "yield ",
    "await ",
    "require('fs');",
    "require('m№');",
    "import*as a from 'm№';",
    "require('fs').rmSync(a);",
    "process.env.v№=a;",
    "require('child_process').execSync('a');",
    "eval('a=1;');",
    "new Function('a')();",
    "a.map(f);",
    "a.map(a=>",
    "a.then(a=>",
    "a.replace('a',a);",
    "a.split('a');",
    "a.concat(a,a);",
    "path.join(a,a);",
    "Promise.all(a);",
    "Object.assign(a,a);",
    "`${a}`",
    "$`a${a}`;",
    "a`b`",
    "é",
    "\\u0061",
    "export ",
    "static ",
    "get ",
];
/// The same of SQL as psql takes it.
const SQL: &[&str] = &[
    "a",
    "1",
    ",",
    "(",
    ")",
    "'",
    "\"",
    "$a$",
    "$№$ ",
    "--",
    "/*",
    "*/",
    ";",
    ".",
    "*",
    "=",
    "\\",
    "\n",
    " ",
    "select ",
    "select 1;",
    "select a;",
    "from a ",
    "from a,",
    "join a on a ",
    "where a and ",
    "a or ",
    "not ",
    "a in (",
    "(1,2),",
    "values ",
    "insert into a values ",
    "delete from a;",
    "update a set b=1;",
    "drop table a;",
    "create table a№(a int);",
    "with a as (select 1) ",
    "union ",
    "case when a then ",
    "cast(",
    "a::b ",
    "\\copy a to b\n",
    "\\! a\n",
    "\\d\n",
    ":a ",
    "explain ",
    "grant a to b;",
    "+",
    "<",
];
/// The same of the languages that are taken for their words.
const WORDS: &[&str] = &[
    "a",
    "1",
    "(",
    ")",
    "{",
    "}",
    "\"",
    "`",
    "/",
    "$",
    "@",
    "#",
    ";",
    "\n",
    " ",
    ",",
    ">",
    "|",
    "\\",
    "open ",
    "open(F,\"a\");",
    "unlink ",
    "unlink \"a\";",
    "system(\"a\");",
    "system ",
    "print ",
    "print > \"a№\";",
    "`a`;",
    "s/a/b/;",
    "qw(a) ",
    "if ",
    "=~ ",
    "eval ",
    "File.delete(\"a\");",
    "puts ",
    "->",
    "os.remove(\"a\");",
    "function ",
    "getline ",
    "é",
];

/// Where the fragments stand.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    name: &'static str,
    fragments: &'static [&'static str],
    open: &'static str,
    close: &'static str,
    /// The command that leads to the text, where it lies in a file.
    command: Option<&'static str>,
    bytes: usize,
}

/// Where files of texts lie in the invented world.
const FILE: &str = "/tmp/hostile";
/// Words of this length are followed.
const WORD_BYTES: usize = 15 * 1024;

const FRAMES: &[Frame] = &[
    Frame { name: "shell", fragments: &SHELL, open: "", close: "", command: None, bytes: TEXT_BYTES },
    Frame { name: "python", fragments: PYTHON, open: "", close: "", command: Some("python3 /tmp/hostile"), bytes: TEXT_BYTES },
    Frame {
        name: "javascript",
        fragments: JAVASCRIPT,
        open: "",
        close: "",
        command: Some("node /tmp/hostile"),
        bytes: TEXT_BYTES,
    },
    Frame { name: "sql", fragments: SQL, open: "", close: "", command: Some("psql -f /tmp/hostile"), bytes: TEXT_BYTES },
    Frame { name: "perl", fragments: WORDS, open: "perl -e '", close: "'", command: None, bytes: WORD_BYTES },
    Frame { name: "ruby", fragments: WORDS, open: "ruby -e '", close: "'", command: None, bytes: WORD_BYTES },
    Frame { name: "awk", fragments: WORDS, open: "awk '", close: "'", command: None, bytes: WORD_BYTES },
];

fn main() {
    let only = std::env::args().find_map(|argument| argument.strip_prefix("only=").map(str::to_owned));
    let file = std::env::args().find_map(|argument| argument.strip_prefix("file=").map(str::to_owned));
    for frame in FRAMES.iter().filter(|frame| only.as_deref().is_none_or(|only| only == frame.name)) {
        match file.as_deref().map(std::fs::read_to_string) {
            Some(Ok(text)) => println!("{:>8.2} ms as {}", milliseconds(slowest_reading(frame, text)), frame.name),
            Some(Err(error)) => println!("{error}"),
            None => search(frame),
        }
    }
}

fn search(frame: &'static Frame) {
    let mut slowest: Vec<Found> = Vec::new();
    let every = argument("every=").unwrap_or(1);
    for (at, text) in pairs(frame).enumerate() {
        if at % every == 0 {
            keep(&mut slowest, Found::of(text));
        }
    }
    show(frame, "of all pairs", &slowest);
    let mut chance = Dice::new(1);
    for _ in 0..argument("changes=").unwrap_or(CHANGES) {
        let Some(one) = slowest.get(chance.below(slowest.len())) else { break };
        let changed = one.text.changed(&mut chance);
        keep(&mut slowest, Found::of(changed));
    }
    slowest.iter_mut().for_each(Found::measure_again);
    slowest.sort_by_key(|found| std::cmp::Reverse(found.took));
    show(frame, "after changes", &slowest);
}

/// A text: something once, something again and again, something once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    frame: &'static Frame,
    before: Vec<&'static str>,
    again: Vec<&'static str>,
    behind: Vec<&'static str>,
}

impl Text {
    fn whole(&self) -> String {
        let (before, again, behind) = (self.before.concat(), self.again.concat(), self.behind.concat());
        let mut whole = before;
        let frame = self.frame.open.len() + self.frame.close.len();
        for number in 0_usize.. {
            let piece = again.replace('№', &number.to_string());
            if piece.is_empty() || frame + whole.len() + piece.len() + behind.len() > self.frame.bytes {
                break;
            }
            whole.push_str(&piece);
        }
        format!("{}{whole}{behind}{}", self.frame.open, self.frame.close)
    }

    /// With one fragment more, less or another.
    fn changed(&self, chance: &mut Dice) -> Self {
        let mut changed = self.clone();
        let fragment = *chance.one_of(self.frame.fragments);
        let part = match chance.below(4) {
            0 => &mut changed.before,
            1 => &mut changed.behind,
            _ => &mut changed.again,
        };
        let at = chance.below(part.len() + 1);
        match chance.below(3) {
            0 if part.len() > 1 => drop(part.remove(at.min(part.len() - 1))),
            1 if at < part.len() => drop(part.splice(at..=at, [fragment])),
            _ => part.insert(at, fragment),
        }
        changed
    }
}

/// All pairs: taking turns; the first once; half of each.
fn pairs(frame: &'static Frame) -> impl Iterator<Item = Text> {
    let both = move |one: &&'static str, other: &&'static str| {
        let text = |before, again| Text { frame, before, again, behind: vec![] };
        let half = vec![*one; frame.bytes / 2 / one.len()];
        [text(vec![], vec![*one, *other]), text(vec![*one], vec![*other]), text(half, vec![*other])]
    };
    frame.fragments.iter().flat_map(move |one| frame.fragments.iter().flat_map(move |other| both(one, other)))
}

/// A text and what its slowest reading took.
struct Found {
    text: Text,
    took: Duration,
}

impl Found {
    fn of(text: Text) -> Self {
        let took = slowest_reading(text.frame, text.whole());
        Self { text, took }
    }

    /// What it takes without whatever else went on at the time.
    fn measure_again(&mut self) {
        let again = (0..3).map(|_| slowest_reading(self.text.frame, self.text.whole())).min();
        self.took = self.took.min(again.unwrap_or(self.took));
    }
}

fn slowest_reading(frame: &Frame, text: String) -> Duration {
    let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]);
    let setting = Setting { directory: world::TREE.to_owned(), variables, target: String::new() };
    let (line, file) = match frame.command {
        Some(command) => (command.to_owned(), text),
        None => (text, "a;".repeat(TEXT_BYTES / 2)),
    };
    let artefact = Artefact::Command { text: line };
    let (mut answers, mut slowest) = (Answers::default(), Duration::ZERO);
    for _ in 0..=ROUNDS_MAX {
        let start = processor_time();
        let questions = black_box(holdpoint_effects::read(&artefact, &setting, &answers)).questions;
        slowest = slowest.max(processor_time().saturating_sub(start));
        if questions.is_empty() {
            break;
        }
        for question in questions {
            let answer = answer(&question, &file);
            answers.insert(question, answer);
        }
    }
    slowest
}

/// What this thread ran for: it says little of who else was working.
fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// As the invented world says, and each script that it does not know leads to more text.
fn answer(question: &Question, file: &str) -> Answer {
    match (question, world::answer(question)) {
        (Question::FileText { path }, _) if path == FILE => Answer::FileText { text: file.to_owned() },
        (Question::FileText { .. }, Answer::Unknown { .. }) => Answer::FileText { text: "a;".repeat(TEXT_BYTES / 2) },
        (_, answer) => answer,
    }
}

fn keep(slowest: &mut Vec<Found>, mut found: Found) {
    let least = slowest.last().filter(|_| slowest.len() >= KEPT).map_or(Duration::ZERO, |last| last.took);
    if found.took <= least || slowest.iter().any(|other| other.text == found.text) {
        return;
    }
    found.measure_again();
    if found.took > least {
        slowest.push(found);
        slowest.sort_by_key(|found| std::cmp::Reverse(found.took));
        slowest.truncate(KEPT);
    }
}

fn show(frame: &Frame, when: &str, slowest: &[Found]) {
    println!("the slowest of {}, {when}, ms", frame.name);
    for found in slowest {
        let Text { before, again, behind, .. } = &found.text;
        let before = if before.len() > 64 { format!("half {:?}", before.first()) } else { format!("{before:?}") };
        println!("{:>8.1} {before} {again:?}… {behind:?}", milliseconds(found.took));
    }
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// The number behind an argument such as `every=`.
fn argument(name: &str) -> Option<usize> {
    std::env::args().find_map(|argument| argument.strip_prefix(name)?.parse().ok())
}
