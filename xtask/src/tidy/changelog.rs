//! The changelog has the form that its readers, people and programs, expect.

use super::finding::Finding;
use super::repository::Repository;

const CHANGELOG: &str = "CHANGELOG.md";
/// The sections of Keep a Changelog.
const SECTIONS: [&str; 6] = ["Added", "Changed", "Deprecated", "Fixed", "Removed", "Security"];

/// `## [Unreleased]` first, then `## [1.2.3] - 2026-01-31` downwards; known sections; every entry a list item.
pub(super) fn changelog_has_its_form(repository: &Repository) -> Vec<Finding> {
    let text = repository.text(CHANGELOG);
    let releases: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut wrong = Vec::new();
    if releases.first() != Some(&"[Unreleased]") {
        wrong.push("does not begin with `## [Unreleased]`".to_owned());
    }
    for release in releases.iter().skip(1).filter(|release| !names_a_release(release)) {
        wrong.push(format!("`## {release}` is not of the form `## [1.2.3] - 2026-01-31`"));
    }
    let sections = text.lines().filter_map(|line| line.strip_prefix("### "));
    for section in sections.filter(|section| !SECTIONS.contains(section)) {
        wrong.push(format!("`### {section}` is none of {}", SECTIONS.join(", ")));
    }
    wrong.extend(loose_lines(text).map(|line| format!("`{line}` is no list item below a section")));
    wrong.into_iter().map(|what| Finding::new(CHANGELOG, what)).collect()
}

fn names_a_release(title: &str) -> bool {
    let Some((version, date)) = title.strip_prefix('[').and_then(|rest| rest.split_once("] - ")) else { return false };
    let numbers = |text: &str, separator, widths: &[usize]| {
        let parts: Vec<&str> = text.split(separator).collect();
        let numeric = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        let widths_fit = widths.iter().zip(&parts).all(|(width, part)| *width == 0 || part.len() == *width);
        parts.len() == widths.len() && numeric && widths_fit
    };
    numbers(version, '.', &[0, 0, 0]) && numbers(date, '-', &[4, 2, 2])
}

/// Lines below the first release that are neither heading, list item, its continuation, nor empty.
fn loose_lines(text: &str) -> impl Iterator<Item = &str> {
    let below = text.lines().skip_while(|line| !line.starts_with("## "));
    below.filter(|line| !line.is_empty() && !["## ", "### ", "- ", "  ", "["].iter().any(|start| line.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        changelog_has_its_form(&Repository::of(&[(CHANGELOG, text)])).len()
    }

    #[test]
    fn the_form_is_accepted() {
        let good = "# Changelog\n\nProse.\n\n## [Unreleased]\n\n### Added\n\n- One\n  more.\n\n## [0.1.0] - 2026-11-20\n\n### Fixed\n\n- Two.\n";
        assert_eq!(found(good), 0);
    }

    #[test]
    fn each_departure_from_it_is_found() {
        assert_eq!(found("# Changelog\n"), 1, "no unreleased section");
        assert_eq!(found("## [Unreleased]\n## 0.1.0\n"), 1, "a release without brackets and date");
        assert_eq!(found("## [Unreleased]\n## [0.1] - 2026-1-2\n"), 1, "half a version, half a date");
        assert_eq!(found("## [Unreleased]\n### News\n"), 1, "an unknown section");
        assert_eq!(found("## [Unreleased]\n### Added\nprose\n"), 1, "an entry that is no list item");
    }
}
