//! Masks secrets in text that is shown or kept for showing.
//!
//! **In scope**: what looks like a secret by where it stands (after `--password`, in a URL's user part, in a header, in a
//! variable named like one) or by its own form (tokens with a known beginning, private keys). **Out of scope**: the exact
//! bytes of a change, which its digest needs; they are kept apart and can be redacted.
//!
//! A mask is a courtesy to readers, not a fence: a secret that looks like nothing in particular stays visible.

use std::ops::Range;

/// What stands in a secret's place.
pub const MASK: &str = "[masked]";

/// Words that a name of a secret ends with or holds, in lower case without separators.
const SECRET_NAMES: &[&str] =
    &["apikey", "accesskey", "clientsecret", "credential", "passphrase", "passwd", "password", "privatekey", "secret", "token"];

/// Headers whose value is a secret.
const SECRET_HEADERS: &[&str] =
    &["authorization:", "proxy-authorization:", "cookie:", "x-api-key:", "x-auth-token:", "private-token:"];

/// How tokens of well-known issuers begin, and how many characters follow at least.
const TOKENS: &[(&str, usize)] = &[
    ("AIza", 20),
    ("AKIA", 12),
    ("ASIA", 12),
    ("SG.", 20),
    ("dop_v1_", 20),
    ("eyJ", 20),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghr_", 16),
    ("ghs_", 16),
    ("ghu_", 16),
    ("github_pat_", 16),
    ("glpat-", 12),
    ("hf_", 16),
    ("npm_", 16),
    ("pypi-", 16),
    ("sk-", 16),
    ("sk_live_", 12),
    ("sk_test_", 12),
    ("xoxb-", 10),
    ("xoxp-", 10),
];

/// Gives the text with what looks like a secret masked.
pub fn mask(text: &str) -> String {
    Masked::of(text).text
}

/// A text with what looks like a secret masked, and where everything else went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The text with the masks in it.
    pub text: String,
    /// What was masked, in the order of the text: where it stood, and where its mask begins.
    secrets: Vec<(Range<usize>, usize)>,
}

impl Masked {
    /// Masks a text.
    pub fn of(text: &str) -> Self {
        let mut masked = Self { text: String::with_capacity(text.len()), secrets: Vec::new() };
        let mut done = 0;
        for secret in merged(secrets(text)) {
            masked.text.push_str(text.get(done..secret.start).unwrap_or_default());
            done = secret.end;
            masked.secrets.push((secret, masked.text.len()));
            masked.text.push_str(MASK);
        }
        masked.text.push_str(text.get(done..).unwrap_or_default());
        masked
    }

    /// Where a part of the text stands now. What began or ended inside a secret takes its mask with it.
    pub fn place(&self, span: &Range<usize>) -> Range<usize> {
        self.moved(span.start, 0)..self.moved(span.end, MASK.len())
    }

    fn moved(&self, at: usize, inside: usize) -> usize {
        let before = self.secrets.partition_point(|(secret, _)| secret.start < at);
        match before.checked_sub(1).and_then(|last| self.secrets.get(last)) {
            None => at,
            Some((secret, mask)) if at < secret.end => mask + inside,
            Some((secret, mask)) => mask + MASK.len() + (at - secret.end),
        }
    }
}

fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut secrets: Vec<Range<usize>> = Vec::new();
    secrets.extend(private_keys(text));
    secrets.extend(words(text).flat_map(|word| in_word(text, word)));
    secrets.extend(after_names(text));
    secrets.extend(in_headers(text));
    secrets
}

/// The ranges in order; those that overlap as one.
fn merged(mut secrets: Vec<Range<usize>>) -> Vec<Range<usize>> {
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_by_key(|secret| secret.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for secret in secrets {
        match merged.last_mut() {
            Some(last) if secret.start < last.end => last.end = last.end.max(secret.end),
            _ => merged.push(secret),
        }
    }
    merged
}

/// The words of a text: runs between white space, quotes and the separators of shells.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let separates = |character: char| character.is_whitespace() || "\"'`;|&()<>{},".contains(character);
    text.split(separates).map(move |word| {
        // `split` gives parts of `text`, so their distance from its start is their place in it.
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        start..start + word.len()
    })
}

/// Secrets inside one word: a token, a password in a URL, the value of `NAME=…` or `--name=…`.
fn in_word(text: &str, word: Range<usize>) -> Vec<Range<usize>> {
    let content = text.get(word.clone()).unwrap_or("");
    let at = |range: Range<usize>| word.start + range.start..word.start + range.end;
    let mut secrets: Vec<_> = TOKENS.iter().filter_map(|(beginning, least)| token(content, beginning, *least)).map(at).collect();
    if let Some((scheme, rest)) = content.split_once("://")
        && let Some((user, _)) = rest.split('/').next().unwrap_or("").rsplit_once('@')
        && let Some(colon) = user.find(':')
    {
        let start = scheme.len() + "://".len();
        secrets.push(at(start + colon + 1..start + user.len()));
    }
    if let Some((name, value)) = content.split_once('=')
        && names_a_secret(name)
    {
        secrets.push(at(content.len() - value.len()..content.len()));
    }
    secrets
}

fn token(word: &str, beginning: &str, least: usize) -> Option<Range<usize>> {
    let start = word.find(beginning)?;
    let body = word.get(start + beginning.len()..)?;
    let length = body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.+/=".contains(byte)).count();
    let begins_a_word = word.get(..start)?.chars().next_back().is_none_or(|before| !before.is_ascii_alphanumeric());
    (length >= least && begins_a_word).then(|| start..start + beginning.len() + length)
}

fn names_a_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    SECRET_NAMES.iter().any(|secret| plain.ends_with(secret)) || plain == "pat"
}

/// The words that follow `--password`, `--token` and the like, and quoted values of variables named like them.
fn after_names(text: &str) -> Vec<Range<usize>> {
    let words: Vec<_> = words(text).filter(|word| !word.is_empty()).collect();
    let follows_name = words.iter().zip(words.iter().skip(1)).filter_map(|(name, value)| {
        let (name_text, shown) = (text.get(name.clone())?, text.get(value.clone())?);
        let option = name_text.starts_with("--") && !shown.starts_with('-');
        // `NAME='value'`: the quote ended the word, and what it encloses begins right behind it.
        let quoted = name_text.ends_with('=') && value.start == name.end + 1;
        ((option || quoted) && names_a_secret(name_text)).then(|| value.clone())
    });
    follows_name.collect()
}

/// What follows the name of a secret header, to the end of the line or of the quotation it stands in.
fn in_headers(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut secrets = Vec::new();
    for header in SECRET_HEADERS {
        for (at, _) in lower.match_indices(header) {
            let start = at + header.len();
            let value = text.get(start..).unwrap_or("");
            let length = value.find(['"', '\'', '\n']).unwrap_or(value.len());
            let blank = value.len() - value.trim_start_matches(' ').len();
            secrets.push(start + blank.min(length)..start + length);
        }
    }
    secrets
}

fn private_keys(text: &str) -> Vec<Range<usize>> {
    const END: &str = "-----END";
    let mut secrets = Vec::new();
    for (at, begin) in text.match_indices("-----BEGIN") {
        let rest = text.get(at..).unwrap_or("");
        if rest.lines().next().is_some_and(|line| line.contains("PRIVATE KEY")) {
            let end = rest.find(END).map_or(text.len(), |end| at + end);
            secrets.push(at + begin.len()..end);
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_where_they_stand() {
        for (text, shown) in [
            ("psql postgres://app:hunter2@db/x", "psql postgres://app:[masked]@db/x"),
            ("mysql --password=hunter2 -u app", "mysql --password=[masked] -u app"),
            ("tool --api-key abc123 --yes", "tool --api-key [masked] --yes"),
            ("DB_PASSWORD='hunter2' ./run", "DB_PASSWORD='[masked]' ./run"),
            ("GITHUB_TOKEN=abc ./run", "GITHUB_TOKEN=[masked] ./run"),
            ("curl -H 'Authorization: Bearer abc.def' https://x", "curl -H 'Authorization: [masked]' https://x"),
            ("git push https://ghp_0123456789abcdefABCD@github.com/a/b", "git push https://[masked]@github.com/a/b"),
            ("aws configure set AKIAIOSFODNN7EXAMPLE", "aws configure set [masked]"),
            (
                "echo '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----'",
                "echo '-----BEGIN[masked]-----END OPENSSH PRIVATE KEY-----'",
            ),
        ] {
            assert_eq!(mask(text), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        for text in [
            "rm -rf ~/old",
            "git commit -m 'rotate the token'",
            "sk-1",
            "grep -r password src",
            "ssh user@host",
            "tokenizer=fast",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn what_stands_beside_a_secret_is_found_again() {
        let text = "a --token xyz1 b; GITHUB_TOKEN=q c";
        let masked = Masked::of(text);
        assert_eq!(masked.text, "a --token [masked] b; GITHUB_TOKEN=[masked] c");
        let now = |part: &str| {
            let start = text.find(part).unwrap();
            masked.text.get(masked.place(&(start..start + part.len()))).unwrap()
        };
        for part in ["a", "--token", " b;", " c"] {
            assert_eq!(now(part), part);
        }
        assert_eq!(now("--token xyz1 b"), "--token [masked] b");
        assert_eq!((now("xyz1"), now("yz"), now("n xy")), ("[masked]", "[masked]", "n [masked]"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_masked(text in ".*", start in 0..100usize, length in 0..100usize) {
            let masked = Masked::of(&text);
            let span = start..start + length;
            if text.get(span.clone()).is_some() {
                assert!(masked.text.get(masked.place(&span)).is_some());
            }
        }
    }
}
