//! Which installation a command speaks to.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::home::Home;
use holdpoint_api::system::System;

/// How long a command that a person waits for gives the control plane to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The machine's own file system.
const THIS_MACHINE: &str = "/";

/// Options that every command takes.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct Installation {
    /// The data directory of the installation [default: ~/.local/share/holdpoint]
    #[arg(long, global = true, env = "HOLDPOINT_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The control plane's address, such as `http://127.0.0.1:7423` [default: the data directory's socket]
    #[arg(long, global = true, env = "HOLDPOINT_URL", value_name = "URL", hide = true)]
    url: Option<String>,
    /// Look for the installation of the whole machine below this directory
    #[arg(long, global = true, value_name = "DIR", default_value = THIS_MACHINE, hide = true)]
    root: PathBuf,
}

impl Installation {
    /// The installation in a directory, as `--data` names it; nothing where the environment holds what the command line would
    /// not take.
    pub(crate) fn in_directory(data: &OsStr) -> Option<Self> {
        let url = std::env::var_os("HOLDPOINT_URL").map(OsString::into_string).transpose().ok()?;
        Some(Self { data: Some(data.into()), url, root: THIS_MACHINE.into() })
    }

    /// The installation of the whole machine, where root has made one.
    pub(crate) fn system(&self) -> anyhow::Result<Option<System>> {
        Ok(System::find(&self.root)?)
    }

    /// Below which directory the installation of the whole machine is looked for.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The options with which another process of this program finds the same installation of the machine.
    pub(crate) fn as_arguments(&self) -> impl Iterator<Item = &std::ffi::OsStr> {
        [std::ffi::OsStr::new("--root"), self.root.as_os_str()].into_iter()
    }

    /// The data directory. Where root has pinned an installation of the whole machine, `--data` and `--url` say nothing: the
    /// directory is the user's own beside it, and the control plane's for its own user (`sudo -u holdpoint holdpoint …`).
    pub(crate) fn home(&self) -> anyhow::Result<Home> {
        match self.system()? {
            Some(system) if system.config().server.user == rustix::process::geteuid().as_raw() => Ok(system.server_home()),
            Some(system) => Ok(system.beside(self.own_root()?)),
            None => match &self.data {
                Some(root) => {
                    std::path::absolute(root).map(Home::at).with_context(|| format!("cannot resolve `{}`", root.display()))
                }
                None => self.own_root().map(Home::at),
            },
        }
    }

    /// The user's own directory when nobody names one.
    fn own_root(&self) -> anyhow::Result<PathBuf> {
        let home = std::env::var_os("HOME").filter(|home| Path::new(home).is_absolute());
        let home = home.context("HOME is not set: name the data directory with --data or HOLDPOINT_DATA")?;
        let xdg = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        Ok(Home::default_root(xdg.as_deref(), Path::new(&home)))
    }

    /// A client for a person's command.
    pub(crate) fn client(&self, patience: Duration) -> anyhow::Result<Client> {
        Ok(Client::new(self.endpoint()?, patience))
    }

    /// Where the control plane listens.
    pub(crate) fn endpoint(&self) -> anyhow::Result<Endpoint> {
        let home = self.home()?;
        match &self.url {
            Some(url) if !home.is_pinned() => address_of(url).map(Endpoint::Tcp),
            _ => Ok(Endpoint::Unix(home.socket())),
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
