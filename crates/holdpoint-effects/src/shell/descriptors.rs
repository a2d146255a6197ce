//! Names of what a process has open: `/dev/fd/3`, `/proc/self/fd/3`, `/dev/stdin`.
//!
//! *In scope:* writes to such a name. Linux opens the file behind it anew, from its beginning and for any use that its owner has.
//! *Out of scope:* `>&3`, which goes on with what is open (`redirect.rs`); reading, which such names are for.

use holdpoint_core::effect::{Effect, Verb};

use super::effect::anything;
use super::syntax::Span;
use super::walker::Walker;

impl Walker<'_> {
    /// Writes to a name of a descriptor: Linux opens the file behind it anew, and empties it where that is asked.
    pub(super) fn reopens(&mut self, path: &str, act: &str, span: Span) {
        let shown = format!("{path}`, which is whatever file the descriptor stands for");
        let effect = anything(Verb::Overwrite, act, path);
        self.note(Effect { summary: format!("{act} `{shown}"), span: Some(span), ..effect });
    }
}

/// Whether a path is another name of what a descriptor has open. Those of the output and of errors are streams.
pub(super) fn is_descriptor(path: &str) -> bool {
    path == "/dev/stdin" || descriptor(path).is_some()
}

/// The descriptor that a path names: `/dev/fd/3`, `/proc/self/fd/3`, `/proc/4711/task/4711/fd/3`.
fn descriptor(path: &str) -> Option<&str> {
    match path.strip_prefix("/dev/fd/") {
        Some(number) => Some(number),
        None => path.strip_prefix("/proc/")?.split_once("/fd/").map(|(_, number)| number),
    }
}

/// Whether a path is another name of the process's own output or errors, which are streams.
pub(super) fn is_output(path: &str) -> bool {
    ["/dev/fd/", "/proc/self/fd/"].iter().any(|own| matches!(path.strip_prefix(own), Some("1" | "2")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_known_by_each_of_its_names() {
        for path in ["/dev/stdin", "/dev/fd/3", "/proc/self/fd/0", "/proc/4711/fd/4", "/proc/4711/task/4712/fd/4"] {
            assert!(is_descriptor(path) && !is_output(path), "{path}");
        }
        assert!(["/dev/fd/1", "/proc/self/fd/2"].iter().all(|path| is_output(path)));
        assert!(["/dev/null", "/proc/self/status", "/home/alice/fd/3"].iter().all(|path| !is_descriptor(path)));
    }
}
