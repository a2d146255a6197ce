//! Who sends a form: the same browser that was given it.
//!
//! A visit is a random cookie. It says nothing about who the visitor is; a form's token is the visit under a key of this
//! server, so a page of a stranger can not write one. Beside it the origin of every form is checked.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::AppendHeaders;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use holdpoint_core::actor::PersonId;
use ring::hmac;

use crate::clock::World;
use crate::engine;

const VISIT: &str = "holdpoint-visit";
const PERSON: &str = "holdpoint-as";
/// Cookies go back to this server only, and no script reads them.
const ATTRIBUTES: &str = "Path=/; HttpOnly; SameSite=Strict";

/// One browser's visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visit {
    id: String,
    /// Who the visitor says they are.
    pub(super) person: Option<PersonId>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let person = cookie(&parts.headers, PERSON).and_then(|text| PersonId::parse(text).ok());
        Ok(Self { id: cookie(&parts.headers, VISIT).unwrap_or_default().to_owned(), person })
    }
}

impl Visit {
    /// Goes on with a visit, or begins one; `claimed` is who the visitor has just said they are.
    pub(super) fn begun(mut self, world: &dyn World, claimed: Option<PersonId>) -> Result<Self, engine::Error> {
        if BASE64.decode(&self.id).map_or(0, |bytes| bytes.len()) != 32 {
            let mut bytes = [0; 32];
            world.fill_random(&mut bytes)?;
            self.id = BASE64.encode(bytes);
        }
        self.person = claimed.or(self.person);
        Ok(self)
    }

    /// The cookies that keep it.
    pub(super) fn cookies(&self) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
        let person = self.person.iter().map(|person| format!("{PERSON}={person}; {ATTRIBUTES}"));
        let all = std::iter::once(format!("{VISIT}={}; {ATTRIBUTES}", self.id)).chain(person);
        AppendHeaders(all.filter_map(|cookie| Some((header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?))).collect())
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find_map(|(found, value)| (found == name).then_some(value))
}

/// What a form carries to show that this server wrote it for this visit.
pub(super) struct Token(hmac::Tag);

impl Token {
    pub(super) fn of(visit: &Visit, key: &hmac::Key) -> Self {
        Self(hmac::sign(key, visit.id.as_bytes()))
    }

    /// Whether a form that was sent back carries the token of this visit.
    pub(super) fn matches(visit: &Visit, key: &hmac::Key, token: &str) -> bool {
        let carried = BASE64.decode(token).unwrap_or_default();
        !visit.id.is_empty() && hmac::verify(key, visit.id.as_bytes(), &carried).is_ok()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Fixed;
    use holdpoint_core::Timestamp;

    fn visit(world: &Fixed) -> Visit {
        Visit { id: String::new(), person: None }.begun(world, None).unwrap()
    }

    #[test]
    fn a_token_is_good_for_the_visit_it_was_made_for() {
        let world = Fixed::new(Timestamp::UNIX_EPOCH, 1);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let (mine, theirs) = (visit(&world), visit(&world));
        let token = Token::of(&mine, &key).to_string();
        assert!(Token::matches(&mine, &key, &token));
        assert!(!Token::matches(&theirs, &key, &token));
        assert!(!Token::matches(&mine, &hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]), &token));
        assert!(!Token::matches(&mine, &key, ""));
        let nobody = Visit { id: String::new(), person: None };
        assert!(!Token::matches(&nobody, &key, &Token::of(&nobody, &key).to_string()), "no visit, no form");
    }

    #[test]
    fn cookies_are_read_as_they_were_set() {
        let world = Fixed::new(Timestamp::UNIX_EPOCH, 1);
        let bob = PersonId::parse("bob").unwrap();
        let begun = visit(&world).begun(&world, Some(bob.clone())).unwrap();
        let mut headers = HeaderMap::new();
        for (_, value) in begun.cookies().0 {
            let pair = value.to_str().unwrap().split(';').next().unwrap().to_owned();
            headers.append(header::COOKIE, pair.parse().unwrap());
        }
        assert_eq!(cookie(&headers, VISIT), Some(begun.id.as_str()));
        assert_eq!(cookie(&headers, PERSON), Some("bob"));
    }
}
