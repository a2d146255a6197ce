//! The API over HTTP: parse, ask the engine, answer. Handlers decide nothing.
//!
//! **In scope**: routes, limits, the OpenAPI document, who is asking (through [`crate::identity`]).
//! **Out of scope**: what is decided ([`crate::engine`]) and the pages people see ([`crate::console`]).

mod app;
mod caller;
pub mod guard;
pub mod listen;
pub mod problem;
mod routes;
pub mod serve;

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use holdpoint_api::v1::BODY_MAX_BYTES;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::console;

pub use app::App;
pub use routes::openapi;

/// Longest time one request may take. A wait for people asks again instead.
const REQUEST_MAX: Duration = Duration::from_secs(40);

/// All routes, behind the guard and the limits.
pub fn router(app: &App) -> Router {
    let fixed = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    routes::api(app.clone())
        .merge(console::router(app.console.clone()))
        // Not the console's, whose doors are for people: a program that asks for what is not there hears that.
        .fallback(problem::no_such_path)
        .layer(from_fn_with_state(app.names.clone(), guard::admit))
        .layer(RequestBodyLimitLayer::new(BODY_MAX_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_MAX))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(problem::in_our_words))
        .layer(fixed("x-content-type-options", "nosniff"))
        .layer(fixed("referrer-policy", "no-referrer"))
        .layer(fixed("cache-control", "no-store"))
        .layer(fixed("cross-origin-opener-policy", "same-origin"))
        .layer(fixed("cross-origin-resource-policy", "same-origin"))
        .layer(fixed("x-frame-options", "DENY"))
}
