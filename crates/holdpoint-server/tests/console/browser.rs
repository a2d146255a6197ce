//! People at the console, in a real browser with virtual passkeys: what releases a change, and everything that must not.

use crate::world::{DELETION, PATIENCE, REWRITE, World};
use holdpoint_api::v1::{AnswerV1, ChangeStateV1, ReceiptV1, VerdictV1};
use holdpoint_core::approval::Ruling;
use holdpoint_core::digest::Digest;
use holdpoint_testkit::browser::{Browser, Page, Passkey, Verification};

/// The name under which the second person is invited while the estate names nobody.
const REVIEWER: &str = "reviewer";

/// A world and a browser, or nothing where there is no browser.
fn world(test: &str) -> Option<(World, Browser)> {
    let browser = Browser::for_test(test).unwrap()?;
    Some((World::begin(), browser))
}

/// Follows the link that the server printed for somebody, and enrols a key.
fn enrol<'a>(world: &World, page: &'a Page, name: &str) -> Passkey<'a> {
    let passkey = page.plug_in(Verification::Passes).unwrap();
    let (_, link) = world.invitations().into_iter().find(|(person, _)| person.as_str() == name).unwrap();
    page.go(&link).unwrap();
    page.press("#begin").unwrap();
    page.read(&format!("{name} this computer")).unwrap();
    passkey
}

/// Opens the card of a change as somebody.
fn open(world: &World, page: &Page, change: Digest, name: &str) {
    page.go(&format!("{}/changes/{change}?as={name}", world.console)).unwrap();
}

fn state(world: &World, change: Digest) -> ChangeStateV1 {
    world.change(change).progress.state
}

/// Proposes a change that is held.
fn held(world: &World, command: &str) -> Digest {
    let AnswerV1 { decision, change, .. } = world.propose(command);
    assert_eq!(decision, VerdictV1::Hold, "{command}");
    change
}

#[test]
fn one_person_enrols_reads_the_card_and_confirms() {
    let Some((world, browser)) = world("one_person_enrols_reads_the_card_and_confirms") else { return };
    let page = browser.visitor().unwrap();
    let passkey = enrol(&world, &page, "alice");
    assert_eq!(passkey.keys().unwrap().len(), 1);
    assert_eq!(page.evaluate("location.hash").unwrap(), "", "the code does not stay in the address");

    let change = held(&world, DELETION);
    page.go(&format!("{}/", world.console)).unwrap();
    page.press(&format!("a[href='/changes/{change}']")).unwrap();
    let card = page.read("Let this through?").unwrap();
    for part in [DELETION, "Changes", "Reach", "Undo", "Missing", "Who", "Since last", "Agent says (unverified)", "Advisory."] {
        assert!(card.contains(part), "{part} is missing in {card}");
    }
    page.press("#release").unwrap();
    page.read("This change is released").unwrap();

    let released = world.propose(DELETION);
    assert_eq!((released.decision, released.permit.is_some()), (VerdictV1::Allow, true), "a confirm has no hold");
    let rulings = world.change(change).rulings;
    let [said] = rulings.as_slice() else { panic!("{rulings:?}") };
    assert_eq!((said.ruling, said.assurance.as_str()), (Ruling::Confirm, "P0-local"));
}

#[test]
fn what_is_too_grave_to_confirm_alone_is_run_by_oneself() {
    let Some((world, browser)) = world("what_is_too_grave_to_confirm_alone_is_run_by_oneself") else { return };
    let page = browser.visitor().unwrap();
    enrol(&world, &page, "alice");
    open(&world, &page, held(&world, REWRITE), "alice");
    assert_eq!(page.text("#run-yourself").unwrap().trim(), REWRITE);
    assert_eq!(page.evaluate("document.querySelector('#release')").unwrap(), serde_json::Value::Null);
}

#[test]
fn a_second_person_approves_and_the_permit_begins_after_the_hold() {
    let Some((world, browser)) = world("a_second_person_approves_and_the_permit_begins_after_the_hold") else { return };
    let (alices, reviewers) = (browser.visitor().unwrap(), browser.visitor().unwrap());
    enrol(&world, &alices, "alice");
    enrol(&world, &reviewers, REVIEWER);
    let change = held(&world, REWRITE);

    open(&world, &alices, change, "alice");
    alices.read("somebody else has to approve it").unwrap();
    open(&world, &reviewers, change, REVIEWER);
    reviewers.press("#release").unwrap();
    reviewers.read("This change is released").unwrap();

    assert_eq!(world.propose(REWRITE).permit, None, "the hold lets the approver object");
    world.later(59);
    assert_eq!(world.propose(REWRITE).permit, None);
    world.later(1);
    assert!(world.propose(REWRITE).permit.is_some());
    let receipts = world.receipts().receipts;
    let [receipt] = receipts.as_slice() else { panic!("{receipts:?}") };
    assert_eq!((receipt.approver.as_str(), receipt.ruling, receipt.change), (REVIEWER, Ruling::Approve, change));
}

#[test]
fn a_receipt_reaches_the_operators_program() {
    let Some(browser) = Browser::for_test("a_receipt_reaches_the_operators_program").unwrap() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (program, pipe) = (directory.path().join("notify"), directory.path().join("pipe"));
    // A program that was just written may be busy for whoever forks meanwhile; a link never is.
    std::os::unix::fs::symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/console/notify.sh"), &program).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (heard, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || heard.send(std::fs::read_to_string(pipe).unwrap()));
    let world = World::notifying(Some(program));
    let page = browser.visitor().unwrap();
    enrol(&world, &page, REVIEWER);
    let change = held(&world, REWRITE);
    open(&world, &page, change, REVIEWER);
    page.press("#release").unwrap();
    page.read("This change is released").unwrap();
    let receipt: ReceiptV1 = serde_json::from_str(&hear.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert_eq!(world.receipts().receipts, [receipt]);
}

#[test]
fn nobody_approves_their_own_agents_change_whatever_the_page_asks_for() {
    let Some((world, browser)) = world("nobody_approves_their_own_agents_change_whatever_the_page_asks_for") else { return };
    let (alices, reviewers) = (browser.visitor().unwrap(), browser.visitor().unwrap());
    enrol(&world, &alices, "alice");
    enrol(&world, &reviewers, REVIEWER);
    let change = held(&world, DELETION);

    // Alice may confirm. Her page is made to ask for an approval instead.
    open(&world, &alices, change, "alice");
    alices.evaluate("document.querySelector('#release').dataset.ruling = 'approve'").unwrap();
    alices.press("#release").unwrap();
    alices.read("approve is not yours to say here").unwrap();
    // The reviewer may approve. Their page is made to ask for alice's confirm.
    open(&world, &reviewers, change, REVIEWER);
    reviewers
        .evaluate("Object.assign(document.querySelector('#release').dataset, { ruling: 'confirm', person: 'alice' })")
        .unwrap();
    reviewers.press("#release").unwrap();
    reviewers.read("The passkey did not answer").unwrap();
    assert_eq!(state(&world, change), ChangeStateV1::Held);
}

#[test]
fn a_rejection_takes_one_click_and_no_script() {
    let Some((world, browser)) = world("a_rejection_takes_one_click_and_no_script") else { return };
    let page = browser.visitor().unwrap();
    let change = held(&world, DELETION);
    page.go(&format!("{}/changes/{change}", world.console)).unwrap();
    page.without_scripts().unwrap();
    page.follow("#reject").unwrap();
    assert_eq!(page.text("h1").unwrap(), "This change is rejected");
    assert_eq!(world.propose(DELETION).decision, VerdictV1::Refuse, "the identical change stays rejected");
}

#[test]
fn an_untouched_or_unsure_passkey_signs_nothing() {
    let Some((world, browser)) = world("an_untouched_or_unsure_passkey_signs_nothing") else { return };
    let page = browser.visitor().unwrap();
    let passkey = enrol(&world, &page, "alice");
    let change = held(&world, DELETION);
    open(&world, &page, change, "alice");

    passkey.verifies(Verification::Fails).unwrap();
    page.press("#release").unwrap();
    page.read("The passkey did not answer").unwrap();

    passkey.verifies(Verification::Passes).unwrap();
    passkey.leave().unwrap();
    // The page would wait five minutes for a touch.
    page.evaluate(
        "{ const get = navigator.credentials.get.bind(navigator.credentials); \
        navigator.credentials.get = ({ publicKey }) => get({ publicKey: { ...publicKey, timeout: 500 } }); }",
    )
    .unwrap();
    open_outcome(&page);
    page.press("#release").unwrap();
    page.read("The passkey did not answer").unwrap();
    assert_eq!((state(&world, change), world.change(change).rulings), (ChangeStateV1::Held, vec![]));
}

/// Empties the page's last message, so that the next one is seen to be new.
fn open_outcome(page: &Page) {
    page.evaluate("document.querySelector('#outcome').textContent = ''").unwrap();
}

#[test]
fn a_page_on_another_port_gets_a_signature_and_no_release() {
    let Some((world, browser)) = world("a_page_on_another_port_gets_a_signature_and_no_release") else { return };
    let (alices, agents) = (browser.visitor().unwrap(), browser.visitor().unwrap());
    let key = enrol(&world, &alices, "alice").keys().unwrap().remove(0);
    let change = held(&world, DELETION);
    open(&world, &alices, change, "alice");
    let shown = alices.evaluate("digestOfCard()").unwrap();
    let asked = alices
        .evaluate(&format!("post('/changes/{change}/statements', {{ ruling: 'confirm', person: 'alice', shown: {shown} }})"))
        .unwrap();

    // `localhost` is not bound to a port: any local page can have the passkey sign.
    let elsewhere = World::begin();
    agents.go(&format!("{}/changes", elsewhere.console)).unwrap();
    agents.plug_in(Verification::Passes).unwrap().take(&key).unwrap();
    let signed = agents
        .evaluate(&format!(
            "(async () => {{ const asked = {asked}; \
               const credential = await navigator.credentials.get({{ publicKey: {{ \
                 challenge: await challengeOf(bytesOf(asked.statement)), rpId: 'localhost', userVerification: 'required', \
                 allowCredentials: asked.credentials.map((id) => ({{ type: 'public-key', id: bytesOf(id) }})) }} }}); \
               const {{ authenticatorData, clientDataJSON, signature }} = credential.response; \
               return {{ statement: asked.statement, assertion: {{ credential_id: base64(credential.rawId), \
                 authenticator_data: base64(authenticatorData), client_data_json: base64(clientDataJSON), \
                 signature: base64(signature) }} }}; }})()"
        ))
        .unwrap();
    let own = [("origin", world.console.as_str()), ("content-type", "application/json")];
    let (status, answer) = world.send("POST", &format!("/changes/{change}/rulings"), &own, &signed.to_string());
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains(&format!("the assertion was made at `{}`", elsewhere.console)), "{answer}");
    assert_eq!(state(&world, change), ChangeStateV1::Held);
}

#[test]
fn a_card_that_was_tampered_with_is_neither_signed_nor_believed() {
    let Some((world, browser)) = world("a_card_that_was_tampered_with_is_neither_signed_nor_believed") else { return };
    let page = browser.visitor().unwrap();
    let passkey = enrol(&world, &page, "alice");
    let change = held(&world, DELETION);

    // The page shows something else than the server sent: the server issues no statement.
    open(&world, &page, change, "alice");
    page.evaluate("document.querySelector('pre.command').textContent = 'ls'").unwrap();
    page.press("#release").unwrap();
    page.read("the card is not the one that your page shows").unwrap();

    // The server's answer is another change's statement: the page does not have it signed.
    let other = held(&world, "rm -rf /srv/alice/everything");
    open(&world, &page, other, "alice");
    let shown = page.evaluate("digestOfCard()").unwrap();
    open(&world, &page, change, "alice");
    page.evaluate(&format!(
        "window.fetch = ((real) => (path, options) => path.endsWith('/statements') \
           ? real('/changes/{other}/statements', {{ ...options, body: JSON.stringify({{ ruling: 'confirm', person: 'alice', shown: {shown} }}) }}) \
           : real(path, options))(window.fetch)"
    ))
    .unwrap();
    let counter = |passkey: &Passkey<'_>| passkey.keys().unwrap()[0]["signCount"].clone();
    let before = counter(&passkey);
    page.press("#release").unwrap();
    page.read("The statement does not match this page: its change is another").unwrap();
    assert_eq!(counter(&passkey), before, "nothing was signed");
    assert_eq!((state(&world, change), state(&world, other)), (ChangeStateV1::Held, ChangeStateV1::Held));
}

#[test]
fn a_hooked_page_that_turns_reject_into_approve_is_caught_by_receipt_and_hold() {
    let Some((world, browser)) = world("a_hooked_page_that_turns_reject_into_approve_is_caught_by_receipt_and_hold") else {
        return;
    };
    let (alices, reviewers) = (browser.visitor().unwrap(), browser.visitor().unwrap());
    enrol(&world, &alices, "alice");
    enrol(&world, &reviewers, REVIEWER);
    let change = held(&world, REWRITE);

    // Whoever owns the browser owns what the buttons do. The signature that comes of it is perfectly valid.
    reviewers
        .hook(
            "addEventListener('submit', (event) => { event.preventDefault(); event.stopImmediatePropagation(); \
               release(document.querySelector('#release')); }, true)",
        )
        .unwrap();
    open(&world, &reviewers, change, REVIEWER);
    reviewers.press("#reject").unwrap();
    reviewers.read("This change is released").unwrap();
    assert_eq!(world.propose(REWRITE).permit, None, "nothing has happened yet");

    // The receipt reaches the reviewer elsewhere.
    let telephone = browser.visitor().unwrap();
    telephone.go(&format!("{}/receipts", world.console)).unwrap();
    let receipt = telephone.read("That was not me").unwrap();
    assert!(receipt.contains(REVIEWER) && receipt.contains("approve") && receipt.contains(REWRITE), "{receipt}");
    telephone.press(".not-me").unwrap();
    telephone.read("This change is rejected").unwrap();

    world.later(3600);
    let AnswerV1 { decision, permit, .. } = world.propose(REWRITE);
    assert_eq!((decision, permit), (VerdictV1::Refuse, None));
}

#[test]
fn an_address_without_a_name_leads_to_the_one_with_passkeys() {
    let Some((world, browser)) = world("an_address_without_a_name_leads_to_the_one_with_passkeys") else { return };
    let page = browser.visitor().unwrap();
    page.go(&format!("{}/changes", world.console.replace("localhost", "127.0.0.1"))).unwrap();
    assert_eq!(page.evaluate("location.origin").unwrap(), world.console.as_str());
}

#[test]
fn a_code_enrols_one_key_once() {
    let Some((world, browser)) = world("a_code_enrols_one_key_once") else { return };
    let (first, second) = (browser.visitor().unwrap(), browser.visitor().unwrap());
    let (_, link) = world.invitations().remove(0);
    let begin = |page: &Page| {
        page.go(&link).unwrap();
        page.press("#begin").unwrap();
    };
    first.plug_in(Verification::Passes).unwrap();
    begin(&first);
    first.read("alice this computer").unwrap();
    second.plug_in(Verification::Passes).unwrap();
    begin(&second);
    second.read("there is no such code, or it was used").unwrap();
    second.fill("#code", "00000-00000-00000-00000").unwrap();
    second.press("#begin").unwrap();
    second.read("there is no such code").unwrap();
}

#[test]
fn a_command_that_tries_to_be_markup_or_to_hide_is_shown_as_what_it_is() {
    let Some((world, browser)) = world("a_command_that_tries_to_be_markup_or_to_hide_is_shown_as_what_it_is") else { return };
    let page = browser.visitor().unwrap();
    enrol(&world, &page, "alice");
    let command = "\nrm -rf /srv/alice/old # </pre><script>document.title='owned'</script> \u{202E}&amp;\u{200B}";
    let change = held(&world, command);
    open(&world, &page, change, "alice");
    let shown = page.text("pre.command").unwrap();
    assert!(shown.contains("</pre><script>") && shown.contains("⟨U+202E⟩&amp;⟨U+200B⟩"), "{shown}");
    assert_ne!(page.evaluate("document.title").unwrap(), "owned");
    page.press("#release").unwrap();
    page.read("This change is released").unwrap();
}
