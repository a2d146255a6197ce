//! Tells the service manager that a service is ready, as sd_notify(3) describes it: a datagram to the socket that it names.

use std::ffi::OsStr;
use std::os::unix::net::UnixDatagram;

/// Says that this process serves from now on. Where nobody asked to be told, nobody is.
pub(crate) fn tell() {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = tell_at(&socket) {
        tracing::warn!(%error, "the service manager could not be told that the service is ready");
    }
}

fn tell_at(socket: &OsStr) -> std::io::Result<()> {
    UnixDatagram::unbound()?.send_to(b"READY=1", socket).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asked_to_be_told_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        tell_at(path.as_os_str()).unwrap();
        let mut said = [0; 64];
        let length = manager.recv(&mut said).unwrap();
        assert_eq!(&said[..length], b"READY=1");
    }
}
