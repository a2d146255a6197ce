//! Text that tools print to set up the shell that calls them: `eval "$(fnm env)"`, `source <(kubectl completion bash)`.
//!
//! Nobody sees it before it runs, and yet such lines stand in the files that everybody's shells start with. What is told here is
//! which command lines print such text and do nothing else.
//!
//! *Out of scope:* what the substitution does by itself, which is followed like any other (`visit.rs`).

use holdpoint_core::effect::{Certainty, Effect, ResourceKind, Reversibility, Verb};

use super::destroyers::PROGRAM_DIRECTORIES;
use super::effect::plain;
use super::lookup::Lookup;
use super::syntax::{Form, List, Part, Span, Word};
use super::walker::Walker;

impl Walker<'_> {
    /// Notes that a tool of the machine sets the shell up, where that is all that `eval` or `source` is given.
    pub(super) fn sets_up_shell(&mut self, words: &[&Word], span: &Span) -> bool {
        let [_, word] = words else { return false };
        // The quotes around a substitution are an empty text of their own.
        let mut parts = word.parts.iter().filter(|part| !matches!(part, Part::Text { text, .. } if text.is_empty()));
        let (Some(Part::Command { list, .. } | Part::Process { list }), None) = (parts.next(), parts.next()) else {
            return false;
        };
        let Some((program, line)) = tool_in(list) else { return false };
        let tampered = self.state.functions.contains_key(program) || self.state.variables.contains_key("PATH");
        if tampered || !matches!(self.look_up(program), Lookup::Named(name) if name == program) {
            return false;
        }
        let summary = format!("Sets this shell up with what `{line}` prints");
        let effect = plain(Verb::Execute, ResourceKind::Program, program, summary, span.clone());
        self.note(Effect { certainty: Certainty::Delegated, reversibility: Reversibility::Effort, ..effect });
        true
    }
}

/// The tool whose one command line a list is, if it prints text for a shell, and that line.
fn tool_in(list: &List) -> Option<(&str, String)> {
    let [item] = list.items.as_slice() else { return None };
    let Form::Simple(simple) = &item.first.form else { return None };
    let alone = item.rest.is_empty() && !item.background && item.first.redirections.is_empty();
    let words: Vec<&str> = simple.words.iter().map(Word::plain).collect::<Option<_>>()?;
    let (first, rest) = words.split_first().filter(|_| alone && simple.assignments.is_empty())?;
    let program = match first.rsplit_once('/') {
        Some((place, base)) if PROGRAM_DIRECTORIES.contains(&place) => base,
        Some(_) => return None,
        None => first,
    };
    let (_, verbs) = TOOLS.iter().find(|(name, _)| *name == program)?;
    let prints = verbs.is_empty() || rest.first().is_some_and(|verb| verbs.contains(verb));
    prints.then(|| (program, words.join(" ")))
}

/// The tools, and the words behind their names with which they print such text; none where they always do.
const TOOLS: [(&str, &[&str]); 22] = [
    ("atuin", &["init"]),
    ("brew", &["shellenv"]),
    ("dircolors", &[]),
    ("direnv", &["export", "hook"]),
    ("docker", &["completion"]),
    ("fnm", &["completions", "env"]),
    ("fzf", &["--bash", "--zsh"]),
    ("gh", &["completion"]),
    ("helm", &["completion"]),
    ("jenv", &["init"]),
    ("kubectl", &["completion"]),
    ("luarocks", &["path"]),
    ("mise", &["activate", "hook-env"]),
    ("nodenv", &["init"]),
    ("npm", &["completion"]),
    ("opam", &["env"]),
    ("pyenv", &["init", "virtualenv-init"]),
    ("rbenv", &["init"]),
    ("rustup", &["completions"]),
    ("ssh-agent", &[]),
    ("starship", &["init"]),
    ("zoxide", &["init"]),
];
