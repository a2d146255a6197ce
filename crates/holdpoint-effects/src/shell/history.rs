//! What git keeps and shows again: secrets in commits, and the branch that the line itself checks out.
//!
//! *Out of scope:* what git changes (`git.rs`, `families/git.toml`), and which paths are secrets (`paths.toml`).

use super::apply::Applied;
use super::options::Line;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::Walker;
use crate::families;

impl Walker<'_> {
    /// Looks at the secrets whose content a subcommand of git shows out of a commit: `git show HEAD:.env`, `git log -p -- .env`.
    pub(super) fn shows_history(&mut self, sub: &str, rest: &[Field], directory: Option<&str>, span: &Span) {
        let Some(command) = families::command("git").filter(|_| SHOWING.contains(&sub)) else { return };
        let line = Applied::of("git", command, rest, directory, span).line;
        let by_path = matches!(sub, "annotate" | "blame") || shows_patches(sub, &line);
        for operand in &line.operands {
            let kept = operand.known().and_then(|text| Some(text.split_once(':')?.1.to_owned()));
            match kept {
                Some(path) => self.look_by_name(&Field::new(Value::text(path), operand.span.clone()), directory),
                None if by_path => self.look_by_name(operand, directory),
                None => {}
            }
        }
    }

    /// The branch that is checked out once a subcommand has run, where that changes it; `Some(None)` where nobody knows which.
    pub(super) fn checks_out(sub: &str, line: &Line) -> Option<Option<String>> {
        if !matches!(sub, "checkout" | "switch") || line.has("--") || line.has("-p") || line.has("--patch") {
            return None;
        }
        let made = ["-b", "-B", "-c", "-C", "--create", "--force-create", "--orphan"].iter().flat_map(|name| line.values(name));
        let target = made.last().or_else(|| line.operands.first())?;
        // `-` is the branch before, and a second operand a path.
        let plain = target.known().filter(|name| name != "-");
        Some(plain)
    }
}

/// Subcommands that print what a commit, or a file in it, holds.
const SHOWING: [&str; 7] = ["annotate", "blame", "cat-file", "log", "show", "stash show", "whatchanged"];

fn shows_patches(sub: &str, line: &Line) -> bool {
    let patch = ["-p", "-u", "--patch", "-L", "--full-diff", "--cc"].iter().any(|name| line.has(name));
    sub == "show" || ((sub == "log" || sub == "stash show" || sub == "whatchanged") && patch)
}
