//! The documents hang together: no page is lost, no link leads nowhere.

use super::finding::Finding;
use super::repository::{File, Repository};

const SUMMARY: &str = "docs/SUMMARY.md";

/// Every page below `docs/` is listed in the summary.
pub(super) fn pages_are_in_the_summary(repository: &Repository) -> Vec<Finding> {
    let summary = repository.file(SUMMARY).map(links).unwrap_or_default();
    let pages = repository.below("docs", ".md").map(|file| file.path.as_str()).filter(|path| *path != SUMMARY);
    let lost = pages.filter(|page| !summary.iter().any(|link| link == page));
    lost.map(|page| Finding::new(page, format!("is not listed in `{SUMMARY}`"))).collect()
}

/// Every relative link in a Markdown file names a file that is there.
pub(super) fn links_lead_somewhere(repository: &Repository) -> Vec<Finding> {
    repository.below("", ".md").flat_map(|file| dead_links(repository, file)).collect()
}

fn dead_links(repository: &Repository, file: &File) -> Vec<Finding> {
    let dead = links(file).into_iter().filter(|target| {
        // A directory is there when something is in it.
        repository.file(target).is_none() && repository.below(target, "").next().is_none()
    });
    dead.map(|target| Finding::new(&file.path, format!("links to `{target}`, which is not there"))).collect()
}

/// Lists the targets of a file's relative links, as paths from the root, without fragments.
fn links(file: &File) -> Vec<String> {
    let text = outside_code(file.text.as_deref().unwrap_or_default());
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let relative =
        targets.filter(|target| !target.contains("://") && !target.starts_with(['#', '<']) && !target.starts_with("mailto:"));
    let without_fragment = relative.filter_map(|target| target.split('#').next()).filter(|target| !target.contains(' '));
    without_fragment.map(|target| resolve(&file.path, target)).collect()
}

/// Leaves out fenced blocks, where brackets are code.
fn outside_code(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Resolves a target against the directory of the file that names it.
fn resolve(file: &str, target: &str) -> String {
    let mut path: Vec<&str> = file.split('/').collect();
    path.pop();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_the_summary_forgot_is_found() {
        let repository =
            Repository::of(&[("docs/SUMMARY.md", "- [A](guide/a.md)"), ("docs/guide/a.md", ""), ("docs/guide/lost.md", "")]);
        let what = "is not listed in `docs/SUMMARY.md`";
        assert_eq!(pages_are_in_the_summary(&repository), [Finding::new("docs/guide/lost.md", what)]);
    }

    #[test]
    fn a_dead_link_is_found_and_what_only_looks_like_one_is_not() {
        let text = "[up](../README.md#top) [dir](../docs) [out](https://example.org) [here](#x)\n\
                    ```\nlist[0](not, a, link.md)\n```\n[dead](gone.md)";
        let repository = Repository::of(&[("README.md", ""), ("docs/a.md", text)]);
        let what = "links to `docs/gone.md`, which is not there";
        assert_eq!(links_lead_somewhere(&repository), [Finding::new("docs/a.md", what)]);
    }
}
