//! Who may use which route: the whole matrix, committed as `tests/output/routes.out`.
//!
//! Requests carry no useful body, so being *heard* means no more than that a route's own checks would come next.
//!
//! After a change that is meant: `HOLDPOINT_ACCEPT=1 cargo test -p holdpoint-server --test console routes`, then read the difference.

use crate::world::World;
use holdpoint_core::digest::Digest;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/output/routes.out");

/// Every route, in the words of the API and the console.
const ROUTES: &[(&str, &str)] = &[
    ("POST", "/v1/proposals"),
    ("POST", "/v1/redemptions"),
    ("POST", "/v1/outcomes"),
    ("GET", "/v1/changes"),
    ("GET", "/v1/changes/{change}"),
    ("GET", "/v1/snapshot"),
    ("POST", "/v1/sessions"),
    ("GET", "/v1/receipts"),
    ("GET", "/v1/status"),
    ("GET", "/v1/log/checkpoint"),
    ("GET", "/v1/log/entries"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/"),
    ("GET", "/changes"),
    ("GET", "/changes/{change}"),
    ("POST", "/changes/{change}/reject"),
    ("POST", "/changes/{change}/statements"),
    ("POST", "/changes/{change}/rulings"),
    ("GET", "/receipts"),
    ("GET", "/enrol"),
    ("POST", "/enrol/begin"),
    ("POST", "/enrol/finish"),
    ("GET", "/assets/console.css"),
    ("GET", "/assets/console.js"),
    ("GET", "/assets/icon.svg"),
];

/// Who asks.
const CALLERS: [&str; 6] = ["page", "stranger", "program", "agent-tcp", "agent", "owner"];

fn status(world: &World, caller: &str, method: &str, path: &str) -> u16 {
    let token = format!("Bearer {}", world.agent.secret);
    let json = ("content-type", "application/json");
    let over_tcp = |headers: &[(&str, &str)]| world.send(method, path, headers, "{}").0;
    let over_the_socket = |client: holdpoint_api::client::Client| client.exchange_bytes(method, path, b"{}").unwrap().0;
    match caller {
        "page" => over_tcp(&[json, ("origin", &world.console), ("sec-fetch-site", "same-origin")]),
        "stranger" => over_tcp(&[json, ("origin", "http://localhost:1"), ("sec-fetch-site", "same-site")]),
        "program" => over_tcp(&[json]),
        "agent-tcp" => over_tcp(&[json, ("origin", &world.console), ("authorization", &token)]),
        "agent" => over_the_socket(world.gate()),
        _ => over_the_socket(world.owner()),
    }
}

#[test]
fn who_may_use_which_route() {
    let world = World::begin();
    let change = Digest::of(b"no such change").to_string();
    let mut matrix = String::from(LEGEND);
    matrix.push_str(&format!("{:<6}{:<32}{}\n", "", "", CALLERS.map(|caller| format!("{caller:<11}")).concat().trim_end()));
    for (method, route) in ROUTES {
        let path = route.replace("{change}", &change);
        let heard = CALLERS.map(|caller| match status(&world, caller, method, &path) {
            401 | 403 => format!("{:<11}", "-"),
            _ => format!("{:<11}", "heard"),
        });
        matrix.push_str(&format!("{method:<6}{route:<32}{}\n", heard.concat().trim_end()));
    }
    if std::env::var_os("HOLDPOINT_ACCEPT").is_some() {
        std::fs::write(COMMITTED, &matrix).unwrap();
    }
    assert_eq!(matrix, std::fs::read_to_string(COMMITTED).unwrap());
}

const LEGEND: &str = "\
# page: the console's own page in a browser     stranger: a page of another origin in a browser
# program: any program on this machine, by TCP  agent-tcp: an agent's session, by TCP
# agent: an agent's session, by the socket      owner: the owner's own programs, by the socket
# A dash: turned away at the door. A program can write the header that makes it a page, so what a page is heard for rests
# on no door: rulings takes passkeys' signatures, reject a click, enrol a code from the server's console.

";

#[test]
fn the_matrix_names_every_route_that_the_openapi_document_names() {
    let document = holdpoint_server::http::openapi();
    for path in document.paths.paths.keys() {
        assert!(ROUTES.iter().any(|(_, route)| route == path), "{path}");
    }
}

#[test]
fn no_form_is_taken_without_the_token_of_its_visit() {
    let world = World::begin();
    let change = world.propose(crate::world::DELETION).change;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", world.console.as_str())];
    let (status, _) = world.send("POST", &format!("/changes/{change}/reject"), &headers, "person=alice&token=AAAA");
    assert_eq!(status, 409);
    assert_eq!(world.change(change).progress.state, holdpoint_api::v1::ChangeStateV1::Held);
}

#[test]
fn an_agent_with_a_signature_of_its_own_key_releases_nothing() {
    use holdpoint_core::approval::challenge;
    use holdpoint_core::webauthn::Base64Bytes;
    use holdpoint_testkit::authenticator::{Authenticator, Claims};

    let world = World::begin();
    let change = world.propose(crate::world::DELETION).change;
    let own = [("content-type", "application/json"), ("origin", world.console.as_str())];
    let forged = holdpoint_core::approval::Statement {
        r#type: holdpoint_core::approval::DOMAIN.into(),
        change,
        ruling: holdpoint_core::approval::Ruling::Confirm,
        policy: Digest::of(b"policy"),
        shown: Digest::of(b"card"),
        requester: world.agent.id.to_string(),
        on_behalf_of: Some(crate::world::alice()),
        approver: crate::world::alice(),
        issued_at: "2026-11-20T12:00:00Z".parse().unwrap(),
        expires_at: "2026-11-20T12:05:00Z".parse().unwrap(),
        nonce: Base64Bytes(vec![7; 32]),
    };
    let bytes = serde_json::to_vec(&forged).unwrap();
    let key = Authenticator::es256().unwrap();
    let assertion = key.answer(challenge(&bytes).as_bytes(), &Claims::honest("localhost", &world.console)).unwrap();
    let body = serde_json::json!({ "statement": Base64Bytes(bytes), "assertion": assertion }).to_string();
    let (status, answer) = world.send("POST", &format!("/changes/{change}/rulings"), &own, &body);
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("the key is not enrolled"), "{answer}");

    // Nor does a software key get in by enrolling itself: it has no code.
    let (status, answer) = world.send("POST", "/enrol/begin", &own, "{\"code\":\"00000-00000-00000-00000\"}");
    assert_eq!(status, 403, "{answer}");
    assert_eq!(world.change(change).progress.state, holdpoint_api::v1::ChangeStateV1::Held);
}
