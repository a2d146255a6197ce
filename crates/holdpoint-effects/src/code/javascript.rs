//! JavaScript, from its concrete tree into the forms of [`syntax`](super::syntax).
//!
//! *In scope:* the whole grammar: what has no form of its own is a computation on its parts, or statements that may run.
//! *Out of scope:* TypeScript, whose annotations are errors here, and what any of it means (`evaluate.rs`).

use std::collections::BTreeSet;
use std::rc::Rc;

use tree_sitter::Node;

use super::language::Language;
use super::names::declared;
use super::parse::{Source, children, fields, tree, unescaped};
use super::syntax::{Argument, Expression, Function, Import, Parameter, Pattern, Piece, Statement, Taken, Unreadable};
use crate::shell::budget::Budget;

type Read<T> = Result<T, Unreadable>;

/// What stands in front of the name of a function that gets a template: `` $`ls` ``, as zx, Bun and execa have it.
pub(super) const SHELL_TEMPLATE: &str = "`";

/// Reads a program.
pub(super) fn read(text: &str, budget: &Budget) -> Read<Vec<Statement>> {
    let tree = tree(Language::JavaScript, text, budget)?;
    JavaScript { source: Source::new(text, budget) }.block(tree.root_node())
}

struct JavaScript<'t> {
    source: Source<'t>,
}

impl JavaScript<'_> {
    fn block(&mut self, node: Node<'_>) -> Read<Vec<Statement>> {
        let mut statements = Vec::new();
        for child in children(node) {
            self.statement(child, &mut statements)?;
        }
        Ok(statements)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.source.enter()?;
        let result = read(self);
        self.source.leave();
        result
    }

    fn statement(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        self.deeper(|javascript| javascript.statement_here(node, into))
    }

    fn statement_here(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        match node.kind() {
            "break_statement"
            | "continue_statement"
            | "debugger_statement"
            | "empty_statement"
            | "hash_bang_line"
            | "import_attribute"
            | "statement_identifier" => {}
            "class_declaration" => {
                let name = self.name_of(node, "name")?;
                into.push(self.class(node, name)?);
            }
            "export_statement" => self.export(node, into)?,
            "expression_statement" => {
                for child in children(node) {
                    self.at_once(child, into)?;
                }
            }
            "for_in_statement" => self.for_in(node, into)?,
            "for_statement" | "while_statement" | "do_statement" => {
                for child in fields(node, "initializer") {
                    self.statement_or_value(child, into)?;
                }
                let mut body = Vec::new();
                for name in ["condition", "body", "increment"] {
                    for child in fields(node, name) {
                        self.statement_or_value(child, &mut body)?;
                    }
                }
                into.push(Statement::Loop { each: None, body });
            }
            "function_declaration" | "generator_function_declaration" => {
                let name = self.name_of(node, "name")?;
                into.push(Statement::Define { name, function: self.function(node)? });
            }
            "if_statement" | "switch_statement" | "try_statement" => self.branching(node, into)?,
            "import_statement" => self.import(node, into)?,
            "labeled_statement" => {
                for child in fields(node, "body") {
                    self.statement(child, into)?;
                }
            }
            "lexical_declaration" | "variable_declaration" | "using_declaration" => {
                for declarator in children(node) {
                    let target = self.pattern_field(declarator, "name")?;
                    let value = self.optional(declarator, "value")?;
                    into.push(Statement::Assign { target, value });
                }
            }
            "return_statement" => {
                let values = self.expressions(&children(node))?;
                into.push(Statement::Return(one_of(values)));
            }
            "statement_block" => into.extend(self.block(node)?),
            "with_statement" => return Err(Unreadable("`with` changes what names mean")),
            _ => self.at_once(node, into)?,
        }
        Ok(())
    }

    fn statement_or_value(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let kind = node.kind();
        if kind.ends_with("_statement") || kind.ends_with("_declaration") || kind == "statement_block" {
            self.statement(node, into)
        } else {
            self.at_once(node, into)
        }
    }

    /// An expression that stands as a statement: an assignment happens for certain.
    fn at_once(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        if node.kind() == "assignment_expression" {
            let (target, value) = self.assignment(node)?;
            into.push(Statement::Assign { target, value });
        } else if node.kind() == "sequence_expression" {
            for child in children(node) {
                self.at_once(child, into)?;
            }
        } else {
            into.push(Statement::Expression(self.expression(node)?));
        }
        Ok(())
    }

    /// Conditions run; what stands behind them may.
    fn branching(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let mut bodies = Vec::new();
        for child in children(node) {
            let mut inner = Vec::new();
            match child.kind() {
                "parenthesized_expression" => self.at_once(child, into)?,
                "catch_clause" => {
                    for parameter in fields(child, "parameter") {
                        let target = self.pattern(parameter)?;
                        inner.push(Statement::Assign { target, value: Expression::Other(Vec::new()) });
                    }
                    for body in fields(child, "body") {
                        self.statement(body, &mut inner)?;
                    }
                }
                "else_clause" | "finally_clause" | "switch_body" | "switch_case" | "switch_default" => {
                    self.deeper(|javascript| javascript.branching(child, &mut inner))?;
                }
                _ => self.statement_or_value(child, &mut inner)?,
            }
            bodies.push(inner);
        }
        into.push(Statement::Branches(bodies));
        Ok(())
    }

    fn for_in(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let target = self.pattern_field(node, "left")?;
        let over = self.required(node, "right")?;
        let of = node.child_by_field_name("operator").is_some_and(|operator| self.source.text_of(operator) == "of");
        // `for (key in object)` gives names.
        let over = if of { over } else { Expression::List(vec![positional(Expression::Other(vec![over]))]) };
        let mut body = Vec::new();
        for child in fields(node, "body") {
            self.statement(child, &mut body)?;
        }
        into.push(Statement::Loop { each: Some((target, over)), body });
        Ok(())
    }

    fn class(&mut self, node: Node<'_>, name: String) -> Read<Statement> {
        let mut bases = Vec::new();
        let mut body = Vec::new();
        for child in children(node) {
            match child.kind() {
                "class_body" => {
                    for member in children(child) {
                        self.deeper(|javascript| javascript.member(member, &mut body))?;
                    }
                }
                "class_heritage" | "decorator" => bases.extend(self.expressions(&children(child))?),
                _ => {}
            }
        }
        Ok(Statement::Class { name, bases, body })
    }

    fn member(&mut self, node: Node<'_>, body: &mut Vec<Statement>) -> Read<()> {
        match node.kind() {
            "method_definition" => {
                let name = self.key(node, "name")?.unwrap_or_default();
                body.push(Statement::Define { name, function: self.function(node)? });
            }
            "field_definition" => {
                let name = self.key(node, "property")?.unwrap_or_default();
                let place = Expression::Attribute(Box::new(Expression::Name("this".to_owned())), name.clone());
                match self.optional(node, "value")? {
                    Expression::Function(function) => body.push(Statement::Define { name, function }),
                    value => body.push(Statement::Assign { target: Pattern::Elsewhere(place), value }),
                }
            }
            _ => {
                for child in fields(node, "body") {
                    self.statement(child, body)?;
                }
            }
        }
        Ok(())
    }

    fn export(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        for child in fields(node, "declaration") {
            self.statement(child, into)?;
        }
        // What is exported is called by whoever takes it.
        for child in fields(node, "value") {
            into.push(Statement::Return(self.expression(child)?));
        }
        if let Some(source) = fields(node, "source").first() {
            let module = self.plain_text(*source).ok_or(Unreadable("a module without a plain name"))?;
            into.push(Statement::Import(Import { module, takes: Taken::Names(Vec::new()) }));
        }
        Ok(())
    }

    fn import(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let module = fields(node, "source").first().and_then(|source| self.plain_text(*source));
        let module = module.ok_or(Unreadable("a module without a plain name"))?;
        let mut takes = vec![Taken::Names(Vec::new())];
        for clause in children(node).into_iter().filter(|child| child.kind() == "import_clause") {
            for child in children(clause) {
                takes.push(match child.kind() {
                    "identifier" => Taken::Whole(self.identifier(child)?),
                    "namespace_import" => match children(child).first() {
                        Some(name) => Taken::Whole(self.identifier(*name)?),
                        None => continue,
                    },
                    _ => Taken::Names(children(child).into_iter().map(|one| self.imported(one)).collect::<Read<_>>()?),
                });
            }
        }
        if takes.len() > 1 {
            takes.remove(0);
        }
        into.extend(takes.into_iter().map(|takes| Statement::Import(Import { module: module.clone(), takes })));
        Ok(())
    }

    fn imported(&mut self, node: Node<'_>) -> Read<(String, String)> {
        let name = self.key(node, "name")?.ok_or(Unreadable("an import without a name"))?;
        let alias = self.key(node, "alias")?;
        Ok((name.clone(), alias.unwrap_or(name)))
    }

    fn function(&mut self, node: Node<'_>) -> Read<Rc<Function>> {
        let single = fields(node, "parameter");
        let list = fields(node, "parameters").into_iter().flat_map(children);
        let parameters = single.into_iter().chain(list).map(|node| self.parameter(node)).collect::<Read<Vec<_>>>()?;
        let mut body = Vec::new();
        for child in fields(node, "body") {
            if child.kind() == "statement_block" {
                self.statement(child, &mut body)?;
            } else {
                body.push(Statement::Return(self.expression(child)?));
            }
        }
        let mut locals = BTreeSet::new();
        for body in fields(node, "body") {
            declared(body, &self.source, &mut locals)?;
        }
        Ok(Rc::new(Function { parameters, body, locals }))
    }

    fn parameter(&mut self, node: Node<'_>) -> Read<Parameter> {
        Ok(match node.kind() {
            "assignment_pattern" => {
                let default = Some(self.required(node, "right")?);
                Parameter { pattern: self.pattern_field(node, "left")?, default, rest: false }
            }
            "rest_pattern" => match children(node).first() {
                Some(inner) => Parameter { pattern: self.pattern(*inner)?, default: None, rest: true },
                None => Parameter { pattern: Pattern::Nothing, default: None, rest: true },
            },
            _ => Parameter { pattern: self.pattern(node)?, default: None, rest: false },
        })
    }

    fn expressions(&mut self, nodes: &[Node<'_>]) -> Read<Vec<Expression>> {
        nodes.iter().map(|node| self.expression(*node)).collect()
    }

    fn expression(&mut self, node: Node<'_>) -> Read<Expression> {
        self.deeper(|javascript| javascript.expression_here(node))
    }

    fn expression_here(&mut self, node: Node<'_>) -> Read<Expression> {
        Ok(match node.kind() {
            "array" => Expression::List(self.arguments(&children(node))?),
            "arrow_function" | "function_expression" | "generator_function" => Expression::Function(self.function(node)?),
            "assignment_expression" => {
                let (target, value) = self.assignment(node)?;
                let again = match &target {
                    Pattern::Name(name) => Expression::Name(name.clone()),
                    _ => Expression::Other(Vec::new()),
                };
                Expression::Choice(vec![Expression::Block(vec![Statement::Assign { target, value }]), again])
            }
            "augmented_assignment_expression" => self.augmented(node)?,
            "await_expression" | "parenthesized_expression" => one_of(self.expressions(&children(node))?),
            "binary_expression" => self.binary(node)?,
            "call_expression" => self.call(node)?,
            "class" => Expression::Block(vec![self.class(node, String::new())?]),
            "false" | "null" | "undefined" => Expression::Truth(false),
            "true" => Expression::Truth(true),
            "identifier" | "shorthand_property_identifier" | "import" | "super" | "this" => {
                Expression::Name(self.identifier(node)?)
            }
            "member_expression" => {
                let object = self.required(node, "object")?;
                let name = self.name_of(node, "property")?;
                Expression::Attribute(Box::new(object), name)
            }
            "meta_property" => Expression::Name("import.meta".to_owned()),
            "new_expression" => {
                let callee = Box::new(self.required(node, "constructor")?);
                let arguments = fields(node, "arguments").first().map(|list| children(*list)).unwrap_or_default();
                Expression::Call { callee, arguments: self.arguments(&arguments)? }
            }
            "number" => self.source.text_of(node).parse().map_or(Expression::Other(Vec::new()), Expression::Number),
            "object" => self.object(node)?,
            "regex" => Expression::Other(Vec::new()),
            "sequence_expression" => {
                let mut values = self.expressions(&children(node))?;
                let last = values.pop().unwrap_or(Expression::Truth(false));
                Expression::Choice(vec![Expression::Other(values), last])
            }
            "statement_block" => Expression::Block(self.block(node)?),
            "string" | "template_string" => Expression::Text(self.text(node)?),
            "subscript_expression" => {
                Expression::Index(Box::new(self.required(node, "object")?), Box::new(self.required(node, "index")?))
            }
            "ternary_expression" => {
                let condition = self.required(node, "condition")?;
                Expression::Choice(vec![
                    self.required(node, "consequence")?,
                    self.required(node, "alternative")?,
                    Expression::Other(vec![condition]),
                ])
            }
            "unary_expression" => match self.required(node, "argument")? {
                Expression::Number(number) if self.source.text_of(node).starts_with('-') => Expression::Number(-number),
                inner => Expression::Other(vec![inner]),
            },
            _ => Expression::Other(self.expressions(&children(node))?),
        })
    }

    fn assignment(&mut self, node: Node<'_>) -> Read<(Pattern, Expression)> {
        let target = self.pattern_field(node, "left")?;
        Ok((target, self.required(node, "right")?))
    }

    fn augmented(&mut self, node: Node<'_>) -> Read<Expression> {
        let target = self.pattern_field(node, "left")?;
        let (before, more) = (self.required(node, "left")?, self.required(node, "right")?);
        let operator = node.child_by_field_name("operator").map(|node| self.source.text_of(node));
        let value = match operator {
            Some("+=") => Expression::Add(before.into(), more.into()),
            Some("||=" | "??=" | "&&=") => Expression::Choice(vec![before, more]),
            _ => Expression::Other(vec![before, more]),
        };
        Ok(Expression::Block(vec![Statement::Assign { target, value }]))
    }

    fn binary(&mut self, node: Node<'_>) -> Read<Expression> {
        let (left, right) = (self.required(node, "left")?, self.required(node, "right")?);
        let operator = node.child_by_field_name("operator").map(|node| self.source.text_of(node));
        Ok(match operator {
            Some("+") => Expression::Add(left.into(), right.into()),
            Some("||" | "&&" | "??") => Expression::Choice(vec![left, right]),
            _ => Expression::Other(vec![left, right]),
        })
    }

    fn call(&mut self, node: Node<'_>) -> Read<Expression> {
        let callee = self.required(node, "function")?;
        let Some(arguments) = fields(node, "arguments").first().copied() else {
            return Err(Unreadable("a call without arguments"));
        };
        if arguments.kind() != "template_string" {
            return Ok(Expression::Call { callee: Box::new(callee), arguments: self.arguments(&children(arguments))? });
        }
        let callee = match callee {
            Expression::Name(name) if name == "$" || name.starts_with("execa") => {
                Expression::Name(format!("{SHELL_TEMPLATE}{name}"))
            }
            other => other,
        };
        let text = positional(Expression::Text(self.text(arguments)?));
        Ok(Expression::Call { callee: Box::new(callee), arguments: vec![text] })
    }

    fn arguments(&mut self, nodes: &[Node<'_>]) -> Read<Vec<Argument>> {
        let mut arguments = Vec::new();
        for node in nodes {
            arguments.push(if node.kind() == "spread_element" {
                Argument { name: None, spread: true, value: one_of(self.expressions(&children(*node))?) }
            } else {
                positional(self.expression(*node)?)
            });
        }
        Ok(arguments)
    }

    fn object(&mut self, node: Node<'_>) -> Read<Expression> {
        let mut entries = Vec::new();
        for child in children(node) {
            match child.kind() {
                "method_definition" => entries.push((self.key(child, "name")?, Expression::Function(self.function(child)?))),
                "pair" => {
                    let key = self.key(child, "key")?;
                    entries.push((key, self.required(child, "value")?));
                }
                "shorthand_property_identifier" => {
                    entries.push((Some(self.identifier(child)?), self.expression(child)?));
                }
                _ => entries.push((None, one_of(self.expressions(&children(child))?))),
            }
        }
        Ok(Expression::Record(entries))
    }

    fn text(&mut self, node: Node<'_>) -> Read<Vec<Piece>> {
        let mut pieces = Vec::new();
        for child in children(node) {
            pieces.push(match child.kind() {
                "string_fragment" => Piece::Known(self.source.text_of(child).to_owned()),
                "escape_sequence" => unescaped(self.source.text_of(child)).map_or(Piece::Unknown, Piece::Known),
                "template_substitution" => Piece::Of(one_of(self.expressions(&children(child))?)),
                _ => Piece::Unknown,
            });
        }
        Ok(pieces)
    }

    fn plain_text(&mut self, node: Node<'_>) -> Option<String> {
        let pieces = self.text(node).ok()?;
        pieces.iter().map(|piece| if let Piece::Known(text) = piece { Some(text.as_str()) } else { None }).collect()
    }

    fn pattern(&mut self, node: Node<'_>) -> Read<Pattern> {
        self.deeper(|javascript| javascript.pattern_here(node))
    }

    fn pattern_here(&mut self, node: Node<'_>) -> Read<Pattern> {
        Ok(match node.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => Pattern::Name(self.identifier(node)?),
            "array_pattern" => Pattern::Each(children(node).into_iter().map(|child| self.pattern(child)).collect::<Read<_>>()?),
            "assignment_pattern" | "object_assignment_pattern" => {
                let default = Pattern::Elsewhere(Expression::Other(vec![self.required(node, "right")?]));
                Pattern::Fields(vec![(None, self.pattern_field(node, "left")?), (None, default)])
            }
            "object_pattern" => {
                let mut entries = Vec::new();
                for child in children(node) {
                    entries.push(self.deeper(|javascript| javascript.field_pattern(child))?);
                    if child.kind() == "object_assignment_pattern" {
                        let default = Expression::Other(vec![self.required(child, "right")?]);
                        entries.push((None, Pattern::Elsewhere(default)));
                    }
                }
                Pattern::Fields(entries)
            }
            "parenthesized_expression" | "rest_pattern" => match children(node).first() {
                Some(inner) => self.pattern(*inner)?,
                None => Pattern::Nothing,
            },
            _ => Pattern::Elsewhere(self.expression(node)?),
        })
    }

    fn field_pattern(&mut self, node: Node<'_>) -> Read<(Option<String>, Pattern)> {
        Ok(match node.kind() {
            "pair_pattern" => {
                let key = self.key(node, "key")?;
                let key = key.ok_or(Unreadable("a name that it puts together is taken from something"))?;
                (Some(key), self.pattern_field(node, "value")?)
            }
            "object_assignment_pattern" => {
                let inner = fields(node, "left").first().copied().ok_or(Unreadable("a pattern without a name"))?;
                self.deeper(|javascript| javascript.field_pattern(inner))?
            }
            "shorthand_property_identifier_pattern" => {
                let name = self.identifier(node)?;
                (Some(name.clone()), Pattern::Name(name))
            }
            _ => (None, self.pattern(node)?),
        })
    }

    /// The name of a property, where it is a plain one.
    fn key(&mut self, node: Node<'_>, field: &str) -> Read<Option<String>> {
        let Some(key) = fields(node, field).first().copied() else { return Ok(None) };
        Ok(match key.kind() {
            "string" => self.plain_text(key),
            "computed_property_name" => match self.expressions(&children(key))?.as_slice() {
                [Expression::Text(pieces)] => match pieces.as_slice() {
                    [Piece::Known(text)] => Some(text.clone()),
                    _ => None,
                },
                _ => None,
            },
            _ => Some(self.identifier(key)?),
        })
    }

    fn pattern_field(&mut self, node: Node<'_>, name: &str) -> Read<Pattern> {
        let node = fields(node, name).first().copied().ok_or(Unreadable("an assignment without a target"))?;
        self.pattern(node)
    }

    fn required(&mut self, node: Node<'_>, name: &str) -> Read<Expression> {
        let node = fields(node, name).first().copied().ok_or(Unreadable("a part that is missing"))?;
        self.expression(node)
    }

    fn optional(&mut self, node: Node<'_>, name: &str) -> Read<Expression> {
        fields(node, name).first().map_or(Ok(Expression::Truth(false)), |node| self.expression(*node))
    }

    fn name_of(&mut self, node: Node<'_>, field: &str) -> Read<String> {
        let node = fields(node, field).first().copied().ok_or(Unreadable("a definition without a name"))?;
        self.identifier(node)
    }

    /// A name as it is written: letters may be written as numbers, which is not read here.
    fn identifier(&self, node: Node<'_>) -> Read<String> {
        let name = self.source.text_of(node);
        if name.contains('\\') { Err(Unreadable("a name that is spelled in numbers")) } else { Ok(name.to_owned()) }
    }
}

fn positional(value: Expression) -> Argument {
    Argument { name: None, spread: false, value }
}

fn one_of(mut values: Vec<Expression>) -> Expression {
    match values.len() {
        0 => Expression::Truth(false),
        1 => values.remove(0),
        _ => Expression::Other(values),
    }
}
