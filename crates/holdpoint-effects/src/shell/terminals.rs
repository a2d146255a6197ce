//! Terminals that go on by themselves: what `tmux` and `screen` start in them, and what they type into them.
//!
//! Sources: tmux(1), screen(1).
//!
//! *In scope:* commands that the line gives them, followed as if they stood alone. *Out of scope:* what else their own commands do
//! (`families/system.toml`).

use holdpoint_core::effect::{ResourceKind, Verb};

use super::effect::plain;
use super::files::Target;
use super::options::Line;
use super::syntax::Span;
use super::value::{Field, Piece, Value};
use super::walker::{Input, Walker};
use super::wrapper::leading;
use crate::families;

/// Commands of tmux that start a shell or a command of their own, and their options with values.
const STARTS: [&str; 12] = [
    "display-popup",
    "new",
    "new-session",
    "new-window",
    "neww",
    "popup",
    "respawn-pane",
    "respawn-window",
    "respawnp",
    "respawnw",
    "split-window",
    "splitw",
];
const STARTS_VALUED: [&str; 16] =
    ["-c", "-e", "-f", "-F", "-h", "-l", "-n", "-p", "-s", "-S", "-t", "-T", "-w", "-x", "-y", "--"];
/// Names of keys that end a line, and the beginnings of those that are no text.
const ENTER: [&str; 5] = ["C-j", "C-m", "Enter", "KPEnter", "^M"];
const KEYS: [&str; 16] = [
    "BSpace", "BTab", "C-", "DC", "Down", "End", "Escape", "Home", "IC", "Left", "M-", "PageDown", "PageUp", "Right", "Tab", "Up",
];

impl Walker<'_> {
    /// `tmux … \; …`: each of its commands. `false` where the families say all there is.
    pub(super) fn tmux(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (_, used) = leading(arguments, &["-c", "-f", "-L", "-S", "-T"]);
        let mut followed = false;
        for words in arguments.get(used..).unwrap_or_default().split(|word| word.known().as_deref() == Some(";")) {
            let Some((name, words)) = words.split_first() else { continue };
            followed |= match name.known().as_deref() {
                Some(name) if STARTS.contains(&name) => self.started(name, words, directory, span),
                Some("pipe-pane" | "pipep" | "run" | "run-shell") => {
                    let (line, used) = leading(words, &["-c", "-d", "-t"]);
                    !line.has("-C") && self.in_terminal(words.get(used..).unwrap_or_default(), directory, span)
                }
                Some("send" | "send-keys") => {
                    let (line, used) = leading(words, &["-c", "-N", "-t"]);
                    self.typed(&line, words.get(used..).unwrap_or_default(), span)
                }
                _ => return false,
            };
        }
        followed
    }

    fn started(&mut self, name: &str, words: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let popup = matches!(name, "display-popup" | "popup");
        let splits = matches!(name, "split-window" | "splitw");
        let takes = |option: &&str| match *option {
            "-f" | "-s" | "-x" | "-y" => !splits,
            "-h" | "-S" | "-T" | "-w" => popup,
            "-l" | "-p" => splits,
            _ => true,
        };
        let valued: Vec<&str> = STARTS_VALUED.into_iter().filter(takes).collect();
        let (line, used) = leading(words, &valued);
        let moved = line.values("-c").last().map(|place| self.target(&place.value, directory));
        let inside = match moved {
            Some(Target::Exactly(path)) => Some(path),
            Some(_) => None,
            None => directory.map(str::to_owned),
        };
        self.in_terminal(words.get(used..).unwrap_or_default(), inside.as_deref(), span)
    }

    /// Runs words in a terminal of their own: one is a text for a shell, several are a program and its arguments.
    fn in_terminal(&mut self, words: &[Field], directory: Option<&str>, span: &Span) -> bool {
        match words {
            [] => self.note(plain(Verb::Read, ResourceKind::Program, "terminal", "Opens a terminal".to_owned(), span.clone())),
            [text] => self.shell_of_its_own(&text.value, directory, span),
            words => self.apart(|walker| {
                walker.input = Input::Inherited;
                walker.run_words(words, directory, span);
            }),
        }
        true
    }

    fn shell_of_its_own(&mut self, text: &Value, directory: Option<&str>, span: &Span) {
        let directory = directory.map(str::to_owned);
        self.as_child([], |walker| {
            walker.input = Input::Inherited;
            walker.state.directories = vec![directory];
            walker.inner_text(text, span.clone());
        });
    }

    /// Types words into a terminal. What is at the other end is taken for a shell where the words begin as a command does.
    fn typed(&mut self, line: &Line, words: &[Field], span: &Span) -> bool {
        if ["-F", "-H", "-M", "-X"].iter().any(|name| line.has(name)) {
            return false;
        }
        let is_key = |word: &str| KEYS.iter().any(|key| word.starts_with(key)) || ENTER.contains(&word);
        let mut text = Value::text("");
        for word in words {
            match word.known() {
                Some(key) if key == "Space" => text.push(Piece::Text(" ".to_owned())),
                Some(key) if ENTER.contains(&key.as_str()) => text.push(Piece::Text("\n".to_owned())),
                Some(key) if is_key(&key) && !line.has("-l") => {}
                _ => text.append(word.value.clone()),
            }
        }
        self.typed_text(&text, span)
    }

    fn typed_text(&mut self, text: &Value, span: &Span) -> bool {
        let Some(known) = text.known() else { return false };
        let first = known.split_whitespace().next().unwrap_or_default();
        let begins =
            matches!(first, "" | "cd" | "clear" | "exit" | "q") || first.starts_with("./") || families::command(first).is_some();
        // They are words of SQL and Python as well.
        if !begins || matches!(first, "import" | "from" | "open") {
            return false;
        }
        if first.is_empty() {
            self.note(plain(
                Verb::Read,
                ResourceKind::Program,
                "terminal",
                "Presses keys in a terminal".to_owned(),
                span.clone(),
            ));
        } else {
            self.shell_of_its_own(text, None, span);
        }
        true
    }

    /// `screen -dmS NAME COMMAND`, `screen -S NAME -X stuff TEXT`. `false` where the families say all there is.
    pub(super) fn screen(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        const LISTS: [&str; 6] = ["-ls", "-list", "-wipe", "-v", "--version", "-help"];
        if arguments.iter().filter_map(Field::known).any(|word| LISTS.contains(&word.as_str())) {
            return false;
        }
        let (line, used) = leading(arguments, &["-c", "-e", "-h", "-p", "-s", "-S", "-t", "-T"]);
        let words = arguments.get(used..).unwrap_or_default();
        if !line.has("-X") {
            let resumes = ["-r", "-x", "-R", "-d", "-D"].iter().any(|name| line.has(name)) && !line.has("-m");
            return !resumes && self.in_terminal(words, directory, span);
        }
        match words {
            [stuff, text] if stuff.known().as_deref() == Some("stuff") => {
                let plain = text
                    .known()
                    .map(|text| text.replace("\\n", "\n").replace("\\r", "\n").replace("^M", "\n").replace('\r', "\n"));
                plain.is_some_and(|text| self.typed_text(&Value::text(text), span))
            }
            _ => false,
        }
    }
}
