//! `psql` and its like: which server, which SQL.

use holdpoint_core::effect::Environment;

use super::options::Line;
use super::value::Field;

/// The host that a command line or its variables name, if any.
pub(crate) fn host(line: &Line, set: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let shown = |field: &Field| field.known().unwrap_or_default();
    let option = ["-h", "--host"].iter().flat_map(|name| line.values(name)).last().map(shown);
    let named = ["-d", "--dbname", "--maintenance-db"].iter().flat_map(|name| line.values(name)).map(shown);
    let mut strings = named.chain(line.operands.first().map(shown));
    let connection = strings.find_map(|text| connection_host(&text));
    option.or(connection).or_else(|| set("PGHOST")).or_else(|| set("PGSERVICE").map(|service| format!("service:{service}")))
}

/// Local for the machine's own addresses and sockets, otherwise the host.
pub(crate) fn environment(host: &str) -> Environment {
    match host {
        "localhost" | "127.0.0.1" | "::1" | "[::1]" => Environment::Local,
        host if host.starts_with('/') => Environment::Local,
        host => Environment::from(host.to_owned()),
    }
}

/// The host of `postgresql://user@host:port/db` or `host=… dbname=…`.
fn connection_host(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres")) {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = if host.starts_with('[') {
            host.split(']').next().map(|host| format!("{host}]"))
        } else {
            host.split(':').next().map(str::to_owned)
        };
        let query = text.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let from_query = query.split('&').find_map(|pair| pair.strip_prefix("host=")).map(str::to_owned);
        return Some(from_query.or(host).unwrap_or_default())
            .map(|host| if host.is_empty() { "localhost".to_owned() } else { host });
    }
    let pairs = text.split_whitespace();
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| matches!(*name, "host" | "hostaddr" | "service"))
        .map(|(_, host)| host.to_owned())
}
