//! The driver itself, against pages of its own: that it presses, types, waits, sees and verifies as a person would.
#![cfg(test)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use holdpoint_testkit::browser::{Browser, Look, Screen, Verification};

const PAGE: &str = "<!doctype html><title>t</title><input id=name value=old><button id=go>go</button><p id=said></p>\
    <script>document.querySelector('#go').onclick = (e) => fetch('/later').then(() => { \
    document.querySelector('#said').textContent = (e.isTrusted ? 'pressed for ' : 'forged for ') + document.querySelector('#name').value })</script>";

/// Serves one page on a port of its own, from a thread that ends with the process.
fn serve(page: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let head = BufReader::new(&stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            head.for_each(drop);
            let length = page.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://localhost:{port}/")
}

#[test]
fn a_page_is_filled_in_pressed_and_read() {
    let Some(browser) = Browser::for_test("a_page_is_filled_in_pressed_and_read").unwrap() else { return };
    let page = browser.visitor().unwrap();
    page.go(&serve(PAGE)).unwrap();
    page.fill("#name", "alice").unwrap();
    page.press("#go").unwrap();
    assert_eq!(page.text("#said").unwrap(), "pressed for alice");
    let thrown = page.evaluate("Promise.reject(new TypeError('no'))").unwrap_err();
    assert!(thrown.to_string().starts_with("TypeError: no"), "{thrown}");
    assert!(page.go("http://localhost:1/").is_err());
    page.look(Look::Dark, Screen::Phone).unwrap();
    assert!(page.picture().unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn visitors_share_neither_cookies_nor_passkeys() {
    let Some(browser) = Browser::for_test("visitors_share_neither_cookies_nor_passkeys").unwrap() else { return };
    let address = serve(PAGE);
    let (alice, bob) = (browser.visitor().unwrap(), browser.visitor().unwrap());
    alice.go(&address).unwrap();
    bob.go(&address).unwrap();
    alice.evaluate("document.cookie = 'who=alice'").unwrap();
    assert_eq!(bob.evaluate("document.cookie").unwrap(), "");

    let passkey = alice.plug_in(Verification::Passes).unwrap();
    let create = "navigator.credentials.create({ publicKey: { rp: { id: 'localhost', name: 'x' }, \
        user: { id: new Uint8Array(8), name: 'u', displayName: 'u' }, challenge: new Uint8Array(32), \
        authenticatorSelection: { userVerification: 'required' }, timeout: 1000, \
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }] } }).then(() => 'made', (error) => error.name)";
    assert_eq!(alice.evaluate(create).unwrap(), "made");
    assert_eq!(passkey.keys().unwrap().len(), 1);
    assert_eq!(bob.plug_in(Verification::Fails).unwrap().keys().unwrap().len(), 0);
    assert_eq!(bob.evaluate(create).unwrap(), "NotAllowedError");
    passkey.leave().unwrap();
    assert_eq!(alice.evaluate(create).unwrap(), "NotAllowedError");
}
