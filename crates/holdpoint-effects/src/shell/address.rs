//! Addresses as command lines write them: which machine they lead to.
//!
//! *Out of scope:* what is sent there, and by whom.

use super::value::{Piece, Value};

/// Whether a path is one of another machine: `host:path`, `rsync://host/path`.
pub(super) fn is_far(path: &str) -> bool {
    path.split('/').next().is_some_and(|first| first.contains(':'))
}

/// Whether an address leads to this machine: `localhost:3000/x`, `http://[::1]/`.
pub(crate) fn is_this_machine(address: &str) -> bool {
    let host = host(address);
    let loopback = host.strip_prefix("127.").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    // `:3000/x` is the shorthand of some programs for this machine.
    let shorthand = host.is_empty() && authority(address).starts_with(':');
    loopback || matches!(host, "localhost" | "::1" | "0.0.0.0") || shorthand
}

/// Whether a word is an address of this machine; the line may leave open the port (`http://localhost:$PORT/x`) and what stands behind
/// the host and port.
pub(super) fn is_here(address: &Value) -> bool {
    let has_path = |head: &str| head.split_once("://").map_or(head, |(_, rest)| rest).contains('/');
    match address.known() {
        Some(address) => is_this_machine(&address),
        None => !address.is_loose() && is_this_machine(address.head()) && (has_path(address.head()) || leaves_port(address)),
    }
}

/// Whether the port of a word's address, or the open one of this machine, may be that of a store.
pub(super) fn may_lead_to_store(address: &Value) -> bool {
    match address.known() {
        Some(address) => leads_to_store(&address),
        None => is_here(address) && (leaves_port(address) || leads_to_store(address.head())),
    }
}

/// Whether what is asked of a store is not known.
pub(super) fn leaves_request(address: &Value) -> bool {
    address.has_unknown() && leads_to_store(address.head())
}

/// Whether only the port of an address's host is not known.
fn leaves_port(address: &Value) -> bool {
    let ends = |piece: &Piece| matches!(piece, Piece::Text(path) if path.starts_with(['/', '?', '#']));
    match address.pieces.as_slice() {
        [Piece::Text(head), Piece::Any { .. }, rest @ ..] => head.ends_with(':') && rest.first().is_none_or(ends),
        _ => false,
    }
}

/// Whether a path of GitHub's interface is that of the comments of one issue or pull request: `repos/OWNER/NAME/issues/1/comments`.
pub(super) fn takes_comments(path: &str) -> bool {
    let names: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let one = |name: &str| !name.is_empty() && !name.contains(['?', '#', '%']) && !name.starts_with('.');
    match names.as_slice() {
        ["repos", owner, name, "issues" | "pulls", number, "comments"] => [owner, name, number].into_iter().all(|name| one(name)),
        _ => false,
    }
}

/// Whether an address leads to a port of this machine on which, by convention, a store of data or a control plane answers, or the
/// tunnel to one: what is deleted there is more than a thing of the application that is being written.
pub(super) fn leads_to_store(address: &str) -> bool {
    let port = authority(address).rsplit_once(':').map_or("", |(_, port)| port);
    is_this_machine(address) && STORE_PORTS.contains(&port)
}

/// Whether a route that an option gives an address leads to this machine: `HOST:PORT:ADDRESS`, as `curl --resolve` has it, or
/// `HOST:PORT:HOST:PORT`, as `--connect-to` has it. An empty host behind it leaves the one in front.
pub(super) fn stays_here(route: &str) -> bool {
    let route = route.trim_start_matches(['+', '-']);
    let behind_host = match route.strip_prefix('[') {
        Some(inner) => inner.split_once("]:"),
        None => route.split_once(':'),
    };
    match behind_host.and_then(|(_, rest)| rest.split_once(':')) {
        Some((_, led)) if led.is_empty() || led.starts_with(':') => is_this_machine(route),
        Some((_, led)) => led.split(',').all(is_this_machine),
        // Without an address a name is only forgotten.
        None => is_this_machine(route),
    }
}

/// Whether an address is that of AWS, of this machine or the network of its containers, or of one of the stores that speak as AWS's does
/// and whose keys are their own.
pub(super) fn is_aws_alike(address: &str) -> bool {
    let host = host(address).to_ascii_lowercase();
    let ours = is_this_machine(address) || !host.contains('.');
    (ours && !host.is_empty())
        || AWS_ALIKE.iter().any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Amazon's own, Cloudflare R2, DigitalOcean, Backblaze, Wasabi, Google, Linode, Scaleway, OVH, Hetzner, Oracle, Vultr, Fly's Tigris, and
/// names that lead to no other network.
const AWS_ALIKE: [&str; 18] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "aws.dev",
    "r2.cloudflarestorage.com",
    "digitaloceanspaces.com",
    "backblazeb2.com",
    "wasabisys.com",
    "storage.googleapis.com",
    "linodeobjects.com",
    "scw.cloud",
    "io.cloud.ovh.net",
    "your-objectstorage.com",
    "oraclecloud.com",
    "vultrobjects.com",
    "tigris.dev",
    "localstack.cloud",
    "internal",
    "local",
];

/// etcd, CouchDB, Qdrant, Kubernetes, Meilisearch, `kubectl proxy` and Kong, InfluxDB, Typesense, ClickHouse, Vault, Consul, Solr,
/// Elasticsearch and OpenSearch, RabbitMQ.
const STORE_PORTS: [&str; 16] = [
    "2379", "5984", "6333", "6443", "7700", "8001", "8086", "8108", "8123", "8200", "8444", "8500", "8983", "9200", "9201",
    "15672",
];

/// The program that by convention answers at a port which others rely on.
pub(super) fn service_at(port: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(number, _)| *number == port).map(|(_, name)| *name)
}

/// Ports of the registry at IANA, and those that each of these programs takes when nothing else is said.
const SERVICES: [(&str, &str); 11] = [
    ("1433", "sqlservr"),
    ("2379", "etcd"),
    ("3306", "mysqld"),
    ("5432", "postgres"),
    ("5672", "rabbitmq"),
    ("6379", "redis-server"),
    ("6443", "kubelet"),
    ("9092", "kafka"),
    ("9200", "elasticsearch"),
    ("11211", "memcached"),
    ("27017", "mongod"),
];

/// Whether an address is that of the service from which a machine in a cloud gets its credentials.
pub(super) fn is_metadata_service(address: &str) -> bool {
    METADATA_SERVICES.contains(&host(address).to_ascii_lowercase().trim_end_matches('.'))
}

/// The addresses of that service at AWS and those who took them over, in its containers and its IPv6 network, at Google, Alibaba and
/// Oracle; and the first as one number.
const METADATA_SERVICES: [&str; 10] = [
    "0xa9fea9fe",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "192.0.0.192",
    "2852039166",
    "fd00:ec2::254",
    "metadata",
    "metadata.google.internal",
];

/// The host in an address, whoever stands before it: that of `http://user@host:80/path`, without the brackets of `[::1]`.
fn host(address: &str) -> &str {
    let authority = authority(address);
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn authority(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_plainly_leads_to_this_machine_is_local() {
        for address in
            ["localhost", "http://localhost:3000/x", "https://127.0.0.1/", "http://[::1]:80", "http://u:p@localhost/", ":3000/a"]
        {
            assert!(is_this_machine(address), "{address}");
        }
        for address in [
            "http://localhost.example.org",
            "http://localhost:80@example.org/",
            "https://example.org/localhost",
            "127.0.0.1.example.org",
            "",
            "http://",
        ] {
            assert!(!is_this_machine(address), "{address}");
        }
    }

    #[test]
    fn a_port_that_is_not_known_is_still_one_of_the_host() {
        let with_port = |host: &str, path: &str| {
            let mut value = Value::text(host);
            value.append(Value::unknown());
            value.append(Value::text(path));
            is_here(&value)
        };
        assert!(
            with_port("http://localhost:", "/x") && with_port("http://[::1]:", "") && with_port("http://localhost:80/x/", "")
        );
        assert!(!with_port("http://localhost:", "@example.org/x"));
        assert!(!with_port("http://localhost", "/x") && !with_port("http://example.org:", "/x"));
        let mut store = Value::text("http://localhost:9200/");
        store.append(Value::unknown());
        assert!(may_lead_to_store(&store) && !may_lead_to_store(&Value::text("http://localhost:3000/x")));
        let mut several = Value::text("http://localhost:");
        several.append(Value::loose());
        assert!(!is_here(&several));
    }

    #[test]
    fn only_the_comments_of_one_conversation_take_comments() {
        assert!(takes_comments("repos/a/b/issues/1/comments") && takes_comments("/repos/{owner}/{repo}/pulls/2/comments"));
        for path in [
            "repos/a/b/merges?x=/issues/1/comments",
            "repos/a/b/issues",
            "repos/a/b/pulls/1/merge",
            "repos/a/../issues/1/comments",
        ] {
            assert!(!takes_comments(path), "{path}");
        }
    }

    #[test]
    fn a_port_says_that_a_store_answers_there() {
        for address in
            ["localhost:9200/_all", "http://127.0.0.1:8001/api/v1/namespaces/x", "http://u:p@localhost:5984/db", ":7700/x"]
        {
            assert!(leads_to_store(address), "{address}");
        }
        for address in ["localhost:3000/9200", "http://localhost/x:9200", "https://example.org:9200/x", "localhost"] {
            assert!(!leads_to_store(address), "{address}");
        }
    }

    #[test]
    fn a_route_stays_on_this_machine() {
        for route in
            ["localhost:80:127.0.0.1", "+shop.test:443:127.0.0.1,[::1]", "shop.test:443:localhost:3000", "localhost:80::"]
        {
            assert!(stays_here(route), "{route}");
        }
        for route in [
            "localhost:80:93.184.216.34",
            "localhost:80:example.org:80",
            "[::1]:80:example.org:80",
            "example.org:80::",
            "x:1:127.0.0.1,1.2.3.4",
        ] {
            assert!(!stays_here(route), "{route}");
        }
    }

    #[test]
    fn the_metadata_service_is_known_by_each_of_its_addresses() {
        for address in [
            "http://169.254.169.254/latest/meta-data/",
            "169.254.169.254",
            "http://x@Metadata.Google.Internal./a",
            "http://[fd00:ec2::254]/x",
        ] {
            assert!(is_metadata_service(address), "{address}");
        }
        for address in ["http://169.254.169.254.example.org/", "https://example.org/metadata", "metadata-api.example.org"] {
            assert!(!is_metadata_service(address), "{address}");
        }
    }
}
