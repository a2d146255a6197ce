//! Text that zsh runs: where it takes it otherwise than bash, and that could matter.
//!
//! The text is read as bash reads it, and what zsh would do besides is held: `=name` for the path of a program, subscripts and
//! modifiers without braces, `>!`, extended globs, its own builtins, and functions that it calls by their names (zshexpn(1),
//! zshmisc(1), zshbuiltins(1)). What is not bash at all (glob qualifiers, `always`, short loops) is a fault to the grammar.
//!
//! *Out of scope:* words that zsh does not split, of which bash's reading says more than happens.

use super::dialect::Dialect;
use super::syntax::{Part, Redirection, RedirectionKind, Simple, Span};
use super::value::Field;
use super::walker::Walker;

impl Walker<'_> {
    /// Holds what zsh takes otherwise in a command and its redirections.
    pub(super) fn differs_in_zsh(&mut self, simple: &Simple, redirections: &[Redirection], span: &Span) {
        if self.state.dialect != Dialect::Zsh {
            return;
        }
        let named = |part: &Part| matches!(part, Part::Text { text, quoted: false } if text.strip_prefix('=').is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic())));
        if simple.words.iter().any(|word| word.parts.first().is_some_and(named)) {
            self.opaque("zsh", "zsh takes a word that begins with `=` for the path of a program", span.clone());
        }
        let tables = ["aliases", "commands", "dis_aliases", "functions", "galiases", "options", "saliases"];
        if simple.assignments.iter().any(|assignment| tables.contains(&assignment.name.as_str())) {
            self.opaque("zsh", "zsh takes what is put into its own tables for what names mean", span.clone());
        }
        let forced = |redirection: &Redirection| match &redirection.kind {
            RedirectionKind::Write(word) | RedirectionKind::Append(word) => word.plain() == Some("!"),
            _ => false,
        };
        if redirections.iter().any(forced) {
            self.opaque("zsh", "zsh takes `>!` for writing over the file behind it", span.clone());
        }
    }

    /// Follows a builtin that only zsh has; `false` where the name is none.
    pub(super) fn zsh_builtin(&mut self, name: &str, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        if self.state.dialect != Dialect::Zsh {
            return false;
        }
        match name {
            "nocorrect" | "noglob" | "-" => self.run_words(arguments, directory, span),
            "setopt" | "unsetopt" if arguments.iter().all(is_harmless_option) => return false,
            "autoload" | "emulate" | "sched" | "setopt" | "unsetopt" | "zargs" | "zcp" | "zf_chmod" | "zf_chown" | "zf_ln"
            | "zf_mv" | "zf_rm" | "zf_rmdir" | "zln" | "zmodload" | "zmv" => {
                self.opaque(name, "it changes how zsh reads the rest, or runs what is not read", span.clone());
            }
            _ => return false,
        }
        true
    }
}

/// Options of zsh that change nothing about which words a command gets.
fn is_harmless_option(option: &Field) -> bool {
    let name = option.known().unwrap_or_default().to_ascii_lowercase().replace('_', "");
    let name = name.strip_prefix("no").unwrap_or(&name);
    matches!(
        name,
        "errexit" | "pipefail" | "unset" | "clobber" | "match" | "nomatch" | "beep" | "hup" | "notify" | "xtrace" | "errreturn"
    )
}
