//! Errors as the API answers them: a word for programs, a sentence for people, and what to do.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use holdpoint_api::v1::ErrorV1;
use utoipa::openapi::{Content, Ref, RefOr, Response as Described, ResponseBuilder};

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

/// Sees to it that whatever goes wrong below `/v1`, or with JSON that the console's script sends, is told as an [`ErrorV1`]: an
/// unknown path, another method, a body that is too long or malformed are answered before any route of ours is asked.
pub async fn in_our_words(request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with(API) || is_json(request.headers());
    let response = next.run(request).await;
    let told = is_json(response.headers());
    let status = response.status();
    if !ours || told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, _) = response.into_parts();
    let mut problem = of(status).into_response();
    // Such as `allow`, which says which methods there are.
    for (name, value) in parts.headers {
        if let Some(name) = name.filter(|name| *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH) {
            problem.headers_mut().insert(name, value);
        }
    }
    problem
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// Answers where no route is.
pub async fn no_such_path() -> Problem {
    of(StatusCode::NOT_FOUND)
}

/// What a status alone says.
fn of(status: StatusCode) -> Problem {
    let (word, message) = match status {
        StatusCode::GATEWAY_TIMEOUT => ("late", "it took too long; ask again"),
        StatusCode::INTERNAL_SERVER_ERROR => ("broken", "something went wrong here; nothing is known of the request"),
        StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "this path takes another method"),
        StatusCode::NOT_FOUND => ("not-found", "there is no such path; `/openapi.json` lists those of the API"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "the body is longer than 2 MiB"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("malformed", "the body must be `application/json`"),
        _ => ("malformed", "the request cannot be read"),
    };
    Problem::new(status, word, message)
}

const API: &str = "/v1/";

/// What every route of the API may answer instead.
pub struct Guarded;

/// What every route that takes a body may answer instead.
pub struct WithBody;

impl utoipa::IntoResponses for Guarded {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        described([
            (StatusCode::UNAUTHORIZED, "Nobody has said who asks"),
            (StatusCode::FORBIDDEN, "Not from there, or not with this session"),
            (StatusCode::SERVICE_UNAVAILABLE, "The store cannot be read or has stopped; nothing is known of the request"),
        ])
    }
}

impl utoipa::IntoResponses for WithBody {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let mut responses = Guarded::responses();
        responses.extend(described([
            (StatusCode::BAD_REQUEST, "The body is not JSON"),
            (StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 2 MiB"),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not said to be JSON"),
            (StatusCode::UNPROCESSABLE_ENTITY, "The body says something else than is asked for; nothing has happened"),
        ]));
        responses
    }
}

fn described<const N: usize>(answers: [(StatusCode, &str); N]) -> BTreeMap<String, RefOr<Described>> {
    let content = || Content::new(Some(Ref::from_schema_name("ErrorV1")));
    let described = |words: &str| ResponseBuilder::new().description(words).content("application/json", content()).build();
    answers.into_iter().map(|(status, words)| (status.as_str().to_owned(), RefOr::T(described(words)))).collect()
}
