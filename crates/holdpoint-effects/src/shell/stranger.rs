//! A program of which nothing is known, and what its words may still do: name a command that it runs, or be code in a language that
//! nobody here reads (`R -e 'system("…")'`).
//!
//! *In scope:* noticing what destroys among the words, and what every language writes alike: a call of something that starts programs
//! or changes files, a command between quotes or brackets. *Out of scope:* languages that are read (`code/`), programs of
//! which it is known what their words mean (`families/`), and what names of options tell (`told.rs`).

use holdpoint_core::effect::{Certainty, Effect, Magnitude, ResourceKind, Reversibility, Unit, Verb};

use super::destroyers::destroys;
use super::effect::plain;
use super::syntax::Span;
use super::telling;
use super::value::{Field, Value};
use super::walker::Walker;
use crate::families;

/// Most words of an unknown program's that are followed as commands.
const WRAPPED_MAX: usize = 4;

/// Most paths in one word that are looked at.
const PATHS_MAX: usize = 8;

/// Most commands in one word that are followed.
const FOLLOWED_MAX: usize = 4;

/// What languages call starting programs, and losing files.
const ACTS: [&str; 11] = ["delete", "exec", "kill", "popen", "remove", "rmdir", "shell", "spawn", "system", "system2", "unlink"];

/// Words by which programs call what loses something for good, or hands it to others.
const LOSES: [&str; 20] = [
    "delete",
    "deploy",
    "destroy",
    "drop",
    "erase",
    "nuke",
    "obliterate",
    "poweroff",
    "publish",
    "purge",
    "push",
    "reboot",
    "revoke",
    "send",
    "shutdown",
    "terminate",
    "transfer",
    "unpublish",
    "upload",
    "wipe",
];

/// Words in front of a command, in files of programs and of settings.
const LEADS: [&str; 6] = ["COMMAND", "RUN", "cmd", "command", "exec", "sudo"];

/// How many words in front may be names of subcommands.
const SUBCOMMANDS_MAX: usize = 3;

/// Parts of names that say the same.
const ACTS_WITHIN: [&str; 26] = [
    "callcommand",
    "delete_",
    "deletefile",
    "execcmd",
    "execshell",
    "execv",
    "filewriter",
    "outputstream",
    "processbuilder",
    "readprocess",
    "remove_",
    "removeall",
    "removedir",
    "removefile",
    "removeitem",
    "rm_r",
    "rm_rf",
    "rmsync",
    "rmtree",
    "run-program",
    "shell-command",
    "shell_exec",
    "spawn",
    "stringtoprocess",
    "unlinksync",
    "write18",
];

impl Walker<'_> {
    pub(super) fn unknown_program(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let summary = format!("Runs `{program}`, a program of which nothing is known");
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        self.note(Effect {
            certainty: Certainty::Delegated,
            magnitude: Magnitude::unbounded(Unit::Items),
            reversibility: Reversibility::Effort,
            ..effect
        });
        self.handed(arguments, directory);
        self.under_its_plain_name(program, arguments, directory, span);
        // A wrapper that is read otherwise than it reads itself may leave a whole text as the program's name.
        if program.contains(char::is_whitespace) {
            self.at_worst(|walker| walker.inner_text(&Value::text(program), span.clone()));
        }
        self.may_wrap(arguments, directory, span);
        if says_that_it_loses(program, arguments) {
            self.opaque(program, "nothing is known of it, and its words say that it loses or sends something", span.clone());
        }
        self.may_carry_code(program, arguments, directory, span);
        self.fed_a_program(program, arguments, directory, span);
        self.fed_by_the_line();
    }

    /// Looks at the secrets that code names by their paths.
    fn secrets_within(&mut self, text: &str, field: &Field, directory: Option<&str>) {
        for path in paths_within(text).take(PATHS_MAX) {
            self.look_by_name(&Field::new(Value::text(path), field.span.clone()), directory);
        }
    }

    /// Where file names have no case `RM` is `rm`, and a Linux inside of Windows runs `git.exe`.
    fn under_its_plain_name(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let lower = program.to_ascii_lowercase();
        let name = lower.strip_suffix(".exe").unwrap_or(&lower);
        if name != program && (destroys(name) || families::command(name).is_some()) {
            self.at_worst(|walker| walker.program_of_system(name, arguments, directory, span));
        }
    }

    /// A program of which nothing is known may run the words behind it: where they name one that destroys, they are followed.
    fn may_wrap(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let starts = |at: usize, field: &Field| match field.known() {
            Some(text) if is_prose(at, arguments) => text.is_empty(),
            Some(text) => match text.split_once(char::is_whitespace) {
                Some((first, _)) => destroys(first),
                None => destroys(&text) || names_a_command(&text, arguments.get(at + 1..).unwrap_or_default()),
            },
            None => false,
        };
        // Whether a word may start a command is looked up, which is paid for.
        let followed = arguments.iter().enumerate().take_while(|_| self.budget.walk_steps(1));
        let starts = followed.filter(|(at, field)| starts(*at, field));
        let starts: Vec<usize> = starts.map(|(at, _)| at).take(WRAPPED_MAX).collect();
        for at in starts {
            let Some(words) = arguments.get(at..) else { continue };
            let text = words.first().map(|field| field.value.clone()).filter(|text| text.head().contains(char::is_whitespace));
            self.at_worst(|walker| match &text {
                Some(text) => walker.inner_text(text, span.clone()),
                None if words.len() > 1 => walker.run_words(words, directory, span),
                None => {}
            });
        }
    }

    /// Holds a program of which nothing is known where its words bring code along that could do harm.
    pub(super) fn may_carry_code(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        for (at, field) in arguments.iter().enumerate() {
            let is_code = |text: &String| !is_prose(at, arguments) && (is_code(text) || destroys_something(text));
            let Some(text) = field.known().filter(is_code) else { continue };
            if !self.budget.walk_steps(text.len().div_ceil(64)) {
                return;
            }
            self.secrets_within(&text, field, directory);
            if calls_an_act(&text) {
                self.opaque(program, "it is given code in a language that is not read", span.clone());
                continue;
            }
            for command in commands_within(&text) {
                self.at_worst(|walker| walker.inner_text(&Value::text(&command), span.clone()));
            }
        }
    }
}

/// Whether a word stands behind an option that takes a sentence.
fn is_prose(at: usize, words: &[Field]) -> bool {
    let option = at.checked_sub(1).and_then(|before| words.get(before)).and_then(Field::known);
    option.is_some_and(|option| {
        matches!(
            option.as_str(),
            "-m" | "--message" | "--title" | "--body" | "--description" | "--comment" | "--notes" | "--text"
        )
    })
}

/// Whether a text begins as a command does that destroys or that data describe as more than a look.
pub(super) fn starts_a_command(text: &str, span: &Span) -> bool {
    let mut words = text.split_whitespace().map(|word| Field::new(Value::text(word), span.clone()));
    let Some(first) = words.next().and_then(|first| first.known()) else { return false };
    destroys(&first) || names_a_command(&first, &words.collect::<Vec<_>>())
}

/// Whether a word and those behind it are a command line that data describe as more than a look. Words that people also use
/// for other things count for nothing, and neither does a name without a subcommand that is known.
fn names_a_command(name: &str, words: &[Field]) -> bool {
    let Some(command) = families::command(name).filter(|_| !ORDINARY.contains(&name)) else { return false };
    match super::subcommands::named_by(command, words) {
        Some((sub, ..)) => !sub.effect.is_empty(),
        None => command.sub.is_empty() && !command.effect.is_empty(),
    }
}

/// Programs whose names are words that other programs have for things and acts of their own.
const ORDINARY: [&str; 36] = [
    "age", "at", "batch", "begin", "compare", "convert", "fly", "format", "host", "import", "init", "install", "k", "linear",
    "look", "mail", "mount", "now", "op", "open", "pass", "passwd", "patch", "platform", "port", "render", "route", "say",
    "screen", "security", "segment", "service", "sort", "split", "square", "touch",
];

/// Whether a program's name, its subcommand or an option says in plain words that something is lost, or goes to others.
fn says_that_it_loses(program: &str, arguments: &[Field]) -> bool {
    let says = |name: &str| name.split(['-', '_', ':', '.', '/']).any(|word| LOSES.contains(&word));
    let words: Vec<String> = arguments.iter().map_while(Field::known).collect();
    if words.iter().any(|word| matches!(word.as_str(), "--dry-run" | "--help" | "--version" | "-h")) {
        return false;
    }
    let is_subcommand = |word: &&String| word.bytes().all(|byte| byte.is_ascii_lowercase() || b"-:_".contains(&byte));
    let mut subcommands = words.iter().filter(|word| !word.starts_with('-')).take_while(is_subcommand).take(SUBCOMMANDS_MAX);
    let mut options = words
        .iter()
        .filter(|word| word.starts_with('-'))
        .map(|word| word.trim_start_matches('-'))
        .map(|option| option.split('=').next().unwrap_or_default())
        .filter(|option| !telling::renews_results(option));
    says(program)
        || subcommands.any(|word| says(word))
        || options.any(|option| LOSES.contains(&option.split('-').next().unwrap_or_default()))
}

/// Whether a text is a program that destroys with something behind it.
fn destroys_something(text: &str) -> bool {
    text.split_once(char::is_whitespace).is_some_and(|(first, _)| destroys(first))
}

/// The first commands in a text of any language that begin with a program that destroys: between quotes or brackets, at the beginning
/// of a line, or given word by word (`"rm", "-rf", "x"`).
pub(super) fn commands_within(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for line in text.lines().filter(|line| !is_comment(line)) {
        let pieces: Vec<&str> = line.split(is_between_commands).map(without_lead).collect();
        for (at, piece) in pieces.iter().enumerate() {
            if destroys_something(piece) {
                commands.push((*piece).to_owned());
            } else if destroys(piece) {
                let words = pieces.iter().skip(at).filter(|piece| !piece.is_empty());
                commands.push(words.copied().collect::<Vec<_>>().join(" "));
                break;
            }
            if commands.len() >= FOLLOWED_MAX {
                return commands;
            }
        }
    }
    commands
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || (line.starts_with('#') && !line.starts_with("#!"))
}

/// A piece of code without the words that only say that a command follows.
fn without_lead(piece: &str) -> &str {
    let piece = piece.trim();
    let led = piece.split_once(char::is_whitespace).filter(|(first, _)| LEADS.contains(first));
    led.map_or(piece, |(_, rest)| rest.trim_start())
}

/// The texts between quotes or brackets that are spelled as paths from the root or the home.
fn paths_within(text: &str) -> impl Iterator<Item = &str> {
    text.split(['"', '\'', '`', '{', '}'])
        .skip(1)
        .filter(|piece| piece.starts_with(['/', '~']) && !piece.contains(char::is_whitespace))
}

/// Whether a word is more than a name or a sentence.
fn is_code(text: &str) -> bool {
    text.contains(['(', '{', '[', '"', '\'', '`', '!', '\\', '|', ';', '=']) && text.contains([' ', '(', '{', '"', '\''])
}

fn is_between_commands(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '`' | '(' | ')' | '{' | '}' | '[' | ']' | ';' | '|' | '&' | '!' | '=' | ',' | '%' | ':' | '\n'
    )
}

/// Whether something is called, `name(…)`, `name "…"` or `\name{…}`, whose name says that it acts.
pub(super) fn calls_an_act(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(['(', '"', '\'', '{']) {
        let (before, behind) = rest.split_at(at);
        // R's `rm` forgets a variable; that of Julia loses the file that a text names.
        let deletes = behind.starts_with("(\"") || behind.starts_with("('");
        let name =
            before.trim_end().rsplit(|character: char| !is_in_name(character)).next().unwrap_or_default().to_ascii_lowercase();
        if (name == "rm" && deletes) || ACTS.contains(&name.as_str()) || ACTS_WITHIN.iter().any(|act| name.contains(act)) {
            return true;
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    false
}

fn is_in_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_what_acts_is_seen_in_any_language() {
        for text in [
            r#"system("rm -rf x")"#,
            r#"System.Process.callCommand "rm""#,
            r"(ext:run-shell-command x)(ext:run-shell-command (x))",
            r"\immediate\write18{rm -rf x}",
            "new java.io.FileWriter('x')",
            "Runtime.getRuntime().exec(x)",
            r#"rm("shop.db")"#,
        ] {
            assert!(is_code(text) && calls_an_act(text), "{text}");
        }
        for text in [
            "print(1 + 1)",
            "summary(cars)",
            "a sentence (with brackets)",
            "{a: 'b'}",
            "plot(x, main = \"y\")",
            "rm(list = ls())",
            "system.file('x')",
        ] {
            assert!(!calls_an_act(text), "{text}");
        }
    }
}
