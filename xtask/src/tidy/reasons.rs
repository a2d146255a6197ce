//! Every third-party dependency says why it is there.

use super::finding::Finding;
use super::repository::Repository;

const MANIFEST: &str = "Cargo.toml";

/// In `[workspace.dependencies]` a comment stands above each line, or above the group it belongs to.
/// A blank line ends a group; our own crates, which are paths, need no reason.
pub(super) fn dependencies_have_reasons(repository: &Repository) -> Vec<Finding> {
    let lines = repository.text(MANIFEST).lines().map(str::trim);
    let section = lines.skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let mut reason_given = false;
    let mut findings = Vec::new();
    for line in section.take_while(|line| !line.starts_with('[')) {
        match line.split_once('=') {
            _ if line.is_empty() => reason_given = false,
            _ if line.starts_with('#') => reason_given = true,
            Some((name, value)) if !reason_given && !value.contains("path =") => {
                findings.push(Finding::new(MANIFEST, format!("`{}` has no reason above it", name.trim())));
            }
            _ => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest = "\
# a comment before the section is no reason
[workspace.dependencies]
holdpoint-core = { path = \"crates/holdpoint-core\" }

# errors
anyhow = \"1\"
thiserror = \"2\"

left-pad = \"1\"

[workspace.lints.rust]
unsafe_code = \"forbid\"
";
        let found = dependencies_have_reasons(&Repository::of(&[("Cargo.toml", manifest)]));
        assert_eq!(found, [Finding::new("Cargo.toml", "`left-pad` has no reason above it")]);
    }
}
