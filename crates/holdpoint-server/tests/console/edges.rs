//! What the API says to requests that nobody should send: always an `ErrorV1`, always with a status that the document names.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use holdpoint_api::v1::ErrorV1;
use holdpoint_core::digest::Digest;

use crate::world::{PATIENCE, World};

/// Sends a request as the agent's session and reads the error. Panics where it is none.
fn refused(world: &World, method: &str, path: &str, kind: &str, body: &str) -> (u16, String, String) {
    let token = format!("Bearer {}", world.agent.secret);
    let headers = [("authorization", token.as_str()), ("content-type", kind)];
    let (status, answer) = world.send(method, path, &headers, body);
    let error: ErrorV1 = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{method} {path}: {status} {answer}"));
    (status, error.error, error.message)
}

#[test]
fn whatever_cannot_be_read_is_told_as_an_error_of_the_api() {
    let world = World::begin();
    let json = "application/json";
    let range = "it can be 1 to 256";
    let cases: &[(&str, &str, &str, &str, u16, &str, &str)] = &[
        ("GET", "/v1/log/entries?from=0&count=0", json, "", 422, "malformed", range),
        ("GET", "/v1/log/entries?from=0&count=257", json, "", 422, "malformed", range),
        ("GET", "/v1/log/entries?from=0&count=256", json, "", 422, "malformed", "the log has 3 entries"),
        ("GET", "/v1/log/entries?from=3&count=1", json, "", 422, "malformed", "the log has 3 entries"),
        ("GET", "/v1/log/entries?from=9223372036854775808&count=1", json, "", 422, "malformed", "the log has 3 entries"),
        ("GET", "/v1/log/entries?from=18446744073709551615&count=1", json, "", 422, "malformed", "the log has 3 entries"),
        ("GET", "/v1/log/entries?from=18446744073709551616&count=1", json, "", 422, "malformed", "from"),
        ("GET", "/v1/log/entries?from=-1&count=1", json, "", 422, "malformed", "from"),
        ("GET", "/v1/log/entries", json, "", 422, "malformed", "missing field"),
        ("GET", "/v1/changes?limit=many", json, "", 422, "malformed", "limit"),
        ("GET", "/v1/changes?state=asleep", json, "", 422, "malformed", "asleep"),
        ("GET", "/v1/changes?colour=red", json, "", 422, "malformed", "colour"),
        ("GET", "/v1/changes/%ff", json, "", 422, "malformed", ""),
        ("GET", "/v1/changes/nothing", json, "", 422, "malformed", ""),
        ("GET", "/v1/nothing", json, "", 404, "not-found", "/openapi.json"),
        ("DELETE", "/v1/changes", json, "", 405, "method-not-allowed", "another method"),
        ("POST", "/v1/proposals", "text/plain", "{}", 415, "malformed", "application/json"),
        ("POST", "/v1/proposals", json, "{", 400, "malformed", ""),
        ("POST", "/v1/proposals", json, "{}", 422, "malformed", "missing field"),
    ];
    for (method, path, kind, body, status, word, message) in cases {
        let (got, error, said) = refused(&world, method, path, kind, body);
        assert_eq!((got, error.as_str()), (*status, *word), "{method} {path}: {said}");
        assert!(said.contains(message), "{method} {path}: {said}");
    }
}

#[test]
fn the_consoles_script_hears_errors_that_it_can_read() {
    let world = World::begin();
    let page = [("origin", world.console.as_str()), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    for path in ["/enrol/begin", "/enrol/finish", "/changes/nothing/statements", "/changes/nothing/rulings", "/nothing"] {
        let (status, answer) = world.send("POST", path, &page, "{");
        assert!((400..500).contains(&status), "{path}: {status}");
        serde_json::from_str::<ErrorV1>(&answer).unwrap_or_else(|_| panic!("{path}: {status} {answer}"));
    }
}

/// The body is not waited for: what says that it is too long is answered at once.
#[test]
fn a_body_that_is_too_long_is_told_as_an_error_of_the_api() {
    let world = World::begin();
    let host = world.console.strip_prefix("http://").unwrap();
    let port: u16 = host.rsplit(':').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("POST /v1/proposals HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 3000000\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let error: ErrorV1 = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(error.error, "too-large");
}

#[test]
fn every_answer_has_a_status_that_the_document_names() {
    let world = World::begin();
    let document = serde_json::to_value(holdpoint_server::http::openapi()).unwrap();
    let change = world.propose(crate::world::DELETION).change;
    let unknown = Digest::of(b"no such change");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (name, body) in [(change, "{}"), (unknown, "{}"), (change, "[1"), (change, "")] {
                let path = path.replace("{change}", &name.to_string());
                for client in [world.gate(), world.owner()] {
                    let (status, _) = client.exchange_bytes(&method.to_uppercase(), &path, body.as_bytes()).unwrap();
                    let named = operation["responses"].get(status.to_string()).is_some();
                    assert!(named, "{method} {path} `{body}` is answered {status}, which the document does not name");
                }
            }
        }
    }
}
