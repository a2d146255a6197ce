//! Which installation a command speaks to.

use std::ffi::{OsStr, OsString};
use std::net::{SocketAddr, ToSocketAddrs as _};
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

fn address_of(url: &str) -> anyhow::Result<SocketAddr> {
    let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let authority = authority.with_context(|| format!("`{url}` is not an address of the form `http://HOST:PORT`"))?;
    let mut addresses = authority.to_socket_addrs().with_context(|| format!("`{authority}` is not `HOST:PORT`"))?;
    addresses.find(|address| address.ip().is_loopback()).with_context(|| format!("`{authority}` is not on this machine"))
}
