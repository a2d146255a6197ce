//! Methods of texts, and texts that stand for others: base 64 and hexadecimal digits.

use super::super::bind::{Bind, Choices, List};
use super::super::evaluate::Given;
use crate::shell::value::{Piece, Shape, Value};

/// Longest text that is taken apart or put together, in bytes.
const TEXT_MAX_BYTES: usize = 16 * 1024;

/// What a method of a text gives.
pub(super) fn method(text: &Value, method: &str, on: &Given) -> Option<Choices> {
    let same = || Some(Bind::Text(text.clone()).into());
    let known = || text.known().filter(|text| text.len() < TEXT_MAX_BYTES);
    let as_text = |text: String| Some(Choices::text(text));
    match method {
        "encode" | "decode" | "toString" | "valueOf" | "as_posix" | "normalize" => same(),
        "strip" | "trim" if on.items.items.is_empty() => known().map_or_else(same, |text| as_text(text.trim().to_owned())),
        "lower" | "toLowerCase" if !text.has_secret() => as_text(known()?.to_lowercase()),
        "upper" | "toUpperCase" if !text.has_secret() => as_text(known()?.to_uppercase()),
        "concat" => {
            let mut whole = text.clone();
            on.items.items.iter().for_each(|item| whole.append(item.value()));
            Some(Bind::Text(if on.items.more.is_some() { Value::unknown() } else { whole }).into())
        }
        "replace" | "replaceAll" if !text.has_secret() => {
            let (from, to) = (on.item(0)?.known()?, on.item(1)?.known()?);
            let count = if method == "replace" && on.named.contains_key("js") { 1 } else { usize::MAX };
            let text = known()?;
            let grows = text.len() + text.matches(&from).count().min(count) * to.len() > TEXT_MAX_BYTES;
            if grows { Some(Bind::Text(Value::unknown()).into()) } else { as_text(text.replacen(&from, &to, count)) }
        }
        "format" if !text.has_secret() => Some(Bind::Text(formatted(&known()?, on)?).into()),
        "join" => {
            let list = on.item(0)?;
            let Some(Bind::List(List { items, more: None })) = list.only() else {
                return Some(Bind::Text(Value::unknown()).into());
            };
            Some(Bind::Text(joined(text, items)).into())
        }
        "split" if !text.has_secret() => Some(Bind::List(split(&known(), on)).into()),
        // Whatever is made of a secret has it in it.
        _ if text.has_secret() => Some(Bind::Text(Value::any(Shape::Secret)).into()),
        "repeat" | "padStart" | "padEnd" | "slice" | "substring" => Some(Bind::Text(Value::unknown()).into()),
        _ => None,
    }
}

/// The elements with a text between them.
pub(super) fn joined(between: &Value, items: &[Choices]) -> Value {
    let mut whole = Value::text("");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            whole.append(between.clone());
        }
        whole.append(item.value());
    }
    if whole.len() > TEXT_MAX_BYTES { Value::unknown() } else { whole }
}

/// `'{}/{}'.format(a, b)`; nothing where a field has a name or a form.
fn formatted(text: &str, on: &Given) -> Option<Value> {
    let mut whole = Value::text("");
    for (at, part) in text.split("{}").enumerate() {
        if part.contains(['{', '}']) {
            return None;
        }
        if at > 0 {
            let value = on.item(at - 1)?.value();
            whole.append(value);
        }
        whole.push(Piece::Text(part.to_owned()));
    }
    Some(whole)
}

fn split(text: &Option<String>, on: &Given) -> List {
    let separator = on.item(0).map(|separator| separator.known());
    match (text, separator) {
        (Some(text), None) => List::of_texts(text.split_whitespace()),
        (Some(text), Some(Some(separator))) if !separator.is_empty() => List::of_texts(text.split(separator.as_str())),
        _ => List::of(Choices::data()),
    }
}

/// The text that base 64 stands for.
pub(crate) fn from_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The text that hexadecimal digits stand for.
pub(crate) fn from_hex(text: &str) -> Option<String> {
    let digits: Vec<u32> =
        text.chars().filter(|digit| !digit.is_whitespace()).map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stand_for_others_are_read() {
        assert_eq!(from_base64("cm0gLXJmIH4=").as_deref(), Some("rm -rf ~"));
        assert_eq!(from_base64("cm0gLXJmIH4").as_deref(), Some("rm -rf ~"));
        assert_eq!(from_base64("*"), None);
        assert_eq!(from_hex("726d202d7266207e").as_deref(), Some("rm -rf ~"));
        assert_eq!(from_hex("7"), None);
    }
}
