//! What Claude Code is called here, and what it calls its tools and events.

/// The gate's and the host's name.
pub const NAME: &str = "claude-code";

/// The tools whose `command` bash runs.
pub(super) const SHELL_TOOLS: [&str; 2] = ["Bash", "Monitor"];
/// Events at which no tool is about to be used.
pub(super) const IDLE_EVENTS: &[&str] = &[
    "ConfigChange",
    "CwdChanged",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "InstructionsLoaded",
    "Notification",
    "PermissionDenied",
    "PermissionRequest",
    "PostCompact",
    "PostToolBatch",
    "PreCompact",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptExpansion",
    "UserPromptSubmit",
    "WorktreeCreate",
    "WorktreeRemove",
];
