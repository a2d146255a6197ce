//! The table of Claude Code's own tools: `tools/claude-code.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::data;

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
    #[cfg(test)]
    #[serde(default)]
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

#[cfg(test)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    pub(super) input: String,
    pub(super) effects: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) tool: Vec<Tool>,
}

pub(super) static TABLE: LazyLock<Table> =
    LazyLock::new(|| data::read(include_str!(concat!(env!("OUT_DIR"), "/claude-code.json"))));

/// The table with its examples.
#[cfg(test)]
pub(super) fn as_written() -> Table {
    toml::from_str(include_str!("../../tools/claude-code.toml")).unwrap()
}
