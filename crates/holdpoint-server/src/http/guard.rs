//! What every request must be before any route sees it.
//!
//! A browser on this machine runs pages of strangers. They can send requests to a loopback port, and a name they own can be made
//! to resolve to it (DNS rebinding). So a request over TCP must name one of our own hosts, and one that a page caused must come
//! from our own origin.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::listen::Peer;
use super::problem::Problem;

/// The hosts and origins that are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNames {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl OwnNames {
    /// The names of a console on this loopback address. `localhost` comes first: it is the one name that browsers give passkeys to.
    pub fn of(address: SocketAddr) -> Self {
        let port = address.port();
        let hosts = [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")];
        Self { origins: hosts.iter().map(|host| format!("http://{host}")).collect(), hosts: hosts.into() }
    }

    /// The one origin at which people approve.
    pub fn console_origin(&self) -> &str {
        self.origins.first().map_or("", String::as_str)
    }
}

/// Lets a request on to the routes, or answers it.
pub async fn admit(
    State(names): State<Arc<OwnNames>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Problem> {
    match peer {
        Peer::Local { .. } => {}
        Peer::Loopback => from_our_own(&names, request.headers())?,
        Peer::Unknown => return Err(Problem::new(StatusCode::FORBIDDEN, "unknown-peer", "it is not known who is asking")),
    }
    Ok(next.run(request).await)
}

fn from_our_own(names: &OwnNames, headers: &HeaderMap) -> Result<(), Problem> {
    let only = |name: header::HeaderName| {
        let mut values = headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() { None } else { Some(first.map(|value| value.to_str().unwrap_or(""))) }
    };
    let stranger = |what: &str| Problem::new(StatusCode::FORBIDDEN, "stranger", format!("{what} is not this console's"));
    match only(header::HOST) {
        Some(Some(host)) if names.hosts.iter().any(|own| own == host) => {}
        _ => return Err(stranger("the host that the request names")),
    }
    match only(header::ORIGIN) {
        Some(None) => {}
        Some(Some(origin)) if names.origins.iter().any(|own| own == origin) => {}
        _ => return Err(stranger("the page that sent the request")),
    }
    match headers.get("sec-fetch-site").map(|value| value.as_bytes()) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        // A link from elsewhere may open a page; it may not do more than that.
        Some(_) if headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate") && only(header::ORIGIN) == Some(None) => {
            Ok(())
        }
        Some(_) => Err(stranger("the page that sent the request")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(headers: &[(&'static str, &str)]) -> bool {
        let names = OwnNames::of("127.0.0.1:7423".parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        from_our_own(&names, &map).is_ok()
    }

    #[test]
    fn a_rebound_name_and_a_strangers_page_are_turned_away() {
        assert!(!admitted(&[]));
        assert!(!admitted(&[("host", "evil.example:7423")]));
        assert!(!admitted(&[("host", "localhost:9999")]));
        assert!(!admitted(&[("host", "localhost:7423"), ("host", "evil.example")]));
        assert!(!admitted(&[("host", "localhost:7423"), ("origin", "http://evil.example")]));
        assert!(!admitted(&[("host", "localhost:7423"), ("origin", "null")]));
        assert!(!admitted(&[("host", "localhost:7423"), ("origin", "http://localhost:9999")]));
        assert!(!admitted(&[("host", "localhost:7423"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(!admitted(&[("host", "localhost:7423"), ("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")]));
    }

    #[test]
    fn our_own_pages_and_a_followed_link_are_let_in() {
        assert!(admitted(&[("host", "localhost:7423")]));
        assert!(admitted(&[("host", "127.0.0.1:7423"), ("origin", "http://localhost:7423"), ("sec-fetch-site", "same-origin")]));
        assert!(admitted(&[("host", "localhost:7423"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
    }
}
