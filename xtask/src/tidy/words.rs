//! Words that belong to somebody's machine, not to the repository.

use super::finding::Finding;
use super::repository::{File, Repository};

/// Where packages come from is each machine's own setting: a mirror must be able to stand in.
const REGISTRY_HOSTS: [&str; 8] = [
    concat!("crates", ".io"),
    concat!("deb.debian", ".org"),
    concat!("files.pythonhosted", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("pypi", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("registry.yarnpkg", ".com"),
    concat!("rubygems", ".org"),
];

/// Directories that exist on the machines of those who build this, and on no other.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/.cargo"),
    concat!("/ro", "ot/.rustup"),
    concat!("/ro", "ot/.pyenv"),
    concat!("/.cargo/", "registry"),
];

/// Cargo writes the name of its registry into the lock file by itself.
const EXEMPT: [&str; 1] = ["Cargo.lock"];

/// No tracked text names a registry's host or a path of the machine it was written on.
pub(super) fn no_machine_paths_or_registry_hosts(repository: &Repository) -> Vec<Finding> {
    let files = repository.files.iter().filter(|file| !is_exempt(&file.path));
    files.flat_map(banned_words).collect()
}

fn is_exempt(path: &str) -> bool {
    EXEMPT.iter().any(|name| path.rsplit('/').next() == Some(name))
}

fn banned_words(file: &File) -> Vec<Finding> {
    let lines = file.text.as_deref().unwrap_or_default().lines().enumerate();
    let hits = lines.flat_map(|(index, line)| {
        let hosts = REGISTRY_HOSTS.iter().filter(|host| line.contains(**host));
        let paths = MACHINE_PATHS.iter().filter(|path| names_path(line, path));
        hosts.chain(paths).map(move |word| (index + 1, *word))
    });
    hits.map(|(line, word)| Finding::new(format!("{}:{line}", file.path), format!("names `{word}`"))).collect()
}

/// Says whether the path stands in the line by itself and not as the tail of a longer one.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !path.starts_with("/wo") || !before.is_some_and(|before| before.is_alphanumeric() || "~.}_-".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        no_machine_paths_or_registry_hosts(&Repository::of(&[("docs/a.md", text)])).len()
    }

    #[test]
    fn a_registry_host_and_a_machine_path_are_found() {
        assert_eq!(found(&format!("see https://{}/crates/ring", REGISTRY_HOSTS[0])), 1);
        assert_eq!(found(&format!("in {}main/target", MACHINE_PATHS[0])), 1);
        assert_eq!(found("nothing\nto see"), 0);
    }

    #[test]
    fn a_directory_of_that_name_below_another_is_no_machine_path() {
        assert_eq!(found(&format!("rm -rf ~{}old", MACHINE_PATHS[0])), 0);
    }

    #[test]
    fn the_lock_file_is_exempt() {
        let lock = format!("source = \"registry+https://host/{}-index\"", REGISTRY_HOSTS[0]);
        let repository = Repository::of(&[("Cargo.lock", &lock), ("fuzz/Cargo.lock", &lock)]);
        assert_eq!(no_machine_paths_or_registry_hosts(&repository), []);
    }
}
