//! Requests whose method a program chooses by what it is given: `http example.org name=x` sends, `http example.org` asks.
//!
//! Source: HTTPie's manual, "Optional GET and POST" and "Request items"; `xh` takes the same words.
//!
//! *Out of scope:* requests that name their method, and files that are sent (`families/network.toml`).

use holdpoint_core::effect::{Effect, Environment, ResourceKind, Reversibility, Verb};

use super::address::is_here;
use super::apply::Applied;
use super::effect::plain;
use super::options::Line;
use super::value::Field;
use super::walker::{Input, Walker};

impl Walker<'_> {
    /// Notes that a request without a method sends data; the families say the rest.
    pub(super) fn request_by_items(&mut self, applied: &Applied<'_>) {
        let line = &applied.line;
        let is_method = |field: &&Field| field.known().is_some_and(|word| is_method(&word));
        let method = line.operands.first().filter(is_method).and_then(Field::known);
        let at = usize::from(method.is_some());
        let Some(url) = line.operands.get(at) else { return };
        let items = line.operands.get(at + 1..).unwrap_or_default();
        // Without a terminal these programs send what stands on their input; only what the line puts there counts.
        let fed = !matches!(self.input, Input::Inherited) && !has(line, &["--ignore-stdin", "-I"]);
        let sends = items.iter().any(|item| item.known().is_none_or(|item| is_sent(&item))) || has(line, &["--raw"]) || fed;
        let asks = has(line, &["--offline", "--curl", "--curl-long"]);
        if asks || !sends || is_here(&url.value) {
            return;
        }
        let shown = url.shown();
        let effect =
            plain(Verb::Publish, ResourceKind::Service, &shown, format!("Sends data to `{shown}`"), applied.span.clone());
        self.note(Effect { environment: Environment::Unknown, reversibility: Reversibility::Irreversible, ..effect });
    }
}

fn has(line: &Line, names: &[&str]) -> bool {
    names.iter().any(|name| line.has_exactly(name))
}

/// Whether a word is a method: any in capitals, and the usual ones as `xh` takes them.
fn is_method(word: &str) -> bool {
    let usual = ["delete", "get", "head", "options", "patch", "post", "put"].contains(&word);
    usual || word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a request item is data and no header (`name:value`) and no part of the query (`name==value`).
fn is_sent(item: &str) -> bool {
    let Some(at) = item.find([':', '=', '@']) else { return false };
    match item.get(at..).unwrap_or_default() {
        rest if rest.starts_with("==") => false,
        rest => rest.starts_with(":=") || !rest.starts_with(':'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_files_are_sent_and_headers_and_queries_are_not() {
        assert!(["a=1", "a:=1", "a:=@x.json", "a=@x", "file@x", "a="].iter().all(|item| is_sent(item)));
        assert!(["X-Token:a=b", "q==1", "q==@x", "page", "Accept:"].iter().all(|item| !is_sent(item)));
    }
}
