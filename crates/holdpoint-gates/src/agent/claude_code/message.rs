//! What Claude Code says to a hook, read field by field.
//!
//! A field of another shape than expected spoils nothing but itself: a hook that gives up over a field it does not use denies
//! work for no reason. What is needed and is not there is refused.

use std::path::PathBuf;

use holdpoint_api::v1::ResultV1;
use holdpoint_core::change::Artefact;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::names::{IDLE_EVENTS, NAME, SHELL_TOOLS};
use crate::agent::strict::{self, Ambiguous};

/// What a message of the host is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A tool was used.
    After(Report),
    /// A tool is about to be used.
    Before(Call),
    /// Nothing that concerns us.
    Idle,
}

/// A tool call that is about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What would happen.
    pub artefact: Artefact,
    /// Where, as the host says it.
    pub directory: PathBuf,
    /// The host's id for it.
    pub act: Option<String>,
    /// What the agent says about it.
    pub said: Option<String>,
}

/// What came of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The host's id for it.
    pub act: String,
    /// What came of it, as far as the host says.
    pub result: ResultV1,
}

/// Reads a message of the host.
///
/// # Errors
/// Means that the call must be denied.
pub fn read(message: &[u8]) -> Result<Event, Unreadable> {
    let text = strict::check(message, MESSAGE_MAX_BYTES)?;
    let message: Message<'_> = serde_json::from_str(text).map_err(|_| Unreadable::Shape("it is not an object"))?;
    let event = message.text(message.hook_event_name).ok_or(Unreadable::Shape("it has no `hook_event_name`"))?;
    match event.as_str() {
        "PreToolUse" => message.call().map(Event::Before),
        "PostToolUse" => Ok(message.report(Message::result_of_success)),
        "PostToolUseFailure" => Ok(message.report(Message::result_of_failure)),
        known if IDLE_EVENTS.contains(&known) => Ok(Event::Idle),
        _ if message.tool_input.is_some() => Err(Unreadable::Event(event.chars().take(60).collect())),
        _ => Ok(Event::Idle),
    }
}

/// A message as it comes. Each field is kept as text until somebody needs it.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    hook_event_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cwd: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_use_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// The part of a shell tool's input that is read.
#[derive(Deserialize)]
struct ShellInput {
    command: String,
}

/// What an agent says about a call.
#[derive(Deserialize)]
struct Description {
    description: String,
}

/// The part of a tool's response that is read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    interrupted: bool,
    background_task_id: Option<serde::de::IgnoredAny>,
    return_code_interpretation: Option<serde::de::IgnoredAny>,
}

impl Message<'_> {
    fn text(&self, field: Option<&RawValue>) -> Option<String> {
        serde_json::from_str(field?.get()).ok()
    }

    fn call(&self) -> Result<Call, Unreadable> {
        let tool = self.text(self.tool_name).filter(|tool| !tool.is_empty()).ok_or(Unreadable::Shape("it has no `tool_name`"))?;
        let input = self.tool_input.ok_or(Unreadable::Shape("it has no `tool_input`"))?.get();
        if !input.starts_with('{') {
            return Err(Unreadable::Shape("its `tool_input` is not an object"));
        }
        let directory = self.text(self.cwd).ok_or(Unreadable::Shape("it has no `cwd`"))?;
        Ok(Call { artefact: artefact(tool, input)?, directory: directory.into(), act: self.act()?, said: said(input) })
    }

    /// The host's id for the act. Without one a permit can still be spent, but nobody will hear what came of it.
    fn act(&self) -> Result<Option<String>, Unreadable> {
        let Some(field) = self.tool_use_id else { return Ok(None) };
        let plain = |act: &String| (1..=ACT_MAX_BYTES).contains(&act.len()) && act.bytes().all(|byte| byte.is_ascii_graphic());
        let act = self.text(Some(field)).filter(plain);
        act.map(Some).ok_or(Unreadable::Shape("its `tool_use_id` is not an id"))
    }

    fn report(&self, result: fn(&Self) -> ResultV1) -> Event {
        match self.act() {
            Ok(Some(act)) => Event::After(Report { act, result: result(self) }),
            Ok(None) | Err(_) => Event::Idle,
        }
    }

    fn result_of_success(&self) -> ResultV1 {
        let response: Response =
            self.tool_response.and_then(|response| serde_json::from_str(response.get()).ok()).unwrap_or_default();
        if response.background_task_id.is_some() {
            return ResultV1::Indeterminate { why: "it goes on in the background, and the host does not say how it ends".into() };
        }
        let shell = self.text(self.tool_name).is_some_and(|tool| SHELL_TOOLS.contains(&tool.as_str()));
        let succeeded = shell && !response.interrupted && response.return_code_interpretation.is_none();
        ResultV1::Done { status: succeeded.then_some(0) }
    }

    /// The host reports a failed command as `Exit code N`, and what it printed after that.
    fn result_of_failure(&self) -> ResultV1 {
        let error = self.text(self.error).unwrap_or_default();
        let digits = error.strip_prefix("Exit code ").and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        ResultV1::Done { status: digits.and_then(|digits| digits.parse().ok()) }
    }
}

/// What a tool call proposes: the text of a shell tool is a command, any other call is a tool call with its exact input.
fn artefact(tool: String, input: &str) -> Result<Artefact, Unreadable> {
    if !SHELL_TOOLS.contains(&tool.as_str()) {
        return Ok(Artefact::ToolCall { host: NAME.to_owned(), tool, input: input.to_owned() });
    }
    let ShellInput { command } =
        serde_json::from_str(input).map_err(|_| Unreadable::Shape("its `tool_input` has no `command` that is text"))?;
    if command.contains('\0') {
        return Err(Unreadable::Shape("its command holds a NUL, which no shell reads"));
    }
    Ok(Artefact::Command { text: command })
}

fn said(input: &str) -> Option<String> {
    let Description { description } = serde_json::from_str(input).ok()?;
    Some(description.chars().take(SAID_MAX_CHARS).collect())
}

/// Why a message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It can be read in more ways than one, or in none.
    #[error("the message: {0}")]
    Ambiguous(#[from] Ambiguous),
    /// It looks as if a tool were about to be used, under a name that is not known.
    #[error("the event `{0}` is not known, and it looks as if a tool were about to be used")]
    Event(String),
    /// It lacks what is needed.
    #[error("{0}")]
    Shape(&'static str),
}

/// Longest message in bytes. After the event the host reports what the tool gave, a whole edited file included; what is
/// proposed before it has a bound of its own.
pub const MESSAGE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Longest id of an act in bytes.
const ACT_MAX_BYTES: usize = 200;
/// Most characters of what the agent says that are passed on.
const SAID_MAX_CHARS: usize = 500;
