//! Which installation a command speaks to.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::home::Home;

/// How long a command that a person waits for gives the control plane to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Options that every command takes.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct Installation {
    /// The data directory of the installation [default: ~/.local/share/holdpoint]
    #[arg(long, global = true, env = "HOLDPOINT_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The control plane's address, such as `http://127.0.0.1:7423` [default: the data directory's socket]
    #[arg(long, global = true, env = "HOLDPOINT_URL", value_name = "URL", hide = true)]
    url: Option<String>,
}

impl Installation {
    /// The installation in a directory, as `--data` names it; nothing where the environment holds what the command line would
    /// not take.
    pub(crate) fn in_directory(data: &OsStr) -> Option<Self> {
        let url = std::env::var_os("HOLDPOINT_URL").map(OsString::into_string).transpose().ok()?;
        Some(Self { data: Some(data.into()), url })
    }

    /// The data directory.
    pub(crate) fn home(&self) -> anyhow::Result<Home> {
        if let Some(root) = &self.data {
            return std::path::absolute(root).map(Home::at).with_context(|| format!("cannot resolve `{}`", root.display()));
        }
        let home = std::env::var_os("HOME").filter(|home| Path::new(home).is_absolute());
        let home = home.context("HOME is not set: name the data directory with --data or HOLDPOINT_DATA")?;
        let xdg = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        Ok(Home::at(Home::default_root(xdg.as_deref(), Path::new(&home))))
    }

    /// A client for a person's command.
    pub(crate) fn client(&self, patience: Duration) -> anyhow::Result<Client> {
        Ok(Client::new(self.endpoint()?, patience))
    }

    /// Where the control plane listens.
    pub(crate) fn endpoint(&self) -> anyhow::Result<Endpoint> {
        match &self.url {
            None => Ok(Endpoint::Unix(self.home()?.socket())),
            Some(url) => address_of(url).map(Endpoint::Tcp),
        }
    }
}

/// The address in a URL. No name service is asked: only this machine is meant, and it has two names.
fn address_of(url: &str) -> anyhow::Result<SocketAddr> {
    let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let authority = authority.with_context(|| format!("`{url}` is not an address of the form `http://HOST:PORT`"))?;
    let numbers = authority.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr =
        numbers.as_deref().unwrap_or(authority).parse().with_context(|| format!("`{authority}` is not `ADDRESS:PORT`"))?;
    anyhow::ensure!(address.ip().is_loopback(), "`{authority}` is not on this machine");
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_plane_is_on_this_machine_and_no_name_service_says_where() {
        for (url, address) in [
            ("http://127.0.0.1:7423", "127.0.0.1:7423"),
            ("http://localhost:7423/", "127.0.0.1:7423"),
            ("http://[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address_of(url).unwrap().to_string(), address);
        }
        for bad in ["127.0.0.1:7423", "https://127.0.0.1:1", "http://127.0.0.1", "http://192.0.2.1:80", "http://example.org:80"] {
            assert!(address_of(bad).is_err(), "{bad}");
        }
    }
}
