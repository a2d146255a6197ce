//! Reads from a request who is asking. What that is worth is [`crate::identity`]'s to say.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use holdpoint_api::v1::ACTS_FOR;

use super::app::App;
use super::listen::Peer;
use super::problem::Problem;
use crate::identity::{Caller, Unidentified, identify};

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map_or(Peer::Unknown, |ConnectInfo(peer)| *peer);
        let secret = match parts.headers.get(header::AUTHORIZATION) {
            None => None,
            Some(value) => {
                let bearer = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
                Some(bearer.ok_or(Unidentified::NoSuchSession)?)
            }
        };
        let acts_for = parts.headers.get(ACTS_FOR).map(uid_of).transpose()?;
        Ok(identify(peer, secret, acts_for, app.engine.locals(), app.engine.store()).await?)
    }
}

fn uid_of(value: &HeaderValue) -> Result<u32, Unidentified> {
    value.to_str().ok().and_then(|value| value.parse().ok()).ok_or(Unidentified::NotTheRunner)
}

impl From<Unidentified> for Problem {
    fn from(why: Unidentified) -> Self {
        let message = why.to_string();
        match why {
            Unidentified::NobodyKnows { .. } => Self::new(StatusCode::FORBIDDEN, "unidentified", message)
                .hint("root adds people to the installation's configuration"),
            Unidentified::NobodySaid => Self::new(StatusCode::UNAUTHORIZED, "unidentified", message),
            Unidentified::NotTheRunner => Self::new(StatusCode::FORBIDDEN, "not-the-runner", message),
            Unidentified::NoSuchSession => Self::new(StatusCode::FORBIDDEN, "no-such-session", message)
                .hint("`holdpoint install claude-code` opens a new session"),
            Unidentified::Unavailable => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message),
        }
    }
}
