//! What `doctor` found, one thing at a time.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) what: &'static str,
    pub(super) verdict: Verdict,
    pub(super) says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It falls short.
    Bad,
    /// It is as it should be.
    Good,
    /// It is as it is, and one should know.
    Note,
}

impl Finding {
    pub(super) fn good(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, says: says.into(), remedy: None }
    }

    pub(super) fn note(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Note, says: says.into(), remedy: None }
    }

    pub(super) fn bad(what: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Bad, says: says.into(), remedy: Some(remedy.into()) }
    }

    /// The same, said of one place among several.
    pub(super) fn in_place(self, place: &str) -> Self {
        Self { says: format!("in {place}: {}", self.says), ..self }
    }
}
