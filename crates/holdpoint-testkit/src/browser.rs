//! A real browser for tests and pictures: headless Chromium over its debugging protocol, with virtual passkeys.
//!
//! ```text
//! Browser ── visitor() ──▶ Page (own cookies, own authenticators) ── plug_in() ──▶ Passkey
//! ```
//!
//! Nothing here polls or sleeps: a page is loaded when the browser says so, and a condition is watched by an observer inside
//! the page. Every wait ends after [`ANSWER_MAX`]. The browser goes when its value does.
//!
//! **In scope**: what a person does at a console, and what an agent that owns the browser does to them. **Out of scope**:
//! everything else that the protocol offers; generated bindings have 110,000 lines.

mod connection;
mod page;
mod passkey;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::rc::Rc;

use anyhow::Context as _;
use serde_json::json;
use tempfile::TempDir;

use crate::tool;
pub use connection::ANSWER_MAX;
use connection::Connection;
pub use page::{Look, Page, Screen};
pub use passkey::{Passkey, Verification};

/// What the browser is called on different systems.
pub const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS: [&str; 13] = [
    "--headless=new",
    // Its sandbox refuses to run as root, and the pages are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "about:blank",
];

/// A running browser.
pub struct Browser {
    connection: Rc<RefCell<Connection>>,
    process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser for the test `test`. Returns nothing where there is none and the test may be left out.
    ///
    /// # Errors
    /// Fails where the browser does not start.
    ///
    /// # Panics
    /// As [`tool::find`] does.
    pub fn for_test(test: &str) -> anyhow::Result<Option<Self>> {
        tool::find(test, &NAMES).map(|program| Self::launch(&program)).transpose()
    }

    /// Starts the browser at `program` with a profile of its own.
    ///
    /// # Errors
    /// Fails where it does not start or does not say where it listens.
    pub fn launch(program: &Path) -> anyhow::Result<Self> {
        let profile = tempfile::tempdir().context("make a profile")?;
        let mut data = std::ffi::OsString::from("--user-data-dir=");
        data.push(profile.path());
        let mut command = Command::new(program);
        command.arg(data).args(FLAGS).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let stderr = process.stderr.take().context("the browser's standard error")?;
        let connection = listening_at(stderr).and_then(|address| Connection::open(&address));
        match connection {
            Ok(connection) => Ok(Self { connection: Rc::new(RefCell::new(connection)), process, _profile: profile }),
            Err(error) => {
                process.kill().and_then(|()| process.wait()).context("stop the browser that does not answer")?;
                Err(error)
            }
        }
    }

    /// Opens an empty page for somebody with cookies and authenticators of their own.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn visitor(&self) -> anyhow::Result<Page> {
        let mut connection = self.connection.borrow_mut();
        let context = connection.call(None, "Target.createBrowserContext", json!({}))?;
        let target = connection.call(
            None,
            "Target.createTarget",
            json!({ "url": "about:blank", "browserContextId": context.get("browserContextId") }),
        )?;
        let attached =
            connection.call(None, "Target.attachToTarget", json!({ "targetId": target.get("targetId"), "flatten": true }))?;
        let session = attached.get("sessionId").and_then(|id| id.as_str()).context("a session")?.to_owned();
        drop(connection);
        Page::begin(Rc::clone(&self.connection), session)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close, it takes its children along; whether it heard does not matter, for then it is killed.
        self.connection.borrow_mut().close();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads where the browser listens, and lets the rest of what it says run off.
fn listening_at(stderr: ChildStderr) -> anyhow::Result<String> {
    let mut lines = BufReader::new(stderr).lines();
    let address = loop {
        let line = lines.next().context("the browser ended before it listened")?.context("read what the browser says")?;
        if let Some(address) = line.strip_prefix("DevTools listening on ") {
            break address.trim().to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    Ok(address)
}
