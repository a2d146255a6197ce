//! One WebSocket to the browser: calls, their answers, and the events between.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Longest wait for one answer of the browser.
pub const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Most events kept until somebody asks for them; the oldest go first.
const EVENTS_MAX: usize = 1024;

pub(super) struct Connection {
    socket: WebSocket<TcpStream>,
    last_id: u64,
    events: VecDeque<Value>,
}

impl Connection {
    pub(super) fn open(address: &str) -> anyhow::Result<Self> {
        let authority = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let authority = authority.with_context(|| format!("`{address}` is not the address of a WebSocket"))?;
        let stream = TcpStream::connect(authority).context("connect to the browser")?;
        stream.set_read_timeout(Some(ANSWER_MAX)).context("bound the wait")?;
        let (socket, _) = tungstenite::client(address, stream).map_err(|error| anyhow!("speak to the browser: {error}"))?;
        Ok(Self { socket, last_id: 0, events: VecDeque::new() })
    }

    /// Calls a method and waits for its answer.
    pub(super) fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> anyhow::Result<Value> {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let (Some(session), Some(members)) = (session, message.as_object_mut()) {
            members.insert("sessionId".to_owned(), json!(session));
        }
        self.socket.send(Message::text(message.to_string())).with_context(|| format!("call {method}"))?;
        loop {
            let mut answer = self.read().with_context(|| format!("wait for the answer to {method}"))?;
            if answer.get("id").and_then(Value::as_u64) != Some(id) {
                self.keep(answer);
            } else if let Some(error) = answer.get("error") {
                bail!("{method}: {}", error.get("message").and_then(Value::as_str).unwrap_or("failed"));
            } else {
                return Ok(answer.get_mut("result").map(Value::take).unwrap_or_default());
            }
        }
    }

    /// Waits for the event that `wanted` recognises by its method and parameters, and returns the parameters.
    pub(super) fn wait_for(&mut self, session: &str, wanted: impl Fn(&str, &Value) -> bool) -> anyhow::Result<Value> {
        let recognise = |event: &Value| {
            let method = event.get("method").and_then(Value::as_str).unwrap_or_default();
            let ours = event.get("sessionId").and_then(Value::as_str) == Some(session);
            ours && event.get("params").is_some_and(|params| wanted(method, params))
        };
        loop {
            if let Some(at) = self.events.iter().position(&recognise) {
                let event = self.events.remove(at).unwrap_or_default();
                return Ok(event.get("params").cloned().unwrap_or_default());
            }
            let event = self.read().context("wait for an event")?;
            self.keep(event);
        }
    }

    /// Forgets what has happened so far.
    pub(super) fn forget(&mut self) {
        self.events.clear();
    }

    /// Asks the browser to end, and waits until it hangs up.
    pub(super) fn close(&mut self) {
        let asked = self.socket.send(Message::text(json!({ "id": 0, "method": "Browser.close" }).to_string()));
        while asked.is_ok() && self.socket.read().is_ok() {}
    }

    fn read(&mut self) -> anyhow::Result<Value> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).context("read the browser's message"),
                Ok(_) => {}
                Err(error) => bail!("the browser says nothing more: {error}"),
            }
        }
    }

    fn keep(&mut self, event: Value) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}
