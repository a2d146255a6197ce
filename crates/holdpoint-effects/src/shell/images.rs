//! Images that are made for one program: what stands behind their name on a line are its arguments.
//!
//! *In scope:* those of `images.toml`. *Out of scope:* images whose entry point starts whatever command it is given, as most do.

use std::sync::LazyLock;

use serde::Deserialize;

use super::value::Field;
use super::wrappers::is_shell;
use crate::{data, families};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    image: Vec<Image>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Image {
    /// Without tag, digest and `docker.io`.
    names: Vec<String>,
    program: String,
    /// Whether its entry point starts something else where nothing, or the name of another program, stands behind it.
    #[serde(default)]
    starts_others: bool,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| data::read(include_str!(concat!(env!("OUT_DIR"), "/images.json"))));

/// The program that an image puts in front of the words behind it.
pub(super) fn runs(image: &str, words: &[Field]) -> Option<&'static str> {
    let name = bare(image);
    let image = TABLE.image.iter().find(|image| image.names.iter().any(|known| known == name))?;
    let first = words.first().and_then(Field::known).unwrap_or_default();
    let another = words.is_empty() || first == image.program || is_shell(&first) || families::command(&first).is_some();
    (!(image.starts_others && another)).then_some(image.program.as_str())
}

/// The name of an image without its tag or digest and without Docker's own registry.
fn bare(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let tag = name.rfind(':').filter(|at| !name.get(*at..).unwrap_or_default().contains('/'));
    let name = tag.and_then(|at| name.get(..at)).unwrap_or(name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::value::Value;

    #[test]
    fn an_image_is_known_by_its_name_alone() {
        let names = ["docker.io/amazon/aws-cli:2.1", "amazon/aws-cli@sha256:00", "amazon/aws-cli"];
        assert!(names.iter().all(|name| runs(name, &[]) == Some("aws")));
        assert_eq!(runs("localhost:5000/amazon/aws-cli", &[]), None);
        let word = |text: &str| [Field::new(Value::text(text), 0..0)];
        assert_eq!(runs("hashicorp/vault:1", &word("sh")), None);
        assert_eq!(runs("hashicorp/vault:1", &word("kv")), Some("vault"));
    }
}
