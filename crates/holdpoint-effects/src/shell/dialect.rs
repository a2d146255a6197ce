//! Shells that read nearly as bash does, and where zsh takes the words of a text otherwise (zshexpn(1), zshmisc(1)).
//!
//! *Out of scope:* what is held of it (`zsh.rs`), and shells that share nothing with bash, which the data hold as a whole.

use super::value::{Piece, Value};
use crate::world::World;

/// Whose rules hold for a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Dialect {
    #[default]
    Bash,
    Zsh,
}

impl Dialect {
    /// The one of the shell that a program is.
    pub(super) fn of(program: &str) -> Self {
        if program.rsplit('/').next() == Some("zsh") { Self::Zsh } else { Self::Bash }
    }

    /// The one in which the host of a text runs it: Claude Code takes the person's own shell, unless it is told another
    /// (<https://code.claude.com/docs/en/settings>).
    pub(super) fn of_host(world: &World<'_>) -> Self {
        world.variable("CLAUDE_CODE_SHELL").or_else(|| world.variable("SHELL")).map_or(Self::Bash, Self::of)
    }
}

/// Whether a shell calls a function of this name by itself.
pub(super) fn is_called_by_the_shell(name: &str) -> bool {
    name.starts_with("TRAP")
        || matches!(
            name,
            "chpwd"
                | "command_not_found_handle"
                | "command_not_found_handler"
                | "periodic"
                | "precmd"
                | "preexec"
                | "zshaddhistory"
                | "zshexit"
        )
}

/// Whether what stands behind a parameter without braces belongs to it in zsh: a subscript, or a modifier.
pub(super) fn is_taken_along(text: &str) -> bool {
    text.starts_with('[')
        || text.strip_prefix(':').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '&'))
}

/// Whether zsh may take a path for a pattern that bash knows nothing of.
pub(super) fn may_be_extended(value: &Value) -> bool {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => text.starts_with('^') || text.contains("/^") || (value.has_pattern() && text.contains('~')),
        Piece::Any { .. } | Piece::Pattern(_) => false,
    };
    value.pieces.iter().any(text)
}
