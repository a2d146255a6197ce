//! What the targets of a project's task files run: the shell text behind a name, as far as the file says it.
//!
//! *In scope:* Makefiles, justfiles, Taskfiles, and the scripts of `package.json`, `deno.json` and `composer.json`; the target that
//! is named, what it depends on, and plain variables. What a reader does not determine stands in the text as [`UNDETERMINED`].
//! *Out of scope:* what the text does (`shell/targets.rs`).

pub(crate) mod justfile;
pub(crate) mod makefile;
pub(crate) mod scripts;
pub(crate) mod taskfile;

/// A variable of the shell that nothing sets, so that whatever it holds is not known.
pub(crate) const UNDETERMINED: &str = "${HOLDPOINT_UNDETERMINED}";
/// Most lines of recipes that are read for one command.
pub(crate) const LINES_MAX: usize = 256;
/// Longest line of a recipe, in bytes.
pub(crate) const LINE_MAX_BYTES: usize = 8 * 1024;
/// Deepest nesting of targets that depend on others.
pub(crate) const DEPTH_MAX: usize = 16;
