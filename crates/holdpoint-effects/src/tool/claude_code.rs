//! The table of Claude Code's own tools: `tools/claude-code.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// The host's name in an artefact.
pub(super) const HOST: &str = "claude-code";

/// The tool of this name.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    TABLE.tool.iter().find(|tool| tool.names.iter().any(|known| known == name))
}

/// One row of the table, or several tools that are alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) names: Vec<String>,
    pub(super) act: Act,
    /// The field that holds a path.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// Whether a call without a path means the working directory.
    #[serde(default)]
    pub(super) here: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests run them"))]
    pub(super) examples: Vec<Example>,
}

/// How a tool's input is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Act {
    Command,
    Delegate,
    Edit,
    EditCell,
    Fetch,
    LeaveWorktree,
    List,
    Publish,
    Read,
    Schedule,
    Search,
    Session,
    Stop,
    Write,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "the tests run them"))]
pub(super) struct Example {
    pub(super) input: String,
    pub(super) effects: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) tool: Vec<Tool>,
}

#[expect(clippy::expect_used, reason = "the table is part of the program, and every test of this module reads it")]
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../tools/claude-code.toml")).expect("claude-code.toml is read by the tests")
});
