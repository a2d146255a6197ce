//! One page: what a person sees and presses, and what whoever owns the browser can do to it.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::connection::Connection;

/// Most times that a condition is watched anew because the page went to another address meanwhile.
const NAVIGATIONS_MAX: usize = 16;

/// A page with cookies and authenticators of its own.
pub struct Page {
    connection: Rc<RefCell<Connection>>,
    session: String,
}

/// How a person likes their pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Light letters on dark ground.
    Dark,
    /// Dark letters on light ground.
    Light,
}

/// What they look at it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// A window on a desk.
    Desk,
    /// A telephone, upright.
    Phone,
}

impl Page {
    pub(super) fn begin(connection: Rc<RefCell<Connection>>, session: String) -> anyhow::Result<Self> {
        let page = Self { connection, session };
        page.call("Page.enable", json!({}))?;
        page.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true }))?;
        page.call("WebAuthn.enable", json!({ "enableUI": false }))?;
        Ok(page)
    }

    /// Goes to an address and waits until all of it is there.
    ///
    /// # Errors
    /// Fails where nothing answers at that address.
    pub fn go(&self, address: &str) -> anyhow::Result<()> {
        let went = self.call("Page.navigate", json!({ "url": address }))?;
        if let Some(error) = went.get("errorText").and_then(Value::as_str) {
            bail!("go to {address}: {error}");
        }
        let loader = went.get("loaderId").cloned().context("a new document")?;
        let loaded = |method: &str, event: &Value| {
            method == "Page.lifecycleEvent" && event.get("name") == Some(&json!("load")) && event.get("loaderId") == Some(&loader)
        };
        self.connection.borrow_mut().wait_for(&self.session, loaded).map(drop)
    }

    /// Evaluates an expression as if a person had just pressed something; a promise is awaited.
    ///
    /// # Errors
    /// Fails with what the page throws.
    pub fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", params)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            let description = thrown.pointer("/exception/description").and_then(Value::as_str);
            bail!("{}", description.unwrap_or("the page threw something"));
        }
        Ok(answer.pointer("/result/value").cloned().unwrap_or_default())
    }

    /// Waits until an expression is true, across navigations, and returns its value.
    ///
    /// # Errors
    /// Fails when it is not true within [`ANSWER_MAX`](super::ANSWER_MAX).
    pub fn until(&self, expression: &str) -> anyhow::Result<Value> {
        let watch = format!(
            "new Promise((done) => {{ \
               const look = () => {{ let value; try {{ value = ({expression}); }} catch {{}} if (value) {{ eyes.disconnect(); done(value); }} }}; \
               const eyes = new MutationObserver(look); \
               eyes.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }}); \
               document.addEventListener('readystatechange', look); look(); }})"
        );
        for _ in 0..NAVIGATIONS_MAX {
            match self.evaluate(&watch) {
                Err(error) if went_elsewhere(&error) => {}
                outcome => return outcome.with_context(|| format!("wait until `{expression}`")),
            }
        }
        bail!("the page never came to rest while waiting until `{expression}`")
    }

    /// The text of the first element that a selector finds, once it is there.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn text(&self, selector: &str) -> anyhow::Result<String> {
        let text = self.until(&format!("document.querySelector({}).innerText", json!(selector)))?;
        text.as_str().map(str::to_owned).context("text")
    }

    /// Waits until a page's text holds `text`, and returns all of it.
    ///
    /// # Errors
    /// Fails when it does not.
    pub fn read(&self, text: &str) -> anyhow::Result<String> {
        let all = self.until(&format!("document.body.innerText.includes({}) && document.body.innerText", json!(text)));
        let all = all.with_context(|| format!("the page says: {:?}", self.evaluate("document.body.innerText").ok()))?;
        all.as_str().map(str::to_owned).context("text")
    }

    /// Presses what a selector finds, with a real pointer, once a person could: it is seen, and nothing lies over it. What the
    /// page's script still has to bring to life is hidden until then.
    ///
    /// # Errors
    /// Fails when it is not there or cannot be pressed.
    pub fn press(&self, selector: &str) -> anyhow::Result<()> {
        let place = self.until(&format!(
            "(() => {{ const it = document.querySelector({}); if (!it || it.disabled || !it.checkVisibility()) return null; \
               it.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const box = it.getBoundingClientRect(); \
               const place = [box.x + box.width / 2, box.y + box.height / 2]; \
               return it.contains(document.elementFromPoint(...place)) && place; }})()",
            json!(selector)
        ))?;
        for (kind, buttons) in [("mousePressed", 1), ("mouseReleased", 0)] {
            let event = json!({ "type": kind, "x": place.get(0), "y": place.get(1), "button": "left", "buttons": buttons, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// Presses what leads to another document, and waits until all of that is there. Works where scripts are off, and with
    /// them the observers that [`Page::until`] watches through.
    ///
    /// # Errors
    /// Fails when it is not there, cannot be pressed or leads nowhere.
    pub fn follow(&self, selector: &str) -> anyhow::Result<()> {
        let tree = self.call("Page.getFrameTree", json!({}))?;
        let here = tree.pointer("/frameTree/frame/loaderId").cloned().context("the document that is there")?;
        self.connection.borrow_mut().forget();
        self.press(selector)?;
        let loaded = |method: &str, event: &Value| {
            method == "Page.lifecycleEvent" && event.get("name") == Some(&json!("load")) && event.get("loaderId") != Some(&here)
        };
        self.connection.borrow_mut().wait_for(&self.session, loaded).map(drop)
    }

    /// Types into what a selector finds, in place of what stands there.
    ///
    /// # Errors
    /// Fails when it is not there.
    pub fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        self.until(&format!(
            "(() => {{ const it = document.querySelector({}); it.focus(); it.select(); return true; }})()",
            json!(selector)
        ))?;
        self.call("Input.insertText", json!({ "text": text })).map(drop)
    }

    /// Runs a script in every document of this page before the document's own: what an agent does that owns the browser. No
    /// content security policy holds it back.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn hook(&self, script: &str) -> anyhow::Result<()> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).map(drop)
    }

    /// Turns scripts off, as some people do.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn without_scripts(&self) -> anyhow::Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).map(drop)
    }

    /// Looks at the page another way.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn look(&self, look: Look, screen: Screen) -> anyhow::Result<()> {
        let scheme = match look {
            Look::Dark => "dark",
            Look::Light => "light",
        };
        let (width, height, scale) = match screen {
            Screen::Desk => (1100, 820, 1.5),
            Screen::Phone => (390, 844, 2.0),
        };
        self.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }))?;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": screen == Screen::Phone });
        self.call("Emulation.setDeviceMetricsOverride", metrics).map(drop)
    }

    /// Takes a picture of the whole page: the bytes of a PNG file.
    ///
    /// # Errors
    /// Fails where the browser does.
    pub fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }))?;
        let data = shot.get("data").and_then(Value::as_str).context("a picture")?;
        BASE64_STANDARD.decode(data).context("read the picture")
    }

    pub(super) fn call(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.connection.borrow_mut().call(Some(&self.session), method, params)
    }
}

/// Whether an expression was not answered because its document is gone.
fn went_elsewhere(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    ["navigated or closed", "context was destroyed", "Cannot find context"].iter().any(|sign| text.contains(sign))
}
