//! What the line itself did to what git keeps, so that an answer about the state before it no longer bounds a loss behind it.
//!
//! `git add -A && git stash && git stash drop` begins with an empty stash and nothing staged, and ends with the work gone.
//!
//! *Out of scope:* files that the line moves, links or writes ([`State::moved`](super::state::State::moved) and its neighbours).

use holdpoint_core::question::RepositoryFacts;

use super::options::Line;
use crate::families::Measure;

/// What may by now be in the index, in the stash or in the work tree that was not there before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stirred {
    #[default]
    Nothing,
    /// What was uncommitted before, tracked or not, may be in any of them.
    Uncommitted,
    /// Files that nobody counted, such as ignored ones or those of an old stash.
    Anything,
}

impl Stirred {
    /// What a subcommand of git stirs up by itself.
    pub(super) fn by(sub: &str, line: &Line) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| line.has(name));
        match sub {
            "add" | "stage" if has(&["-f", "--force"]) => Self::Anything,
            "stash" | "stash push" | "stash save" if has(&["-a", "--all"]) => Self::Anything,
            "add" | "stage" | "stash" | "stash push" | "stash save" | "stash create" => Self::Uncommitted,
            "rm" if has(&["--cached"]) => Self::Uncommitted,
            "restore" if has(&["-S", "--staged"]) => Self::Uncommitted,
            "reset" if !has(&["--hard"]) => Self::Uncommitted,
            "am" | "apply" | "read-tree" | "stash apply" | "stash branch" | "stash pop" | "stash store" | "update-index" => {
                Self::Anything
            }
            _ => Self::Nothing,
        }
    }

    /// The most that may be lost of what a measure counts; nothing where nobody can say.
    pub(super) fn most(self, measure: Measure, facts: &RepositoryFacts) -> Option<u64> {
        let uncommitted = facts.modified.saturating_add(facts.untracked);
        let stashed = facts.stashed.saturating_add(u64::from(uncommitted > 0));
        match (self, measure) {
            (Self::Nothing, Measure::Modified | Measure::ModifiedOperands) => Some(facts.modified),
            (Self::Nothing, Measure::Stashed) => Some(facts.stashed),
            (Self::Nothing, Measure::Untracked) => Some(facts.untracked),
            (Self::Uncommitted, Measure::Stashed) => Some(stashed),
            (Self::Uncommitted, Measure::Modified | Measure::ModifiedOperands | Measure::Untracked) => Some(uncommitted),
            (Self::Anything, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_untracked_may_be_lost_once_it_was_added() {
        let facts =
            RepositoryFacts { root: "/w".to_owned(), branch: None, default_branch: None, modified: 0, untracked: 2, stashed: 0 };
        assert_eq!(Stirred::Nothing.most(Measure::Modified, &facts), Some(0));
        assert_eq!(Stirred::Uncommitted.most(Measure::Modified, &facts), Some(2));
        assert_eq!(Stirred::Uncommitted.most(Measure::Stashed, &facts), Some(1));
        assert_eq!(Stirred::Anything.most(Measure::Untracked, &facts), None);
        let clean = RepositoryFacts { untracked: 0, ..facts };
        assert_eq!(Stirred::Uncommitted.most(Measure::Stashed, &clean), Some(0));
    }
}
