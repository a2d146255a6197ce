//! Connecting to a Unix socket with an end to one's patience.
//!
//! Whoever listens there may have stopped taking connections without being gone: then the queue of the socket fills, and a plain
//! `connect` waits for as long as that lasts.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

/// Connects within a time. The operating system applies the time a socket has for sending to its connecting as well (unix(7),
/// `SO_SNDTIMEO` in socket(7)).
///
/// # Errors
/// As the operating system says; `TimedOut` where nobody took the connection in time.
pub fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // The operating system takes a time-out of zero for none at all.
    set_socket_timeout(&socket, Timeout::Send, Some(patience.max(Duration::from_millis(1))))?;
    match rustix::net::connect(&socket, &SocketAddrUnix::new(path)?) {
        Err(rustix::io::Errno::AGAIN) => Err(io::Error::new(io::ErrorKind::TimedOut, "nobody took the connection in time")),
        connected => {
            connected?;
            set_socket_timeout(&socket, Timeout::Send, None)?;
            Ok(UnixStream::from(socket))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_ever_at_a_socket_that_nobody_serves() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listening = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        rustix::net::bind(&listening, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&listening, 0).unwrap();
        let patience = Duration::from_millis(20);
        let waiting: Vec<_> = (0..8).map(|_| connect(&path, patience)).collect();
        assert!(waiting.first().unwrap().is_ok(), "one may wait to be taken");
        assert_eq!(waiting.last().unwrap().as_ref().unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(listening);
        assert_eq!(connect(&path, patience).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(connect(&directory.path().join("other"), patience).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
