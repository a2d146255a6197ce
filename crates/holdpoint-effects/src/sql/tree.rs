//! The parser's protobuf tree as one plain tree: a name and fields for every node.
//!
//! The conversion is a `serde` serializer, so it visits every field of every node by construction: nothing is missed because
//! nobody thought of it. (The parser crate's own `tables()` and `functions()` miss more than half of the places in which a
//! function may be called.) Its depth is bounded by the decoder, which refuses trees more than 100 messages deep.

use serde::ser::{
    Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};

/// One value of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Nothing,
    Number(i64),
    Text(String),
    List(Vec<Tree>),
    Node(Node),
}

/// A node of the syntax, by the name PostgreSQL gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) kind: &'static str,
    pub(super) fields: Vec<(&'static str, Tree)>,
}

impl Node {
    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> &Tree {
        self.fields.iter().find(|(field, _)| *field == name).map_or(&Tree::Nothing, |(_, value)| value)
    }

    /// The text of a field that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.field(name) {
            Tree::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A number or an enumeration's value; flags are 0 and 1.
    pub(super) fn number(&self, name: &str) -> i64 {
        if let Tree::Number(number) = self.field(name) { *number } else { 0 }
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.number(name) != 0
    }

    /// A field that holds one node.
    pub(super) fn node(&self, name: &str) -> Option<&Node> {
        if let Tree::Node(node) = self.field(name) { Some(node) } else { None }
    }

    /// The nodes of a field that holds a list.
    pub(super) fn nodes(&self, name: &str) -> impl Iterator<Item = &Node> {
        let items = if let Tree::List(items) = self.field(name) { items.as_slice() } else { &[] };
        items.iter().filter_map(|item| if let Tree::Node(node) = item { Some(node) } else { None })
    }
}

/// The parts of a name.
pub(super) fn words(node: &Node, field: &str) -> Vec<String> {
    node.nodes(field).filter_map(|part| part.text("sval")).map(str::to_owned).collect()
}

/// An enumeration's value, where it is one that the parser's tables know.
pub(super) fn enumerated<T: TryFrom<i32>>(node: &Node, field: &str) -> Option<T> {
    T::try_from(i32::try_from(node.number(field)).ok()?).ok()
}

/// Turns a decoded message into a tree.
pub(super) fn of<T: Serialize>(message: &T) -> Tree {
    message.serialize(Builder).unwrap_or(Tree::Nothing)
}

struct Builder;

/// Nothing in the message types makes a conversion fail; the trait wants an error all the same.
#[derive(Debug, thiserror::Error)]
#[error("a message could not be taken apart")]
pub(super) struct Error;

impl serde::ser::Error for Error {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

struct ListBuilder(Vec<Tree>);
struct NodeBuilder(Node);

impl NodeBuilder {
    fn new(kind: &'static str, size: usize) -> Self {
        Self(Node { kind, fields: Vec::with_capacity(size) })
    }

    /// A `Node` message is only an envelope for the one node in it.
    fn finish(mut self) -> Tree {
        match self.0.kind {
            "Node" => self.0.fields.pop().map_or(Tree::Nothing, |(_, inner)| inner),
            _ => Tree::Node(self.0),
        }
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Tree, Error> { Ok(Tree::Number(i64::from(value))) })*
    };
}

impl Serializer for Builder {
    type Ok = Tree;
    type Error = Error;
    type SerializeSeq = ListBuilder;
    type SerializeTuple = ListBuilder;
    type SerializeTupleStruct = ListBuilder;
    type SerializeTupleVariant = ListBuilder;
    type SerializeMap = Impossible<Tree, Error>;
    type SerializeStruct = NodeBuilder;
    type SerializeStructVariant = NodeBuilder;

    numbers!(serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32);

    fn serialize_u64(self, value: u64) -> Result<Tree, Error> {
        Ok(Tree::Number(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn serialize_f32(self, value: f32) -> Result<Tree, Error> {
        Ok(Tree::Text(value.to_string()))
    }

    fn serialize_f64(self, value: f64) -> Result<Tree, Error> {
        Ok(Tree::Text(value.to_string()))
    }

    fn serialize_char(self, value: char) -> Result<Tree, Error> {
        Ok(Tree::Text(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Tree, Error> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Tree, Error> {
        Ok(Tree::Text(String::from_utf8_lossy(value).into_owned()))
    }

    fn serialize_none(self) -> Result<Tree, Error> {
        Ok(Tree::Nothing)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Tree, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Tree, Error> {
        Ok(Tree::Nothing)
    }

    fn serialize_unit_struct(self, kind: &'static str) -> Result<Tree, Error> {
        Ok(NodeBuilder::new(kind, 0).finish())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Tree, Error> {
        Ok(NodeBuilder::new(variant, 0).finish())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<Tree, Error> {
        value.serialize(self)
    }

    /// One of several things a message may hold: the thing itself, or a named value where it is no message.
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, Error> {
        Ok(match value.serialize(self)? {
            Tree::Node(node) => Tree::Node(node),
            other => Tree::Node(Node { kind: variant, fields: vec![("value", other)] }),
        })
    }

    fn serialize_seq(self, size: Option<usize>) -> Result<ListBuilder, Error> {
        Ok(ListBuilder(Vec::with_capacity(size.unwrap_or_default())))
    }

    fn serialize_tuple(self, size: usize) -> Result<ListBuilder, Error> {
        self.serialize_seq(Some(size))
    }

    fn serialize_tuple_struct(self, _: &'static str, size: usize) -> Result<ListBuilder, Error> {
        self.serialize_seq(Some(size))
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, size: usize) -> Result<ListBuilder, Error> {
        self.serialize_seq(Some(size))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(Error)
    }

    fn serialize_struct(self, kind: &'static str, size: usize) -> Result<NodeBuilder, Error> {
        Ok(NodeBuilder::new(kind, size))
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, size: usize) -> Result<NodeBuilder, Error> {
        Ok(NodeBuilder::new(variant, size))
    }
}

macro_rules! list_builder {
    ($($trait:ident: $method:ident),*) => {
        $(impl $trait for ListBuilder {
            type Ok = Tree;
            type Error = Error;

            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
                self.0.push(value.serialize(Builder)?);
                Ok(())
            }

            fn end(self) -> Result<Tree, Error> {
                Ok(Tree::List(self.0))
            }
        })*
    };
}

list_builder!(SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field);

macro_rules! node_builder {
    ($($trait:ident),*) => {
        $(impl $trait for NodeBuilder {
            type Ok = Tree;
            type Error = Error;

            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                match value.serialize(Builder)? {
                    Tree::Nothing => {}
                    value => self.0.fields.push((name, value)),
                }
                Ok(())
            }

            fn end(self) -> Result<Tree, Error> {
                Ok(self.finish())
            }
        })*
    };
}

node_builder!(SerializeStruct, SerializeStructVariant);
