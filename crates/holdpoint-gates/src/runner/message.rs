//! What the caller and the runner say to each other beside output.

use std::collections::BTreeMap;
use std::path::Path;

use holdpoint_api::v1::{JudgementV1, ResultV1};
use serde::{Deserialize, Serialize};

use super::inputs::normal;

/// The caller's variables that the program gets. They say how something is shown, never what is done.
pub const PASSED_ON: &[&str] = &["COLUMNS", "LANG", "LC_ALL", "LINES", "NO_COLOR", "TERM"];
/// Longest name of a credential.
const CREDENTIAL_NAME_MAX_BYTES: usize = 64;
/// Longest value of such a variable in bytes.
const VALUE_MAX_BYTES: usize = 64;

/// What the caller wants to have run. Who the caller is comes from the operating system, never from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// The program's name and its arguments.
    pub(super) argv: Vec<String>,
    /// The working directory as the caller names it: absolute, without links.
    pub(super) directory: String,
    /// Variables of [`PASSED_ON`].
    pub(super) variables: BTreeMap<String, String>,
    /// The credential, where the caller names one.
    pub(super) credential: Option<String>,
    /// The site, where it is to run at one.
    pub(super) site: Option<String>,
}

impl Request {
    /// The program's name.
    pub(super) fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// What is wrong with it, if anything is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let texts = || self.argv.iter().chain([&self.directory]).chain(self.credential.iter()).chain(self.site.iter());
        if self.argv.is_empty() || texts().any(|text| text.contains('\0')) {
            return Some("there is nothing that could be run");
        }
        // By the text: to `Path`, a closing slash makes no difference.
        if normal(Path::new(&self.directory)).as_deref().and_then(Path::to_str) != Some(&self.directory) {
            return Some("the working directory is not absolute and without `..`");
        }
        if self.credential.as_ref().is_some_and(|name| name.len() > CREDENTIAL_NAME_MAX_BYTES) {
            return Some("no credential has so long a name");
        }
        if self.credential.is_some() && self.site.is_some() {
            return Some("at a site there are no credentials");
        }
        None
    }

    /// The variables that the program gets.
    pub(super) fn passed_on(&self) -> BTreeMap<String, String> {
        let plain = |value: &str| {
            value.len() <= VALUE_MAX_BYTES && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte))
        };
        let listed = self.variables.iter().filter(|(name, value)| PASSED_ON.contains(&name.as_str()) && plain(value));
        listed.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case", deny_unknown_fields)]
pub enum End {
    /// It could not be found out whether it may, and nothing ran.
    CouldNotFindOut {
        /// Why.
        why: String,
    },
    /// The runner holds nothing for it: the caller can run it as well as the runner could.
    NotMine,
    /// It ran, or began to.
    Ran {
        /// What came of it.
        result: ResultV1,
        /// What the caller should know beside, if anything.
        remark: Option<String>,
    },
    /// It was not let through, and nothing ran.
    Stopped {
        /// What was decided.
        judgement: JudgementV1,
        /// The same for people.
        notice: String,
        /// Whether people can still release it.
        waits: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        let argv = vec!["psql".to_owned()];
        Request { argv, directory: "/w".to_owned(), variables: BTreeMap::new(), credential: None, site: None }
    }

    #[test]
    fn variables_that_decide_what_is_done_never_reach_the_program() {
        let given = [
            ("LD_PRELOAD", "/tmp/x.so"),
            ("PGHOST", "evil.example"),
            ("PATH", "/tmp"),
            ("LANG", "de_DE.UTF-8"),
            ("TERM", "../../tmp/terminfo"),
        ];
        let variables = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let passed = Request { variables, ..request() }.passed_on();
        assert_eq!(passed, BTreeMap::from([("LANG".to_owned(), "de_DE.UTF-8".to_owned())]));
    }

    #[test]
    fn what_cannot_be_run_is_refused_at_the_door() {
        for bad in [
            Request { argv: Vec::new(), ..request() },
            Request { argv: vec!["a\0b".into()], ..request() },
            Request { directory: "w".into(), ..request() },
            Request { directory: "/w/../x".into(), ..request() },
            Request { directory: "/w/".into(), ..request() },
            Request { credential: Some("x".repeat(65)), ..request() },
            Request { credential: Some("x".into()), site: Some("y".into()), ..request() },
        ] {
            assert!(bad.fault().is_some(), "{bad:?}");
        }
        assert_eq!(request().fault(), None);
    }
}
