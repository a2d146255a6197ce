//! GraphQL documents: whether all that they hold only asks.
//!
//! *In scope:* the lexical grammar and the outline of an executable document (GraphQL specification, October 2021, sections
//! 2.1 and 2.3): an operation is a query, a mutation or a subscription, and only a query is promised to be free of side
//! effects. *Out of scope:* fields and types, and whether a server keeps that promise.

/// Whether a document holds at least one operation, and every one is a query. Linear in its length.
pub(crate) fn only_asks(document: &str) -> bool {
    let Some(tokens) = tokens(document) else { return false };
    let mut rest = tokens.as_slice();
    let mut queries = 0;
    while let Some(first) = rest.first() {
        match first {
            Token::Name("query") | Token::Open('{') => queries += 1,
            Token::Name("fragment") => {}
            _ => return false,
        }
        let Some(after) = behind_selection(rest) else { return false };
        rest = after;
    }
    queries > 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'d> {
    Close(char),
    Name(&'d str),
    Open(char),
    /// A text, a number, or a sign that opens and closes nothing.
    Other,
}

/// What follows a definition, whose selection set is the first brace that no other bracket is open around.
fn behind_selection<'t, 'd>(tokens: &'t [Token<'d>]) -> Option<&'t [Token<'d>]> {
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(sign) => open.push(*sign),
            Token::Close(sign) => {
                if open.pop() != Some(counterpart(*sign)) {
                    return None;
                }
                if open.is_empty() && *sign == '}' {
                    return tokens.get(at + 1..);
                }
            }
            Token::Name(_) | Token::Other => {}
        }
    }
    None
}

fn counterpart(close: char) -> char {
    match close {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

/// The tokens of a document; nothing where a sign stands in it that the grammar does not have.
fn tokens(document: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}' => (None, rest.get(first.len_utf8()..)?),
            '#' => (None, rest.find(['\n', '\r']).and_then(|end| rest.get(end..)).unwrap_or_default()),
            '"' => (Some(Token::Other), behind_text(rest)?),
            '{' | '(' | '[' => (Some(Token::Open(first)), rest.get(1..)?),
            '}' | ')' | ']' => (Some(Token::Close(first)), rest.get(1..)?),
            '!' | '$' | '&' | '.' | ':' | '=' | '@' | '|' | '-' | '+' => (Some(Token::Other), rest.get(1..)?),
            _ if first.is_ascii_alphanumeric() || first == '_' => {
                let end = rest.find(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_')).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end)?;
                (Some(Token::Name(word)), after)
            }
            _ => return None,
        };
        tokens.extend(token);
        rest = after;
    }
    Some(tokens)
}

/// What follows the text that a document begins with.
fn behind_text(document: &str) -> Option<&str> {
    if let Some(block) = document.strip_prefix("\"\"\"") {
        // Inside a block only a backslash in front of three quotes is an escape.
        let end = block.match_indices("\"\"\"").find(|(at, _)| !block.get(..*at).is_some_and(|text| text.ends_with('\\')));
        return end.and_then(|(at, mark)| block.get(at + mark.len()..));
    }
    let text = document.strip_prefix('"')?;
    let mut escaped = false;
    for (at, sign) in text.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return text.get(at + 1..),
            '\n' | '\r' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_change_something_does_not_only_ask() {
        for document in [
            "mutation { volumeDelete(id: 1) }",
            "mutation X($id: ID!) { a(id: $id) { b } }",
            "subscription { ticks }",
            "query A { a } mutation B { b }",
            "{ a } mutation { b }",
            "fragment F on T { a } mutation { ...F }",
            "query A($x: In = {a: 1}) { a } mutation { b }",
            "query A { a(x: \"}\") } mutation { b }",
            "query A { a(x: \"\\\"}\") } mutation { b }",
            "query A { a(x: \"\"\"}\\\"\"\" }\"\"\") } mutation { b }",
            "# query {\nmutation { a }",
            "# a\rmutation { a }",
            "query # {\n mutation { a }\n}{",
            "fragment F on T { a }",
            "type Query { a: Int }",
            "\"a\" query { a }",
            "query { a ",
            "query { a ) }",
            "query { a } }",
            "query { a } \u{200b}mutation { b }",
            "",
            "DROP TABLE users",
        ] {
            assert!(!only_asks(document), "{document}");
        }
    }

    #[test]
    fn queries_only_ask() {
        for document in [
            "{ me { id } }",
            "query { viewer { login } }",
            "query Q($n: Int = 3, $x: In = {a: [1, 2]}) @live { a(first: $n, text: \"mutation { x }\") { b ...F } } fragment F on T { c }",
            "# mutation { a }\nquery { a }",
            "query { a(x: \"\"\" a \"b\" } \"\"\") { mutation } }",
            "query A { a } query B { b }",
        ] {
            assert!(only_asks(document), "{document}");
        }
    }
}
