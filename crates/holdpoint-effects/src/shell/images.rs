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

/// Who makes an image, where that is somebody of whom nothing is known. An image without an owner is one of Docker's own or of this machine,
/// and a registry that is no public one is the project's.
pub(super) fn owner(image: &str) -> Option<&str> {
    let name = bare(image);
    let (first, rest) = name.split_once('/')?;
    let is_host = first.contains(['.', ':']) || first == "localhost";
    let owner = match rest.split_once('/') {
        _ if !is_host => first,
        Some((owner, _)) if PUBLIC_REGISTRIES.contains(&first) => owner,
        _ => return None,
    };
    (!PUBLISHERS.contains(&owner)).then_some(owner)
}

/// Registries in which anybody may have images.
const PUBLIC_REGISTRIES: [&str; 7] =
    ["docker.io", "gcr.io", "ghcr.io", "index.docker.io", "public.ecr.aws", "quay.io", "registry.gitlab.com"];
/// Those who make images that many run.
const PUBLISHERS: [&str; 40] = [
    "amazon",
    "apache",
    "aquasec",
    "bitnami",
    "cimg",
    "clickhouse",
    "cockroachdb",
    "confluentinc",
    "curlimages",
    "cypress",
    "distroless",
    "docker",
    "elastic",
    "flyway",
    "gitlab",
    "golangci",
    "google-containers",
    "grafana",
    "hashicorp",
    "jaegertracing",
    "jenkins",
    "library",
    "liquibase",
    "localstack",
    "mailhog",
    "minio",
    "mitmproxy",
    "nginxinc",
    "open-telemetry",
    "openapitools",
    "otel",
    "postgis",
    "prom",
    "prometheus",
    "redis",
    "rediscommander",
    "selenium",
    "sonarsource",
    "temporalio",
    "timescale",
];

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
        for image in ["example/x", "docker.io/example/x:1", "ghcr.io/example/a/x@sha256:00"] {
            assert_eq!(owner(image), Some("example"), "{image}");
        }
        for image in ["postgres:16", "library/redis", "grafana/k6", "localhost:5000/a/x", "registry.example.org/a/x", "shop"] {
            assert_eq!(owner(image), None, "{image}");
        }
        assert_eq!(runs("localhost:5000/amazon/aws-cli", &[]), None);
        let word = |text: &str| [Field::new(Value::text(text), 0..0)];
        assert_eq!(runs("hashicorp/vault:1", &word("sh")), None);
        assert_eq!(runs("hashicorp/vault:1", &word("kv")), Some("vault"));
    }
}
