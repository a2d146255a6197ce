//! Restricted canonical JSON: one spelling per value, so that bytes can be hashed and read back without doubt.
//!
//! RFC 8785 narrowed to what needs no judgement: objects with sorted keys `[a-z][a-z0-9_]*`, arrays, strings,
//! booleans, null, and integers of at most 2^53 − 1 in size. No fractions, no white space, no duplicate keys.
//!
//! In scope: writing such JSON, and refusing bytes that are not exactly it.
//!
//! Out of scope: what the fields mean ([`crate::entry`]). Nobody re-serialises an entry to verify it: the stored
//! bytes are what was hashed.

use serde_json::{Map, Value};

/// Writes a value in its one spelling.
///
/// # Errors
/// When the value has none: a fraction, a large number, a foreign key, too deep or too long.
pub fn canonical(value: &Value) -> Result<Vec<u8>, Error> {
    let mut json = String::new();
    write(value, 0, &mut json)?;
    check_length(json.len())?;
    Ok(json.into_bytes())
}

/// An object that is written field by field, in the order of its keys, without a [`Value`] in between.
pub(crate) struct Object {
    // INVARIANT: canonical JSON, but for the closing brace.
    json: String,
    last: &'static str,
}

impl Object {
    /// Begins an object that will probably have so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { json: String::with_capacity(bytes), last: "" }
    }

    /// Adds a field with a text.
    pub(crate) fn text(&mut self, key: &'static str, text: &str) -> Result<(), Error> {
        self.key(key)?;
        write_string(text, &mut self.json);
        Ok(())
    }

    /// Adds a field with several texts.
    pub(crate) fn texts(&mut self, key: &'static str, texts: impl Iterator<Item = String>) -> Result<(), Error> {
        self.key(key)?;
        self.json.push('[');
        for (position, text) in texts.enumerate() {
            if position > 0 {
                self.json.push(',');
            }
            write_string(&text, &mut self.json);
        }
        self.json.push(']');
        Ok(())
    }

    /// Adds a field with a count, or with nothing.
    pub(crate) fn count(&mut self, key: &'static str, count: Option<u64>) -> Result<(), Error> {
        self.key(key)?;
        write(&count.into(), 1, &mut self.json)
    }

    /// Adds a field with an object.
    pub(crate) fn object(&mut self, key: &'static str, fields: &Map<String, Value>) -> Result<(), Error> {
        self.key(key)?;
        write_object(fields, 1, &mut self.json)
    }

    /// Ends the object.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.json.push('}');
        check_length(self.json.len())?;
        Ok(self.json.into_bytes())
    }

    fn key(&mut self, key: &'static str) -> Result<(), Error> {
        debug_assert!(self.last < key, "`{key}` after `{}` is not in order", self.last);
        self.json.push(if self.last.is_empty() { '{' } else { ',' });
        self.last = key;
        write_key(key, &mut self.json)
    }
}

/// Reads bytes that are exactly the canonical spelling of a value. The length is checked before anything is decoded.
///
/// # Errors
/// When they are not, be it by a single space.
pub fn check(bytes: &[u8]) -> Result<Value, Error> {
    check_length(bytes.len())?;
    let value = serde_json::from_slice(bytes).map_err(|error| Error::Syntax { column: error.column() })?;
    // What the reader forgave (white space, order, escapes, a key given twice) shows as a difference here.
    let again = canonical(&value)?;
    if again == bytes {
        return Ok(value);
    }
    let same = again.iter().zip(bytes).take_while(|(ours, theirs)| ours == theirs).count();
    Err(Error::NotCanonical { offset: same })
}

fn check_length(bytes: usize) -> Result<(), Error> {
    if bytes > MAX_BYTES { Err(Error::TooLong { bytes }) } else { Ok(()) }
}

fn write(value: &Value, depth: usize, json: &mut String) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    match value {
        Value::Array(items) => write_array(items, depth, json)?,
        Value::Bool(true) => json.push_str("true"),
        Value::Bool(false) => json.push_str("false"),
        Value::Null => json.push_str("null"),
        Value::Number(number) => json.push_str(&integer(number)?.to_string()),
        Value::Object(fields) => write_object(fields, depth, json)?,
        Value::String(text) => write_string(text, json),
    }
    Ok(())
}

fn write_array(items: &[Value], depth: usize, json: &mut String) -> Result<(), Error> {
    json.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        write(item, depth + 1, json)?;
    }
    json.push(']');
    Ok(())
}

fn write_object(fields: &Map<String, Value>, depth: usize, json: &mut String) -> Result<(), Error> {
    // The map keeps insertion order where some crate asks serde_json for it: sort here, whatever was asked for.
    let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    json.push('{');
    for (position, (key, value)) in sorted.into_iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        write_key(key, json)?;
        write(value, depth + 1, json)?;
    }
    json.push('}');
    Ok(())
}

fn write_key(key: &str, json: &mut String) -> Result<(), Error> {
    if !is_key(key) {
        return Err(Error::Key { key: key.chars().take(SHOWN_CHARS).collect() });
    }
    json.push('"');
    json.push_str(key);
    json.push_str("\":");
    Ok(())
}

/// Escapes what RFC 8785 §3.2.2.2 escapes, and nothing else.
fn write_string(text: &str, json: &mut String) {
    json.push('"');
    // All bytes are asked, so that the compiler asks many at once.
    if text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\')) {
        text.chars().for_each(|c| write_char(c, json));
    } else {
        json.push_str(text);
    }
    json.push('"');
}

fn write_char(c: char, json: &mut String) {
    match c {
        '"' => json.push_str("\\\""),
        '\\' => json.push_str("\\\\"),
        '\u{8}' => json.push_str("\\b"),
        '\t' => json.push_str("\\t"),
        '\n' => json.push_str("\\n"),
        '\u{c}' => json.push_str("\\f"),
        '\r' => json.push_str("\\r"),
        control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
        plain => json.push(plain),
    }
}

fn integer(number: &serde_json::Number) -> Result<i64, Error> {
    let exact = number.as_i64().filter(|integer| integer.unsigned_abs() <= MAX_INTEGER);
    exact.ok_or_else(|| Error::Number { number: number.to_string().chars().take(SHOWN_CHARS).collect() })
}

/// `[a-z][a-z0-9_]*`: with such keys, sorting by bytes and by UTF-16 units is the same.
pub(crate) fn is_key(key: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    key.starts_with(|first: char| first.is_ascii_lowercase()) && key.bytes().all(is_inner)
}

/// The longest JSON that is written or read.
pub const MAX_BYTES: usize = 4096;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 16;

/// The largest integer, either way: what every JSON reader can hold exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// How much of a foreign text an error repeats.
const SHOWN_CHARS: usize = 64;

/// Why something has no canonical spelling, or is not it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key is not `[a-z][a-z0-9_]*`.
    #[error("key `{key}` is not of the form [a-z][a-z0-9_]*")]
    Key {
        /// The key, cut to a bearable length.
        key: String,
    },
    /// The bytes say the same as the canonical ones in another way.
    #[error("the JSON is not canonical from byte {offset} on")]
    NotCanonical {
        /// The first byte that differs.
        offset: usize,
    },
    /// Not an integer, or too large a one.
    #[error("{number} is not an integer of at most {MAX_INTEGER} in size")]
    Number {
        /// The number, cut to a bearable length.
        number: String,
    },
    /// Not JSON in UTF-8.
    #[error("this is not JSON from column {column} on")]
    Syntax {
        /// Where reading stopped, counted from one.
        column: usize,
    },
    /// Nested too deeply.
    #[error("the JSON nests deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Longer than [`MAX_BYTES`].
    #[error("{bytes} bytes of JSON are more than {MAX_BYTES}")]
    TooLong {
        /// The length.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_value_has_this_one_spelling() {
        let value = json!({"b": [1, -2, true, null], "a_1": {"y": "ü\u{7f}\u{2028}", "x": "\"\\\u{8}\t\n\u{c}\r\u{1f}/"}});
        let expected = "{\"a_1\":{\"x\":\"\\\"\\\\\\b\\t\\n\\f\\r\\u001f/\",\"y\":\"ü\u{7f}\u{2028}\"},\"b\":[1,-2,true,null]}";
        assert_eq!(String::from_utf8(canonical(&value).unwrap()).unwrap(), expected);
    }

    #[test]
    fn another_spelling_of_the_same_value_is_refused() {
        let cases = [
            (r#"{"a":1} "#, 7),
            (r#" {"a":1}"#, 0),
            (r#"{"a": 1}"#, 5),
            (r#"{"b":1,"a":2}"#, 2),
            (r#"{"a":1,"a":2}"#, 5),
            (r#"{"a":1,"a":1}"#, 6),
            (r#"{"\u0061":1}"#, 2),
            (r#"["\u0041"]"#, 2),
            (r#"["\/"]"#, 2),
            (r#"["\u001F"]"#, 7),
            (r#"["\u000a"]"#, 3),
        ];
        for (json, offset) in cases {
            assert_eq!(check(json.as_bytes()), Err(Error::NotCanonical { offset }), "{json}");
        }
    }

    #[test]
    fn numbers_that_readers_disagree_about_are_refused() {
        for number in ["1.0", "1e2", "0.1", "-0", "-0.0", "9007199254740992", "-9007199254740992", "18446744073709551616"] {
            let json = format!("[{number}]");
            assert!(matches!(check(json.as_bytes()), Err(Error::Number { .. } | Error::NotCanonical { .. })), "{number}");
        }
        for number in ["0", "9007199254740991", "-9007199254740991"] {
            assert!(check(format!("[{number}]").as_bytes()).is_ok(), "{number}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for json in ["", "{", "[1,]", "{\"a\":1,}", "NaN", "01", "[1]x", "'a'", "\u{feff}[]", "[\"\t\"]", r#"["\ud800"]"#] {
            assert!(matches!(check(json.as_bytes()), Err(Error::Syntax { .. })), "{json:?}");
        }
        assert!(matches!(check(b"[\"\xff\"]"), Err(Error::Syntax { .. })));
    }

    #[test]
    fn foreign_keys_are_refused() {
        for key in ["", "A", "1a", "_a", "a-b", "a.b", "ä", "a\n"] {
            assert_eq!(canonical(&json!({ key: 1 })), Err(Error::Key { key: key.into() }));
        }
    }

    #[test]
    fn depth_and_length_have_bounds() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(check(nested(MAX_DEPTH + 1).as_bytes()).is_ok());
        assert_eq!(check(nested(MAX_DEPTH + 2).as_bytes()), Err(Error::TooDeep));
        assert!(matches!(check(nested(2048).as_bytes()), Err(Error::Syntax { .. })));
        let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert!(check(text(MAX_BYTES).as_bytes()).is_ok());
        assert_eq!(check(text(MAX_BYTES + 1).as_bytes()), Err(Error::TooLong { bytes: MAX_BYTES + 1 }));
        assert_eq!(canonical(&json!("\n".repeat(MAX_BYTES / 2))), Err(Error::TooLong { bytes: MAX_BYTES + 2 }));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(MAX_INTEGER as i64)..=MAX_INTEGER as i64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z][a-z0-9_]{0,3}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in value()) {
            if let Ok(json) = canonical(&value) {
                prop_assert_eq!(check(&json), Ok(value));
            }
        }

        /// In this profile serde_json itself writes canonical JSON, as long as its maps are sorted.
        #[test]
        fn serde_json_agrees(value in value()) {
            if let Ok(json) = canonical(&value) {
                prop_assert_eq!(json, serde_json::to_vec(&value).unwrap());
            }
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&bytes);
        }

        #[test]
        fn almost_json_is_canonical_or_refused(text in "[\\[\\]{}\",:a-b0-2 \\\\-]{0,16}") {
            if let Ok(value) = check(text.as_bytes()) {
                prop_assert_eq!(canonical(&value).unwrap(), text.into_bytes());
            }
        }
    }
}
