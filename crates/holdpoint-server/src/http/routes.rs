//! The routes of the v1 API.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use holdpoint_api::v1::{
    AnswerV1, ChangeV1, ChangesV1, ErrorV1, OpenSessionV1, OutcomeV1, ProposalV1, ReceiptsV1, RedeemedV1, RedemptionV1,
    SessionV1, SnapshotV1, StatusV1, path,
};
use holdpoint_log::tile::{WIDTH, bundle};
use serde::Deserialize;
use utoipa::openapi::HttpMethod;
use utoipa::{IntoParams, OpenApi};

use super::app::App;
use super::problem::{Guarded, Problem, WithBody};
use crate::engine;
use crate::identity::Caller;

/// Most changes one list holds.
const LIST_MAX: u32 = 200;
/// Longest time one request waits for a change to move.
const WAIT_MAX: Duration = Duration::from_secs(30);

pub(super) fn api(app: App) -> Router {
    let router = Router::new().route(path::OPENAPI, get(async || Json(openapi())));
    routes().into_iter().fold(router, |router, (_, path, route)| router.route(path, route)).with_state(app)
}

/// Every route of the API. The document describes these and no others.
fn routes() -> [(HttpMethod, &'static str, MethodRouter<App>); 12] {
    use HttpMethod::{Get, Post};
    [
        (Post, path::PROPOSALS, post(propose)),
        (Post, path::REDEMPTIONS, post(redeem)),
        (Post, path::OUTCOMES, post(settle)),
        (Get, path::CHANGES, get(changes)),
        (Get, path::CHANGE, get(change)),
        (Get, path::SNAPSHOT, get(snapshot)),
        (Post, path::SESSIONS, post(open_session)),
        (Get, path::RECEIPTS, get(receipts)),
        (Get, path::STATUS, get(status)),
        (Get, path::LOG_CHECKPOINT, get(log_checkpoint)),
        (Get, path::LOG_ENTRIES, get(log_entries)),
        (Get, path::METRICS, get(metrics)),
    ]
}

/// A JSON body; what is wrong with one is told in our own words.
struct Body<T>(T);

impl<S: Send + Sync, T> FromRequest<S> for Body<T>
where
    Json<T>: FromRequest<S, Rejection = JsonRejection>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let parsed = Json::<T>::from_request(request, state).await;
        parsed
            .map(|Json(body)| Self(body))
            .map_err(|rejection| Problem::new(rejection.status(), "malformed", rejection.body_text()))
    }
}

/// What stands behind the question mark; what is wrong with it is told in our own words.
struct Asked<T>(T);

impl<S: Send + Sync, T> FromRequestParts<S> for Asked<T>
where
    Query<T>: FromRequestParts<S, Rejection = QueryRejection>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parsed = Query::<T>::from_request_parts(parts, state).await;
        parsed.map(|Query(query)| Self(query)).map_err(|rejection| unprocessable(rejection.body_text()))
    }
}

/// The part of the path that names something.
struct Named(String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        named.map(|Path(name)| Self(name)).map_err(|rejection| unprocessable(rejection.body_text()))
    }
}

fn unprocessable(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed", message)
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        let message = error.to_string();
        match error {
            engine::Error::Malformed(_) => unprocessable(message),
            engine::Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not-found", message),
            engine::Error::NotReleased(_) => Self::new(StatusCode::CONFLICT, "not-released", message)
                .hint("propose the change again: the answer says what is missing"),
            engine::Error::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            engine::Error::Unavailable(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message),
        }
    }
}

/// Asks what may happen to a change
#[utoipa::path(post, path = path::PROPOSALS, request_body = ProposalV1, responses(
    (status = 200, description = "What was decided; durable before it is answered, unless the work is free", body = AnswerV1),
    WithBody))]
async fn propose(State(app): State<App>, caller: Caller, Body(proposal): Body<ProposalV1>) -> Result<Json<AnswerV1>, Problem> {
    Ok(Json(app.engine.propose(&caller, proposal).await?))
}

/// Spends a permit: decides again, exactly once
#[utoipa::path(post, path = path::REDEMPTIONS, request_body = RedemptionV1, responses(
    (status = 200, description = "Recorded; the gate may act", body = RedeemedV1),
    (status = 409, description = "There is no such right any more; nothing may happen", body = ErrorV1), WithBody))]
async fn redeem(
    State(app): State<App>,
    caller: Caller,
    Body(redemption): Body<RedemptionV1>,
) -> Result<Json<RedeemedV1>, Problem> {
    Ok(Json(app.engine.redeem(&caller, redemption).await?))
}

/// Tells what came of an act
#[utoipa::path(post, path = path::OUTCOMES, request_body = OutcomeV1, responses(
    (status = 204, description = "Recorded"),
    (status = 404, description = "No such permit or act", body = ErrorV1),
    (status = 409, description = "It contradicts what was recorded", body = ErrorV1), WithBody))]
async fn settle(State(app): State<App>, caller: Caller, Body(outcome): Body<OutcomeV1>) -> Result<StatusCode, Problem> {
    app.engine.settle(&caller, outcome).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which changes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Only those in this state.
    state: Option<holdpoint_api::v1::ChangeStateV1>,
    /// At most so many; 200 at most.
    limit: Option<u32>,
}

/// Lists changes, the newest first
#[utoipa::path(get, path = path::CHANGES, params(ListQuery), responses(
    (status = 200, body = ChangesV1),
    (status = 422, description = "The query cannot be read", body = ErrorV1), Guarded))]
async fn changes(State(app): State<App>, _caller: Caller, Asked(query): Asked<ListQuery>) -> Result<Json<ChangesV1>, Problem> {
    let limit = query.limit.unwrap_or(50).min(LIST_MAX);
    Ok(Json(ChangesV1 { changes: app.engine.changes(query.state, limit).await? }))
}

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WaitQuery {
    /// Answer only when the change has moved on from being held, or after so many milliseconds; 30,000 at most.
    wait_ms: Option<u64>,
}

/// Shows one change
#[utoipa::path(get, path = path::CHANGE,
    params(("change" = String, Path, description = "The digest, or `sha256:` and the beginning of one"), WaitQuery),
    responses(
        (status = 200, body = ChangeV1),
        (status = 404, description = "No such change, or more than one that begins so", body = ErrorV1),
        (status = 422, description = "That is no digest, or the query cannot be read", body = ErrorV1), Guarded))]
async fn change(
    State(app): State<App>,
    _caller: Caller,
    Named(change): Named,
    Asked(query): Asked<WaitQuery>,
) -> Result<Json<ChangeV1>, Problem> {
    let patience = Duration::from_millis(query.wait_ms.unwrap_or(0)).min(WAIT_MAX);
    Ok(Json(app.engine.change(&change, patience).await?))
}

/// Gives what a gate needs while the control plane is away
#[utoipa::path(get, path = path::SNAPSHOT, responses((status = 200, body = SnapshotV1), Guarded))]
async fn snapshot(State(app): State<App>, _caller: Caller) -> Json<SnapshotV1> {
    Json(app.engine.snapshot())
}

/// Opens an agent session on behalf of the person who owns this installation
#[utoipa::path(post, path = path::SESSIONS, request_body = OpenSessionV1, responses(
    (status = 200, body = SessionV1), WithBody))]
async fn open_session(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<OpenSessionV1>,
) -> Result<Json<SessionV1>, Problem> {
    Ok(Json(app.engine.open_session(&caller, wanted).await?))
}

/// Lists what was lately signed to release something, the newest first
#[utoipa::path(get, path = path::RECEIPTS, responses((status = 200, body = ReceiptsV1), Guarded))]
async fn receipts(State(app): State<App>, _caller: Caller) -> Result<Json<ReceiptsV1>, Problem> {
    Ok(Json(ReceiptsV1 { receipts: app.engine.receipts().await? }))
}

/// Tells how the control plane is
#[utoipa::path(get, path = path::STATUS, responses((status = 200, body = StatusV1), Guarded))]
async fn status(State(app): State<App>, _caller: Caller) -> Result<Json<StatusV1>, Problem> {
    Ok(Json(app.engine.status().await?))
}

/// Gives the newest signed checkpoint of the log
#[utoipa::path(get, path = path::LOG_CHECKPOINT, responses(
    (status = 200, content_type = "text/plain", body = String), Guarded))]
async fn log_checkpoint(State(app): State<App>, _caller: Caller) -> String {
    app.engine.store().checkpoint().to_text()
}

/// Which entries to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct EntriesQuery {
    /// The index of the first.
    from: u64,
    /// How many: 1 to 256, and none beyond the newest checkpoint.
    #[param(minimum = 1, maximum = 256)]
    count: u64,
}

/// Gives entries of the log as a C2SP entry bundle
#[utoipa::path(get, path = path::LOG_ENTRIES, params(EntriesQuery), responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
    (status = 422, description = "The log does not reach that far, or that is too much at once", body = ErrorV1), Guarded))]
async fn log_entries(State(app): State<App>, _caller: Caller, Asked(query): Asked<EntriesQuery>) -> Result<Vec<u8>, Problem> {
    let EntriesQuery { from, count } = query;
    if !(1..=WIDTH as u64).contains(&count) {
        return Err(unprocessable(format!("`count` is {count}; it can be 1 to {WIDTH}")));
    }
    let size = app.engine.store().checkpoint().head().size;
    let end = from.checked_add(count).filter(|end| *end <= size);
    let end =
        end.ok_or_else(|| unprocessable(format!("the log has {size} entries; `from` and `count` must not reach beyond")))?;
    let entries = app.engine.store().entries(from..end).await.map_err(engine::Error::from)?;
    bundle::encode(&entries).map_err(|error| engine::Error::Unavailable(error.to_string()).into())
}

/// Gives metrics in the Prometheus text format
#[utoipa::path(get, path = path::METRICS, responses(
    (status = 200, content_type = "application/openmetrics-text", body = String), Guarded))]
async fn metrics(State(app): State<App>, _caller: Caller) -> Result<impl IntoResponse, Problem> {
    let text = app.engine.metrics_text().await?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdpoint",
        version = "1",
        description = "A hold point between AI agents and production. \
        Gates speak it over the Unix socket of the data directory. No request of this API can approve anything."
    ),
    paths(
        propose,
        redeem,
        settle,
        changes,
        change,
        snapshot,
        open_session,
        receipts,
        status,
        log_checkpoint,
        log_entries,
        metrics
    )
)]
struct Document;

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the document says of each route, by method.
    fn documented() -> Vec<String> {
        let methods = |item: &utoipa::openapi::PathItem| {
            let all =
                [("get", &item.get), ("post", &item.post), ("put", &item.put), ("delete", &item.delete), ("patch", &item.patch)];
            all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect::<Vec<_>>()
        };
        let paths = openapi().paths.paths;
        let named = paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(move |method| format!("{method} {path}")));
        named.collect()
    }

    #[test]
    fn the_document_names_exactly_the_routes_that_there_are() {
        let mut served: Vec<_> = routes()
            .into_iter()
            .map(|(method, path, _)| format!("{} {path}", if method == HttpMethod::Get { "get" } else { "post" }))
            .collect();
        served.sort();
        let mut documented = documented();
        documented.sort();
        assert_eq!(served, documented);
    }

    #[test]
    fn what_stands_behind_the_question_mark_is_documented_as_a_query() {
        for (path, item) in openapi().paths.paths {
            for parameter in item.get.and_then(|operation| operation.parameters).unwrap_or_default() {
                let expected = if path.contains(&format!("{{{}}}", parameter.name)) {
                    utoipa::openapi::path::ParameterIn::Path
                } else {
                    utoipa::openapi::path::ParameterIn::Query
                };
                assert!(parameter.parameter_in == expected, "{path}: {}", parameter.name);
            }
        }
    }
}
