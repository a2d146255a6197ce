//! Looking at a site: the process that answers the readers' questions with the site's user's own eyes.
//!
//! The runner has no right to look there, and it reads the hostile line; so what looks gets questions alone, about paths and
//! programs, and never the line. It has the rights of the site's user, and answers as the gate of a person's own machine does.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use holdpoint_core::change::Setting;
use holdpoint_core::question::{Answered, Question};
use serde::{Deserialize, Serialize};

use crate::answers::{Deadline, answer_all};

/// How long a look may last.
const LOOK_LASTS: Duration = Duration::from_secs(5);

/// What is wanted to be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub(super) setting: Setting,
    pub(super) questions: Vec<Question>,
}

/// Answers questions about a site.
///
/// # Errors
/// Where the directory is not the site's user's alone: then what is there could be exchanged by others.
pub fn look(directory: &Path, asked: Asked) -> io::Result<Vec<Answered>> {
    check_directory(directory)?;
    let deadline = Deadline::after(LOOK_LASTS);
    let answers = answer_all(asked.questions, &asked.setting, &deadline);
    Ok(answers.into_iter().map(|(question, answer)| Answered { question, answer }).collect())
}

/// Whether a directory is where it says, and nobody but its user, its group and root could put another in its place.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_directory(directory: &Path) -> io::Result<()> {
    if directory.canonicalize()? != directory {
        return Err(io::Error::other(format!("a link leads to `{}`", directory.display())));
    }
    let (own, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    for place in directory.ancestors() {
        let metadata = place.metadata()?;
        let (mode, ours) = (metadata.mode(), [0, own].contains(&metadata.uid()));
        let open_to_group = mode & 0o020 != 0 && ![0, group].contains(&metadata.gid());
        // In a directory with the sticky bit, others put nothing in the place of what is not theirs.
        let open = mode & 0o1000 == 0 && (mode & 0o002 != 0 || open_to_group);
        if !ours || open || (place == directory && mode & 0o002 != 0) {
            return Err(io::Error::other(format!("`{}` can be exchanged by others than its user and root", place.display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_directory_that_others_could_exchange_is_no_site() {
        let root = tempfile::tempdir().unwrap();
        let site = root.path().canonicalize().unwrap().join("srv/shop");
        std::fs::create_dir_all(&site).unwrap();
        let set = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(check_directory(&site).is_ok());
        set(&site, 0o777);
        assert!(check_directory(&site).is_err());
        set(&site, 0o1777);
        assert!(check_directory(&site).is_err(), "others can put links into it");
        set(&site, 0o755);
        set(site.parent().unwrap(), 0o777);
        assert!(check_directory(&site).is_err(), "others can put another in its place");
        set(site.parent().unwrap(), 0o755);
        let link = root.path().canonicalize().unwrap().join("link");
        std::os::unix::fs::symlink(&site, &link).unwrap();
        assert!(check_directory(&link).is_err());
        assert!(check_directory(&site.join("missing")).is_err());
    }
}
