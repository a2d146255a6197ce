//! Where the control plane listens: a Unix socket for gates, a loopback address for the console, and nothing else.
//!
//! The Unix socket tells who is at its other end (peer credentials); a TCP port does not. So what comes over TCP is nobody in
//! particular until it shows a session, and the port is refused anywhere but on the loopback interface: there is no TLS and no
//! login for people in this version, and without both no other machine may reach it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// A process of this user, by the operating system's word.
    Local {
        /// The user id.
        uid: u32,
    },
    /// A process on this machine, whose user nobody knows.
    Loopback,
    /// The operating system did not say.
    Unknown,
}

/// Binds the console's port.
///
/// # Errors
/// Refuses every address that another machine could reach, and one that is taken.
pub async fn bind_console(address: SocketAddr) -> Result<TcpListener, Error> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback { address });
    }
    TcpListener::bind(address).await.map_err(|source| Error::Taken { what: address.to_string(), source })
}

/// Who may connect to the Unix socket. Who is heard is another question: the operating system says who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Every user of this machine.
    Everybody,
    /// Nobody but the user that the control plane runs as.
    Owner,
}

impl Door {
    const fn mode(self) -> u32 {
        match self {
            Self::Everybody => 0o666,
            Self::Owner => 0o600,
        }
    }
}

/// Binds the Unix socket.
///
/// A socket file that is left over from a crash is replaced. The caller holds the data directory's lock, so nobody is behind it.
///
/// # Errors
/// Fails where the path cannot be bound.
pub fn bind_socket(path: &Path, door: Door) -> Result<UnixListener, Error> {
    let failed = |source| Error::Taken { what: path.display().to_string(), source };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    // The directory of an owner's socket is 0700 already; the mode of the socket is a second fence, not the first.
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(door.mode())).map_err(failed)?;
    Ok(listener)
}

/// Removes its socket when the server stops in good order.
#[derive(Debug)]
pub struct SocketFile(pub PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Why the control plane cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another machine could reach the address.
    #[error("`{address}` can be reached from other machines, and this version has neither TLS nor a login for people")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The address or path cannot be bound.
    #[error("cannot listen on `{what}`")]
    Taken {
        /// The address or path.
        what: String,
        /// What the operating system says.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_other_machine_can_reach_the_console() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            assert!(matches!(bind_console(address.parse().unwrap()).await, Err(Error::NotLoopback { .. })), "{address}");
        }
        assert!(bind_console("127.0.0.1:0".parse().unwrap()).await.is_ok());
    }

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_survives_a_crash_of_its_former_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        drop(bind_socket(&path, Door::Owner).unwrap());
        let _again = bind_socket(&path, Door::Owner).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
