//! Links that a line makes: what is written below one of them lands where it leads, which is not asked for by that name.
//!
//! *Out of scope:* links that were there before, which the gate resolves when it is asked about a path, and a link that is itself
//! written to (`files.rs`).

use holdpoint_core::question::FileKind;

use super::files::Target;
use super::value::Field;
use super::walker::Walker;
use crate::world::absolute;

/// Most links that are followed one after the other.
const FOLLOWED_MAX: usize = 8;

impl Walker<'_> {
    /// Notes where a link leads. In a directory that is there the link gets the name of what it leads to.
    pub(super) fn leads(&mut self, at: &str, source: &Field) {
        let Some(text) = source.known() else {
            self.state.links.entry(at.to_owned()).or_default().insert(String::new());
            return;
        };
        let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let inside = (format!("{at}/{name}"), at.to_owned());
        let itself = (at.to_owned(), at.rsplit_once('/').map_or("/", |(parent, _)| parent).to_owned());
        let places = match self.world.path(at).map(|facts| facts.kind) {
            Some(FileKind::Directory) => vec![inside],
            Some(_) => vec![itself],
            None => vec![inside, itself],
        };
        for (path, from) in places {
            self.state.links.entry(path).or_default().insert(absolute(&text, &from));
        }
    }

    /// The path that is meant where it lies below a link that the line made.
    pub(super) fn through_links(&self, path: String) -> Target {
        let mut path = path;
        for _ in 0..FOLLOWED_MAX {
            let below = |link: &str| path.strip_prefix(link).is_some_and(|rest| rest.starts_with('/'));
            let Some((link, leads)) = self.state.links.iter().find(|(link, _)| below(link)) else {
                return Target::Exactly(path);
            };
            let rest = path.get(link.len()..).unwrap_or_default();
            path = match leads.iter().collect::<Vec<_>>().as_slice() {
                [place] if !place.is_empty() => format!("{}{rest}", place.trim_end_matches('/')),
                _ => return Target::Unknown,
            };
        }
        Target::Unknown
    }
}
