//! The files that are shipped: the default pack, compiled in.

use crate::files::Files;
use crate::language::SCHEMA;

/// The default pack with its examples, as a set of files like any other.
pub fn files() -> Files {
    DEFAULT.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// What somebody starts from who writes policy of their own: the default pack, and beside it the schema, for editors.
pub fn starting_point() -> Files {
    let schema = ("schema.cedarschema".to_owned(), SCHEMA.as_bytes().to_vec());
    files().into_iter().chain([schema]).collect()
}

macro_rules! pack {
    ($($subject:literal),+ $(,)?) => {
        &[$(
            (concat!("default/", $subject, ".cedar"), include_str!(concat!("../../../policies/default/", $subject, ".cedar"))),
            (
                concat!("default/", $subject, ".examples.toml"),
                include_str!(concat!("../../../policies/default/", $subject, ".examples.toml")),
            ),
        )+]
    };
}

const DEFAULT: &[(&str, &str)] =
    pack!["credentials", "databases", "execution", "files", "git", "guard", "infrastructure", "machine", "people", "tiers",];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Bundle, test};

    #[test]
    fn the_shipped_pack_is_sound_and_its_examples_hold() {
        let report = test(&files());
        assert!(report.sound(), "{report}");
        assert!(report.guardrails > 30 && report.examples > 2 * report.guardrails, "{report}");
        assert_eq!(test(&starting_point()), report);
    }

    #[test]
    fn every_file_of_the_pack_is_shipped() {
        #![expect(clippy::disallowed_methods, reason = "the test compares what is compiled in with what lies in the directory")]
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/default");
        let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let on_disk: std::collections::BTreeSet<_> = names.map(|name| format!("default/{name}")).collect();
        assert_eq!(files().into_keys().collect::<std::collections::BTreeSet<_>>(), on_disk);
        assert!(Bundle::shipped().is_ok());
    }
}
