//! YAML files as trees of texts: what Taskfiles and compose files need of it.
//!
//! *In scope:* mappings, sequences, scalars as they are spelled, anchors and merge keys, the first document of a file. *Out of scope:*
//! types: a number is the text that stands there. The parser is saphyr's; what stands here bounds what comes out of it.

use saphyr_parser::{Event, Parser};

/// Most nodes of a file, those that aliases repeat included.
const NODES_MAX: usize = 20_000;
/// Deepest nesting.
const DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Text { text: String, line: usize },
}

impl Node {
    /// Reads a file; nothing where it is not YAML, or more than is read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut reading = Reading { parser: Parser::new_from_str(text), anchors: Vec::new(), nodes: 0 };
        loop {
            match reading.parser.next_event()?.ok()?.0 {
                Event::DocumentStart(_) => break,
                Event::StreamEnd => return None,
                _ => {}
            }
        }
        let (event, span) = reading.parser.next_event()?.ok()?;
        reading.node(event, span.start.line(), 0)
    }

    /// What stands under a key of a mapping.
    pub(crate) fn at(&self, key: &str) -> Option<&Self> {
        self.entries().find_map(|(name, node)| (name == key).then_some(node))
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries = if let Self::Map(entries) = self { entries.as_slice() } else { &[] };
        entries.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// The items of a list; of anything else, itself.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Text { text, .. } if text.is_empty() => &[],
            one => std::slice::from_ref(one),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text { text, .. } = self { Some(text) } else { None }
    }

    /// The text under a key.
    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.at(key)?.text()
    }

    /// The line on which it begins, where it or what it holds is a text.
    pub(crate) fn line(&self) -> usize {
        match self {
            Self::List(items) => items.first().map_or(0, Self::line),
            Self::Map(entries) => entries.first().map_or(0, |(_, node)| node.line()),
            Self::Text { line, .. } => *line,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Self::Map(entries) => 1 + entries.iter().map(|(_, node)| 1 + node.size()).sum::<usize>(),
            Self::Text { .. } => 1,
        }
    }
}

struct Reading<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
}

impl Reading<'_> {
    fn node(&mut self, event: Event<'_>, line: usize, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if depth > DEPTH_MAX || self.nodes > NODES_MAX {
            return None;
        }
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let (_, node) = self.anchors.iter().find(|(known, _)| *known == anchor)?;
                let node = node.clone();
                self.nodes += node.size();
                return Some(node);
            }
            Event::Scalar(text, _, anchor, _) => (Node::Text { text: text.into_owned(), line }, anchor),
            Event::SequenceStart(anchor, _) => (Node::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Node::Map(self.map(depth)?), anchor),
            _ => return None,
        };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Some(node)
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if event == Event::SequenceEnd {
                return Some(items);
            }
            items.push(self.node(event, line, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Option<Vec<(String, Node)>> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut merged: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if event == Event::MappingEnd {
                // What is merged in counts where the mapping itself says nothing.
                merged.retain(|(name, _)| entries.iter().all(|(own, _)| own != name));
                entries.append(&mut merged);
                return Some(entries);
            }
            let key = self.node(event, line, depth + 1)?;
            let (event, line) = self.next()?;
            let value = self.node(event, line, depth + 1)?;
            match key.text() {
                Some("<<") => merged
                    .extend(value.items().iter().flat_map(Node::entries).map(|(name, node)| (name.to_owned(), node.clone()))),
                Some(name) => entries.push((name.to_owned(), value)),
                None => return None,
            }
        }
    }

    fn next(&mut self) -> Option<(Event<'static>, usize)> {
        let (event, span) = self.parser.next_event()?.ok()?;
        Some((owned(event), span.start.line()))
    }
}

/// An event that borrows nothing.
fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Scalar(text, style, anchor, _) => Event::Scalar(text.into_owned().into(), style, anchor, None),
        Event::SequenceStart(anchor, _) => Event::SequenceStart(anchor, None),
        Event::MappingStart(anchor, _) => Event::MappingStart(anchor, None),
        Event::Alias(anchor) => Event::Alias(anchor),
        Event::SequenceEnd => Event::SequenceEnd,
        Event::MappingEnd => Event::MappingEnd,
        Event::DocumentStart(explicit) => Event::DocumentStart(explicit),
        Event::DocumentEnd => Event::DocumentEnd,
        Event::StreamStart => Event::StreamStart,
        Event::StreamEnd => Event::StreamEnd,
        Event::Nothing => Event::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_trees_of_texts() {
        let text = "a: &x\n  k: 1\nb: [p, 'q r']\nc:\n  <<: *x\n  t: |\n    one\n    two\n";
        let root = Node::read(text).unwrap();
        assert_eq!(root.at("b").unwrap().items().iter().filter_map(Node::text).collect::<Vec<_>>(), ["p", "q r"]);
        assert_eq!(root.at("c").unwrap().text_at("k"), Some("1"));
        assert_eq!(root.at("c").unwrap().text_at("t"), Some("one\ntwo\n"));
        assert_eq!(root.at("b").unwrap().line(), 3);
        assert_eq!(Node::read("a: b: c"), None);
    }

    #[test]
    fn aliases_that_multiply_come_to_an_end() {
        let mut text = "a0: &a0 [x, x]\n".to_owned();
        for at in 1..40 {
            text.push_str(&format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1));
        }
        assert_eq!(Node::read(&text), None);
        assert_eq!(Node::read(&"[".repeat(1_000)), None);
    }
}
