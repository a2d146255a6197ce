//! The answer where something could not be found out.

use holdpoint_core::question::Answer;

/// Why an answer is missing when there was no time for it.
pub(super) const LATE: &str = "there was no time to find out";

/// The answer that leaves the worst case standing.
pub(super) fn unknown(why: &str) -> Answer {
    Answer::Unknown { why: why.to_owned() }
}

/// What was found, or why it was not.
pub(super) fn or_unknown(found: Result<Answer, String>) -> Answer {
    found.unwrap_or_else(|why| unknown(&why))
}
