//! Line editors that take their commands from their input: `ed FILE <<< 'g/x/d'`.
//!
//! *In scope:* which of those commands change the text and which file is written. Whatever is not known of them may run a program.
//! *Out of scope:* commands in options, and editors that wait for somebody to type (`families/files.toml`).

use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Walker};

/// What the commands of a script do beyond the text that is edited.
#[derive(Debug, PartialEq, Eq)]
enum Script<'s> {
    /// It writes these files, and otherwise edits.
    Edits(Vec<&'s str>),
    /// It takes away all that the file holds.
    Empties,
    Unknown,
}

impl Walker<'_> {
    /// Follows the script that an editor reads; the families say which file it edits.
    pub(super) fn scripted_editor(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let silent = |field: &Field| field.value.head().starts_with('-') && field.value.head().contains(['e', 'E']);
        if !matches!(program, "ed" | "ex" | "red") && !arguments.iter().any(silent) {
            return;
        }
        let text = match &self.input {
            Input::Inherited => return,
            Input::Text(text) => text.known(),
            Input::File(path) if !self.is_rewritten(path) => self.world.file_text(path).map(str::to_owned),
            Input::File(_) | Input::Listed(_) | Input::Piped => None,
        };
        match text.as_deref().map(script) {
            Some(Script::Edits(files)) => {
                for file in files {
                    self.overwrite(&Field::new(Value::text(file), span.clone()), directory);
                }
            }
            Some(Script::Empties) => {
                arguments
                    .iter()
                    .filter(|word| !word.value.head().starts_with('-'))
                    .for_each(|file| self.overwrite(file, directory));
            }
            Some(Script::Unknown) => self.unseen_code(program, "commands that may run programs", span),
            None => self.unseen_code(program, "commands that cannot be seen", span),
        }
    }
}

/// Reads the commands of `ed` (POSIX) that `ex` shares.
fn script(text: &str) -> Script<'_> {
    let (mut files, mut typing) = (Vec::new(), false);
    for line in text.lines() {
        if typing {
            typing = line != ".";
            continue;
        }
        let mut rest = command_of(line);
        let whole = [",", "%", "1,$"].iter().any(|range| line.trim_start_matches(':').strip_prefix(range) == Some(rest));
        if whole && matches!(rest, "c" | "d") {
            return Script::Empties;
        }
        if let Some(global) = rest.strip_prefix(['g', 'v']).filter(|global| global.starts_with('/')) {
            let Some((_, command)) = global.get(1..).and_then(|pattern| pattern.rsplit_once('/')) else { return Script::Unknown };
            // `g/x/s/a/b/` ends in a slash: what stands behind it is flags.
            rest = command_of(if command.is_empty() || global.contains("/s/") { "p" } else { command });
        }
        match rest {
            "" | "d" | "H" | "h" | "j" | "n" | "p" | "P" | "l" | "u" | "w" | "wq" | "wq!" | "w!" | "q" | "Q" | "q!" | "x"
            | "x!" | "=" => {}
            "a" | "i" | "c" => typing = true,
            _ if rest.starts_with(['m', 't', 'k', 'j']) && rest.get(1..).is_some_and(is_address) => {}
            // An expression in place of the text may call anything in some editors.
            _ if rest.strip_prefix("s").is_some_and(|by| by.starts_with(['/', '|', '#', ','])) && !rest.contains("\\=") => {}
            _ => match rest.split_once(' ') {
                Some(("w" | "w!" | "W" | "wq", file)) if !file.trim_start().starts_with('!') => files.push(file.trim()),
                _ => return Script::Unknown,
            },
        }
    }
    Script::Edits(files)
}

/// A line without the addresses in front of its command.
fn command_of(line: &str) -> &str {
    let mut rest = line.trim().trim_start_matches(':');
    loop {
        rest = rest.trim_start_matches(|sign: char| sign.is_ascii_digit() || " ,;.$%+-".contains(sign));
        let Some(pattern) = rest.strip_prefix('/') else { return rest };
        let Some((_, behind)) = pattern.split_once('/') else { return "p" };
        rest = behind;
    }
}

fn is_address(text: &str) -> bool {
    text.chars().all(|sign| sign.is_ascii_alphanumeric() || " ,;.$+-".contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_told_from_commands_that_run_programs() {
        assert_eq!(script("1,3d\n/x/s/a/b/g\n$a\n!rm -rf ~\n.\nw\nq\n"), Script::Edits(Vec::new()));
        assert_eq!(script("g/debug/d\n,p\nw other.txt\n"), Script::Edits(vec!["other.txt"]));
        assert_eq!(script(",d\nw"), Script::Empties);
        for text in
            ["!rm -rf ~", "w !sh", "r !ls", "1,2!sort", "g/x/!rm", "e !x", "%s/a/\\=system('x')/", "call system('x')", "norm x"]
        {
            assert_eq!(script(text), Script::Unknown, "{text}");
        }
    }
}
