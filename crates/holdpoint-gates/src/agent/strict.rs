//! JSON that can be read in one way only.
//!
//! Two readers may disagree about `{"command":"ls","command":"rm -rf ~"}`: one takes the first, one the last. A message with a
//! key twice in one object is therefore refused, at any depth, before anybody takes a value from it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Checks that a message is at most `max` bytes long, is UTF-8, is one JSON value, and has no key twice in one object.
///
/// Depth is bounded by `serde_json` (128).
///
/// # Errors
/// Says what is wrong with it.
pub fn check(message: &[u8], max: usize) -> Result<&str, Ambiguous> {
    if message.len() > max {
        return Err(Ambiguous::Long { max });
    }
    let text = std::str::from_utf8(message).map_err(|_| Ambiguous::NotText)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    Unique.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| Ambiguous::Malformed(error.to_string()))?;
    Ok(text)
}

/// Walks a value and remembers the keys of each object on the way.
#[derive(Clone, Copy)]
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Why a message cannot be read in one way only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguous {
    /// It is longer than anybody reads.
    #[error("it is longer than {max} bytes")]
    Long {
        /// The bound.
        max: usize,
    },
    /// It is not JSON, or has a key twice.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"tool_input":{"command":"ls","command":"rm -rf ~"}}"#,
            r#"{"tool_input":{"command":"ls","c\u006fmmand":"rm -rf ~"}}"#,
            r#"[[{"a":{"b":0,"b":0}}]]"#,
        ] {
            assert!(matches!(check(bad.as_bytes(), 1024), Err(Ambiguous::Malformed(_))), "{bad}");
        }
        assert!(check(br#"{"a":{"b":1},"b":{"a":1}}"#, 1024).is_ok());
    }

    #[test]
    fn what_is_not_one_json_value_is_refused() {
        for bad in ["", "{", "{} {}", "nul", "{\"a\":1,}", "{'a':1}", "{\"a\":\"\\ud800\"}", "\u{feff}{}"] {
            assert!(matches!(check(bad.as_bytes(), 1024), Err(Ambiguous::Malformed(_))), "{bad:?}");
        }
        assert_eq!(check(b"{\"a\":\"\xff\"}", 1024), Err(Ambiguous::NotText));
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert!(check("[".repeat(100_000).as_bytes(), 1 << 20).is_err());
        assert_eq!(check(b"{}      ", 7), Err(Ambiguous::Long { max: 7 }));
    }
}
