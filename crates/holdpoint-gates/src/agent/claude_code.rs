//! The gate in the hooks of Claude Code: what the host says, and what it is answered.
//!
//! Message and reply shapes: code.claude.com/docs/en/hooks as of version 2.1.274, checked against captured messages of 2.1.220
//! and 2.1.289 (see `tests/claude_code/`). Three events matter here:
//!
//! | event | answer |
//! |---|---|
//! | `PreToolUse` | nothing for free work, so that the host's own prompts stay · *deny* for a hold · *allow* when a permit was spent |
//! | `PostToolUse`, `PostToolUseFailure` | nothing; the outcome of an act that spent a permit is noted |
//! | any other | nothing |
//!
//! What cannot be read is denied, and so is an event of a name we do not know that looks as if a tool were about to be used.
//! Sub-agents, permission modes and tool servers change nothing: every call is judged by what it would do.
//!
//! **The gate advises.** The host runs it with the agent's rights and has been seen to ignore its answers; `holdpoint doctor`
//! tells whether it is in force.

pub mod message;
mod names;
pub mod scopes;
pub mod settings;

use holdpoint_core::actor::Strength;
use holdpoint_core::permit::{Basis, Warrant};

use crate::desk::{self, Desk, Stopped};
use crate::notice;
use crate::passage::{self, Admit, Gate, Seen};
use crate::setting::Surroundings;
use message::{Call, Event};

pub use names::NAME;

/// Answers one message of the host. The desk is opened only where somebody must be asked.
pub fn answer(message: &[u8], desk: impl FnOnce() -> Result<Desk, desk::Error>, surroundings: &Surroundings) -> Reply {
    match message::read(message) {
        Ok(Event::Before(call)) => Reply::of(desk().map_err(passage::Error::from).and_then(|desk| {
            let mut hook = Hook { call, surroundings };
            passage::admit(&mut hook, &desk)
        })),
        Ok(Event::After(report)) => {
            // Nothing here may hold up the host: what cannot be told now is kept and told later.
            if let Ok(desk) = desk() {
                desk.observe(&report.act, report.result);
            }
            Reply::Silent
        }
        Ok(Event::Idle) => Reply::Silent,
        Err(unreadable) => Reply::unreadable(&unreadable),
    }
}

/// One call on its way through the gate.
struct Hook<'a> {
    call: Call,
    surroundings: &'a Surroundings,
}

impl Gate for Hook<'_> {
    const STRENGTH: Strength = Strength::Advises;

    fn read(&mut self) -> Result<Seen, passage::Unreadable> {
        let Call { artefact, directory, act, said } = &self.call;
        let seen = self.surroundings.see(artefact.clone(), directory)?;
        Ok(Seen { act: act.clone(), said: said.clone(), ..seen })
    }
}

impl Admit for Hook<'_> {
    type Reply = Reply;

    fn admit(&self, warrant: Warrant) -> Reply {
        match warrant.basis() {
            Basis::Free { .. } => Reply::Silent,
            Basis::Permit { id, .. } => {
                Reply::Allow { reason: format!("Holdpoint: the permit {id} was spent for exactly this call.") }
            }
        }
    }

    fn stop(&self, stopped: &Stopped) -> Reply {
        Reply::Deny { reason: notice::of(stopped) }
    }
}

/// What the host is answered. Written to standard output as it is, with exit status 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It may: a permit was spent for exactly this call.
    Allow {
        /// What the person reads in the transcript.
        reason: String,
    },
    /// It may not.
    Deny {
        /// What the agent reads.
        reason: String,
    },
    /// No opinion. The host goes on as if there were no hook.
    Silent,
}

impl Reply {
    /// What the host hears when the passage could not be completed: nothing happened, and nothing may.
    fn of(passed: Result<Self, passage::Error>) -> Self {
        passed.unwrap_or_else(|error| Self::deny(&error, "Ask the person you work for to run `holdpoint doctor`."))
    }

    /// What the host hears when there is no answer: the watchdog's.
    pub fn unanswered(why: &dyn std::fmt::Display) -> Self {
        Self::deny(why, "Ask the person you work for to run `holdpoint doctor`.")
    }

    /// What the host hears when its message could not be read.
    fn unreadable(why: &message::Unreadable) -> Self {
        Self::deny(why, "What cannot be read is held: say it more simply.")
    }

    fn deny(why: &dyn std::fmt::Display, hint: &str) -> Self {
        Self::Deny { reason: format!("Holdpoint holds this. Nothing was run.\nWhy: {why}.\nInstead: {hint}\n") }
    }

    /// The reply as the host reads it: one JSON object, or nothing at all.
    pub fn to_json(&self) -> String {
        let (decision, reason) = match self {
            Self::Allow { reason } => ("allow", reason),
            Self::Deny { reason } => ("deny", reason),
            Self::Silent => return String::new(),
        };
        let output = serde_json::json!({
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
            }
        });
        output.to_string()
    }
}
