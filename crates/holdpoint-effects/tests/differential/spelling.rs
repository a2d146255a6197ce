//! Lines in which one command is spelled in every way that bash knows, and stands in every place where bash runs one.

use holdpoint_testkit::dice::Dice;

/// A command to be hidden, as words.
const COMMANDS: [&[&str]; 12] = [
    &["rm", "-rf", "d1"],
    &["rm", "a.txt", "b.txt"],
    &["rm", "--", "d2/e 1"],
    &["rm", "-r", "d1", "keep"],
    &["rm", ".hidden"],
    &["rm", "../work/a.txt"],
    &["mv", "a.txt", "d2"],
    &["mv", "a.txt", "b.txt"],
    &["git", "push", "--force"],
    &["kubectl", "delete", "ns", "shop"],
    &["marker", "x"],
    &["marker"],
];

/// Operands of `rm` that only bash turns into paths.
const PATTERNS: [&str; 24] = [
    "*.txt",
    "?.txt",
    "[ab].txt",
    "[!a].txt",
    "d1/*",
    "d*/f?",
    "{a,b}.txt",
    "d1/{f1,g1}",
    "f{1..3}",
    "f{01..03}",
    "~/x",
    "~",
    "./a.txt",
    "link/f1",
    "link/../a.txt",
    "d1/../keep",
    "*",
    ".h*",
    "sp\\ ace",
    "d2/e*",
    "$PWD/a.txt",
    "\"$PWD\"/d1",
    "[[:alpha:]].txt",
    "{a..c}.txt",
];

/// One line.
pub(crate) fn line(dice: &mut Dice) -> String {
    let mut line = Line { dice, before: Vec::new(), names: 0 };
    let command = line.command();
    let mut placed = command;
    for _ in 0..=line.dice.below(3) {
        placed = line.placed(placed);
    }
    let Line { before, dice, .. } = line;
    let separator = *dice.one_of(&["\n", "\n", "; "]);
    let mut all = before;
    all.push(placed);
    // A here-document ends its line.
    let separator =
        if all.iter().any(|part| part.contains('\n') || part.contains('#') || part.contains("shopt")) { "\n" } else { separator };
    all.join(separator)
}

struct Line<'d> {
    dice: &'d mut Dice,
    /// What must run before.
    before: Vec<String>,
    names: usize,
}

impl Line<'_> {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    fn command(&mut self) -> String {
        let plain = *self.dice.one_of(&COMMANDS);
        if self.dice.once_in(5) {
            let rm = self.word("rm");
            let pattern = *self.dice.one_of(&PATTERNS);
            let pattern = if self.dice.once_in(3) && !pattern.contains(['\\', '"', '~', '{', '$']) {
                let name = self.name();
                self.before.push(format!("{name}='{pattern}'"));
                format!("${name}")
            } else {
                pattern.to_owned()
            };
            return format!("{rm} -r {pattern}");
        }
        let spelled = self.dice.below(plain.len());
        let words = plain.iter().enumerate().map(|(at, word)| if at == spelled { self.word(word) } else { quoted(word) });
        let words = words.collect::<Vec<_>>();
        let gap = *self.dice.one_of(&[" ", " ", " ", "  ", "\t", " \\\n", " \\\n  "]);
        words.join(gap)
    }

    /// A word that bash turns into `text`.
    fn word(&mut self, text: &str) -> String {
        match self.dice.below(8) {
            0 => quoted(text),
            1 | 2 => self.quoting(text),
            3 => self.substituted(text),
            4 | 5 => self.parameter(text),
            6 => self.element(text),
            _ => self.given(text),
        }
    }

    fn quoting(&mut self, text: &str) -> String {
        let at = self.dice.below(text.len());
        let (head, tail) = text.split_at(at);
        match self.dice.below(8) {
            0 => format!("'{text}'"),
            1 => format!("\"{text}\""),
            2 => text.chars().map(|sign| format!("\\{sign}")).collect(),
            3 => format!("{}'{tail}'", quoted(head)),
            4 => format!("\"{head}\"$'{tail}'"),
            5 => format!("$'{}'", text.bytes().map(|byte| format!("\\x{byte:x}")).collect::<String>()),
            6 => format!("$'{}'", text.bytes().map(|byte| format!("\\{byte:03o}")).collect::<String>()),
            _ => format!("$\"{text}\"''"),
        }
    }

    fn substituted(&mut self, text: &str) -> String {
        let text = quoted(text);
        let inner = match self.dice.below(7) {
            0 => format!("echo {text}"),
            1 => format!("printf %s {text}"),
            2 => format!("printf '%s\\n' {text}"),
            3 => format!("echo -n {text}"),
            4 => format!("cat <<< {text}"),
            5 => format!("echo {text} # a comment\n"),
            _ => format!("echo -E {text}"),
        };
        match self.dice.below(3) {
            0 if !inner.contains('\\') => format!("\"`{inner}`\""),
            1 if !text.contains(' ') => format!("$({inner})"),
            _ => format!("\"$({inner})\""),
        }
    }

    /// A parameter expansion with an operator.
    fn parameter(&mut self, text: &str) -> String {
        let name = self.name();
        let unset = format!("u{name}");
        let word = quoted(text);
        let (value, expansion) = match self.dice.below(24) {
            0 => (text.to_owned(), format!("${name}")),
            1 => (text.to_owned(), format!("${{{name}}}")),
            2 => (text.to_owned(), format!("${{{name}:-echo}}")),
            3 => (String::new(), format!("${{{name}:-{word}}}")),
            4 => (String::new(), format!("${{{name}-echo}}{word}")),
            5 => (String::new(), format!("${{{name}+{word}}}")),
            6 => ("y".to_owned(), format!("${{{name}:+{word}}}")),
            7 => (String::new(), format!("${{{name}:+echo}}{word}")),
            8 => (String::new(), format!("${{{name}:={word}}}")),
            9 => (format!("pre{text}"), format!("${{{name}#pre}}")),
            10 => (format!("{text}.bak"), format!("${{{name}%.bak}}")),
            11 => (format!("x/y/{text}"), format!("${{{name}##x*/y/}}")),
            12 => (format!("{text}@z@z"), format!("${{{name}%%@*}}")),
            13 => (format!("{text}Q"), format!("${{{name}/Q/}}")),
            14 => (format!("Q{text}Q"), format!("${{{name}//Q}}")),
            15 => (format!("Q{text}"), format!("${{{name}/#Q/}}")),
            16 => (format!("xx{text}"), format!("${{{name}:2}}")),
            17 => (format!("xx{text}yy"), format!("${{{name}:2:{}}}", text.len())),
            18 => (text.to_uppercase(), format!("${{{name},,}}")),
            19 => (text.to_owned(), format!("${{{name}:0:${{#{name}}}}}")),
            20 => (format!("xx{text}"), format!("${{{name}: -{}}}", text.len())),
            21 => (text.to_owned(), format!("${{{name}@L}}")),
            22 => (text.to_owned(), format!("${{{name}[0]}}")),
            _ => {
                self.before.push(format!("{unset}={name}"));
                (text.to_owned(), format!("${{!{unset}}}"))
            }
        };
        let value = self.value(&value);
        self.before.push(format!("{name}={value}"));
        format!("\"{expansion}\"")
    }

    fn value(&mut self, text: &str) -> String {
        match self.dice.below(4) {
            0 if !text.contains(' ') && !text.is_empty() => text.to_owned(),
            1 => format!("\"{text}\""),
            2 => format!("$(echo '{text}')"),
            _ => format!("'{text}'"),
        }
    }

    /// An element of an array.
    fn element(&mut self, text: &str) -> String {
        let name = self.name();
        let word = quoted(text);
        let (before, element) = match self.dice.below(12) {
            0 => (format!("{name}=({word} z)"), name.clone()),
            1 => (format!("{name}=(a {word} b)"), format!("{name}[1]")),
            2 => (format!("{name}=(a b {word})"), format!("{name}[-1]")),
            3 => (format!("{name}=([3]={word} a)"), format!("{name}[3]")),
            4 => (format!("{name}=(a); {name}+=({word})"), format!("{name}[1]")),
            5 => (format!("{name}=(a b); {name}[1]={word}"), format!("{name}[1]")),
            6 => (format!("declare -A {name}=([k]={word} [l]=m)"), format!("{name}[k]")),
            7 => (format!("declare -A {name}; {name}[k]={word}"), format!("{name}[k]")),
            8 => (format!("declare -a {name}=({word})"), format!("{name}[0]")),
            9 => (format!("i=1; {name}=(a {word} b)"), format!("{name}[i]")),
            10 => (format!("i=0; {name}=(a {word} b); ((i++))"), format!("{name}[$i]")),
            _ => (format!("{name}=(a {word} b)"), format!("{name}[@]:1:1")),
        };
        self.before.push(before);
        format!("\"${{{element}}}\"")
    }

    /// A value that a builtin puts somewhere.
    fn given(&mut self, text: &str) -> String {
        let name = self.name();
        let word = quoted(text);
        let (before, word) = match self.dice.below(14) {
            0 => (format!("set -- a {word} b"), "\"$2\"".to_owned()),
            1 => (format!("set -- a {word}; shift"), "\"$1\"".to_owned()),
            2 => (format!("set -- {word}"), "\"$@\"".to_owned()),
            3 => (format!("set -- a {word} b"), "\"${@:2:1}\"".to_owned()),
            4 => (format!("read -r {name} <<< {word}"), format!("\"${name}\"")),
            5 => (format!("printf -v {name} %s {word}"), format!("\"${name}\"")),
            6 => (format!("mapfile -t {name} <<< {word}"), format!("\"${{{name}[0]}}\"")),
            7 => (format!("IFS=, read -r x {name} <<< z,{word}"), format!("\"${name}\"")),
            8 => (format!("getopts c: o -c {word}"), "\"$OPTARG\"".to_owned()),
            9 => (format!("declare -n {name}=t{name}; t{name}={word}"), format!("\"${name}\"")),
            10 => (format!("export {name}={word}"), format!("\"${name}\"")),
            11 => (format!("declare -l {name}; {name}={}", quoted(&text.to_uppercase())), format!("\"${name}\"")),
            12 => (format!("IFS=:; {name}=a:{word}; set -- ${name}; unset IFS"), "\"$2\"".to_owned()),
            _ => (format!("eval {name}={}", quoted(&word)), format!("\"${name}\"")),
        };
        self.before.push(before);
        word
    }

    /// A place in which bash runs a command.
    fn placed(&mut self, command: String) -> String {
        match self.dice.below(5) {
            0 => self.compound(&command),
            1 => self.handed_on(&command),
            2 => self.substitution(&command),
            3 => self.wrapped(&command),
            _ => self.chained(&command),
        }
    }

    fn chained(&mut self, command: &str) -> String {
        match self.dice.below(12) {
            0 => format!("{command} &\nwait"),
            1 => format!("! {command}"),
            2 => format!("time {command}"),
            3 => format!("true && {{ {command}\n}}"),
            4 => format!("false || {{ {command}\n}}"),
            5 => format!("{{ {command}\n}} | cat"),
            6 => format!("echo a | {{ {command}\n}}"),
            7 => format!("{{ {command}\n}} > out 2>&1"),
            8 => format!("{{ {command}\n}} 3>&1 <&- >/dev/null"),
            9 => format!("# rm -rf /\n{command} # && rm keep"),
            10 => format!("echo 'rm keep' \"mv\" \\; {command}\n{command}"),
            _ => format!(": {{fd}}> out\n{command}"),
        }
    }

    fn compound(&mut self, command: &str) -> String {
        match self.dice.below(18) {
            0 => format!("if true; then {command}\nfi"),
            1 => format!("if {command}\nthen :; fi"),
            2 => format!("if false; then :; elif true; then {command}\nelse :; fi"),
            3 => format!("for i in 1 2; do {command}\ndone"),
            4 => format!("for ((n=0; n<2; n++)); do {command}\ndone"),
            5 => format!("n=0; while [ $n -lt 2 ]; do {command}\nn=$((n+1)); done"),
            6 => format!("until {command}\ndo break; done"),
            7 => format!("case x in (y) ;; x|z) {command}\n;; esac"),
            8 => format!("case $(echo b) in [a-c]) {command}\n;& d) : ;; esac"),
            9 => format!("select s in a b; do {command}\nbreak; done <<< 1"),
            10 => format!("( {command}\n)"),
            11 => format!("{{ {command}\n}}"),
            12 => format!("[[ -n x && a != b ]] && {{ {command}\n}}"),
            13 => format!("(( 1 + 1 )) && {{ {command}\n}}"),
            14 => format!("f() {{ {command}\n}}; f"),
            15 => format!("function g {{ {command}\n}} 2>/dev/null\ng a b"),
            16 => format!("h() ( {command}\n)\nh"),
            _ => format!("while read -r l; do {command}\ndone <<< one"),
        }
    }

    fn substitution(&mut self, command: &str) -> String {
        match self.dice.below(9) {
            0 => format!("echo $({command}\n)"),
            1 => format!("v=\"$({command}\n)\""),
            2 => format!("cat <({command}\n)"),
            3 => format!("echo a > >({command}\n)\nwait $!"),
            4 => format!("cat <<E\n$({command}\n)\nE"),
            5 => format!("echo \"${{nothing:-$({command}\n)}}\""),
            6 => format!("echo $(( $({command}\n) + 1 ))"),
            7 => format!("v=($({command}\n))"),
            _ => format!("coproc {{ {command}\n}}\nwait"),
        }
    }

    /// Text that another shell reads, or that bash reads once more.
    fn handed_on(&mut self, command: &str) -> String {
        let text = quoted(command);
        // Whatever the text means must be known where it is read.
        let here = self.before.is_empty();
        match self.dice.below(if here { 14 } else { 8 }) {
            0 => format!("eval {text}"),
            1 => format!("trap {text} EXIT"),
            2 => format!("trap {text} USR1\nkill -USR1 $$"),
            3 => format!("trap {text} ERR\nfalse"),
            4 => format!("source /dev/stdin <<< {text}"),
            5 => format!(". <(echo {text})"),
            6 => format!("trap {text} DEBUG\n:\ntrap - DEBUG"),
            7 => format!("shopt -s expand_aliases\nalias z={text}\nz"),
            8 => format!("bash -c {text}"),
            9 => format!("bash <<< {text}"),
            10 => format!("bash <<'H'\n{command}\nH"),
            11 => format!("echo {text} | bash"),
            12 => format!("bash -s <<'H'\n{command}\nH"),
            _ => format!("env A=b bash -c {text}"),
        }
    }

    /// A program or builtin in front.
    fn wrapped(&mut self, command: &str) -> String {
        if command.contains(['\n', ';', '|', '#', '<', '>']) || command.starts_with(['(', '{', '!']) || command.contains("time ")
        {
            return self.chained(command);
        }
        match self.dice.below(14) {
            0 => format!("command {command}"),
            1 => format!("command -p -- {command} || {command}"),
            2 => format!("env {command}"),
            3 => format!("env -i PATH=\"$PATH\" A=b {command}"),
            4 => format!("nice -n 5 {command}"),
            5 => format!("timeout 5 {command}"),
            6 => format!("nohup {command}"),
            7 => format!("( exec {command} )"),
            8 => format!("A=b {command}"),
            9 => format!("exec {command}"),
            10 => format!("run() {{ \"$@\"; }}; run {command}"),
            11 => format!("run() {{ local c=$1; shift; \"$c\" \"$@\"; }}; run {command}"),
            12 => format!("find d2 -maxdepth 0 -exec {command} \\;"),
            _ => format!("echo keep | xargs {command}"),
        }
    }
}

fn quoted(text: &str) -> String {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if plain && !text.is_empty() { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
