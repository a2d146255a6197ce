//! A site: a user of this machine in a directory of theirs, as whom and where the runner acts and the agent cannot.
//!
//! ```toml
//! [sites.shop]                       # in /etc/holdpoint/config.toml, which is root's
//! user = 998                         # a service's user, nobody who is a person
//! directory = "/srv/shop"
//! programs = ["ls", "mv", "rm"]      # as they stand on the runner's path
//! environment = "production"         # its name in the estate; nobody knows where nothing is said
//! ```
//!
//! **In scope**: what root says of it. **Out of scope**: who may do what there (policy), acting there (the runner).

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::user::group_of;

/// Longest name of a site in bytes.
const NAME_MAX_BYTES: usize = 64;
/// Where no site can be: what the runner's unit hides from everything that it starts.
const HIDDEN: &[&str] = &["/home", "/root", "/run/user"];

/// A user in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Their user id.
    pub user: u32,
    /// The group in which what acts for them is; their own where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// The directory.
    pub directory: String,
    /// The programs that may be asked for there, as they stand on the runner's path.
    pub programs: Vec<String>,
    /// The environment of the estate that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What an act there may use up.
    #[serde(default)]
    pub limits: Limits,
}

impl Site {
    /// The group in which its acts are.
    pub fn group(&self) -> u32 {
        self.group.unwrap_or_else(|| group_of(self.user))
    }

    /// What is wrong with it, if anything is.
    pub(crate) fn fault(&self, name: &str) -> Option<&'static str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > NAME_MAX_BYTES || !name.bytes().all(plain) {
            return Some("the name of a site is made of letters, digits, `-` and `_`");
        }
        if self.user == 0 || self.group() == 0 {
            return Some("nothing acts as root at a site");
        }
        if !is_plain_place(&self.directory) {
            return Some("the directory of a site is absolute, without `..` and links, and not a root or below /home or /root");
        }
        if self.programs.is_empty() || self.programs.iter().any(|program| program.is_empty() || program.contains('/')) {
            return Some("a site names its programs as they stand on the path");
        }
        None
    }
}

fn is_plain_place(directory: &str) -> bool {
    let path = Path::new(directory);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
    // By the text as well: to `Path`, a closing or doubled slash makes no difference.
    let spelled =
        !directory.contains("//") && !directory.ends_with('/') && !directory.contains("/./") && !directory.ends_with("/.");
    // It stands in a unit of systemd, where some characters mean something else.
    let simple = directory.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.+@".contains(&byte));
    path.is_absolute() && plain && spelled && simple && !HIDDEN.iter().any(|hidden| path.starts_with(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        let directory = "/srv/shop".to_owned();
        Site { user: 998, group: None, directory, programs: vec!["rm".into()], environment: None, limits: Limits::default() }
    }

    #[test]
    fn what_is_no_place_for_a_user_is_no_site() {
        assert_eq!(site().fault("shop"), None);
        assert!(site().fault("").is_some() && site().fault("a/b").is_some());
        assert!(Site { user: 0, ..site() }.fault("shop").is_some());
        assert!(Site { group: Some(0), ..site() }.fault("shop").is_some());
        assert!(Site { programs: vec![], ..site() }.fault("shop").is_some());
        assert!(Site { programs: vec!["/tmp/rm".into()], ..site() }.fault("shop").is_some());
        for bad in [
            "",
            "/",
            "srv",
            "/srv/../etc",
            "/srv/shop/",
            "/srv//shop",
            "/srv/./shop",
            "/srv/.",
            "/home/alice",
            "/root",
            "/run/user/1",
            "/srv/my shop",
        ] {
            assert!(Site { directory: bad.into(), ..site() }.fault("shop").is_some(), "{bad}");
        }
    }
}
