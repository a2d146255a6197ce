//! Statements for databases whose language is not parsed here: which of them plainly only ask, and which only add.
//!
//! *In scope:* the texts, and the command lines of clients that take them as words (`mysql -e`, `clickhouse-client -q`).
//! *Out of scope:* PostgreSQL, which is parsed (`sql`), and which program takes which texts (`looks.rs`).

use super::address::is_this_machine;

/// What a client's command line says.
#[derive(Debug, Default)]
pub(super) struct Client<'w> {
    queries: Vec<&'w str>,
    host: Option<&'w str>,
    others: usize,
}

impl<'w> Client<'w> {
    /// `mysql [OPTION…] -e QUERY [DATABASE]`, `clickhouse-client [OPTION…] --query QUERY`: queries and nothing else that runs.
    pub(super) fn of(words: &[&'w str]) -> Option<Self> {
        let mut client = Self::default();
        let mut rest = words;
        while let [word, after @ ..] = rest {
            rest = after;
            match (*word, after) {
                ("-e" | "-q" | "-Q" | "-c" | "--query" | "--execute", [query, after @ ..]) => {
                    client.queries.push(query);
                    rest = after;
                }
                ("-h" | "--host", [host, after @ ..]) => {
                    client.host = Some(host);
                    rest = after;
                }
                ("-u" | "--user" | "-P" | "--port" | "-D" | "--database" | "--format" | "-S", [_, after @ ..]) => rest = after,
                (word, _) if word.starts_with("--query=") || word.starts_with("--execute=") => {
                    client.queries.extend(word.split_once('=').map(|(_, query)| query));
                }
                (word, _) if word.starts_with("--host=") => client.host = word.split_once('=').map(|(_, host)| host),
                (word, _) if word.starts_with("-h") && word.len() > 2 => client.host = word.get(2..),
                (word, _)
                    if ["-u", "-p", "-P", "--user=", "--port=", "--database=", "--password=", "--format="]
                        .iter()
                        .any(|option| word.starts_with(option) && word.len() > 2) => {}
                ("-N" | "-B" | "-s" | "-t" | "--batch" | "--silent" | "--table" | "--json" | "--secure" | "-r" | "-p", _) => {}
                (word, _) if !word.starts_with('-') => client.others += 1,
                _ => return None,
            }
        }
        Some(client)
    }

    /// Whether all that it is told plainly only asks.
    pub(super) fn looks(&self) -> bool {
        self.others <= 1 && !self.queries.is_empty() && self.queries.iter().all(|query| self.asks_all(query))
    }

    /// Whether it takes its statements from its input.
    pub(super) const fn is_fed(&self) -> bool {
        self.others <= 1 && self.queries.is_empty()
    }

    /// Whether it talks to another machine than this.
    pub(super) fn is_far(&self) -> bool {
        self.host.is_some_and(|host| !is_this_machine(host))
    }

    /// Whether a text is queries that ask; of another machine, by no function of which it is not known that it changes nothing.
    pub(super) fn asks_all(&self, queries: &str) -> bool {
        asks(queries) && (!self.is_far() || calls_only_known(queries))
    }
}

/// Whether a text is statements that ask, or add rows, a table or an index, and neither replace anything nor call a function.
pub(super) fn adds(statements: &str) -> bool {
    let statements = without_comments(statements);
    let statements = statements.trim().trim_end_matches(';');
    statements.split(';').all(|statement| adds_once(statement) || asks_once(statement))
}

fn adds_once(statement: &str) -> bool {
    let statement = statement.trim().to_ascii_lowercase();
    let body = statement.strip_suffix(';').unwrap_or(&statement);
    let begins = ["insert into ", "create table ", "create index ", "create unique index "];
    let more = [";", "/*", "--", "\\", "on conflict", " or replace", "select", "load_extension", "writefile", "edit", "\n."];
    begins.iter().any(|begin| body.starts_with(begin)) && !more.iter().any(|part| body.contains(part))
}

/// What a query calls that acts, or reads what is no table.
const ACTS: [&str; 24] = [
    " into ",
    "edit(",
    "eval(",
    "executable(",
    "file(",
    "fts3_tokenizer",
    "get_lock",
    "hdfs(",
    "jdbc(",
    "load_extension",
    "load_file",
    "mysql(",
    "odbc(",
    "outfile",
    "postgresql(",
    "read_",
    "readfile",
    "remote(",
    "s3(",
    "sleep(",
    "benchmark(",
    "url(",
    "writefile",
    "for update",
];

/// Whether a text is queries that ask and call nothing that acts. Each statement begins behind a semicolon, and what stands behind
/// one inside quotation marks is held against the same.
pub(super) fn asks(queries: &str) -> bool {
    without_comments(queries).trim().trim_end_matches(';').split(';').all(asks_once)
}

fn asks_once(query: &str) -> bool {
    let query = query.trim().to_ascii_lowercase();
    let body = query.strip_suffix(';').unwrap_or(&query);
    // A client may show rows as a column each.
    let body = body.strip_suffix("\\g").unwrap_or(body);
    let asks = ["select ", "show ", "describe ", "desc ", "explain select ", "explain query plan select "]
        .iter()
        .any(|verb| body.starts_with(verb));
    // However it is spaced and quoted.
    let bare: String = body.chars().filter(|sign| !matches!(sign, '"' | '`' | '[' | ']')).collect();
    let flat = bare.split_whitespace().collect::<Vec<_>>().join(" ").replace(" (", "(");
    let hidden = [";", "/*", "--", "\\"].iter().any(|mark| flat.contains(mark));
    let checks = [
        "pragma integrity_check",
        "pragma quick_check",
        "pragma foreign_key_check",
        "pragma table_info(",
        "pragma database_list",
    ];
    let asks = asks || (checks.iter().any(|check| body.starts_with(check)) && !body.contains('='));
    asks && !hidden && !ACTS.iter().any(|act| flat.contains(act))
}

/// A text without what stands behind two dashes and a blank, up to the end of the line. Where a backslash could hide a quotation
/// mark, it stays as it is.
fn without_comments(text: &str) -> String {
    if text.contains('\\') || !text.contains("--") {
        return text.to_owned();
    }
    let (mut kept, mut quote, mut rest) = (String::new(), None, text);
    while let Some(sign) = rest.chars().next() {
        let ends = rest.strip_prefix("--").is_some_and(|behind| behind.is_empty() || behind.starts_with(char::is_whitespace));
        match quote {
            None if ends => {
                rest = rest.find('\n').map_or("", |at| rest.get(at..).unwrap_or_default());
                continue;
            }
            None if matches!(sign, '\'' | '"' | '`') => quote = Some(sign),
            Some(open) if open == sign => quote = None,
            _ => {}
        }
        kept.push(sign);
        rest = rest.get(sign.len_utf8()..).unwrap_or_default();
    }
    kept
}

/// Whether every function that queries call is one that computes or looks, whatever the database has defined besides.
fn calls_only_known(queries: &str) -> bool {
    let queries = without_comments(queries).to_ascii_lowercase();
    let mut rest = queries.as_str();
    while let Some((before, behind)) = rest.split_once('(') {
        let name = before.trim_end().rsplit(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '.' | '`' | '"')));
        let name = name.into_iter().next().unwrap_or_default();
        let known = |list: &[&str]| list.binary_search(&name).is_ok();
        if !name.is_empty() && !known(&WORDS) && !known(&FUNCTIONS) && !name.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        rest = behind;
    }
    true
}

/// Words of the language that stand in front of a bracket.
const WORDS: [&str; 58] = [
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "bigint",
    "binary",
    "by",
    "case",
    "char",
    "decimal",
    "distinct",
    "else",
    "except",
    "exists",
    "filter",
    "float",
    "from",
    "group",
    "having",
    "in",
    "int",
    "integer",
    "intersect",
    "interval",
    "is",
    "join",
    "key",
    "lateral",
    "like",
    "limit",
    "not",
    "numeric",
    "offset",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "rlike",
    "rollup",
    "row",
    "rows",
    "select",
    "set",
    "signed",
    "some",
    "then",
    "union",
    "unsigned",
    "using",
    "values",
    "varchar",
    "when",
    "where",
    "window",
    "with",
];

/// Functions of MySQL, MariaDB, ClickHouse, CockroachDB and SQL Server that compute or look and change nothing (MySQL's manual,
/// "Functions and Operators"; ClickHouse's, "Functions").
const FUNCTIONS: [&str; 334] = [
    "abs",
    "acos",
    "adddate",
    "addtime",
    "age",
    "any",
    "argmax",
    "argmin",
    "array_agg",
    "array_length",
    "arrayjoin",
    "ascii",
    "asin",
    "atan",
    "avg",
    "avgif",
    "bin",
    "bit_and",
    "bit_count",
    "bit_length",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "cast",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "charindex",
    "charset",
    "coalesce",
    "collation",
    "concat",
    "concat_ws",
    "connection_id",
    "conv",
    "convert",
    "convert_tz",
    "cos",
    "cot",
    "count",
    "count_big",
    "countif",
    "crc32",
    "cube",
    "cume_dist",
    "curdate",
    "current_database",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "currentdatabase",
    "curtime",
    "database",
    "date",
    "date_add",
    "date_bin",
    "date_diff",
    "date_format",
    "date_part",
    "date_sub",
    "date_trunc",
    "dateadd",
    "datediff",
    "datename",
    "datepart",
    "day",
    "dayname",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "db_name",
    "dense_rank",
    "elt",
    "empty",
    "exp",
    "extract",
    "field",
    "find_in_set",
    "first_value",
    "floor",
    "format",
    "format_bytes",
    "format_pico_time",
    "formatreadablequantity",
    "formatreadablesize",
    "formatreadabletimedelta",
    "found_rows",
    "from_base64",
    "from_days",
    "from_unixtime",
    "fromunixtimestamp",
    "generate_series",
    "getdate",
    "getutcdate",
    "greatest",
    "group_concat",
    "grouparray",
    "grouping",
    "groupuniqarray",
    "hex",
    "hostname",
    "hour",
    "if",
    "iff",
    "ifnull",
    "iif",
    "inet6_aton",
    "inet6_ntoa",
    "inet_aton",
    "inet_ntoa",
    "initcap",
    "instr",
    "is_ipv4",
    "is_ipv6",
    "isnull",
    "isnumeric",
    "json_agg",
    "json_array",
    "json_arrayagg",
    "json_arraylength",
    "json_build_object",
    "json_contains",
    "json_contains_path",
    "json_depth",
    "json_extract",
    "json_extract_path_text",
    "json_keys",
    "json_length",
    "json_object",
    "json_objectagg",
    "json_pretty",
    "json_quote",
    "json_search",
    "json_type",
    "json_unquote",
    "json_valid",
    "json_value",
    "jsonb_agg",
    "jsonb_array_length",
    "jsonb_build_object",
    "jsonb_pretty",
    "jsonextractint",
    "jsonextractstring",
    "lag",
    "last_day",
    "last_value",
    "lcase",
    "lead",
    "least",
    "left",
    "len",
    "length",
    "lengthutf8",
    "ln",
    "localtime",
    "localtimestamp",
    "locate",
    "log",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "make_set",
    "makedate",
    "maketime",
    "max",
    "maxif",
    "md5",
    "median",
    "microsecond",
    "mid",
    "min",
    "minif",
    "minute",
    "mod",
    "month",
    "monthname",
    "name_const",
    "newid",
    "now",
    "nth_value",
    "ntile",
    "nullif",
    "nvl",
    "object_id",
    "object_name",
    "oct",
    "octet_length",
    "ord",
    "parsename",
    "percent_rank",
    "percentile_cont",
    "percentile_disc",
    "period_add",
    "period_diff",
    "pg_column_size",
    "pg_database_size",
    "pg_relation_size",
    "pg_size_pretty",
    "pg_table_size",
    "pg_total_relation_size",
    "pi",
    "position",
    "pow",
    "power",
    "quantile",
    "quantiles",
    "quarter",
    "quote",
    "quotename",
    "radians",
    "rand",
    "random",
    "rank",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_matches",
    "regexp_replace",
    "regexp_substr",
    "repeat",
    "replace",
    "replicate",
    "reverse",
    "right",
    "round",
    "row_count",
    "row_number",
    "rpad",
    "rtrim",
    "schema",
    "sec_to_time",
    "second",
    "serverproperty",
    "session_user",
    "sha",
    "sha1",
    "sha2",
    "sign",
    "sin",
    "soundex",
    "space",
    "split_part",
    "sqrt",
    "st_astext",
    "st_distance",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "str_to_date",
    "strcmp",
    "string_agg",
    "stuff",
    "subdate",
    "substr",
    "substring",
    "substring_index",
    "subtime",
    "sum",
    "sumif",
    "sysdate",
    "sysdatetime",
    "system_user",
    "tan",
    "time",
    "time_format",
    "time_to_sec",
    "timediff",
    "timestamp",
    "timestampadd",
    "timestampdiff",
    "to_base64",
    "to_char",
    "to_date",
    "to_days",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_seconds",
    "to_timestamp",
    "todate",
    "todatetime",
    "toint32",
    "toint64",
    "tomonth",
    "tostartofday",
    "tostartofhour",
    "tostartofinterval",
    "tostartofminute",
    "tostartofmonth",
    "tostartofweek",
    "tostring",
    "touint32",
    "touint64",
    "toyear",
    "toyyyymm",
    "toyyyymmdd",
    "trim",
    "truncate",
    "try_cast",
    "try_convert",
    "ucase",
    "uncompressed_length",
    "unhex",
    "uniq",
    "uniqcombined",
    "uniqexact",
    "unix_timestamp",
    "unnest",
    "upper",
    "user",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "uuid",
    "uuid_short",
    "uuid_to_bin",
    "var_pop",
    "var_samp",
    "variance",
    "version",
    "week",
    "weekday",
    "weekofyear",
    "width_bucket",
    "year",
    "yearweek",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(WORDS.is_sorted() && FUNCTIONS.is_sorted());
    }

    #[test]
    fn a_function_that_nobody_knows_may_do_anything() {
        for query in ["select count(*) from t where a in (1, 2)", "select max(id), date_format(now(), '%Y') from t", "select 1"] {
            assert!(calls_only_known(query), "{query}");
        }
        for query in ["select wipe()", "select shop.wipe (1)", "select `wipe`(1)", "select max(wipe())"] {
            assert!(!calls_only_known(query), "{query}");
        }
    }

    #[test]
    fn a_comment_hides_nothing() {
        for query in ["select 1 -- the first", "-- what is there\nselect 1"] {
            assert!(asks(query), "{query}");
        }
        for query in
            ["select 1 -- x\n; drop table t", "select '-- '; drop table t", "select 1 --x", "select '\\'' -- '; drop table t"]
        {
            assert!(!asks(query), "{query}");
        }
    }
}
