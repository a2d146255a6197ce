//! Takes connections and serves them, each with an end to its patience.
//!
//! Whoever connects and never finishes the head of a request costs a connection for a short time and nothing else. The head has a
//! time limit, as a request has (`REQUEST_MAX`), and each user of this machine has so many connections at a time and no more, so
//! that none can take them all. (The console's port does not say who is there: all who come by it count as one.)

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, UnixListener};
use tracing::{debug, warn};

use super::listen::Peer;

/// How long the head of a request may take, and how long a connection may lie idle between two.
const HEAD_MAX: Duration = Duration::from_secs(15);
/// How long a connection may last. Whoever takes no answer holds it no longer.
const CONNECTION_MAX: Duration = Duration::from_secs(15 * 60);
/// Most connections of one user that are open at a time.
const OPEN_MAX: usize = 128;

/// What takes connections, and can tell who is at the other end of each.
pub trait Entrance: Listener {
    /// Who is at the other end.
    fn peer(connection: &Self::Io, address: &Self::Addr) -> Peer;
}

impl Entrance for UnixListener {
    fn peer(connection: &Self::Io, _: &Self::Addr) -> Peer {
        connection.peer_cred().map_or(Peer::Unknown, |credentials| Peer::Local { uid: credentials.uid() })
    }
}

impl Entrance for TcpListener {
    fn peer(_: &Self::Io, address: &Self::Addr) -> Peer {
        if address.ip().is_loopback() { Peer::Loopback } else { Peer::Unknown }
    }
}

/// Serves connections until `stopped` is over, and then until the last request under way has its answer.
pub async fn serve<E: Entrance>(entrance: E, routes: Router, stopped: impl Future<Output = ()>) {
    serve_within(entrance, routes, HEAD_MAX, stopped).await;
}

async fn serve_within<E: Entrance>(mut entrance: E, routes: Router, head_max: Duration, stopped: impl Future<Output = ()>) {
    let (open, under_way) = (Open::default(), GracefulShutdown::new());
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let (connection, address) = tokio::select! {
            taken = entrance.accept() => taken,
            () = &mut stopped => break,
        };
        let peer = E::peer(&connection, &address);
        let Some(place) = open.take(peer) else {
            warn!(?peer, "has too many connections open already");
            continue;
        };
        let (routes, io) = (TowerToHyperService::new(routes.clone()), TokioIo::new(connection));
        let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            routes.call(request)
        });
        let mut conversation = http1::Builder::new();
        conversation.timer(TokioTimer::new()).header_read_timeout(head_max);
        let served = under_way.watch(conversation.serve_connection(io, answer));
        tokio::spawn(async move {
            if !matches!(tokio::time::timeout(CONNECTION_MAX, served).await, Ok(Ok(()))) {
                debug!(?peer, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(entrance);
    under_way.shutdown().await;
}

/// How many connections each peer has open.
#[derive(Debug, Clone, Default)]
struct Open(Arc<Mutex<BTreeMap<Peer, usize>>>);

/// One connection's place among them, until it is dropped.
#[derive(Debug)]
struct Place {
    open: Open,
    peer: Peer,
}

impl Open {
    fn take(&self, peer: Peer) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        (*count < OPEN_MAX).then(|| *count += 1).map(|()| Place { open: self.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = counts.remove(&self.peer).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            counts.insert(self.peer, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    /// What comes back for some bytes until the other side closes, from a control plane whose patience is this long.
    async fn said_to(bytes: &[u8], head_max: Duration) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let routes = Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<Peer>| async move { format!("{peer:?}") }));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(serve_within(listener, routes, head_max, async { drop(stopped.await) }));
        let bytes = bytes.to_vec();
        let asking = tokio::task::spawn_blocking(move || {
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.write_all(&bytes).unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            said
        });
        let said = asking.await.unwrap();
        stop.send(()).unwrap();
        serving.await.unwrap();
        said
    }

    #[tokio::test]
    async fn half_a_head_is_not_waited_for() {
        let short = Duration::from_millis(20);
        for bytes in [&b""[..], b"GET / HTTP/1.1\r\nhost: holdp"] {
            assert!(!said_to(bytes, short).await.contains("200 OK"));
        }
    }

    #[tokio::test]
    async fn who_asks_is_the_operating_systems_word() {
        let said = said_to(b"GET / HTTP/1.1\r\nhost: holdpoint\r\nconnection: close\r\n\r\n", HEAD_MAX).await;
        let uid = rustix::process::geteuid().as_raw();
        assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with(&format!("Local {{ uid: {uid} }}")), "{said}");
    }

    #[test]
    fn nobody_takes_the_connections_of_others() {
        let open = Open::default();
        let (one, other) = (Peer::Local { uid: 1000 }, Peer::Local { uid: 1001 });
        let places: Vec<_> = (0..=OPEN_MAX).map(|_| open.take(one)).collect();
        assert_eq!(places.iter().flatten().count(), OPEN_MAX);
        assert!(open.take(other).is_some());
        drop(places);
        assert!(open.take(one).is_some());
        assert!(open.0.lock().unwrap().is_empty(), "nothing is kept of who has gone");
    }
}
