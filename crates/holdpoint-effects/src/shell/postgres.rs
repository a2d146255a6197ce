//! `psql` and its like: which server, which SQL.

use std::collections::BTreeSet;

use holdpoint_core::effect::Environment;

use super::options::Line;
use super::value::Field;

/// Programs whose operand may be a whole connection string.
const TAKE_CONNECTION_STRINGS: [&str; 2] = ["pg_dump", "psql"];
/// Options whose value may be one.
const CONNECTION_OPTIONS: [&str; 3] = ["-d", "--dbname", "--maintenance-db"];

/// The host that a command line or its variables name, if any; an empty one where the line does not determine it.
///
/// libpq takes a host from options and from connection strings, and which of several wins hangs on their order. So whatever is
/// named counts, and the gravest of it: this machine only where nothing else is named.
pub(crate) fn host(program: &str, line: &Line, set: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let given = |names: &[&'static str]| -> Vec<Option<String>> {
        names.iter().flat_map(|name| line.values(name).map(Field::known)).collect()
    };
    let (options, strings) = (given(&["-h", "--host"]), given(&CONNECTION_OPTIONS));
    let operands = || line.operands.iter().take(2);
    let hidden = ["--host", "--dbname"].iter().any(|name| line.hides_value(name))
        || (TAKE_CONNECTION_STRINGS.contains(&program) && (line.uncertain || operands().any(|word| word.known().is_none())));
    if hidden || options.iter().chain(&strings).any(Option::is_none) {
        return Some(String::new());
    }
    let in_strings = strings.into_iter().chain(operands().map(Field::known)).flatten().flat_map(|text| connection_hosts(&text));
    let named: BTreeSet<String> = options.into_iter().flatten().chain(in_strings).collect();
    if named.is_empty() {
        return set("PGHOST").or_else(|| set("PGSERVICE").map(|service| format!("service:{service}")));
    }
    let mut elsewhere = named.iter().filter(|host| environment(host) != Environment::Local);
    match (elsewhere.next(), elsewhere.next()) {
        (None, _) => named.first().cloned(),
        (one, None) => one.cloned(),
        _ => Some(String::new()),
    }
}

/// Local for the machine's own addresses and sockets, otherwise the host.
pub(crate) fn environment(host: &str) -> Environment {
    match host {
        "localhost" | "127.0.0.1" | "::1" | "[::1]" => Environment::Local,
        host if host.starts_with('/') => Environment::Local,
        host => Environment::from(host.to_owned()),
    }
}

/// The hosts of `postgresql://user@host:port/db?host=…` or `host=… hostaddr=… dbname=…`.
fn connection_hosts(text: &str) -> Vec<String> {
    let says_where = |name: &str| matches!(name, "host" | "hostaddr" | "service");
    if let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres")) {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let query = text.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let queried = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(name, _)| says_where(name));
        let named = hosts_of(authority).chain(queried.map(|(_, host)| host.to_owned()));
        let named: Vec<_> = named.filter(|host| !host.is_empty()).collect();
        return if named.is_empty() { vec!["localhost".to_owned()] } else { named };
    }
    // Spaces may stand around the sign, and quotes around the value.
    let mut parts = text.split('=').map(str::trim);
    let mut name = parts.next().unwrap_or_default().rsplit(char::is_whitespace).next().unwrap_or_default();
    let mut hosts = Vec::new();
    for part in parts {
        let (value, next) = part.rsplit_once(char::is_whitespace).unwrap_or((part, ""));
        let value = if next.is_empty() { part } else { value };
        if says_where(name) {
            hosts.extend(value.trim().trim_matches('\'').split(',').map(str::to_owned));
        }
        name = next;
    }
    hosts
}

/// The hosts of `user:password@host:port,host:port`.
fn hosts_of(authority: &str) -> impl Iterator<Item = String> + '_ {
    let places = authority.rsplit('@').next().unwrap_or_default();
    places.split(',').map(|place| match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => format!("[{address}]"),
        None => place.split(':').next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use holdpoint_core::change::{Artefact, Setting};
    use holdpoint_core::effect::{Environment, Verb};
    use holdpoint_core::question::Answers;

    /// Where a command line destroys something.
    fn destroys_at(line: &str) -> Environment {
        let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]);
        let setting = Setting { directory: "/home/alice/shop".to_owned(), variables, target: String::new() };
        let effects = crate::read(&Artefact::Command { text: line.to_owned() }, &setting, &Answers::default()).effects;
        effects.iter().find(|effect| effect.verb == Verb::Delete).unwrap_or_else(|| panic!("{line}")).environment.clone()
    }

    #[test]
    fn a_database_elsewhere_is_never_taken_for_the_one_here() {
        for line in [
            "psql -h prod shop",
            "psql -h localhost 'host = prod dbname = shop'",
            "psql 'hostaddr=10.0.0.7 dbname=shop'",
            "psql 'postgresql://localhost,prod/shop'",
            "psql 'postgresql:///shop?host=prod'",
            "psql -d 'host=localhost' -d 'host=prod'",
            "psql --hos prod shop",
            "psql \"$PROD_URL\"",
            "psql -h \"$DB\" shop",
            "PGHOST=prod psql shop",
        ] {
            let line = format!("{line} -c 'drop table orders'");
            assert_ne!(destroys_at(&line), Environment::Local, "{line}");
        }
        for line in ["psql", "psql shop", "psql -h localhost shop", "psql -h /run/postgresql -U alice shop", "psql 'dbname=shop'"]
        {
            let line = format!("{line} -c 'drop table orders'");
            assert_eq!(destroys_at(&line), Environment::Local, "{line}");
        }
    }
}
