//! What the targets of a project's task files run: the shell text behind a name, as far as the file says it.
//!
//! *In scope:* Makefiles, justfiles, Taskfiles, the scripts of `package.json`, `deno.json`, `composer.json` and `pyproject.toml`, and
//! what Dockerfiles and compose files ask for. What a reader does not determine stands in the text as one of the variables below.
//! *Out of scope:* what the text does (`shell/targets.rs`). Which rule is followed: `docs/design/006-what-a-recipe-leaves-open.md`.

pub(crate) mod compose;
pub(crate) mod dockerfile;
pub(crate) mod justfile;
pub(crate) mod makefile;
pub(crate) mod project;
pub(crate) mod scripts;
pub(crate) mod taskfile;
pub(crate) mod yaml;

/// A variable of the shell that may hold anything.
pub(crate) const UNDETERMINED: &str = "${HOLDPOINT_UNDETERMINED}";
/// A variable that holds some number, name or date.
pub(crate) const PLAIN: &str = "${HOLDPOINT_PLAIN}";
/// A variable that holds the path of a temporary file or directory that the recipe makes.
pub(crate) const SCRATCH: &str = "${HOLDPOINT_SCRATCH}";
/// A variable that neither the file nor the line sets: empty, unless the environment holds it.
pub(crate) const UNSET: &str = "${HOLDPOINT_UNSET}";
/// Most lines of recipes that are read for one command.
pub(crate) const LINES_MAX: usize = 256;
/// Longest line of a recipe, in bytes.
pub(crate) const LINE_MAX_BYTES: usize = 8 * 1024;
/// Deepest nesting of targets that depend on others.
pub(crate) const DEPTH_MAX: usize = 16;

/// A text that a target hands to a shell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) text: String,
    /// Where it stands, from 1; 0 where that is not told.
    pub(crate) line: usize,
    /// The file, where it is another one than was asked for.
    pub(crate) file: String,
    /// The program that is given the text in place of a shell, and the options in front of it.
    pub(crate) through: Vec<String>,
    /// Whether it runs even where the runner only shows what it would run.
    pub(crate) always: bool,
    /// Whether that program finds the text at its standard input and not among its words.
    pub(crate) at_input: bool,
}

impl Step {
    /// Lines of a file for the shell.
    pub(crate) fn all(file: &str, lines: Vec<String>) -> Vec<Self> {
        lines.into_iter().map(|text| Self { text, file: file.to_owned(), ..Self::default() }).collect()
    }
}

/// What stands in a text for what nobody knows.
pub(crate) const MARKERS: [&str; 4] = [PLAIN, SCRATCH, UNDETERMINED, UNSET];

/// Whether a text hangs on something that nobody knows.
pub(crate) fn is_undetermined(text: &str) -> bool {
    MARKERS.iter().any(|marker| text.contains(marker))
}

/// A text for the shell in which what is not determined stands outside of single quotes: in them it would be plain text.
pub(crate) fn beside_quotes(text: &str) -> String {
    if !text.contains('\'') || !is_undetermined(text) {
        return text.to_owned();
    }
    let (mut whole, mut rest) = (String::new(), text);
    let (mut single, mut double) = (false, false);
    while let Some(letter) = rest.chars().next() {
        if single && let Some(marker) = MARKERS.iter().find(|marker| rest.starts_with(**marker)) {
            whole.push_str("'\"");
            whole.push_str(marker);
            whole.push_str("\"'");
            rest = rest.get(marker.len()..).unwrap_or_default();
            continue;
        }
        let mut taken = letter.len_utf8();
        match letter {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '\\' if !single => taken += rest.get(1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8),
            _ => {}
        }
        whole.push_str(rest.get(..taken).unwrap_or_default());
        rest = rest.get(taken..).unwrap_or_default();
    }
    whole
}
