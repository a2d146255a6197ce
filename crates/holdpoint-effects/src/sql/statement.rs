//! The effects of one statement and of everything inside it.

use std::collections::HashSet;

use holdpoint_core::effect::{Certainty, Effect, Effects, Environment, Magnitude, ResourceKind, Reversibility, Unit, Verb};
use pg_query::protobuf::{
    AlterTableType, CmdType, DropBehavior, ObjectType, OnConflictAction, TransactionStmtKind, VariableSetKind,
};

use super::key::rows_by_key;
use super::origin::Origin;
use super::table::{self, Row, Setting};
use super::tree::{Node, Tree, enumerated, words};

/// Collects the effects of statements, in the order in which they are met.
pub(super) struct Walk<'a> {
    origin: &'a Origin<'a>,
    effects: Vec<Effect>,
    seen: HashSet<Effect>,
    /// Statements that this text prepared: their effects were counted there.
    prepared: HashSet<String>,
}

/// The names that stand for a query of the same statement instead of a table.
type Names<'n> = Vec<&'n str>;

impl<'a> Walk<'a> {
    pub(super) fn new(origin: &'a Origin<'a>) -> Self {
        Self { origin, effects: Vec::new(), seen: HashSet::new(), prepared: HashSet::new() }
    }

    /// The effects; a text that touches nothing reads.
    pub(super) fn finish(mut self) -> Vec<Effect> {
        if self.effects.is_empty() {
            self.add(
                Verb::Read,
                ResourceKind::Database,
                "",
                Reversibility::Lossless,
                "Computes something in the database".into(),
            );
        }
        self.effects
    }

    /// Takes in one statement.
    pub(super) fn statement(&mut self, statement: &Tree) {
        self.visit(statement, &Names::new());
    }

    fn visit(&mut self, tree: &Tree, names: &Names<'_>) {
        match tree {
            Tree::Nothing | Tree::Number(_) | Tree::Text(_) => {}
            Tree::List(items) => items.iter().for_each(|item| self.visit(item, names)),
            Tree::Node(node) => self.visit_node(node, names),
        }
    }

    fn visit_node(&mut self, node: &Node, names: &Names<'_>) {
        match node.kind {
            "AExpr" => self.operator(node),
            "AlterTableStmt" => self.alter_table(node),
            "CallStmt" => return self.call(node, names),
            "CopyStmt" => self.copy(node),
            "CreateFunctionStmt" | "ViewStmt" => self.define(node),
            "IntoClause" => self.copy_into_table(node),
            "DeleteStmt" => self.change_rows(node, Verb::Delete),
            "DropStmt" => self.drop(node),
            "ExecuteStmt" => self.execute_prepared(node),
            "ExplainStmt" => return self.explain(node, names),
            "FuncCall" => self.function(&words(node, "funcname")),
            "GrantStmt" | "GrantRoleStmt" => self.grant(node),
            "InsertStmt" => self.insert(node),
            "LockingClause" => self.lock_rows(node),
            "MergeStmt" => self.merge(node),
            "PrepareStmt" => self.prepare(node),
            "RangeTableSample" => self.function(&words(node, "method")),
            "RangeVar" => self.read_table(node, names),
            "TransactionStmt" => self.transaction(node),
            "UpdateStmt" => self.change_rows(node, Verb::Modify),
            "VacuumStmt" => self.vacuum(node),
            "VariableSetStmt" => self.set_variable(node),
            kind => match table::statement(kind) {
                Some(row) => object_names(node).iter().for_each(|name| self.row(row, name)),
                None if table::is_plain(kind) => {}
                None => self.push(self.origin.opaque(&format!("nothing is known of `{kind}`"))),
            },
        }
        self.visit_inside(node, names);
    }

    /// Everything inside a node, but for the tables that a statement itself acts on.
    fn visit_inside(&mut self, node: &Node, names: &Names<'_>) {
        let acts = node.kind.ends_with("Stmt") || ["IntoClause", "LockingClause"].contains(&node.kind);
        let names = self.visit_with(node, names);
        for (field, value) in &node.fields {
            if *field != "with_clause" && !(acts && TARGETS.contains(field)) {
                self.visit(value, &names);
            }
        }
    }

    /// The queries that a statement gives names to, and those names. Inside such a query only the earlier names count,
    /// unless all are recursive: `WITH t AS (SELECT … FROM t)` reads the table.
    fn visit_with<'n>(&mut self, node: &'n Node, names: &Names<'n>) -> Names<'n> {
        let mut names = names.clone();
        let Some(with) = node.node("with_clause") else { return names };
        let named = with.nodes("ctes").filter_map(|query| query.text("ctename"));
        let recursive = with.flag("recursive");
        if recursive {
            names.extend(named);
        }
        for query in with.nodes("ctes") {
            self.visit_inside(query, &names);
            if !recursive {
                names.extend(query.text("ctename"));
            }
        }
        names
    }

    fn read_table(&mut self, table: &Node, names: &Names<'_>) {
        let name = table_name(table);
        if !names.contains(&name.as_str()) {
            let summary = format!("Reads `{name}`");
            let effect = self.origin.effect(Verb::Read, ResourceKind::Table, &name, Reversibility::Lossless, summary);
            self.push(Effect { magnitude: Magnitude::unbounded(Unit::Rows), ..effect });
        }
    }

    fn insert(&mut self, insert: &Node) {
        let name = insert.node("relation").map(table_name).unwrap_or_default();
        let rows = match insert.node("select_stmt") {
            None => Some(1),
            Some(select) => u64::try_from(select.nodes("values_lists").count()).ok().filter(|rows| *rows > 0),
        };
        let summary = rows.map_or_else(|| format!("Adds rows to `{name}`"), |rows| format!("Adds {rows} row(s) to `{name}`"));
        self.rows(Verb::Create, &name, rows, Certainty::Exact, summary);
        let conflict = insert.node("on_conflict_clause").and_then(|clause| enumerated(clause, "action"));
        if conflict == Some(OnConflictAction::OnconflictUpdate) {
            self.rows(Verb::Modify, &name, rows, Certainty::Worst, format!("Changes rows of `{name}` that are there already"));
        }
    }

    fn change_rows(&mut self, statement: &Node, verb: Verb) {
        let name = statement.node("relation").map(table_name).unwrap_or_default();
        let does = if verb == Verb::Delete { "Deletes" } else { "Changes" };
        // How many rows meet a condition, the server knows; without one it is all of them.
        match statement.node("where_clause") {
            Some(condition) => {
                let local = *self.origin.environment == Environment::Local;
                let count = if local { rows_by_key(condition) } else { None };
                self.rows(verb, &name, count, Certainty::Worst, format!("{does} the rows of `{name}` that meet a condition"))
            }
            None => self.rows(verb, &name, None, Certainty::Exact, format!("{does} every row of `{name}`")),
        }
    }

    fn merge(&mut self, merge: &Node) {
        let name = merge.node("relation").map(table_name).unwrap_or_default();
        for clause in merge.nodes("merge_when_clauses") {
            let summary = |does| format!("{does} rows of `{name}` by what another query says");
            match enumerated(clause, "command_type") {
                Some(CmdType::CmdInsert) => self.rows(Verb::Create, &name, None, Certainty::Worst, summary("Adds")),
                Some(CmdType::CmdUpdate) => self.rows(Verb::Modify, &name, None, Certainty::Worst, summary("Changes")),
                Some(CmdType::CmdDelete) => self.rows(Verb::Delete, &name, None, Certainty::Worst, summary("Deletes")),
                Some(CmdType::CmdNothing) => {}
                _ => self.push(self.origin.opaque("an action of MERGE that is not known")),
            }
        }
    }

    fn lock_rows(&mut self, clause: &Node) {
        let name = clause.nodes("locked_rels").map(table_name).collect::<Vec<_>>().join(", ");
        let summary = format!("Locks the rows it reads `{name}`");
        self.add(Verb::Stop, ResourceKind::Table, &name, Reversibility::Lossless, summary.trim_end().to_owned());
    }

    fn copy_into_table(&mut self, into: &Node) {
        if let Some(name) = into.node("rel").map(table_name) {
            // Nobody knows how much that is, and a copy of what people rely on stays until somebody finds it.
            let summary = format!("Copies what it reads into the new `{name}`");
            let effect = self.origin.effect(Verb::Create, ResourceKind::Table, &name, Reversibility::Effort, summary);
            self.push(Effect { magnitude: Magnitude::unbounded(Unit::Rows), ..effect });
        }
    }

    fn copy(&mut self, copy: &Node) {
        let name = copy.node("relation").map(table_name).unwrap_or_default();
        if copy.flag("is_from") {
            self.rows(Verb::Create, &name, None, Certainty::Worst, format!("Adds rows to `{name}`"));
        } else if let Some(table) = copy.node("relation") {
            self.read_table(table, &Names::new());
        }
        let Some(file) = copy.text("filename") else { return };
        if copy.flag("is_program") {
            let summary = format!("Runs a program on the database's server: `{file}`");
            let effect = self.origin.effect(Verb::Execute, ResourceKind::Host, file, Reversibility::Irreversible, summary);
            self.push(Effect { certainty: Certainty::Opaque, ..effect });
        } else if copy.flag("is_from") {
            self.add(
                Verb::Read,
                ResourceKind::Credential,
                file,
                Reversibility::Lossless,
                format!("Reads `{file}` on the database's server"),
            );
        } else {
            self.add(
                Verb::Overwrite,
                ResourceKind::Host,
                file,
                Reversibility::Irreversible,
                format!("Writes `{file}` on the database's server"),
            );
        }
    }

    fn drop(&mut self, drop: &Node) {
        let cascades = enumerated(drop, "behavior") == Some(DropBehavior::DropCascade);
        let (kind, way_back) = match enumerated(drop, "remove_type") {
            Some(ObjectType::ObjectTable | ObjectType::ObjectSequence) => (ResourceKind::Table, Reversibility::Irreversible),
            Some(ObjectType::ObjectSchema | ObjectType::ObjectDatabase) => (ResourceKind::Database, Reversibility::Irreversible),
            Some(ObjectType::ObjectMatview | ObjectType::ObjectIndex) => (ResourceKind::Table, Reversibility::Regenerable),
            Some(ObjectType::ObjectView | ObjectType::ObjectForeignTable) => (ResourceKind::Table, Reversibility::Effort),
            Some(ObjectType::ObjectPolicy | ObjectType::ObjectRole) => (ResourceKind::Privilege, Reversibility::Effort),
            _ => (ResourceKind::Database, Reversibility::Effort),
        };
        let way_back = if cascades { Reversibility::Irreversible } else { way_back };
        let objects = if let Tree::List(objects) = drop.field("objects") { objects.as_slice() } else { &[] };
        for object in objects {
            let name = dotted(object);
            let also = if cascades { " and whatever depends on it" } else { "" };
            let what = match enumerated(drop, "remove_type") {
                Some(ObjectType::ObjectTable) => "the table ",
                Some(ObjectType::ObjectSchema) => "the schema ",
                _ => "",
            };
            self.add(Verb::Delete, kind, &name, way_back, format!("Drops {what}`{name}`{also}"));
        }
    }

    fn alter_table(&mut self, alter: &Node) {
        let name = alter.node("relation").map(table_name).unwrap_or_default();
        for command in alter.nodes("cmds") {
            let column = command.text("name").unwrap_or("a part");
            let (verb, kind, way_back, summary) = match enumerated(command, "subtype") {
                Some(AlterTableType::AtDropColumn) => (
                    Verb::Delete,
                    ResourceKind::Table,
                    Reversibility::Irreversible,
                    format!("Drops `{column}` of `{name}` with its data"),
                ),
                Some(AlterTableType::AtAlterColumnType | AlterTableType::AtDropExpression) => {
                    (Verb::Modify, ResourceKind::Table, Reversibility::Irreversible, format!("Converts `{column}` of `{name}`"))
                }
                Some(
                    AlterTableType::AtChangeOwner
                    | AlterTableType::AtEnableRowSecurity
                    | AlterTableType::AtDisableRowSecurity
                    | AlterTableType::AtForceRowSecurity
                    | AlterTableType::AtNoForceRowSecurity,
                ) => (
                    Verb::Grant,
                    ResourceKind::Privilege,
                    Reversibility::Effort,
                    format!("Changes who sees the rows of `{name}`"),
                ),
                Some(AlterTableType::AtAddColumn | AlterTableType::AtAddConstraint | AlterTableType::AtAddIndex) => {
                    (Verb::Modify, ResourceKind::Table, Reversibility::Lossless, format!("Adds to the shape of `{name}`"))
                }
                Some(AlterTableType::AtSetUnLogged) => {
                    (Verb::Modify, ResourceKind::Table, Reversibility::Irreversible, format!("Lets `{name}` be lost in a crash"))
                }
                _ => (Verb::Modify, ResourceKind::Table, Reversibility::Effort, format!("Changes the shape of `{name}`")),
            };
            self.add(verb, kind, &name, way_back, summary);
        }
    }

    /// Functions and views: what is replaced was code, and somebody has it.
    fn define(&mut self, define: &Node) {
        let (kind, name) = match define.node("view") {
            Some(view) => (ResourceKind::Table, table_name(view)),
            None => (ResourceKind::Program, words(define, "funcname").join(".")),
        };
        if define.flag("replace") {
            self.add(Verb::Overwrite, kind, &name, Reversibility::Effort, format!("Defines `{name}`, replacing what was there"));
        } else {
            self.add(Verb::Create, kind, &name, Reversibility::Lossless, format!("Defines `{name}`"));
        }
    }

    fn grant(&mut self, grant: &Node) {
        let name = ["granted_roles", "objects"].map(|field| dotted(grant.field(field))).join("");
        let (verb, does) =
            if grant.flag("is_grant") { (Verb::Grant, "Grants rights on") } else { (Verb::Delete, "Takes back rights on") };
        self.add(verb, ResourceKind::Privilege, &name, Reversibility::Effort, format!("{does} `{name}`"));
    }

    /// A procedure may do anything, a transaction's end included.
    fn call(&mut self, call: &Node, names: &Names<'_>) {
        let Some(function) = call.node("funccall") else {
            return self.push(self.origin.opaque("a CALL of nothing"));
        };
        self.unknown_function(&words(function, "funcname").join("."));
        self.visit(function.field("args"), names);
    }

    fn prepare(&mut self, prepare: &Node) {
        self.prepared.extend(prepare.text("name").map(str::to_owned));
        self.session("Prepares a statement");
    }

    fn execute_prepared(&mut self, execute: &Node) {
        let name = execute.text("name").unwrap_or_default();
        if self.prepared.contains(name) {
            self.session("Runs the statement it prepared");
        } else {
            self.push(self.origin.opaque(&format!("`{name}` was prepared elsewhere")));
        }
    }

    /// Without `ANALYZE` a statement is planned only. Planning evaluates functions, so those stay.
    fn explain(&mut self, explain: &Node, names: &Names<'_>) {
        let analyzes =
            |option: &Node| option.text("defname").is_some_and(|name| name.eq_ignore_ascii_case("analyze")) && !is_off(option);
        let Some(query) = explain.node("query") else {
            return self.push(self.origin.opaque("an EXPLAIN of nothing"));
        };
        if explain.nodes("options").any(analyzes) || query.kind == "ExecuteStmt" {
            return self.visit_node(query, names);
        }
        let mut inner = Walk::new(self.origin);
        inner.visit_node(query, names);
        let planned = |effect: &Effect| {
            matches!(effect.verb, Verb::Read | Verb::Execute) || effect.resource.kind == ResourceKind::Credential
        };
        inner.effects.into_iter().filter(planned).for_each(|effect| self.push(effect));
        self.session("Plans a statement");
    }

    fn transaction(&mut self, transaction: &Node) {
        match enumerated(transaction, "kind") {
            Some(
                TransactionStmtKind::TransStmtPrepare
                | TransactionStmtKind::TransStmtCommitPrepared
                | TransactionStmtKind::TransStmtRollbackPrepared,
            ) => {
                let name = transaction.text("gid").unwrap_or_default();
                let summary = format!("Ends the two-phase transaction `{name}`, whose statements stand elsewhere");
                self.add(Verb::Modify, ResourceKind::Database, name, Reversibility::Irreversible, summary);
            }
            Some(TransactionStmtKind::Undefined) | None => {
                self.push(self.origin.opaque("a transaction statement that is not known"))
            }
            Some(_) if transaction.nodes("options").any(allows_writes) => self.privileged("transaction_read_only"),
            Some(_) => self.session("Begins or ends a transaction"),
        }
    }

    fn set_variable(&mut self, set: &Node) {
        let name = set.text("name").unwrap_or_default();
        let values: Vec<String> = set.nodes("args").filter_map(constant).collect();
        match enumerated(set, "kind") {
            Some(VariableSetKind::VarResetAll) => self.session("Resets the session's settings"),
            Some(VariableSetKind::VarSetMulti) if set.nodes("args").any(allows_writes) => {
                self.privileged("transaction_read_only")
            }
            Some(VariableSetKind::VarSetMulti) => self.session("Says how the transaction runs"),
            Some(VariableSetKind::Undefined) | None => self.push(self.origin.opaque("a SET that is not known")),
            Some(_) => match table::setting(name, &values) {
                Setting::Free => self.session("Sets how this session plans and prints"),
                Setting::Privileged => self.privileged(name),
                Setting::Unknown => {
                    self.push(self.origin.opaque(&format!("nothing is known of the setting `{name}` at this value")))
                }
            },
        }
    }

    fn vacuum(&mut self, vacuum: &Node) {
        let full =
            |option: &Node| option.text("defname").is_some_and(|name| name.eq_ignore_ascii_case("full")) && !is_off(option);
        let name = object_names(vacuum).join(", ");
        if vacuum.nodes("options").any(full) {
            self.add(
                Verb::Stop,
                ResourceKind::Table,
                &name,
                Reversibility::Lossless,
                format!("Rewrites `{name}` and locks others out"),
            );
        } else {
            self.add(Verb::Modify, ResourceKind::Table, &name, Reversibility::Lossless, format!("Tidies up or counts `{name}`"));
        }
    }

    /// An operator that is named with a schema other than PostgreSQL's own is somebody's function.
    fn operator(&mut self, expression: &Node) {
        let name = words(expression, "name");
        if name.len() > 1 && name.first().is_some_and(|schema| schema != "pg_catalog") {
            self.unknown_function(&name.join("."));
        }
    }

    fn function(&mut self, name: &[String]) {
        let own = match name {
            [name] => Some(name),
            [schema, name] if schema == "pg_catalog" => Some(name),
            _ => None,
        };
        // An effect is recognised in any schema: extensions may be installed anywhere.
        match name.last().and_then(|last| table::function(last)) {
            Some(row) => self.row(row, &name.join(".")),
            None if own.is_some_and(|name| table::is_pure(name)) => {}
            None => self.unknown_function(&name.join(".")),
        }
    }

    fn unknown_function(&mut self, name: &str) {
        let summary = format!("Calls `{name}`, code in the database that cannot be seen from here");
        let effect = self.origin.effect(Verb::Execute, ResourceKind::Program, name, Reversibility::Irreversible, summary);
        self.push(Effect { certainty: Certainty::Delegated, ..effect });
    }

    fn privileged(&mut self, name: &str) {
        let summary = format!("Changes who this session is or what it is kept from: `{name}`");
        self.add(Verb::Grant, ResourceKind::Privilege, name, Reversibility::Lossless, summary);
    }

    fn session(&mut self, summary: &str) {
        self.add(Verb::Read, ResourceKind::Database, "session", Reversibility::Lossless, summary.to_owned());
    }

    fn row(&mut self, row: &Row, name: &str) {
        let summary = format!("{} `{name}`", row.says).trim_end().to_owned();
        let effect = self.origin.effect(row.verb, row.resource, name, row.reversibility, summary);
        let count = row.count.or((row.unit == Unit::Items).then_some(1));
        self.push(Effect { certainty: row.certainty, magnitude: Magnitude { count, unit: row.unit }, ..effect });
    }

    fn rows(&mut self, verb: Verb, name: &str, count: Option<u64>, certainty: Certainty, summary: String) {
        let way_back = if verb == Verb::Create { Reversibility::Lossless } else { Reversibility::Irreversible };
        let effect = self.origin.effect(verb, ResourceKind::Table, name, way_back, summary);
        self.push(Effect { certainty, magnitude: Magnitude { count, unit: Unit::Rows }, ..effect });
    }

    fn add(&mut self, verb: Verb, kind: ResourceKind, name: &str, reversibility: Reversibility, summary: String) {
        self.push(self.origin.effect(verb, kind, name, reversibility, summary));
    }

    /// Keeps an effect once. More than anybody can judge are not kept: one too many says as much.
    fn push(&mut self, effect: Effect) {
        if self.effects.len() <= Effects::MAX && self.seen.insert(effect.clone()) {
            self.effects.push(effect);
        }
    }
}

/// The fields of a statement that name what it acts on, or that only say what will hold elsewhere.
const TARGETS: &[&str] =
    &["constrrel", "locked_rels", "objects", "rel", "relation", "relations", "rels", "sequence", "setstmt", "table", "view"];

/// The name of a table as it is written.
fn table_name(table: &Node) -> String {
    let parts = ["catalogname", "schemaname", "relname"];
    parts.iter().filter_map(|part| table.text(part)).collect::<Vec<_>>().join(".")
}

/// What a statement acts on; one empty name where that is not said in a name.
fn object_names(statement: &Node) -> Vec<String> {
    let several = ["relations", "rels"].iter().flat_map(|field| statement.nodes(field));
    let single = TARGETS.iter().filter_map(|field| statement.node(field)).filter(|node| node.kind == "RangeVar");
    let tables: Vec<String> = several.chain(single).map(|node| table_name(node.node("relation").unwrap_or(node))).collect();
    if !tables.is_empty() {
        return tables;
    }
    let name = |(field, value): &(&str, Tree)| match value {
        Tree::Text(name) if NAME_FIELDS.contains(field) => Some(name.clone()),
        Tree::Node(_) | Tree::List(_) if OBJECT_FIELDS.contains(field) => Some(dotted(value)),
        _ => None,
    };
    vec![statement.fields.iter().filter_map(name).find(|name| !name.is_empty()).unwrap_or_default()]
}

/// The fields in which a statement keeps the name of what it acts on as text.
const NAME_FIELDS: &[&str] = &[
    "amname",
    "conditionname",
    "dbname",
    "evtname",
    "extname",
    "fdwname",
    "filename",
    "idxname",
    "lang",
    "name",
    "plname",
    "policy_name",
    "pubname",
    "role",
    "rulename",
    "schemaname",
    "server_name",
    "servername",
    "subname",
    "tablespacename",
    "trigname",
];

/// The fields in which it is a node or a list of names.
const OBJECT_FIELDS: &[&str] = &[
    "collname",
    "conversion_name",
    "defnames",
    "dictname",
    "domainname",
    "func",
    "newowner",
    "object",
    "opclassname",
    "opfamilyname",
    "role",
    "roles",
    "stats",
    "type_name",
    "typevar",
    "user",
];

/// A name of one or several parts, or several such names.
fn dotted(tree: &Tree) -> String {
    let list = |items: &[Tree], between| items.iter().map(dotted).collect::<Vec<_>>().join(between);
    match tree {
        Tree::Text(text) => text.clone(),
        Tree::List(items) if items.iter().all(|item| matches!(item, Tree::Node(node) if node.kind == "String")) => {
            list(items, ".")
        }
        Tree::List(items) => list(items, ", "),
        Tree::Node(node) if node.kind == "RangeVar" => table_name(node),
        Tree::Node(node) => {
            let inside = ["sval", "items", "names", "objname", "rolename", "priv_name", "relation", "object"];
            inside.iter().map(|field| node.field(field)).find(|field| **field != Tree::Nothing).map(dotted).unwrap_or_default()
        }
        Tree::Nothing | Tree::Number(_) => String::new(),
    }
}

/// A constant as text.
fn constant(node: &Node) -> Option<String> {
    let value = if node.kind == "AConst" { node.node("val")? } else { node };
    match value.kind {
        "String" => Some(value.text("sval").unwrap_or_default().to_owned()),
        "Float" => value.text("fval").map(str::to_owned),
        "Integer" => Some(value.number("ival").to_string()),
        "Boolean" => Some(if value.flag("boolval") { "true".to_owned() } else { "false".to_owned() }),
        _ => None,
    }
}

/// Whether an option is switched off; without a value it is on.
fn is_off(option: &Node) -> bool {
    let value = option.node("arg").and_then(constant);
    value.is_some_and(|value| ["0", "false", "no", "off"].contains(&value.to_lowercase().as_str()))
}

/// Whether an option of a transaction takes back that it only reads.
fn allows_writes(option: &Node) -> bool {
    option.text("defname") == Some("transaction_read_only") && is_off(option)
}
