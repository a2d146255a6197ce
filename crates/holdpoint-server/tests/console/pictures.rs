//! The pictures of the README, made from the real server by a real browser; and that nothing on them is cut off.
//!
//! After a change that is meant: `HOLDPOINT_ACCEPT=1 cargo test -p holdpoint-server --test console pictures`, then look at them.

use std::path::Path;

use crate::world::{DELETION, REWRITE, World};
use holdpoint_testkit::browser::{Browser, Look, Page, Screen, Verification};

const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pictures");

#[test]
fn the_readmes_pictures_show_everything() {
    let Some(browser) = Browser::for_test("the_readmes_pictures_show_everything").unwrap() else { return };
    let world = World::begin();
    let page = browser.visitor().unwrap();
    let _passkey = page.plug_in(Verification::Passes).unwrap();
    let (_, link) = world.invitations().remove(0);
    picture(&page, "enrol", &link, Look::Light, Screen::Desk);
    page.press("#begin").unwrap();
    page.read("alice this computer").unwrap();

    world.propose(REWRITE);
    let change = world.propose(DELETION).change;
    let card = format!("{}/changes/{change}", world.console);
    picture(&page, "inbox", &format!("{}/changes", world.console), Look::Light, Screen::Desk);
    picture(&page, "card", &card, Look::Light, Screen::Desk);
    picture(&page, "card-dark", &card, Look::Dark, Screen::Desk);
    picture(&page, "card-phone", &card, Look::Light, Screen::Phone);
    page.press("#release").unwrap();
    page.read("This change is released").unwrap();
    picture(&page, "receipts", &format!("{}/receipts", world.console), Look::Light, Screen::Phone);
}

/// Takes one picture, and keeps it where it was asked for.
fn picture(page: &Page, name: &str, address: &str, look: Look, screen: Screen) {
    page.look(look, screen).unwrap();
    page.go(address).unwrap();
    let cut_off = "document.documentElement.scrollWidth > innerWidth || \
        [...document.querySelectorAll('main *')].some((it) => it.getBoundingClientRect().right > innerWidth + 1)";
    assert_eq!(page.evaluate(cut_off).unwrap(), false, "{name} is wider than its screen");
    let png = page.picture().unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n"), "{name}");
    if std::env::var_os("HOLDPOINT_ACCEPT").is_some() {
        std::fs::create_dir_all(PICTURES).unwrap();
        std::fs::write(Path::new(PICTURES).join(format!("{name}.png")), png).unwrap();
    }
}
