//! Conditions that meet a few rows by the names of their columns: `WHERE id = 7`.
//!
//! That a column of this name is a key is a convention, which no server was asked about. It is believed where the database is
//! this machine's own, and nowhere else: on shared ones the rows are counted before they are changed.

use pg_query::protobuf::{AExprKind, BoolExprType};

use super::tree::{Node, enumerated, words};

/// Columns that hold one value for each row wherever they are so called.
const KEYS: [&str; 3] = ["guid", "id", "uuid"];

/// How many rows a condition meets at most.
pub(super) fn rows_by_key(condition: &Node) -> Option<u64> {
    match condition.kind {
        "BoolExpr" if enumerated(condition, "boolop") == Some(BoolExprType::AndExpr) => {
            condition.nodes("args").filter_map(rows_by_key).min()
        }
        "AExpr" => compared_key(condition),
        _ => None,
    }
}

fn compared_key(comparison: &Node) -> Option<u64> {
    let column = comparison.node("lexpr").filter(|column| column.kind == "ColumnRef")?;
    let is_key = words(column, "fields").last().is_some_and(|name| KEYS.contains(&name.as_str()));
    if !is_key || words(comparison, "name") != ["="] {
        return None;
    }
    let value = comparison.node("rexpr")?;
    match enumerated(comparison, "kind")? {
        AExprKind::AexprOp if is_constant(value) => Some(1),
        AExprKind::AexprIn if value.kind == "List" && value.nodes("items").all(is_constant) => {
            u64::try_from(value.nodes("items").count()).ok()
        }
        _ => None,
    }
}

fn is_constant(value: &Node) -> bool {
    value.kind == "AConst" || (value.kind == "TypeCast" && value.node("arg").is_some_and(|inner| inner.kind == "AConst"))
}

#[cfg(test)]
mod tests {
    use holdpoint_core::effect::{Effect, Environment, Verb};

    fn changed(sql: &str, environment: &Environment) -> Vec<Option<u64>> {
        let changes = |effect: &Effect| effect.verb != Verb::Read;
        super::super::read(sql, environment, None)
            .iter()
            .filter(|effect| changes(effect))
            .map(|effect| effect.magnitude.count)
            .collect()
    }

    #[test]
    fn a_key_bounds_the_rows_of_a_database_of_this_machine_alone() {
        for (sql, rows) in [
            ("DELETE FROM orders WHERE id = 7", 1),
            ("UPDATE users u SET name = 'b' WHERE u.id = 1 AND active", 1),
            ("DELETE FROM t WHERE uuid = 'x'::uuid", 1),
            ("DELETE FROM t WHERE id IN (1, 2, 3)", 3),
        ] {
            assert_eq!(changed(sql, &Environment::Local), [Some(rows)], "{sql}");
            assert_eq!(changed(sql, &Environment::Unknown), [None], "{sql}");
        }
    }

    #[test]
    fn other_conditions_bound_nothing() {
        for sql in [
            "DELETE FROM t WHERE id = 7 OR true",
            "DELETE FROM t WHERE id = id",
            "DELETE FROM t WHERE id > 7",
            "DELETE FROM t WHERE NOT id = 7",
            "DELETE FROM t WHERE user_id = 7",
            "DELETE FROM t WHERE id IN (SELECT id FROM t)",
            "DELETE FROM t WHERE id = ANY(ARRAY[1])",
        ] {
            assert!(changed(sql, &Environment::Local).contains(&None), "{sql}");
        }
    }
}
