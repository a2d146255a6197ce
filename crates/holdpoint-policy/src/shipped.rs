//! The files that are shipped: the default pack, compiled in.

use crate::files::Files;

/// The default pack with its examples, as a set of files like any other.
pub fn files() -> Files {
    DEFAULT.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

macro_rules! pack {
    ($($subject:literal),+ $(,)?) => {
        &[$(
            (concat!("default/", $subject, ".cedar"), include_str!(concat!("../../../policies/default/", $subject, ".cedar"))),
        )+]
    };
}

const DEFAULT: &[(&str, &str)] =
    pack!["credentials", "databases", "execution", "files", "git", "guard", "infrastructure", "machine", "people", "tiers",];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Policies;

    #[test]
    fn the_shipped_pack_loads() {
        let policies = Policies::load(&files()).unwrap_or_else(|report| panic!("{report}"));
        assert!(policies.guardrails().len() > 30);
    }
}
