//! What each file of a bundle is for, told by its path.
//!
//! ```text
//! estate.toml                       what the organisation runs
//! schema.cedarschema                for editors; must be the program's own
//! PACK/SUBJECT.cedar                guardrails of the baseline
//! PACK/SUBJECT.examples.toml        cases that must come out as they say
//! team/TEAM/SUBJECT.cedar           guardrails that a team adds
//! team/TEAM/SUBJECT.examples.toml
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::Problem;

/// A set of files: contents by path, as read by whoever may read.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Most files in one bundle.
pub const FILES_MAX: usize = 200;
/// Largest file in bytes.
pub const FILE_MAX_BYTES: usize = 1024 * 1024;

/// Who laid a guardrail down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The organisation: teams cannot weaken it.
    Baseline,
    /// An unsigned file beside the work: it may only raise requirements.
    Overlay,
    /// A team, for what it answers for.
    Team,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Estate,
    Examples,
    Guardrails(Layer),
    Schema,
}

/// One file that may be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File<'a> {
    pub(crate) path: &'a str,
    pub(crate) role: Role,
    pub(crate) text: &'a str,
}

/// The files of a set with their roles, and what is wrong with the others.
pub(crate) fn sort(files: &Files) -> (Vec<File<'_>>, Vec<Problem>) {
    if files.len() > FILES_MAX {
        let message = format!("there are {} files, and a bundle may have {FILES_MAX}", files.len());
        return (Vec::new(), vec![Problem::in_file("", message)]);
    }
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for (path, bytes) in files {
        match file(path, bytes) {
            Ok(file) => good.push(file),
            Err(problem) => bad.push(problem),
        }
    }
    (good, bad)
}

fn file<'a>(path: &'a str, bytes: &'a [u8]) -> Result<File<'a>, Problem> {
    if bytes.len() > FILE_MAX_BYTES {
        return Err(Problem::in_file(path, format!("it has {} bytes, and a file may have {FILE_MAX_BYTES}", bytes.len())));
    }
    let role = role(path).ok_or_else(|| Problem::in_file(path, "a bundle has no place for this file").hint(PLACES))?;
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::in_file(path, "it is not UTF-8 text"))?;
    Ok(File { path, role, text })
}

fn role(path: &str) -> Option<Role> {
    let parts: Vec<&str> = path.split('/').collect();
    if !parts.iter().all(|part| plain(part)) {
        return None;
    }
    match parts.as_slice() {
        ["estate.toml"] => Some(Role::Estate),
        ["schema.cedarschema"] => Some(Role::Schema),
        ["team", _, name] => role_in(name, Layer::Team),
        ["overlay", name] => role_in(name, Layer::Overlay),
        ["team", _] => None,
        [_, name] => role_in(name, Layer::Baseline),
        _ => None,
    }
}

fn role_in(name: &str, layer: Layer) -> Option<Role> {
    if name.ends_with(".examples.toml") {
        Some(Role::Examples)
    } else {
        name.ends_with(".cedar").then_some(Role::Guardrails(layer))
    }
}

/// Whether a part of a path is spelled so that it means the same everywhere.
fn plain(part: &str) -> bool {
    let first = part.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

const PLACES: &str = "Guardrails stand in `PACK/SUBJECT.cedar` or `team/TEAM/SUBJECT.cedar`, their examples beside them in \
                      `SUBJECT.examples.toml`, the estate in `estate.toml`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_role_or_none() {
        assert_eq!(role("default/git.cedar"), Some(Role::Guardrails(Layer::Baseline)));
        assert_eq!(role("team/payments/git.cedar"), Some(Role::Guardrails(Layer::Team)));
        assert_eq!(role("overlay/here.cedar"), Some(Role::Guardrails(Layer::Overlay)));
        assert_eq!(role("team/payments/git.examples.toml"), Some(Role::Examples));
        assert_eq!(role("estate.toml"), Some(Role::Estate));
        for bad in [
            "",
            "git.cedar",
            "team/git.cedar",
            "../default/git.cedar",
            "default/.git.cedar",
            "default//git.cedar",
            "default/git.cedar/",
            "default/estate.toml",
            "a/b/c.cedar",
            "default/g\u{456}t.cedar",
            "/default/git.cedar",
        ] {
            assert_eq!(role(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let files = Files::from([("default/a.cedar".to_owned(), vec![b' '; FILE_MAX_BYTES + 1])]);
        assert_eq!(sort(&files).1.len(), 1);
        let many = (0..=FILES_MAX).map(|n| (format!("default/{n}.cedar"), Vec::new())).collect();
        let (good, bad) = sort(&many);
        assert_eq!((good.len(), bad.len()), (0, 1));
    }
}
