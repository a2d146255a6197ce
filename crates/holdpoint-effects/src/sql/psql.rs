//! A script as `psql` reads it: SQL, and backslash commands that are not SQL.
//!
//! Out of scope: what a file that a script includes holds, and what a variable stands for; both are opaque.

use holdpoint_core::effect::{Certainty, Effect, Effects, Environment, ResourceKind, Reversibility, Verb};

use super::origin::Origin;
use super::parse::{SQL_MAX_BYTES, parsed};
use super::statement::Walk;

/// The effects of a script, in no particular order.
pub(super) fn read(script: &str, origin: &Origin<'_>) -> Vec<Effect> {
    if script.len() > SQL_MAX_BYTES {
        return vec![origin.opaque(&format!("it has {} bytes where {SQL_MAX_BYTES} are read", script.len()))];
    }
    let pieces = split(script);
    if pieces.commands.len() > COMMANDS_MAX {
        return vec![origin.opaque("it has more backslash commands than are read")];
    }
    let mut effects: Vec<Effect> = pieces.commands.iter().flat_map(|command| command_effects(command, origin)).collect();
    match parsed(&pieces.sql) {
        Ok(_) if pieces.interpolates => effects.push(origin.opaque("psql replaces a variable in it")),
        Ok(statements) if statements.is_empty() && !effects.is_empty() => {}
        Ok(statements) => {
            let mut walk = Walk::new(origin);
            statements.iter().for_each(|statement| walk.statement(statement));
            effects.extend(walk.finish());
        }
        Err(why) => effects.push(origin.opaque(&why)),
    }
    effects.truncate(Effects::MAX + 1);
    effects
}

/// A script taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pieces {
    /// What goes to the server. A command that sends the buffer leaves a semicolon.
    sql: String,
    /// The backslash commands, each with its arguments up to the end of the line.
    commands: Vec<String>,
    /// Whether `:name` stands somewhere in the SQL, where psql puts the value of a variable.
    interpolates: bool,
}

/// Where in the text psql's own reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Sql,
    /// A string; the flag says whether a backslash escapes in it.
    String(bool),
    Identifier,
    LineComment,
    /// A block comment at this depth.
    BlockComment(usize),
}

fn split(script: &str) -> Pieces {
    let mut pieces = Pieces::default();
    let mut inside = Inside::Sql;
    let mut rest = script;
    // The last two characters, to tell the `E` of an escaped string from the end of `date'…'`.
    let mut before = [' '; 2];
    while let Some(first) = rest.chars().next() {
        if inside == Inside::Sql && first == '\\' {
            rest = split_command(rest, &mut pieces);
            before = [' '; 2];
            continue;
        }
        let taken = match inside {
            Inside::Sql => enter(rest, before, &mut inside, &mut pieces),
            Inside::LineComment | Inside::BlockComment(_) => within_comment(rest, &mut inside),
            Inside::String(_) | Inside::Identifier => within_quotes(rest, &mut inside),
        };
        let (text, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        pieces.sql.push_str(text);
        let mut last = text.chars().rev();
        before = match (last.next(), last.next()) {
            (Some(last), None) => [before[1], last],
            (Some(last), Some(before_last)) => [before_last, last],
            (None, _) => before,
        };
        rest = after;
    }
    pieces
}

/// Takes a backslash command off the front; the text behind it comes back.
fn split_command<'s>(text: &'s str, pieces: &mut Pieces) -> &'s str {
    // `\;` keeps a semicolon in the buffer, and `\\` ends the command before.
    if let Some(after) = text.strip_prefix("\\;") {
        pieces.sql.push(';');
        return after;
    }
    if let Some(after) = text.strip_prefix("\\\\") {
        return after;
    }
    // Another command may follow on the line; it ends the arguments of this one.
    let end = text.char_indices().skip(1).find(|(_, mark)| ['\\', '\n'].contains(mark)).map_or(text.len(), |(at, _)| at);
    let (command, after) = text.split_at_checked(end).unwrap_or((text, ""));
    if SENDS.contains(&name_of(command)) {
        pieces.sql.push(';');
    }
    pieces.commands.push(command.to_owned());
    after
}

/// Reads one step of SQL outside quotes and comments, and returns how many bytes it takes.
fn enter(rest: &str, [earlier, before]: [char; 2], inside: &mut Inside, pieces: &mut Pieces) -> usize {
    let in_word = |mark: char| mark.is_alphanumeric() || mark == '_' || mark == '$' || !mark.is_ascii();
    let mut marks = rest.chars();
    let (first, second, third) = (marks.next().unwrap_or(' '), marks.next().unwrap_or(' '), marks.next().unwrap_or(' '));
    match (first, second) {
        ('\'', _) => *inside = Inside::String(matches!(before, 'e' | 'E') && !in_word(earlier)),
        ('"', _) => *inside = Inside::Identifier,
        ('-', '-') => *inside = Inside::LineComment,
        ('/', '*') => {
            *inside = Inside::BlockComment(1);
            return 2;
        }
        ('$', _) if !in_word(before) => return dollar_quoted(rest).unwrap_or(1),
        (':', ':' | '=') => return 2,
        (':', '\'' | '"' | '{' | '_') => pieces.interpolates = true,
        (':', name) if name.is_alphabetic() || (name.is_alphanumeric() && third.is_alphabetic()) => pieces.interpolates = true,
        _ => {}
    }
    first.len_utf8()
}

/// The length of a dollar-quoted string at the front of a text; all of it where it is not closed.
fn dollar_quoted(text: &str) -> Option<usize> {
    let (tag, _) = text.strip_prefix('$')?.split_once('$')?;
    let starts_well = !tag.starts_with(|first: char| first.is_ascii_digit());
    let plain = tag.chars().all(|mark| mark.is_alphanumeric() || mark == '_' || !mark.is_ascii());
    if !(starts_well && plain) {
        return None;
    }
    let quote = format!("${tag}$");
    let body = text.get(quote.len()..)?;
    Some(body.find(&quote).map_or(text.len(), |end| end + 2 * quote.len()))
}

fn within_comment(rest: &str, inside: &mut Inside) -> usize {
    let first = rest.chars().next().map_or(1, char::len_utf8);
    match *inside {
        Inside::LineComment if rest.starts_with(['\n', '\r']) => *inside = Inside::Sql,
        Inside::BlockComment(depth) if rest.starts_with("*/") => {
            *inside = if depth > 1 { Inside::BlockComment(depth - 1) } else { Inside::Sql };
            return 2;
        }
        Inside::BlockComment(depth) if rest.starts_with("/*") => {
            *inside = Inside::BlockComment(depth + 1);
            return 2;
        }
        _ => {}
    }
    first
}

fn within_quotes(rest: &str, inside: &mut Inside) -> usize {
    let first = rest.chars().next().unwrap_or(' ');
    match (*inside, first) {
        (Inside::String(true), '\\') => return 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
        (Inside::String(_), '\'') | (Inside::Identifier, '"') => *inside = Inside::Sql,
        _ => {}
    }
    first.len_utf8()
}

/// The name of a backslash command: letters, or the one sign after the backslash.
fn name_of(command: &str) -> &str {
    let text = command.strip_prefix('\\').unwrap_or(command);
    let end = text.find(|mark: char| !(mark.is_ascii_alphanumeric() || mark == '_' || mark == '+')).unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    text.get(..end.max(first)).unwrap_or(text)
}

/// What one backslash command does.
fn command_effects(command: &str, origin: &Origin<'_>) -> Vec<Effect> {
    let name = name_of(command);
    let arguments = command.strip_prefix('\\').and_then(|text| text.strip_prefix(name)).unwrap_or_default().trim();
    if name == "!" || arguments.contains('`') {
        return vec![program(command.trim(), origin)];
    }
    match name {
        "copy" => copy(arguments, origin),
        "g" | "gx" | "o" | "out" | "s" | "w" | "write" => output(arguments, origin),
        "password" => vec![origin.effect(
            Verb::Modify,
            ResourceKind::Privilege,
            arguments,
            Reversibility::Effort,
            "Changes a password".to_owned(),
        )],
        name if READS.contains(&name) || name.starts_with(['d', 'l', 'z']) && !name.starts_with("lo_") => {
            let summary = "Looks at the database or sets how psql prints".to_owned();
            vec![origin.effect(Verb::Read, ResourceKind::Database, "session", Reversibility::Lossless, summary)]
        }
        name => vec![origin.opaque(&format!("what `\\{name}` would bring in or run does not stand here"))],
    }
}

/// A program that psql starts on the machine it runs on.
fn program(text: &str, origin: &Origin<'_>) -> Effect {
    let summary = format!("Runs a program from psql: {text}");
    let effect = origin.effect(Verb::Execute, ResourceKind::Program, text, Reversibility::Irreversible, summary);
    Effect { certainty: Certainty::Opaque, environment: Environment::Local, ..effect }
}

/// A file that psql writes on the machine it runs on. What is there now, this reader does not ask.
fn written_file(name: &str, origin: &Origin<'_>) -> Effect {
    let summary = format!("Writes the file {name} from psql");
    let effect = origin.effect(Verb::Overwrite, ResourceKind::File, name, Reversibility::Irreversible, summary);
    Effect { certainty: Certainty::Worst, environment: Environment::Local, ..effect }
}

/// A command whose argument says where output goes: nowhere else, into a program, into a file.
fn output(arguments: &str, origin: &Origin<'_>) -> Vec<Effect> {
    // `\g (format=csv) file`: the options say how, not where.
    let target = arguments.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(arguments, |(_, after)| after.trim());
    match target.strip_prefix('|') {
        Some(pipe) => vec![program(pipe.trim(), origin)],
        None if target.is_empty() => Vec::new(),
        None => vec![written_file(target, origin)],
    }
}

/// `\copy`: like `COPY`, but the file or program is on the side of psql. What psql takes beyond SQL, such as a file without
/// quotes, is opaque.
fn copy(arguments: &str, origin: &Origin<'_>) -> Vec<Effect> {
    let Ok(statements) = parsed(&format!("COPY {arguments}")) else {
        return vec![origin.opaque("a \\copy that is not understood")];
    };
    let mut walk = Walk::new(origin);
    statements.iter().for_each(|statement| walk.statement(statement));
    let effects = walk.finish();
    let imports = effects.iter().any(|effect| effect.verb == Verb::Create);
    let here = |effect: Effect| match (effect.verb, effect.resource.kind) {
        (Verb::Execute, ResourceKind::Host) => program(&effect.resource.name, origin),
        (Verb::Overwrite, ResourceKind::Host) => written_file(&effect.resource.name, origin),
        (Verb::Read, ResourceKind::Credential) if imports => {
            let name = effect.resource.name;
            let read = origin.effect(Verb::Read, ResourceKind::File, &name, Reversibility::Lossless, format!("Reads {name}"));
            Effect { environment: Environment::Local, ..read }
        }
        _ => effect,
    };
    effects.into_iter().map(here).collect()
}

/// Most backslash commands that are read: some hold SQL, which is parsed apart.
const COMMANDS_MAX: usize = 64;

/// Commands that send what was typed so far to the server.
const SENDS: &[&str] = &["crosstabview", "g", "gdesc", "gexec", "gset", "gx", "watch", "parse"];

/// Commands that look at the catalog, print, or set how psql prints. Those that list objects start with `d`, `l` or `z`.
const READS: &[&str] = &[
    "?",
    "C",
    "H",
    "T",
    "a",
    "conninfo",
    "copyright",
    "crosstabview",
    "echo",
    "elif",
    "else",
    "encoding_",
    "endif",
    "errverbose",
    "f",
    "gdesc",
    "h",
    "help",
    "html",
    "if",
    "p",
    "pset",
    "print",
    "q",
    "qecho",
    "quit",
    "r",
    "reset",
    "set",
    "sf",
    "sv",
    "t",
    "timing",
    "unset",
    "x",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(script: &str) -> (String, Vec<String>, bool) {
        let Pieces { sql, commands, interpolates } = split(script);
        (sql, commands, interpolates)
    }

    #[test]
    fn a_backslash_in_quotes_or_comments_is_no_command() {
        for sql in [
            r"SELECT '\! ls'",
            r#"SELECT "\! ls""#,
            r"SELECT $$\! ls$$",
            r"SELECT $a$\! $$ ls$a$",
            r"/* \! /* */ \! */ SELECT 1",
            "-- \\! ls\nSELECT 1",
            r"SELECT E'\'\! ls'",
        ] {
            assert_eq!(pieces(sql), (sql.to_owned(), vec![], false), "{sql}");
        }
    }

    #[test]
    fn a_backslash_anywhere_else_is_one() {
        assert_eq!(pieces("SELECT 1 \\! ls\n; SELECT 2"), ("SELECT 1 \n; SELECT 2".into(), vec!["\\! ls".into()], false));
        assert_eq!(pieces(r"SELECT 'a\' \! ls"), (r"SELECT 'a\' ".into(), vec![r"\! ls".into()], false));
        assert_eq!(pieces(r"SELECT date'\' \! ls"), (r"SELECT date'\' ".into(), vec![r"\! ls".into()], false));
        assert_eq!(pieces(r"SELECT 1 \; SELECT 2 \g out"), ("SELECT 1 ; SELECT 2 ;".into(), vec![r"\g out".into()], false));
        assert_eq!(pieces(r"\x \\ SELECT 1"), (" SELECT 1".into(), vec![r"\x ".into()], false));
    }

    #[test]
    fn a_variable_is_seen_and_a_cast_is_none() {
        for script in ["SELECT :x", "SELECT :'x'", "SELECT :\"x\"", "SELECT a[1:n]", "SELECT :{?x}"] {
            assert!(split(script).interpolates, "{script}");
        }
        for script in ["SELECT 1::int", "SELECT a[1:2]", "SELECT '12:ab'", "SELECT f(a := 1)", "SELECT :1"] {
            assert!(!split(script).interpolates, "{script}");
        }
    }
}
