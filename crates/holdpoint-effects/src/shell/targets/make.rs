//! `make`: which file it reads, what the command line gives it, and what the file asks of the world.

use holdpoint_core::effect::{ResourceKind, Verb};

use super::super::effect::plain;
use super::super::options::Line;
use super::super::syntax::Span;
use super::super::value::{Field, Value};
use super::super::walker::{Input, Walker};
use super::super::wrapper::leading;
use super::{Recipe, prints};
use crate::recipe::makefile::{Host, Makefile};
use crate::world::absolute;

/// Options of make that take a value.
const VALUED: [&str; 17] = [
    "-C",
    "--directory",
    "-f",
    "--file",
    "--makefile",
    "-I",
    "--include-dir",
    "-o",
    "--old-file",
    "--assume-old",
    "-W",
    "--what-if",
    "-l",
    "--load-average",
    "-E",
    "--eval",
    "--jobserver-auth",
];
/// Options with which make only shows what it would run.
const DRY: [&str; 6] = ["-n", "--dry-run", "--just-print", "--recon", "-q", "--question"];
/// Options with which make reads nothing at all.
const LOOKS: [&str; 4] = ["-v", "--version", "-h", "--help"];

impl Walker<'_> {
    pub(super) fn make_targets(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, goals) = make_line(arguments);
        if LOOKS.iter().any(|name| line.has_exactly(name)) {
            return;
        }
        let mut inside = directory.to_owned();
        for moved in line.values("-C").chain(line.values("--directory")) {
            let Some(moved) = moved.known() else { return };
            inside = absolute(&moved, &inside);
        }
        let Some((path, text)) = self.makefile(&line, &inside, span) else { return };
        let (given, goals): (Vec<String>, Vec<String>) = goals.into_iter().partition(|word| word.contains('='));
        let goal = format!("{path} {}", goals.join(" "));
        if self.reading.contains(&goal) {
            return;
        }
        let host = MakeHost { walker: self, directory: &inside };
        let mut makefile = Makefile::new(&host, path.rsplit('/').next().unwrap_or_default());
        let again: Vec<String> = given.iter().map(|word| format!(" '{}'", word.replace('\'', "'\\''"))).collect();
        makefile.preset("MAKE", &format!("{program}{}", again.concat()));
        makefile.preset("CURDIR", &inside);
        makefile.preset("MAKECMDGOALS", &goals.join(" "));
        makefile.preset("MAKEFILE_LIST", &path);
        for (name, value) in given.iter().filter_map(|word| word.split_once('=')) {
            makefile.give(name.trim_end_matches([':', '?', '+']), value);
        }
        for text in line.values("--eval").chain(line.values("-E")).filter_map(Field::known) {
            makefile.read(&text);
        }
        makefile.read(&text);
        let mut steps = makefile.steps(&goals);
        let variables = makefile.exported();
        if DRY.iter().any(|name| line.has_exactly(name)) {
            steps.retain(|step| step.always);
        }
        let recipe = Recipe { name: goal, steps: &steps, variables: &variables, program, directory: &inside };
        self.recipe(&recipe, span);
    }

    /// The text of the Makefile that is read: the one that is named, what stands on standard input, or the usual one.
    fn makefile(&mut self, line: &Line, inside: &str, span: &Span) -> Option<(String, String)> {
        let named: Vec<Field> = ["-f", "--file", "--makefile"].iter().flat_map(|name| line.values(name)).cloned().collect();
        let Some(file) = named.first() else {
            let usual = ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned);
            let found = self.first_text(&usual, inside);
            if found.is_none() && line.values("--eval").chain(line.values("-E")).next().is_some() {
                return Some((absolute("Makefile", inside), String::new()));
            }
            return found;
        };
        match file.known().as_deref() {
            Some("-" | "/dev/stdin") => match self.input.clone() {
                Input::Text(text) => match text.known() {
                    Some(text) => Some((absolute("-", inside), text)),
                    None => {
                        self.unseen_code("make", "rules that the line does not determine", span);
                        None
                    }
                },
                Input::File(path) => self.first_text(&[path], inside),
                Input::Listed(_) | Input::Piped => {
                    self.unseen_code("make", "rules that another program prints", span);
                    None
                }
                Input::Inherited => {
                    let summary = "Starts `make`, which waits for somebody to type rules".to_owned();
                    self.note(plain(Verb::Execute, ResourceKind::Process, "make", summary, span.clone()));
                    None
                }
            },
            Some(name) => {
                let found = self.first_text(&[name.to_owned()], inside);
                if found.is_none() {
                    self.rules_unread(&absolute(name, inside), span);
                }
                found
            }
            None => {
                self.unseen_code("make", "rules in a file that the line does not determine", span);
                None
            }
        }
    }

    /// Rules in a file that the line writes itself, or that nobody could read: code as any other.
    fn rules_unread(&mut self, path: &str, span: &Span) {
        let file = Field::new(Value::text(path), span.clone());
        self.script(&file, &[], None, "make");
    }
}

/// What a Makefile may ask.
struct MakeHost<'a, 'w> {
    walker: &'a Walker<'w>,
    directory: &'a str,
}

impl Host for MakeHost<'_, '_> {
    fn text(&self, name: &str) -> Option<String> {
        let path = absolute(name, self.directory);
        self.walker.world.file_text(&path).filter(|_| !self.walker.is_rewritten(&path)).map(str::to_owned)
    }

    fn output(&self, command: &str) -> Vec<String> {
        prints::prints(self.walker, command, self.directory)
    }

    fn variable(&self, name: &str) -> Option<Vec<String>> {
        if let Some(values) = self.walker.state.variables.get(name) {
            return Some(values.iter().map(prints::text_of).collect());
        }
        self.walker.world.variable(name).map(|value| vec![value.to_owned()])
    }
}

/// The options of make, and the other words.
fn make_line(arguments: &[Field]) -> (Line, Vec<String>) {
    let mut rest = arguments;
    let (mut whole, mut goals) = (Line::default(), Vec::new());
    while !rest.is_empty() {
        let (line, used) = leading(rest, &VALUED);
        whole.options.extend(line.options);
        let Some((goal, behind)) = rest.get(used..).and_then(<[Field]>::split_first) else { break };
        goals.push(goal.known().unwrap_or_default());
        rest = behind;
    }
    (whole, goals)
}
