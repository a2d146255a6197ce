//! Errors as the API answers them: a word for programs, a sentence for people, and what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use holdpoint_api::v1::ErrorV1;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    body: ErrorV1,
}

impl Problem {
    /// A problem with its word and its sentence.
    pub fn new(status: StatusCode, word: &str, message: impl Into<String>) -> Self {
        Self { status, body: ErrorV1 { error: word.to_owned(), message: message.into(), hint: None } }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
