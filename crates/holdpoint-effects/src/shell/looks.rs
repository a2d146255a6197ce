//! Programs with many subcommands of which some plainly only look: cloud command lines, `sqlite3` with a query, requests to
//! a GraphQL endpoint that only ask.

use holdpoint_core::effect::{ResourceKind, Verb};

use super::effect::plain;
use super::options::Line;
use super::queries::{Client, adds, asks};
use super::syntax::Span;
use super::value::{Field, Piece};
use super::walker::{Input, Site, Walker};
use crate::families::Command;
use crate::graphql;

impl Walker<'_> {
    /// `sqlite3 FILE STATEMENTS` or `sqlite3 FILE < STATEMENTS` that plainly only ask or add: work on that file; `false` for
    /// everything else.
    pub(crate) fn sqlite_adds(&mut self, program: &str, words: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (file, statements) = match words {
            [file, statements] => (file, statements.known()),
            [file] => (file, self.statements_fed()),
            _ => return false,
        };
        if file.value.head().starts_with('-') || !statements.as_deref().is_some_and(adds) {
            return false;
        }
        // What only asks is told below.
        if words.len() == 2 && statements.as_deref().is_some_and(asks) {
            return false;
        }
        self.modify(file, directory, "Adds to the database");
        let summary = "Runs a statement that only adds".to_owned();
        self.note(plain(Verb::Modify, ResourceKind::Program, program, summary, span.clone()));
        true
    }

    /// `mysql [OPTION…] [DATABASE] < STATEMENTS` that plainly only ask, or only add to a database of this machine.
    pub(crate) fn plainly_fed(&mut self, program: &str, arguments: &[Field], span: &Span) -> bool {
        let Some(words) = arguments.iter().map(word).collect::<Option<Vec<String>>>() else { return false };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some(client) = Client::of(&words).filter(Client::is_fed) else { return false };
        let statements = self.statements_fed();
        let asked = statements.as_deref().is_some_and(|statements| client.asks_all(statements));
        if asked {
            let summary = format!("Looks only (`{program}`)");
            self.note(plain(Verb::Read, ResourceKind::Program, program, summary, span.clone()));
        } else if !client.is_far() && statements.as_deref().is_some_and(adds) {
            let summary = "Runs statements that only add".to_owned();
            self.note(plain(Verb::Modify, ResourceKind::Database, program, summary, span.clone()));
        } else {
            return false;
        }
        true
    }

    /// The statements on the input, where the line or a file that it does not change determines them, and no line is a command of
    /// the shell around SQLite or ends a statement there without a semicolon.
    fn statements_fed(&self) -> Option<String> {
        let text = match &self.input {
            Input::Text(text) => text.known(),
            Input::File(path) if self.site == Site::Here && !self.is_rewritten(path) => {
                self.world.file_text(path).map(str::to_owned)
            }
            _ => None,
        };
        let acts = |line: &str| {
            let line = line.trim();
            line.starts_with('.') || line == "/" || line.eq_ignore_ascii_case("go")
        };
        text.filter(|text| !text.split(['\n', '\r']).any(acts))
    }

    /// Notes a command line that plainly only looks; `false` where that is not plain.
    pub(crate) fn plainly_looks(&mut self, program: &str, arguments: &[Field], span: &Span) -> bool {
        let Some(words) = arguments.iter().map(word).collect::<Option<Vec<String>>>() else { return false };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let looks = match program {
            "aws" | "awslocal" => aws_looks(&words),
            "az" => az_looks(&words),
            "gcloud" => gcloud_looks(&words),
            "bq" => {
                matches!(words.as_slice(), ["query", "--use_legacy_sql=false" | "--nouse_legacy_sql", query] | ["query", query] if asks(query))
            }
            "clickhouse" | "clickhouse-client" | "cockroach" | "cqlsh" | "mariadb" | "mysql" | "snowsql" | "sqlcmd" | "usql" => {
                Client::of(&words).is_some_and(|client| client.looks())
            }
            "cypher-shell" => matches!(words.as_slice(), [query] if cypher_asks(query)),
            "influx" => matches!(words.as_slice(), ["query", query] if flux_asks(query)),
            "mongo" | "mongosh" => mongo_looks(&words),
            "duckdb" | "sqlite" | "sqlite3" => sqlite_looks(&words),
            "wrangler" => d1_looks(&words),
            _ => false,
        };
        if looks {
            self.note(plain(Verb::Read, ResourceKind::Program, program, format!("Looks only (`{program}`)"), span.clone()));
        }
        looks
    }
}

/// A word that the line determines. The question mark of `file:shop.db?mode=ro` is no pattern where no file has such a name, and
/// another database where one has.
fn word(field: &Field) -> Option<String> {
    let marks = |piece: &Piece| match piece {
        Piece::Pattern(glob) => glob == "?",
        Piece::Text(_) => true,
        Piece::Any { .. } => false,
    };
    let names_database = field.value.head().starts_with("file:") && field.value.pieces.iter().all(marks);
    field.known().or_else(|| names_database.then(|| field.shown()))
}

/// Whether a request goes to a GraphQL endpoint and what is sent there only asks: as fields (`gh api graphql -f query=…`), or
/// as a JSON body (`curl -d '{"query": …}' https://host/graphql`).
pub(crate) fn asks_graphql(line: &Line) -> bool {
    let sent =
        |names: &[&str]| -> Option<Vec<String>> { names.iter().flat_map(|name| line.values(name)).map(Field::known).collect() };
    let by = |name: &str, methods: &[&str]| {
        line.values(name).all(|value| value.known().is_some_and(|value| methods.contains(&value.as_str())))
    };
    let hosts: Option<Vec<String>> = line.operands.iter().map(Field::known).collect();
    let hidden = line.uncertain || GRAPHQL_HIDES.iter().any(|name| line.has(name));
    let Some(hosts) = hosts.filter(|_| !hidden && by("-X", &["GET", "POST"]) && by("--request", &["GET", "POST"])) else {
        return false;
    };
    match hosts.as_slice() {
        [endpoint] if endpoint == "graphql" => {
            sent(&["-f", "--raw-field", "-F", "--field"]).is_some_and(|fields| fields_ask(&fields)) && by("--method", &["POST"])
        }
        [url] if is_graphql_address(url) && !line.has("-F") => {
            let bodies = sent(&["-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"]).unwrap_or_default();
            matches!(bodies.as_slice(), [body] if body_asks(body))
        }
        _ => false,
    }
}

/// Options with which something else is sent, or in another way, than the document that is read.
const GRAPHQL_HIDES: [&str; 8] =
    ["--config", "--data-urlencode", "--form", "--form-string", "--input", "--next", "--upload-file", "-K"];

fn is_graphql_address(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').to_ascii_lowercase().ends_with("/graphql")
}

/// `NAME=VALUE` fields of which one is the document; the others are its variables. A value behind `@` is the name of a file.
fn fields_ask(fields: &[String]) -> bool {
    let parts: Option<Vec<(&str, &str)>> = fields.iter().map(|field| field.split_once('=')).collect();
    let Some(parts) = parts.filter(|parts| parts.iter().all(|(_, value)| !value.starts_with('@'))) else { return false };
    let documents: Vec<&str> = parts.iter().filter(|(name, _)| *name == "query").map(|(_, document)| *document).collect();
    matches!(documents.as_slice(), [document] if graphql::only_asks(document))
}

/// One request as GraphQL's clients write it. What it must not have besides is not read.
fn body_asks(body: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        query: String,
        #[serde(default, rename = "variables")]
        _variables: serde_json::Value,
        #[serde(default, rename = "operationName")]
        _operation_name: Option<String>,
    }
    serde_json::from_str::<Request>(body).is_ok_and(|request| graphql::only_asks(&request.query))
}

/// Whether a subcommand that is not described says in plain words that it looks, and at no secret: the first word that does, behind
/// others that name things and no acts.
pub(super) fn only_looks(command: &Command, line: &Line) -> bool {
    let words: Vec<String> = line.operands.iter().map_while(Field::known).take(WORDS_MAX).collect();
    let acting = || command.sub.iter().filter(|sub| !sub.effect.is_empty()).flat_map(|sub| &sub.names);
    let acts = |word: &str| {
        let first = word.split('-').next().unwrap_or_default();
        ACTS_BY_NAME.contains(&first) || acting().any(|name| name.rsplit(' ').next() == Some(word))
    };
    let is_thing = |word: &String| {
        let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        plain && !acts(word)
    };
    let told = !is_secretive(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let looks = words.iter().position(|word| says_it_looks(word));
    told && !line.uncertain && looks.is_some_and(|at| words.iter().take(at).all(is_thing))
}

/// How many words may name a subcommand and what it is of.
const WORDS_MAX: usize = 4;

/// What programs call their acts.
const ACTS_BY_NAME: [&str; 48] = [
    "accept", "add", "apply", "approve", "attach", "cancel", "clear", "close", "commit", "create", "delete", "deploy", "destroy",
    "detach", "disable", "drain", "drop", "edit", "enable", "exec", "execute", "import", "install", "kill", "merge", "move",
    "patch", "pause", "promote", "publish", "purge", "push", "put", "remove", "reset", "restart", "restore", "revoke", "rm",
    "rotate", "run", "send", "set", "start", "stop", "sync", "update", "upload",
];

fn says_it_looks(word: &str) -> bool {
    matches!(
        word,
        "describe" | "events" | "history" | "info" | "inspect" | "list" | "ls" | "show" | "status" | "version" | "versions"
    ) || ["describe-", "is-", "list-", "show-"].iter().any(|start| word.starts_with(start))
        || ["-info", "-list", "-ls", "-show", "-status"].iter().any(|end| word.ends_with(end))
}

/// Words in the name of what hands out secrets or writes files.
const SECRETIVE: [&str; 10] =
    ["appsettings", "connection-string", "credential", "key", "login", "object", "parameter", "password", "secret", "token"];

fn is_secretive(words: &[&str]) -> bool {
    words.iter().any(|word| SECRETIVE.iter().any(|part| word.contains(part)))
}

/// The words up to the first option, behind options that every subcommand takes.
fn leading<'w>(mut words: &'w [&'w str]) -> &'w [&'w str] {
    while let [option, _, rest @ ..] = words
        && matches!(*option, "--profile" | "--region" | "--output" | "--project")
    {
        words = rest;
    }
    let count = words.iter().take_while(|word| !word.starts_with('-')).count();
    words.get(..count).unwrap_or_default()
}

/// `aws SERVICE OPERATION`.
fn aws_looks(words: &[&str]) -> bool {
    // Another service than Amazon's is told by the families.
    let turns = words.iter().any(|word| word.starts_with("--endpoint-url"));
    match leading(words) {
        _ if turns => false,
        // Every service and operation has this word, and it alone says what to do.
        ["help"] | [_, "help"] | [_, _, "help"] => true,
        [service, operation, ..] => {
            ["describe-", "get-", "list-"].iter().any(|verb| operation.starts_with(verb)) && !is_secretive(&[service, operation])
        }
        _ => false,
    }
}

/// `az GROUP… VERB`: it takes no operands, so the last word in front of the options is the verb.
fn az_looks(words: &[&str]) -> bool {
    match leading(words) {
        [groups @ .., "exists" | "list" | "show"] => !groups.is_empty() && !is_secretive(groups),
        _ => false,
    }
}

/// `gcloud GROUP… VERB OPERAND…`: only groups of known names may stand in front of the verb, for an operand may be any word.
fn gcloud_looks(words: &[&str]) -> bool {
    let words = leading(words);
    let groups = words.iter().take_while(|word| GCLOUD_GROUPS.contains(word)).count();
    groups > 0 && matches!(words.get(groups), Some(&("describe" | "list" | "read")))
}

const GCLOUD_GROUPS: [&str; 41] = [
    "addresses",
    "apigee",
    "apis",
    "artifacts",
    "backups",
    "buckets",
    "builds",
    "clusters",
    "compute",
    "container",
    "databases",
    "deployments",
    "developers",
    "disks",
    "dns",
    "environments",
    "firewall-rules",
    "functions",
    "images",
    "instances",
    "jobs",
    "logging",
    "managed-zones",
    "networks",
    "node-pools",
    "objects",
    "operations",
    "organizations",
    "products",
    "projects",
    "pubsub",
    "regions",
    "routes",
    "run",
    "services",
    "sql",
    "storage",
    "subnets",
    "subscriptions",
    "topics",
    "zones",
];

/// `sqlite3 [OPTION…] FILE QUERY` with one query that calls nothing.
fn sqlite_looks(words: &[&str]) -> bool {
    let formats = ["-batch", "-column", "-csv", "-header", "-json", "-line", "-list", "-markdown", "-readonly", "-table"];
    let options = words.iter().take_while(|word| formats.contains(word)).count();
    match words.get(options..) {
        Some(["-c", query]) => asks(query),
        Some([":memory:", query]) => stays_in_memory(query),
        Some([file, query]) if !file.starts_with('-') => dot_command_looks(query.trim()) || asks(query),
        _ => false,
    }
}

/// Whether statements for a database that is gone when they have run touch nothing else.
fn stays_in_memory(statements: &str) -> bool {
    const LEAVES: [&str; 8] = ["attach", "edit", "fts3_tokenizer", "load_extension", "readfile", "read_", "vacuum", "writefile"];
    let statements = statements.to_ascii_lowercase();
    let dot_command = statements.lines().any(|line| line.trim_start().starts_with('.'));
    !dot_command && !LEAVES.iter().any(|word| statements.contains(word)) && !statements.contains("copy ")
}

/// `wrangler d1 execute NAME --command QUERY`: one query, in the dialect of SQLite.
fn d1_looks(words: &[&str]) -> bool {
    let ["d1", "execute", _, rest @ ..] = words else { return false };
    let (mut asked, mut rest) = (0, rest);
    while let [word, after @ ..] = rest {
        rest = after;
        match (*word, after) {
            ("--command", [query, after @ ..]) if asks(query) => {
                asked += 1;
                rest = after;
            }
            ("--remote" | "--local" | "--json" | "-y" | "--yes" | "--preview", _) => {}
            _ => match word.strip_prefix("--command=") {
                Some(query) if asks(query) => asked += 1,
                _ => return false,
            },
        }
    }
    asked == 1
}

/// A command of the shell around SQLite that prints, and writes nowhere.
fn dot_command_looks(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let known =
        matches!(words.next(), Some(".databases" | ".dbinfo" | ".dump" | ".indexes" | ".indices" | ".schema" | ".tables"));
    known && words.all(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// `MATCH … RETURN …` and no word of what changes a graph.
fn cypher_asks(query: &str) -> bool {
    const CHANGES: [&str; 9] = ["call", "create", "delete", "drop", "foreach", "load", "merge", "remove", "set"];
    let query = query.to_ascii_lowercase();
    let mut words = query.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').filter(|word| !word.is_empty());
    words.next() == Some("match") && !query.contains(['/', ';']) && !words.any(|word| CHANGES.contains(&word))
}

/// A Flux query that reads from a bucket and sends its result nowhere.
fn flux_asks(query: &str) -> bool {
    let bare: String = query.split_whitespace().collect();
    bare.starts_with("from(") && !bare.contains("to(") && !bare.contains("import") && !bare.contains("option")
}

/// `mongosh [OPTION…] [DATABASE] --eval EXPRESSION` with one expression that only asks.
fn mongo_looks(words: &[&str]) -> bool {
    let mut asked = 0;
    let mut others = 0;
    let mut rest = words;
    while let [word, after @ ..] = rest {
        rest = after;
        match (*word, after) {
            ("--eval", [expression, after @ ..]) if mongo_asks(expression) => {
                asked += 1;
                rest = after;
            }
            ("--quiet" | "--norc" | "--json", _) => {}
            _ if !word.starts_with('-') => others += 1,
            _ => return false,
        }
    }
    asked == 1 && others <= 1
}

fn mongo_asks(expression: &str) -> bool {
    const ASKS: [&str; 12] = [
        "count(",
        "countDocuments(",
        "dbStats(",
        "distinct(",
        "estimatedDocumentCount(",
        "find(",
        "findOne(",
        "getCollectionNames(",
        "getIndexes(",
        "serverStatus(",
        "stats(",
        "validate(",
    ];
    const ACTS: [&str; 22] = [
        "$function",
        "$merge",
        "$out",
        "$where",
        ";",
        "=",
        "bulk",
        "create",
        "delete",
        "drop",
        "eval",
        "findAndModify",
        "findOneAnd",
        "forEach",
        "insert",
        "load(",
        "process",
        "remove",
        "rename",
        "replace",
        "require",
        "update",
    ];
    let whole = matches!(
        expression,
        "rs.status()" | "db.version()" | "db.adminCommand(\"listDatabases\")" | "db.hello()" | "sh.status()"
    );
    whole
        || (expression.starts_with("db.")
            && ASKS.iter().any(|call| expression.contains(call))
            && !ACTS.iter().any(|act| expression.contains(act)))
}
