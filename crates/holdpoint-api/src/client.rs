//! A blocking client with one deadline for the whole exchange.
//!
//! A hook lives for a few milliseconds; an asynchronous runtime would cost it more than the request. So this is one
//! connection, one HTTP/1.1 request, one answer, read with `httparse`. Whatever is not exactly an answer is an error, and no
//! error can be read as permission: the caller gets no answer to look at.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::unix;
use crate::v1::{ACTS_FOR, BODY_MAX_BYTES, ErrorV1};

/// Most bytes the head of an answer may have.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Most header lines an answer may have.
const HEADERS_MAX: usize = 64;

/// Where the control plane listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP address on this machine.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// A client of the control plane.
#[derive(Debug, Clone)]
pub struct Client {
    endpoint: Endpoint,
    secret: Option<String>,
    acts_for: Option<u32>,
    patience: Duration,
    until: Option<Instant>,
}

impl Client {
    /// A client that gives every exchange at most `patience` from the first byte to the last.
    pub const fn new(endpoint: Endpoint, patience: Duration) -> Self {
        Self { endpoint, secret: None, acts_for: None, patience, until: None }
    }

    /// Shows the secret of a session with each request.
    #[must_use]
    pub fn with_session(mut self, secret: String) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Lets no exchange go on past a moment, however much patience is left: for who must be done by then.
    #[must_use]
    pub const fn until(mut self, moment: Instant) -> Self {
        self.until = Some(moment);
        self
    }

    /// Says with each request for which user id it asks. Only the runner of a system installation is heard.
    #[must_use]
    pub const fn acting_for(mut self, uid: u32) -> Self {
        self.acts_for = Some(uid);
        self
    }

    /// Gets a resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Error> {
        self.exchange("GET", path, &[])
    }

    /// Posts a body.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn post<B: Serialize, A: DeserializeOwned>(&self, path: &str, body: &B) -> Result<A, Error> {
        let body = serde_json::to_vec(body).map_err(|_| Error::Unreadable("the request cannot be written as JSON"))?;
        self.exchange("POST", path, &body)
    }

    fn exchange<A: DeserializeOwned>(&self, method: &str, path: &str, body: &[u8]) -> Result<A, Error> {
        let (status, answer) = self.exchange_bytes(method, path, body)?;
        if (200..300).contains(&status) {
            let answer = if answer.is_empty() { b"null".to_vec() } else { answer };
            return serde_json::from_slice(&answer).map_err(|_| Error::Unreadable("the answer is not of the expected shape"));
        }
        match serde_json::from_slice(&answer) {
            Ok(error) => Err(Error::Answered { status, error }),
            Err(_) => Err(Error::Unreadable("the answer is an error without an explanation")),
        }
    }

    /// Exchanges bytes and gives the status with the answer's body.
    ///
    /// # Errors
    /// See [`Error`]; a status that is not a success is not an error here.
    pub fn exchange_bytes(&self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>), Error> {
        if path.bytes().chain(method.bytes()).any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(Error::Unreadable("the path holds a character that no path has"));
        }
        let patience_ends = Instant::now() + self.patience;
        let deadline = self.until.map_or(patience_ends, |until| until.min(patience_ends));
        let mut connection = Connection::open(&self.endpoint, deadline)?;
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: holdpoint\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !body.is_empty() {
            request.push_str("content-type: application/json\r\n");
        }
        if let Some(secret) = &self.secret {
            request.push_str("authorization: Bearer ");
            request.extend(secret.chars().filter(char::is_ascii_graphic));
            request.push_str("\r\n");
        }
        if let Some(uid) = self.acts_for {
            request.push_str(&format!("{ACTS_FOR}: {uid}\r\n"));
        }
        request.push_str("\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        connection.send(&bytes, deadline)?;
        read_answer(&mut connection, deadline)
    }
}

enum Connection {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    fn open(endpoint: &Endpoint, deadline: Instant) -> Result<Self, Error> {
        let opened = match endpoint {
            Endpoint::Tcp(address) => TcpStream::connect_timeout(address, left(deadline)?).map(Self::Tcp),
            Endpoint::Unix(path) => unix::connect(path, left(deadline)?).map(Self::Unix),
        };
        opened.map_err(|source| Error::Away { endpoint: endpoint.clone(), source })
    }

    fn send(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), Error> {
        let patience = Some(left(deadline)?);
        let sent = match self {
            Self::Tcp(stream) => stream.set_write_timeout(patience).and_then(|()| stream.write_all(bytes)),
            Self::Unix(stream) => stream.set_write_timeout(patience).and_then(|()| stream.write_all(bytes)),
        };
        sent.map_err(|source| Error::Broken { source })
    }

    fn receive(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, Error> {
        let patience = Some(left(deadline)?);
        let received = match self {
            Self::Tcp(stream) => stream.set_read_timeout(patience).and_then(|()| stream.read(buffer)),
            Self::Unix(stream) => stream.set_read_timeout(patience).and_then(|()| stream.read(buffer)),
        };
        received.map_err(|source| match source.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => Error::Late,
            _ => Error::Broken { source },
        })
    }
}

/// The time that is left, or [`Error::Late`]. The operating system takes a time-out of zero for none at all.
fn left(deadline: Instant) -> Result<Duration, Error> {
    Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero()).ok_or(Error::Late)
}

fn read_answer(connection: &mut Connection, deadline: Instant) -> Result<(u16, Vec<u8>), Error> {
    let mut bytes = Vec::with_capacity(4096);
    let mut chunk = [0; 8192];
    loop {
        if let Some((status, length, body_at)) = parse_head(&bytes)? {
            let mut body = bytes.split_off(body_at);
            while body.len() < length {
                match connection.receive(&mut chunk, deadline)? {
                    0 => return Err(Error::Unreadable("the answer ends too early")),
                    received => body.extend(chunk.iter().take(received)),
                }
            }
            body.truncate(length);
            return Ok((status, body));
        }
        match connection.receive(&mut chunk, deadline)? {
            0 => return Err(Error::Unreadable("the answer ends too early")),
            received => bytes.extend(chunk.iter().take(received)),
        }
    }
}

/// Reads the head once it is complete: status, length of the body, where the body begins.
fn parse_head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    let parsed = answer.parse(bytes).map_err(|_| Error::Unreadable("the answer is not HTTP"))?;
    let httparse::Status::Complete(body_at) = parsed else {
        return if bytes.len() > HEAD_MAX_BYTES { Err(Error::Unreadable("the answer's head is too long")) } else { Ok(None) };
    };
    let named = |name: &str| answer.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).collect::<Vec<_>>();
    if !named("transfer-encoding").is_empty() {
        return Err(Error::Unreadable("the answer has no length"));
    }
    let length = match named("content-length").as_slice() {
        [one] => std::str::from_utf8(one.value).ok().and_then(|digits| digits.parse::<usize>().ok()),
        // Such an answer has no body, and says no length (RFC 9110, section 8.6).
        [] if answer.code == Some(204) => Some(0),
        _ => None,
    };
    let length = length.ok_or(Error::Unreadable("the answer has no length"))?;
    if length > BODY_MAX_BYTES {
        return Err(Error::Unreadable("the answer is too long"));
    }
    Ok(answer.code.map(|status| (status, length, body_at)))
}

/// Why there is no answer. The control plane may or may not have received the request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It answered that it will not.
    #[error("{}", error.message)]
    Answered {
        /// The HTTP status.
        status: u16,
        /// What it says.
        error: ErrorV1,
    },
    /// Nobody listens.
    #[error("the control plane is away")]
    Away {
        /// Where it should listen.
        endpoint: Endpoint,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the connection to the control plane broke")]
    Broken {
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The deadline passed.
    #[error("the control plane did not answer in time")]
    Late,
    /// What came is not an answer.
    #[error("{0}")]
    Unreadable(&'static str),
}

impl Error {
    /// Whether the request can not have arrived.
    pub const fn never_arrived(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// Answers one connection with these bytes and closes it.
    fn answered_with(bytes: &'static [u8]) -> Result<serde_json::Value, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(bytes).unwrap();
        });
        let client = Client::new(Endpoint::Unix(path), Duration::from_secs(20));
        let answer = client.post("/v1/proposals", &serde_json::json!({}));
        server.join().unwrap();
        answer
    }

    #[test]
    fn whatever_is_not_an_answer_is_an_error() {
        for bytes in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno",
            b"{\"decision\":\"allow\"}",
            b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\n{}",
        ] {
            assert!(answered_with(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn an_answer_is_read_whole() {
        assert_eq!(
            answered_with(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\": 1 }").unwrap(),
            serde_json::json!({"a": 1})
        );
        assert_eq!(answered_with(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(), serde_json::Value::Null, "heard, nothing to say");
        let refused =
            answered_with(b"HTTP/1.1 403 No\r\ncontent-length: 38\r\n\r\n{\"error\":\"forbidden\",\"message\":\"no\"}  ");
        assert!(matches!(refused, Err(Error::Answered { status: 403, .. })));
    }

    #[test]
    fn a_server_that_says_nothing_is_late() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let client = Client::new(Endpoint::Unix(path), Duration::from_millis(30));
        assert!(matches!(client.get::<serde_json::Value>("/"), Err(Error::Late)));
    }

    #[test]
    fn nothing_is_asked_any_more_when_the_moment_has_passed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let client = Client::new(Endpoint::Unix(path), Duration::from_secs(600)).until(Instant::now());
        assert!(matches!(client.get::<serde_json::Value>("/"), Err(Error::Late)));
    }

    #[test]
    fn a_server_that_is_not_there_never_got_the_request() {
        let client = Client::new(Endpoint::Unix("/nonexistent/socket".into()), Duration::from_secs(1));
        assert!(client.get::<serde_json::Value>("/").is_err_and(|error| error.never_arrived()));
    }

    #[test]
    fn a_path_cannot_carry_a_second_request() {
        let client = Client::new(Endpoint::Unix("/nonexistent/socket".into()), Duration::from_secs(1));
        assert!(matches!(client.get::<serde_json::Value>("/ HTTP/1.1\r\nx: y"), Err(Error::Unreadable(_))));
    }
}
