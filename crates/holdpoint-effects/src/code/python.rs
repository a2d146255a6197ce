//! Python, from its concrete tree into the forms of [`syntax`](super::syntax).
//!
//! *In scope:* the whole grammar: what has no form of its own is a computation on its parts, or statements that may run.
//! *Out of scope:* what any of it means (`evaluate.rs`).

use std::collections::BTreeSet;
use std::rc::Rc;

use tree_sitter::Node;

use super::language::Language;
use super::names::assigned;
use super::parse::{Source, children, fields, tree, unescaped};
use super::syntax::{Argument, Expression, Function, Import, Parameter, Pattern, Piece, Statement, Taken, Unreadable};
use crate::shell::budget::Budget;

/// The name under which what a `match` looks at is kept; no program can write it.
const MATCHED: &str = "match of";

type Read<T> = Result<T, Unreadable>;

/// Reads a program.
pub(super) fn read(text: &str, budget: &Budget) -> Read<Vec<Statement>> {
    let tree = tree(Language::Python, text, budget)?;
    Python { source: Source::new(text, budget), outer: Vec::new() }.block(tree.root_node())
}

struct Python<'t> {
    source: Source<'t>,
    /// The names that each function around says are not its own.
    outer: Vec<BTreeSet<String>>,
}

impl Python<'_> {
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
        self.deeper(|python| python.statement_here(node, into))
    }

    fn statement_here(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        match node.kind() {
            "block" => into.extend(self.block(node)?),
            "class_definition" => into.push(self.class(node)?),
            "decorated_definition" => self.decorated(node, into)?,
            "exec_statement" => {
                let code = self.optional(node, "code")?;
                into.push(Statement::Expression(call("exec", [code])));
            }
            "expression_statement" => {
                for child in children(node) {
                    match child.kind() {
                        "assignment" => self.assignment(child, into)?,
                        "augmented_assignment" => self.augmented(child, into)?,
                        _ => into.push(Statement::Expression(self.expression(child)?)),
                    }
                }
            }
            "for_statement" => self.for_statement(node, into)?,
            "function_definition" => {
                let parameters: Vec<Node<'_>> = fields(node, "parameters").into_iter().flat_map(children).collect();
                into.extend(self.annotations(&parameters, "type")?);
                into.extend(self.annotations(&[node], "return_type")?);
                into.push(self.function_definition(node)?);
            }
            "future_import_statement" | "pass_statement" | "break_statement" | "continue_statement" => {}
            "global_statement" | "nonlocal_statement" => {
                let names = children(node).into_iter().map(|name| self.identifier(name)).collect::<Read<Vec<_>>>()?;
                self.outer.iter_mut().next_back().into_iter().for_each(|outer| outer.extend(names.iter().cloned()));
            }
            "match_statement" => self.matching(node, into)?,
            "if_statement" | "case_clause" | "try_statement" | "while_statement" => self.branching(node, into)?,
            "import_from_statement" => self.import_from(node, into)?,
            "import_statement" => self.import(node, into)?,
            "return_statement" => {
                let values = self.expressions(&children(node))?;
                into.push(Statement::Return(tuple_or_one(values)));
            }
            "with_statement" => self.with(node, into)?,
            _ => into.push(Statement::Expression(Expression::Other(self.expressions(&children(node))?))),
        }
        Ok(())
    }

    /// Conditions run; the blocks behind them may.
    fn branching(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let mut bodies = Vec::new();
        for child in children(node) {
            match child.kind() {
                "block" => bodies.push(self.block(child)?),
                "elif_clause" | "else_clause" | "except_clause" | "except_group_clause" | "finally_clause" | "case_clause" => {
                    let mut inner = Vec::new();
                    self.deeper(|python| python.branching(child, &mut inner))?;
                    bodies.push(inner);
                }
                kind if node.kind() == "case_clause" && kind != "if_clause" => {
                    let names = self.names_in(child);
                    into.extend(
                        names.into_iter().map(|name| Statement::Assign { target: Pattern::Name(name), value: matched() }),
                    );
                }
                "as_pattern" => self.as_pattern(child, true, into)?,
                _ => into.push(Statement::Expression(self.expression(child)?)),
            }
        }
        into.push(match node.kind() {
            "while_statement" => Statement::Loop { each: None, body: bodies.into_iter().flatten().collect() },
            _ => Statement::Branches(bodies),
        });
        Ok(())
    }

    /// Each pattern may give a name to what is matched, or to a part of it.
    fn matching(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let subjects = self.expressions(&fields(node, "subject"))?;
        into.push(Statement::Assign { target: Pattern::Name(MATCHED.to_owned()), value: tuple_or_one(subjects) });
        let mut bodies = Vec::new();
        for block in children(node).into_iter().filter(|child| matches!(child.kind(), "block" | "case_clause")) {
            let mut body = Vec::new();
            self.statement(block, &mut body)?;
            bodies.push(body);
        }
        into.push(Statement::Branches(bodies));
        Ok(())
    }

    /// The names that a pattern of `match` may give values to.
    fn names_in(&self, node: Node<'_>) -> Vec<String> {
        let text = self.source.text_of(node);
        let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn for_statement(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let target = self.pattern_field(node, "left")?;
        let over = self.required(node, "right")?;
        let mut body = self.block_field(node, "body")?;
        for otherwise in fields(node, "alternative") {
            body.push(Statement::Branches(vec![self.block_field(otherwise, "body")?]));
        }
        into.push(Statement::Loop { each: Some((target, over)), body });
        Ok(())
    }

    fn with(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        for clause in children(node).into_iter().filter(|child| child.kind() == "with_clause") {
            for item in children(clause) {
                match fields(item, "value").first() {
                    Some(value) if value.kind() == "as_pattern" => self.as_pattern(*value, false, into)?,
                    Some(value) => into.push(Statement::Expression(self.expression(*value)?)),
                    None => {}
                }
            }
        }
        into.extend(self.block_field(node, "body")?);
        Ok(())
    }

    /// `value as name`: in `except` the name is an exception and not the class.
    fn as_pattern(&mut self, node: Node<'_>, caught: bool, into: &mut Vec<Statement>) -> Read<()> {
        let children = children(node);
        let Some((value, targets)) = children.split_first() else { return Ok(()) };
        let value = self.expression(*value)?;
        let value = if caught { Expression::Other(vec![value]) } else { value };
        let mut target = Pattern::Nothing;
        for node in targets {
            target = match self::children(*node).first().filter(|_| node.kind() == "as_pattern_target") {
                Some(inner) => self.pattern(*inner)?,
                None => self.pattern(*node)?,
            };
        }
        into.push(Statement::Assign { target, value });
        Ok(())
    }

    fn assignment(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let target = self.pattern_field(node, "left")?;
        // What stands behind the colon is worked out as well.
        into.extend(self.annotations(&[node], "type")?);
        if let Pattern::Elsewhere(Expression::Index(object, _)) = &target
            && matches!(object.as_ref(), Expression::Name(name) if matches!(name.as_str(), "match" | "case"))
        {
            return Err(Unreadable("a `match` that may be a name"));
        }
        let value = match fields(node, "right").first() {
            None => return Ok(()),
            // `a = b = value`.
            Some(inner) if inner.kind() == "assignment" => {
                self.deeper(|python| python.assignment(*inner, into))?;
                match into.last() {
                    Some(Statement::Assign { value, .. }) if !acts(value) => value.clone(),
                    Some(Statement::Assign { target: Pattern::Name(name), .. }) => Expression::Name(name.clone()),
                    _ => return Err(Unreadable("an assignment in an assignment")),
                }
            }
            Some(value) => self.expression(*value)?,
        };
        into.push(Statement::Assign { target, value });
        Ok(())
    }

    fn augmented(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let target = self.pattern_field(node, "left")?;
        let before = self.required(node, "left")?;
        let more = self.required(node, "right")?;
        let operator = node.child_by_field_name("operator").map(|node| self.source.text_of(node));
        let value = match operator {
            Some("+=") => Expression::Add(before.into(), more.into()),
            Some("/=") => Expression::Divide(before.into(), more.into()),
            _ => Expression::Other(vec![before, more]),
        };
        into.push(Statement::Assign { target, value });
        Ok(())
    }

    fn class(&mut self, node: Node<'_>) -> Read<Statement> {
        let name = self.name_field(node)?;
        let bases = fields(node, "superclasses").first().map(|list| children(*list)).unwrap_or_default();
        let bases = bases.into_iter().map(|base| match fields(base, "value").first() {
            Some(value) if base.kind() == "keyword_argument" => self.expression(*value),
            _ => self.expression(base),
        });
        let bases = bases.collect::<Read<Vec<_>>>()?;
        Ok(Statement::Class { name, bases, body: self.block_field(node, "body")? })
    }

    fn decorated(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let mut decorators = Vec::new();
        for child in children(node) {
            match child.kind() {
                "decorator" => decorators.extend(self.expressions(&children(child))?),
                _ => self.statement(child, into)?,
            }
        }
        if let Some(Statement::Define { name, .. } | Statement::Class { name, .. }) = into.last() {
            let decorated: Vec<_> = decorators.into_iter().map(|by| called(by, [Expression::Name(name.clone())])).collect();
            into.extend(decorated.into_iter().map(Statement::Expression));
        }
        Ok(())
    }

    fn function_definition(&mut self, node: Node<'_>) -> Read<Statement> {
        let name = self.name_field(node)?;
        let parameters = self.parameters(node)?;
        self.outer.push(BTreeSet::new());
        let body = self.block_field(node, "body");
        let (outer, body) = (self.outer.pop().unwrap_or_default(), body?);
        let mut locals = BTreeSet::new();
        assigned(&body, &mut locals);
        locals.retain(|name| !outer.contains(name));
        Ok(Statement::Define { name, function: Rc::new(Function { parameters, body, locals }) })
    }

    /// The types that a definition names: any expressions, which Python works out where they stand.
    fn annotations(&mut self, nodes: &[Node<'_>], field: &str) -> Read<Option<Statement>> {
        let types: Vec<Node<'_>> = nodes.iter().flat_map(|node| fields(*node, field)).collect();
        let types = self.expressions(&types)?;
        Ok((!types.is_empty()).then_some(Statement::Expression(Expression::Other(types))))
    }

    fn parameters(&mut self, node: Node<'_>) -> Read<Vec<Parameter>> {
        let list = fields(node, "parameters").first().map(|list| children(*list)).unwrap_or_default();
        list.into_iter().filter(|node| !node.kind().ends_with("_separator")).map(|node| self.parameter(node)).collect()
    }

    fn parameter(&mut self, node: Node<'_>) -> Read<Parameter> {
        let plain = |pattern| Parameter { pattern, default: None, rest: false };
        Ok(match node.kind() {
            "default_parameter" | "typed_default_parameter" => {
                let default = Some(self.required(node, "value")?);
                Parameter { pattern: self.pattern_field(node, "name")?, default, rest: false }
            }
            "typed_parameter" => match children(node).first() {
                Some(inner) => self.deeper(|python| python.parameter(*inner))?,
                None => plain(Pattern::Nothing),
            },
            "list_splat_pattern" | "dictionary_splat_pattern" => {
                let pattern = match children(node).first() {
                    Some(inner) => self.pattern(*inner)?,
                    None => Pattern::Nothing,
                };
                Parameter { rest: true, ..plain(pattern) }
            }
            _ => plain(self.pattern(node)?),
        })
    }

    fn import(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        for node in fields(node, "name") {
            let (module, alias) = self.imported(node)?;
            // `import a.b` makes `a` known.
            let name = alias.unwrap_or_else(|| module.split('.').next().unwrap_or_default().to_owned());
            let known = if name == module || module.split('.').next() != Some(&name) { module.clone() } else { name.clone() };
            if known != module {
                into.push(Statement::Import(Import { module, takes: Taken::Names(Vec::new()) }));
            }
            into.push(Statement::Import(Import { module: known, takes: Taken::Whole(name) }));
        }
        Ok(())
    }

    fn import_from(&mut self, node: Node<'_>, into: &mut Vec<Statement>) -> Read<()> {
        let module = fields(node, "module_name").first().map(|node| self.source.text_of(*node)).unwrap_or_default().to_owned();
        if children(node).iter().any(|child| child.kind() == "wildcard_import") {
            into.push(Statement::Import(Import { module, takes: Taken::All }));
            return Ok(());
        }
        let mut names = Vec::new();
        for node in fields(node, "name") {
            let (name, alias) = self.imported(node)?;
            names.push((name.clone(), alias.unwrap_or(name)));
        }
        into.push(Statement::Import(Import { module, takes: Taken::Names(names) }));
        Ok(())
    }

    fn imported(&mut self, node: Node<'_>) -> Read<(String, Option<String>)> {
        if node.kind() != "aliased_import" {
            return Ok((self.identifier(node)?, None));
        }
        let part = |name| fields(node, name).first().copied();
        let (Some(name), Some(alias)) = (part("name"), part("alias")) else { return Err(Unreadable("an import without a name")) };
        Ok((self.identifier(name)?, Some(self.identifier(alias)?)))
    }

    fn expressions(&mut self, nodes: &[Node<'_>]) -> Read<Vec<Expression>> {
        nodes.iter().map(|node| self.expression(*node)).collect()
    }

    fn expression(&mut self, node: Node<'_>) -> Read<Expression> {
        self.deeper(|python| python.expression_here(node))
    }

    fn expression_here(&mut self, node: Node<'_>) -> Read<Expression> {
        let boxed = |expression: Expression| Box::new(expression);
        Ok(match node.kind() {
            "attribute" => {
                let object = self.required(node, "object")?;
                let name = fields(node, "attribute").first().copied().ok_or(Unreadable("an attribute without a name"))?;
                Expression::Attribute(boxed(object), self.identifier(name)?)
            }
            "await" | "parenthesized_expression" => match self.expressions(&children(node))? {
                mut inner if inner.len() == 1 => inner.remove(0),
                inner => Expression::Other(inner),
            },
            "binary_operator" => self.binary(node)?,
            "block" => Expression::Block(self.block(node)?),
            "boolean_operator" => Expression::Choice(vec![self.required(node, "left")?, self.required(node, "right")?]),
            "call" => self.call(node)?,
            "concatenated_string" => {
                let mut pieces = Vec::new();
                for child in children(node) {
                    self.string(child, &mut pieces)?;
                }
                Expression::Text(pieces)
            }
            "conditional_expression" => {
                let [one, condition, other] = children(node).try_into().map_err(|_| Unreadable("a condition of other parts"))?;
                let condition = self.expression(condition)?;
                Expression::Choice(vec![self.expression(one)?, self.expression(other)?, Expression::Other(vec![condition])])
            }
            "dictionary" => self.dictionary(node)?,
            "dictionary_comprehension" | "generator_expression" | "list_comprehension" | "set_comprehension" => {
                self.each(node)?
            }
            "expression_list" | "list" | "pattern_list" | "set" | "tuple" => Expression::List(self.arguments(&children(node))?),
            "identifier" => Expression::Name(self.identifier(node)?),
            "integer" => {
                let digits = self.source.text_of(node).replace('_', "");
                digits.parse().map_or(Expression::Other(Vec::new()), Expression::Number)
            }
            "keyword_argument" => self.required(node, "value")?,
            "lambda" => {
                let parameters = self.parameters(node)?;
                let body = vec![Statement::Return(self.required(node, "body")?)];
                Expression::Function(Rc::new(Function { parameters, body, locals: BTreeSet::new() }))
            }
            "named_expression" => {
                let target = self.pattern_field(node, "name")?;
                let name = self.required(node, "name")?;
                let value = self.required(node, "value")?;
                Expression::Choice(vec![name, Expression::Block(vec![Statement::Assign { target, value }])])
            }
            "none" | "false" => Expression::Truth(false),
            "string" => {
                let mut pieces = Vec::new();
                self.string(node, &mut pieces)?;
                Expression::Text(pieces)
            }
            "subscript" => {
                let object = self.required(node, "value")?;
                let mut keys = self.expressions(&fields(node, "subscript"))?;
                let key = if keys.len() == 1 { keys.remove(0) } else { Expression::Other(keys) };
                Expression::Index(boxed(object), boxed(key))
            }
            "true" => Expression::Truth(true),
            "unary_operator" => match self.required(node, "argument")? {
                Expression::Number(number) if self.source.text_of(node).starts_with('-') => Expression::Number(-number),
                inner => Expression::Other(vec![inner]),
            },
            "type_conversion" | "format_specifier" => Expression::Other(Vec::new()),
            _ => Expression::Other(self.expressions(&children(node))?),
        })
    }

    fn binary(&mut self, node: Node<'_>) -> Read<Expression> {
        let (left, right) = (self.required(node, "left")?, self.required(node, "right")?);
        let operator = node.child_by_field_name("operator").map(|node| self.source.text_of(node));
        Ok(match operator {
            Some("+") => Expression::Add(left.into(), right.into()),
            Some("/") => Expression::Divide(left.into(), right.into()),
            _ => Expression::Other(vec![left, right]),
        })
    }

    fn call(&mut self, node: Node<'_>) -> Read<Expression> {
        let callee = Box::new(self.required(node, "function")?);
        let arguments = match fields(node, "arguments").first() {
            Some(each) if each.kind() == "generator_expression" => vec![positional(self.expression(*each)?)],
            Some(list) => self.arguments(&children(*list))?,
            None => Vec::new(),
        };
        Ok(Expression::Call { callee, arguments })
    }

    fn arguments(&mut self, nodes: &[Node<'_>]) -> Read<Vec<Argument>> {
        let mut arguments = Vec::new();
        for node in nodes {
            arguments.push(match node.kind() {
                "keyword_argument" => {
                    Argument { name: Some(self.name_field(*node)?), spread: false, value: self.required(*node, "value")? }
                }
                "list_splat" | "dictionary_splat" | "parenthesized_list_splat" => {
                    let value = Expression::Choice(self.expressions(&children(*node))?);
                    Argument { name: None, spread: true, value }
                }
                _ => positional(self.expression(*node)?),
            });
        }
        Ok(arguments)
    }

    fn dictionary(&mut self, node: Node<'_>) -> Read<Expression> {
        let mut fields = Vec::new();
        for child in children(node) {
            if child.kind() != "pair" {
                fields.push((None, Expression::Choice(self.expressions(&children(child))?)));
                continue;
            }
            let key = self.required(child, "key")?;
            let value = self.required(child, "value")?;
            match plain_text(&key) {
                Some(name) => fields.push((Some(name.to_owned()), value)),
                None => fields.extend([(None, Expression::Other(vec![key])), (None, value)]),
            }
        }
        Ok(Expression::Record(fields))
    }

    fn each(&mut self, node: Node<'_>) -> Read<Expression> {
        let mut clauses = Vec::new();
        let mut conditions = Vec::new();
        for child in children(node) {
            match child.kind() {
                "for_in_clause" => {
                    let over = self.expressions(&fields(child, "right"))?;
                    clauses.push((self.pattern_field(child, "left")?, tuple_or_one(over)));
                }
                "if_clause" => conditions.extend(self.expressions(&children(child))?),
                _ => {}
            }
        }
        let body = self.optional(node, "body")?;
        let element = if conditions.is_empty() { body } else { Expression::Choice(vec![Expression::Other(conditions), body]) };
        Ok(Expression::Each { clauses, element: Box::new(element) })
    }

    fn string(&mut self, node: Node<'_>, pieces: &mut Vec<Piece>) -> Read<()> {
        let mut raw = false;
        for child in children(node) {
            match child.kind() {
                "string_start" => raw = self.source.text_of(child).contains(['r', 'R']),
                "string_content" => self.content(child, raw, pieces),
                "interpolation" => {
                    let of = self.expressions(&fields(child, "expression"))?;
                    let formatted = children(child).len() > of.len();
                    for part in children(child).into_iter().filter(|part| part.kind() == "format_specifier") {
                        let inner = self.expressions(&children(part))?;
                        pieces.push(Piece::Of(Expression::Other(inner)));
                    }
                    let of = tuple_or_one(of);
                    pieces.push(Piece::Of(if formatted { Expression::Other(vec![of]) } else { of }));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn content(&self, node: Node<'_>, raw: bool, pieces: &mut Vec<Piece>) {
        let mut at = node.start_byte();
        for escape in children(node) {
            let before = self.source.text.get(at..escape.start_byte()).unwrap_or_default();
            let text = self.source.text_of(escape);
            pieces.push(Piece::Known(before.to_owned()));
            pieces.push(match escape.kind() {
                "escape_sequence" if raw => Piece::Known(text.to_owned()),
                "escape_sequence" => unescaped(text).map_or(Piece::Unknown, Piece::Known),
                "escape_interpolation" => Piece::Known(text.chars().take(1).collect()),
                _ => Piece::Unknown,
            });
            at = escape.end_byte();
        }
        pieces.push(Piece::Known(self.source.text.get(at..node.end_byte()).unwrap_or_default().to_owned()));
    }

    fn pattern(&mut self, node: Node<'_>) -> Read<Pattern> {
        self.deeper(|python| python.pattern_here(node))
    }

    fn pattern_here(&mut self, node: Node<'_>) -> Read<Pattern> {
        Ok(match node.kind() {
            "identifier" => Pattern::Name(self.identifier(node)?),
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" | "expression_list" => {
                Pattern::Each(children(node).into_iter().map(|child| self.pattern(child)).collect::<Read<_>>()?)
            }
            "list_splat_pattern" | "list_splat" => match children(node).first() {
                Some(inner) => Pattern::Fields(vec![(None, self.pattern(*inner)?)]),
                None => Pattern::Nothing,
            },
            "parenthesized_expression" => match children(node).first() {
                Some(inner) => self.pattern(*inner)?,
                None => Pattern::Nothing,
            },
            _ => Pattern::Elsewhere(self.expression(node)?),
        })
    }

    fn pattern_field(&mut self, node: Node<'_>, name: &str) -> Read<Pattern> {
        let node = fields(node, name).first().copied().ok_or(Unreadable("an assignment without a target"))?;
        self.pattern(node)
    }

    fn block_field(&mut self, node: Node<'_>, name: &str) -> Read<Vec<Statement>> {
        fields(node, name).first().map_or(Ok(Vec::new()), |body| self.deeper(|python| python.block(*body)))
    }

    fn required(&mut self, node: Node<'_>, name: &str) -> Read<Expression> {
        let node = fields(node, name).first().copied().ok_or(Unreadable("a part that is missing"))?;
        self.expression(node)
    }

    fn optional(&mut self, node: Node<'_>, name: &str) -> Read<Expression> {
        fields(node, name).first().map_or(Ok(Expression::Other(Vec::new())), |node| self.expression(*node))
    }

    fn name_field(&mut self, node: Node<'_>) -> Read<String> {
        let node = fields(node, "name").first().copied().ok_or(Unreadable("a definition without a name"))?;
        self.identifier(node)
    }

    /// A name as it is written. Python takes letters of other scripts for the plain ones that look alike.
    fn identifier(&self, node: Node<'_>) -> Read<String> {
        let name = self.source.text_of(node);
        if name.is_ascii() {
            Ok(name.split_whitespace().collect())
        } else {
            Err(Unreadable("a name in letters that may stand for others"))
        }
    }
}

fn positional(value: Expression) -> Argument {
    Argument { name: None, spread: false, value }
}

fn called<const N: usize>(callee: Expression, values: [Expression; N]) -> Expression {
    Expression::Call { callee: callee.into(), arguments: values.into_iter().map(positional).collect() }
}

fn call<const N: usize>(name: &str, values: [Expression; N]) -> Expression {
    called(Expression::Name(name.to_owned()), values)
}

/// What is matched, or any part of it.
fn matched() -> Expression {
    let whole = || Expression::Name(MATCHED.to_owned());
    let part = Expression::Index(Box::new(whole()), Box::new(Expression::Other(Vec::new())));
    Expression::Choice(vec![whole(), part])
}

fn tuple_or_one(mut values: Vec<Expression>) -> Expression {
    if values.len() == 1 { values.remove(0) } else { Expression::List(values.into_iter().map(positional).collect()) }
}

/// Whether evaluating something twice could do something twice.
fn acts(value: &Expression) -> bool {
    !matches!(value, Expression::Name(_) | Expression::Number(_) | Expression::Text(_) | Expression::Truth(_))
}

fn plain_text(key: &Expression) -> Option<&str> {
    match key {
        Expression::Text(pieces) => match pieces.as_slice() {
            [Piece::Known(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
