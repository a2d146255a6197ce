//! Lines in which values flow: through branches, loops, functions, subshells and builtins, until one of them is run.

use holdpoint_testkit::dice::Dice;

/// Values that variables may have: mostly names of programs.
const VALUES: [&str; 8] = ["rm", "echo", "marker", "mv", ":", "true", "", "rm keep"];
const NAMES: [&str; 3] = ["a", "b", "c"];

/// One line.
pub(crate) fn line(dice: &mut Dice) -> String {
    let mut flow = Flow { dice, depth: 0, in_function: false, in_loop: false };
    let mut lines = vec!["a=marker b=echo c=: i=0 arr=(echo rm marker)".to_owned(), "set -- echo marker rm".to_owned()];
    for _ in 0..1 + flow.dice.below(4) {
        let statement = flow.statement();
        lines.push(statement);
    }
    lines.push(flow.run());
    // Something always runs.
    lines.push("marker end".to_owned());
    lines.join("\n")
}

struct Flow<'d> {
    dice: &'d mut Dice,
    depth: usize,
    in_function: bool,
    in_loop: bool,
}

impl Flow<'_> {
    fn name(&mut self) -> &'static str {
        self.dice.one_of::<&str>(&NAMES)
    }

    fn value(&mut self) -> &'static str {
        self.dice.one_of::<&str>(&VALUES)
    }

    /// A word of which nobody knows at first sight what it comes to.
    fn word(&mut self) -> String {
        let name = self.name();
        match self.dice.below(16) {
            0..=3 => format!("${name}"),
            4 => format!("\"${name}\""),
            5 => format!("${{{name}:-marker}}"),
            6 => format!("${{{name}-rm}}"),
            7 => format!("${{{name}:+rm}}"),
            8 => format!("${{{name}+marker}}"),
            9 => "${arr[i]}".to_owned(),
            10 => "${arr[$i]}".to_owned(),
            11 => "\"${arr[@]}\"".to_owned(),
            12 => "$1".to_owned(),
            13 => "\"$@\"".to_owned(),
            14 => "$2".to_owned(),
            _ => "\"${@: -1}\"".to_owned(),
        }
    }

    fn run(&mut self) -> String {
        let word = self.word();
        let operand = *self.dice.one_of(&["a.txt", "d1", "$c", "\"$b\"", "*.txt", "\"$1\"", ""]);
        format!("{word} {operand}")
    }

    fn body(&mut self) -> String {
        self.depth += 1;
        let count = 1 + self.dice.below(2);
        let body = (0..count).map(|_| self.statement()).collect::<Vec<_>>().join("\n");
        self.depth -= 1;
        body
    }

    fn condition(&mut self) -> String {
        let name = self.name();
        match self.dice.below(7) {
            0 => "true".to_owned(),
            1 => "false".to_owned(),
            2 => format!("[ \"${name}\" = rm ]"),
            3 => format!("[[ -n ${name} ]]"),
            4 => "((i > 0))".to_owned(),
            5 => format!("{name}=rm"),
            _ => format!("! {name}=marker"),
        }
    }

    fn statement(&mut self) -> String {
        if self.depth < 2 && self.dice.once_in(3) {
            return self.compound();
        }
        match self.dice.below(10) {
            0..=2 => self.assignment(),
            3 | 4 => self.builtin(),
            5 | 6 => self.run(),
            7 => self.leaves(),
            8 => format!("{} && {}", self.condition(), self.assignment()),
            _ => format!("{} || {}", self.condition(), self.assignment()),
        }
    }

    fn leaves(&mut self) -> String {
        match (self.in_function, self.in_loop) {
            (true, _) => format!("{} && return", self.condition()),
            (_, true) => format!("{} && {}", self.condition(), *self.dice.one_of(&["break", "continue"])),
            _ => "i=1".to_owned(),
        }
    }

    fn assignment(&mut self) -> String {
        let (name, other, value) = (self.name(), self.name(), self.value());
        match self.dice.below(20) {
            0..=3 => format!("{name}='{value}'"),
            4 => format!("{name}=${other}"),
            5 => format!("{name}='{value}' {other}=${name}"),
            6 => format!("{name}=$(echo '{value}')"),
            7 => format!("{name}=${{{other}:-{}}}", value.split(' ').next().unwrap_or_default()),
            8 => "i=$((i+1))".to_owned(),
            9 => "((i++))".to_owned(),
            10 => "let i=2".to_owned(),
            11 => "i=0".to_owned(),
            12 => format!("arr[1]='{value}'"),
            13 => format!("arr=('{value}' ${other})"),
            14 => format!("arr+=('{value}')"),
            15 => format!("arr=(\"$@\" ${name})"),
            16 => format!("{name}+='{value}'"),
            17 => format!(": ${{{name}:=rm}}"),
            18 => format!("{name}=${{{other}#e}}"),
            _ => format!("{name}=${{arr[0]}}"),
        }
    }

    fn builtin(&mut self) -> String {
        let (name, other, value) = (self.name(), self.name(), self.value());
        match self.dice.below(24) {
            0 => format!("read -r {name} <<< '{value}'"),
            1 => format!("printf -v {name} %s '{value}'"),
            2 => format!("export {name}='{value}'"),
            3 => format!("unset {name}"),
            4 => "unset 'arr[0]'".to_owned(),
            5 => format!("set -- '{value}' ${name} \"$@\""),
            6 => "shift".to_owned(),
            7 => format!("eval {name}=rm"),
            8 => format!("eval \"{name}=\\${other}\""),
            9 => format!("declare {name}='{value}'"),
            10 => format!("{name}='{value}' eval 'eval \"\\${name} a.txt\"'"),
            11 => format!("{name}='{value}' :"),
            12 => format!("mapfile -t arr <<< '{value}'"),
            13 => "cd d1".to_owned(),
            14 => "cd ..".to_owned(),
            15 => "IFS=e".to_owned(),
            16 => "unset IFS".to_owned(),
            17 => format!("local {name}='{value}' 2>/dev/null"),
            18 => format!("local {name} 2>/dev/null"),
            19 => format!("trap '${name} a.txt' EXIT"),
            20 => format!("bash -c '${name} a.txt' x rm"),
            21 => format!("bash -c '${{{name}:-rm}} a.txt'"),
            22 => "bash -s rm <<< '${1:-marker} a.txt'".to_owned(),
            _ => format!("declare -n ref={name}; ref='{value}'; unset -n ref"),
        }
    }

    fn compound(&mut self) -> String {
        let name = self.name();
        let outer = (self.in_loop, self.in_function);
        let text = match self.dice.below(30) {
            0..=3 => format!("if {}; then {}\nelse {}\nfi", self.condition(), self.body(), self.body()),
            4 | 5 => format!("if {}; then {}\nfi", self.condition(), self.body()),
            6..=9 => {
                self.in_loop = true;
                let values = self.dice.one_of(&["rm echo", "1 2", "$b marker", "\"$@\"", "\"${arr[@]}\""]);
                format!("for {name} in {values}; do {}\ndone", self.body())
            }
            10 | 11 => {
                self.in_loop = true;
                format!("for n in 1 2 3; do {}\ndone", self.body())
            }
            12 | 13 => {
                self.in_loop = true;
                format!("while [ $# -gt 0 ]; do {}\nshift; [ -z \"$STOP\" ] || break; STOP=1; done", self.body())
            }
            14 | 15 => format!("( {}\n)", self.body()),
            16 => format!("{{ {}\n}}", self.body()),
            17 | 18 => format!("{{ {}\n}} | cat", self.body()),
            19..=21 => format!("case ${name} in rm) {}\n;; *) {}\n;; esac", self.body(), self.body()),
            22..=27 => {
                (self.in_loop, self.in_function) = (false, true);
                let function = *self.dice.one_of(&["f", "g", "echo"]);
                let body = self.body();
                (self.in_loop, self.in_function) = outer;
                format!("{function}() {{ {body}\n}}\n{function} {}", *self.dice.one_of(&["", "rm", "$a $b", "\"$@\""]))
            }
            28 => {
                (self.in_loop, self.in_function) = (false, true);
                let body = self.body();
                (self.in_loop, self.in_function) = outer;
                format!("r() {{ {body}\n[ -n \"$DEEP\" ] || {{ DEEP=1; r rm; }}\n}}\nr echo\nDEEP=")
            }
            _ => format!("x=$({}\n)", self.body()),
        };
        (self.in_loop, self.in_function) = outer;
        text
    }
}
