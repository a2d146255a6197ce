//! What it would take to have back what lies at a path, judged from what the gate answered about it.
//!
//! *Out of scope:* what the path means beyond being a file ([`crate::paths`]).

use holdpoint_core::effect::{ResourceKind, Reversibility};
use holdpoint_core::question::{FileKind, GitKeeping, PathFacts, Place};

use crate::paths::{self, Kind, Own};

/// The way back if everything at and below the path were destroyed.
pub fn if_destroyed(facts: &PathFacts) -> Reversibility {
    match (facts.kind, facts.place) {
        (FileKind::Missing, _) => Reversibility::Lossless,
        (FileKind::Device, _) | (_, Place::MountRoot | Place::GitDirectory) => Reversibility::Irreversible,
        (_, Place::Scratch) => Reversibility::Regenerable,
        (_, Place::WorkTree) => facts.git.as_ref().map_or(Reversibility::Irreversible, kept_by_git),
        (FileKind::Symlink, Place::Elsewhere | Place::Home) => Reversibility::Effort,
        (FileKind::Directory, Place::Elsewhere) if facts.files == Some(1) => Reversibility::Lossless,
        (FileKind::Directory | FileKind::File, Place::Elsewhere | Place::Home) => Reversibility::Irreversible,
    }
}

fn kept_by_git(git: &GitKeeping) -> Reversibility {
    let uncommitted = git.modified > 0 || git.untracked > 0;
    let ignored_for_good = !git.ignored_complete || git.ignored.iter().any(|entry| !paths::regenerable(entry));
    if uncommitted || ignored_for_good {
        Reversibility::Irreversible
    } else if git.tracked > 0 {
        Reversibility::Git
    } else if git.ignored.is_empty() {
        Reversibility::Lossless
    } else {
        Reversibility::Regenerable
    }
}

/// The kind of resource at a path, for acts that change or destroy it: uncommitted work and the repository's own data are
/// told apart from other files.
pub fn resource_kind(facts: &PathFacts, own: Own<'_>) -> ResourceKind {
    let uncommitted = |git: &GitKeeping| git.modified > 0 || git.untracked > 0;
    match (paths::classify(&facts.canonical, own), facts.place) {
        (Kind::File, _) if facts.kind == FileKind::Device => ResourceKind::Device,
        (Kind::File, Place::GitDirectory) => ResourceKind::GitLocal,
        (Kind::File, Place::WorkTree) if facts.git.as_ref().is_some_and(uncommitted) => ResourceKind::GitWork,
        (kind, _) => kind.resource_kind(),
    }
}

/// Whether a path lies where the task may look, or nothing is there.
pub(crate) fn is_for_the_task(facts: &PathFacts) -> bool {
    matches!(facts.place, Place::GitDirectory | Place::Scratch | Place::WorkTree) || facts.kind == FileKind::Missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: FileKind, place: Place, git: Option<GitKeeping>) -> PathFacts {
        PathFacts { canonical: "/w/shop/a".into(), kind, place, files: Some(3), git }
    }

    fn git(tracked: u64, modified: u64, untracked: u64, ignored: &[&str]) -> Option<GitKeeping> {
        let ignored = ignored.iter().map(|entry| (*entry).to_owned()).collect();
        Some(GitKeeping { tracked, modified, untracked, ignored, ignored_complete: true })
    }

    #[test]
    fn what_git_does_not_hold_is_gone_for_good() {
        let inside = |git| if_destroyed(&facts(FileKind::Directory, Place::WorkTree, git));
        assert_eq!(inside(None), Reversibility::Irreversible);
        assert_eq!(inside(git(3, 1, 0, &[])), Reversibility::Irreversible);
        assert_eq!(inside(git(3, 0, 1, &[])), Reversibility::Irreversible);
        assert_eq!(inside(git(3, 0, 0, &["target/", ".env"])), Reversibility::Irreversible);
        assert_eq!(inside(git(3, 0, 0, &["target/", ".git/"])), Reversibility::Irreversible);
        let listed_in_part = git(3, 0, 0, &["target/"]).map(|git| GitKeeping { ignored_complete: false, ..git });
        assert_eq!(inside(listed_in_part), Reversibility::Irreversible);
        assert_eq!(inside(git(3, 0, 0, &["target/"])), Reversibility::Git);
        assert_eq!(inside(git(0, 0, 0, &["target/"])), Reversibility::Regenerable);
        assert_eq!(inside(git(0, 0, 0, &[])), Reversibility::Lossless);
    }

    #[test]
    fn outside_a_work_tree_only_scratch_and_nothing_are_no_loss() {
        let all = [Place::Elsewhere, Place::GitDirectory, Place::Home, Place::MountRoot];
        for place in all {
            assert_eq!(if_destroyed(&facts(FileKind::File, place, None)), Reversibility::Irreversible, "{place:?}");
            assert_eq!(if_destroyed(&facts(FileKind::Missing, place, None)), Reversibility::Lossless, "{place:?}");
        }
        assert_eq!(if_destroyed(&facts(FileKind::File, Place::Scratch, None)), Reversibility::Regenerable);
        assert_eq!(if_destroyed(&facts(FileKind::Device, Place::Scratch, None)), Reversibility::Irreversible);
    }

    #[test]
    fn uncommitted_work_is_named_as_such() {
        let kind = |git| resource_kind(&facts(FileKind::File, Place::WorkTree, git), Own::default());
        assert_eq!(kind(git(1, 1, 0, &[])), ResourceKind::GitWork);
        assert_eq!(kind(git(1, 0, 0, &[])), ResourceKind::File);
    }
}
