//! What a person's word must survive: every forgery that `holdpoint_core::approval::verify` has to refuse, made with real keys.
#![cfg(test)]

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, AgentId, PersonId};
use holdpoint_core::approval::{self, ApprovalRecord, Assurance, DOMAIN, Error, Proof, Ruling, Statement, challenge, verify};
use holdpoint_core::digest::Digest;
use holdpoint_core::estate::{Estate, PersonEntry, Seniority};
use holdpoint_core::quorum::Dossier;
use holdpoint_core::webauthn::{self, Assertion, Base64Bytes, Credential, RelyingParty};
use holdpoint_testkit::authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, Claims, USER_PRESENT, USER_VERIFIED};
use serde_json::Value;

const ORIGIN: &str = "https://holdpoint.example.org";
const PARTY: &str = "holdpoint.example.org";

fn at(minute: u8) -> Timestamp {
    format!("2026-11-20T12:{minute:02}:00Z").parse().unwrap()
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn party() -> RelyingParty {
    RelyingParty { id: PARTY.into(), origins: vec![ORIGIN.into()] }
}

fn claims() -> Claims {
    Claims::honest(PARTY, ORIGIN)
}

/// Bob is asked about the change of alice's agent.
fn statement(ruling: Ruling, approver: &str) -> Statement {
    Statement {
        r#type: DOMAIN.into(),
        change: Digest::of(b"change"),
        ruling,
        policy: Digest::of(b"policy"),
        shown: Digest::of(b"card"),
        requester: "claude-code/9f3a".into(),
        on_behalf_of: Some(person("alice")),
        approver: person(approver),
        issued_at: at(0),
        expires_at: at(10),
        nonce: Base64Bytes(vec![7; 32]),
    }
}

/// One signed word and the keys that are enrolled.
struct Word {
    record: ApprovalRecord,
    credentials: Vec<Credential>,
}

impl Word {
    fn signed(statement: &Statement, key: &Authenticator, claims: &Claims) -> Self {
        let bytes = serde_json::to_vec(statement).unwrap();
        let assertion = key.answer(challenge(&bytes).as_bytes(), claims).unwrap();
        Self {
            record: ApprovalRecord { recorded_at: at(5), statement: Base64Bytes(bytes), proof: Proof::WebauthnV1 { assertion } },
            credentials: vec![key.credential(&statement.approver, PARTY, at(0))],
        }
    }

    fn approved_by(approver: &str, key: &Authenticator) -> Self {
        Self::signed(&statement(Ruling::Approve, approver), key, &claims())
    }

    fn assertion(&mut self) -> &mut Assertion {
        match &mut self.record.proof {
            Proof::WebauthnV1 { assertion } => assertion,
            Proof::Click {} => panic!("the word is a click"),
        }
    }

    fn verdict(&self) -> Result<Assurance, Error> {
        verify(&self.record, &self.credentials, &party()).map(|verified| verified.assurance())
    }
}

/// A forger's stroke.
type Rewrite = fn(&mut Statement);

/// What the verifier says when authenticator or browser state something else than they should.
fn verdict_on(claims: &Claims) -> Result<Assurance, Error> {
    Word::signed(&statement(Ruling::Approve, "bob"), &Authenticator::es256().unwrap(), claims).verdict()
}

#[test]
fn bits_of_a_record_cannot_be_flipped_one_by_one() {
    let word = Word::approved_by("bob", &Authenticator::es256().unwrap());
    let text = serde_json::to_string(&word.record).unwrap();
    let (mut flips, mut retimed) = (0, 0);
    for at in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[at / 8] ^= 1 << (at % 8);
        let Ok(record) = serde_json::from_slice::<ApprovalRecord>(&bytes) else {
            flips += 1;
            continue;
        };
        // When a word arrived is the log's to say: it stands beside the signature, and within the window it changes nothing.
        if record.statement == word.record.statement && record.proof == word.record.proof {
            retimed += 1;
            continue;
        }
        assert!(Word { record, credentials: word.credentials.clone() }.verdict().is_err(), "bit {at}");
        flips += 1;
    }
    assert!(flips >= 1500 && retimed <= 8 * 20, "{flips} flips, {retimed} other times");
}

#[test]
fn bits_of_the_signed_parts_cannot_be_flipped_one_by_one() {
    let mut word = Word::approved_by("bob", &Authenticator::es256().unwrap());
    let assertion = word.assertion().clone();
    let mut flips = 0;
    for part in 0..5 {
        let parts = [
            &word.record.statement,
            &assertion.credential_id,
            &assertion.authenticator_data,
            &assertion.client_data_json,
            &assertion.signature,
        ];
        for bit in 0..parts[part].0.len() * 8 {
            let (mut record, mut forged) = (word.record.clone(), assertion.clone());
            let target = match part {
                0 => &mut record.statement,
                1 => &mut forged.credential_id,
                2 => &mut forged.authenticator_data,
                3 => &mut forged.client_data_json,
                _ => &mut forged.signature,
            };
            target.0[bit / 8] ^= 1 << (bit % 8);
            record.proof = Proof::WebauthnV1 { assertion: forged };
            assert!(Word { record, credentials: word.credentials.clone() }.verdict().is_err(), "part {part}, bit {bit}");
            flips += 1;
        }
    }
    assert!(flips >= 1500, "{flips}");
}

#[test]
fn no_field_of_a_statement_can_be_rewritten_after_it_was_signed() {
    let word = Word::approved_by("bob", &Authenticator::es256().unwrap());
    let honest = statement(Ruling::Approve, "bob");
    let rewrites: [(&str, Rewrite); 9] = [
        ("change", |s| s.change = Digest::of(b"another change")),
        ("policy", |s| s.policy = Digest::of(b"another policy")),
        ("shown", |s| s.shown = Digest::of(b"another card")),
        ("ruling", |s| s.ruling = Ruling::Reject),
        ("requester", |s| s.requester = "codex/1".into()),
        ("on_behalf_of", |s| s.on_behalf_of = None),
        ("issued_at", |s| s.issued_at = at(1)),
        ("expires_at", |s| s.expires_at = at(59)),
        ("nonce", |s| s.nonce = Base64Bytes(vec![8; 32])),
    ];
    for (field, rewrite) in rewrites {
        let mut forged = honest.clone();
        rewrite(&mut forged);
        let mut record = word.record.clone();
        record.statement = Base64Bytes(serde_json::to_vec(&forged).unwrap());
        let verdict = Word { record, credentials: word.credentials.clone() }.verdict();
        assert_eq!(verdict, Err(webauthn::Error::OtherChallenge.into()), "{field}");
    }
}

#[test]
fn another_persons_assertion_does_not_speak_for_the_approver() {
    let (bobs, carols) = (Authenticator::es256().unwrap(), Authenticator::es256().unwrap());
    let mut word = Word::approved_by("bob", &carols);
    word.credentials = vec![bobs.credential(&person("bob"), PARTY, at(0)), carols.credential(&person("carol"), PARTY, at(0))];
    assert_eq!(word.verdict(), Err(Error::OtherPerson { owner: person("carol"), approver: person("bob") }));

    let assertion = word.assertion();
    assertion.credential_id = bobs.id();
    assert_eq!(word.verdict(), Err(webauthn::Error::WrongSignature.into()), "relabelled as bob's key");

    word.credentials.clear();
    assert_eq!(word.verdict(), Err(Error::UnknownCredential));
}

#[test]
fn a_key_is_believed_only_when_somebody_touched_it_and_was_verified() {
    let with = |flags| verdict_on(&Claims { flags, ..claims() });
    assert_eq!(with(USER_PRESENT | USER_VERIFIED), Ok(Assurance::Passkey));
    assert_eq!(with(USER_PRESENT), Err(Error::PersonNotVerified));
    assert_eq!(with(USER_VERIFIED), Err(webauthn::Error::NobodyPresent.into()));
    assert_eq!(with(0), Err(webauthn::Error::NobodyPresent.into()));
}

#[test]
fn a_key_that_begins_to_be_copied_is_not_the_key_that_was_enrolled() {
    let key = Authenticator::es256().unwrap();
    let verdict = |enrolled_as_eligible, flags| {
        let claims = Claims { flags: USER_PRESENT | USER_VERIFIED | flags, ..claims() };
        let mut word = Word::signed(&statement(Ruling::Approve, "bob"), &key, &claims);
        word.credentials[0].backup_eligible = enrolled_as_eligible;
        word.credentials[0].attested = true;
        word.verdict()
    };
    assert_eq!(verdict(false, 0), Ok(Assurance::Attested));
    assert_eq!(verdict(true, BACKUP_ELIGIBLE), Ok(Assurance::Passkey), "what can be copied is never device-bound");
    assert_eq!(verdict(true, BACKUP_ELIGIBLE | BACKED_UP), Ok(Assurance::Passkey));
    assert_eq!(verdict(false, BACKUP_ELIGIBLE), Err(webauthn::Error::BackupChanged.into()));
    assert_eq!(verdict(true, 0), Err(webauthn::Error::BackupChanged.into()));
    assert_eq!(verdict(false, BACKED_UP), Err(webauthn::Error::BackupChanged.into()), "backed up but not eligible");
}

#[test]
fn only_the_exact_origin_is_ours() {
    for other in [
        "https://holdpoint.example.org:8443",
        "https://holdpoint.example.org:443",
        "http://holdpoint.example.org",
        "https://holdpoint.example.org.evil.test",
        "https://evil.holdpoint.example.org",
        "https://HOLDPOINT.example.org",
        "https://holdpoint.example.org/",
        "null",
        "",
    ] {
        let verdict = verdict_on(&Claims { origin: other.into(), ..claims() });
        assert_eq!(verdict, Err(webauthn::Error::OtherOrigin { origin: other.into() }.into()), "{other}");
    }
}

#[test]
fn a_frame_in_somebody_elses_page_is_refused() {
    let framed = Err(webauthn::Error::Framed.into());
    assert_eq!(verdict_on(&Claims { cross_origin: Some(true), ..claims() }), framed);
    assert_eq!(verdict_on(&Claims { top_origin: Some(ORIGIN.into()), ..claims() }), framed);
    assert_eq!(verdict_on(&Claims { cross_origin: None, ..claims() }), Ok(Assurance::Passkey), "older browsers do not say");
}

#[test]
fn an_assertion_for_somebody_else_or_something_else_is_refused() {
    let elsewhere = verdict_on(&Claims { relying_party: "example.org".into(), ..claims() });
    assert_eq!(elsewhere, Err(webauthn::Error::OtherRelyingParty.into()));
    let enrolling = verdict_on(&Claims { ceremony: "webauthn.create".into(), ..claims() });
    assert_eq!(enrolling, Err(webauthn::Error::OtherCeremony.into()));
}

#[test]
fn a_passkey_at_localhost_is_worth_less_than_one_at_a_name() {
    let origin = "http://localhost:7300";
    let key = Authenticator::es256().unwrap();
    let mut word = Word::signed(&statement(Ruling::Approve, "bob"), &key, &Claims::honest("localhost", origin));
    word.credentials = vec![Credential { attested: true, ..key.credential(&person("bob"), "localhost", at(0)) }];
    let local = RelyingParty { id: "localhost".into(), origins: vec![origin.into()] };
    let verified = verify(&word.record, &word.credentials, &local).unwrap();
    assert_eq!(verified.assurance(), Assurance::Local);
    assert!(Assurance::Click < Assurance::Local && Assurance::Local < Assurance::Passkey);
    assert_eq!(word.verdict(), Err(webauthn::Error::OtherRelyingParty.into()));
}

#[test]
fn nobody_approves_their_own_change_nor_their_own_agents() {
    let key = Authenticator::es256().unwrap();
    assert_eq!(Word::approved_by("alice", &key).verdict(), Err(Error::SelfApproval), "the human behind the agent");
    let own = Statement { requester: "bob".into(), on_behalf_of: None, ..statement(Ruling::Approve, "bob") };
    assert_eq!(Word::signed(&own, &key, &claims()).verdict(), Err(Error::SelfApproval), "the requester");
}

#[test]
fn only_the_person_behind_the_agent_confirms() {
    let key = Authenticator::es256().unwrap();
    let confirm = |approver| Word::signed(&statement(Ruling::Confirm, approver), &key, &claims()).verdict();
    assert_eq!(confirm("alice"), Ok(Assurance::Passkey));
    assert_eq!(confirm("bob"), Err(Error::NotTheirs));
    let of_a_service = Statement { on_behalf_of: None, ..statement(Ruling::Confirm, "bob") };
    assert_eq!(Word::signed(&of_a_service, &key, &claims()).verdict(), Err(Error::NotTheirs));
}

#[test]
fn a_click_rejects_and_does_nothing_else() {
    let click = |ruling, approver| {
        let statement = Base64Bytes(serde_json::to_vec(&statement(ruling, approver)).unwrap());
        Word { record: ApprovalRecord { recorded_at: at(5), statement, proof: Proof::Click {} }, credentials: vec![] }.verdict()
    };
    assert_eq!(click(Ruling::Reject, "bob"), Ok(Assurance::Click));
    assert_eq!(click(Ruling::Reject, "alice"), Ok(Assurance::Click), "one may always stop one's own agent");
    assert_eq!(click(Ruling::Approve, "bob"), Err(Error::ClickOnly));
    assert_eq!(click(Ruling::Confirm, "alice"), Err(Error::ClickOnly));
}

#[test]
fn an_answer_counts_only_between_asking_and_expiry() {
    let key = Authenticator::es256().unwrap();
    let recorded = |minute| {
        let mut word = Word::approved_by("bob", &key);
        word.record.recorded_at = at(minute);
        word.credentials[0].usable_from = "2026-01-01T00:00:00Z".parse().unwrap();
        word.verdict()
    };
    assert_eq!((recorded(0), recorded(10)), (Ok(Assurance::Passkey), Ok(Assurance::Passkey)));
    let late = Err(Error::OutOfTime { issued_at: at(0), expires_at: at(10) });
    assert_eq!(recorded(11), late);
    let mut early = Word::signed(&Statement { issued_at: at(6), ..statement(Ruling::Approve, "bob") }, &key, &claims());
    assert!(matches!(early.verdict(), Err(Error::OutOfTime { .. })), "recorded before it was asked");
    early.record.recorded_at = at(6);
    assert_eq!(early.verdict(), Ok(Assurance::Passkey));
}

#[test]
fn a_key_counts_from_the_end_of_its_cool_down_until_it_is_revoked() {
    let key = Authenticator::es256().unwrap();
    let mut word = Word::approved_by("bob", &key);
    word.credentials[0].usable_from = at(6);
    assert_eq!(word.verdict(), Err(webauthn::Error::NotYetUsable { usable_from: at(6) }.into()));
    word.credentials[0].usable_from = at(5);
    word.credentials[0].revoked_at = Some(at(5));
    assert_eq!(word.verdict(), Err(webauthn::Error::Revoked { revoked_at: at(5) }.into()));
    word.credentials[0].revoked_at = Some(at(6));
    assert_eq!(word.verdict(), Ok(Assurance::Passkey), "what was said before the revocation was said");
}

#[test]
fn every_kind_of_key_that_passkeys_use_is_verified() {
    for key in [Authenticator::eddsa(), Authenticator::es256(), Authenticator::rs256()].map(Result::unwrap) {
        let mut word = Word::approved_by("bob", &key);
        assert_eq!(word.verdict(), Ok(Assurance::Passkey));
        let assertion = word.assertion();
        let last = assertion.signature.0.len() - 1;
        assertion.signature.0[last] ^= 1;
        assert_eq!(word.verdict(), Err(webauthn::Error::WrongSignature.into()));
    }
}

#[test]
fn one_person_with_two_keys_is_one_person() {
    let keys = [Authenticator::es256().unwrap(), Authenticator::eddsa().unwrap()];
    let twice = keys.iter().map(|key| Word::approved_by("bob", key));
    let words: Vec<Word> = twice.chain([Word::approved_by("carol", &keys[0])]).collect();
    let verified: Vec<_> = words.iter().map(|word| verify(&word.record, &word.credentials, &party()).unwrap()).collect();
    let agent = Actor::Agent { id: AgentId::parse("claude-code/9f3a").unwrap(), on_behalf_of: person("alice") };
    let mut estate = Estate::default();
    estate.people.insert(person("carol"), PersonEntry { name: "Carol".into(), seniority: Seniority::Senior });
    let count = |words: &[approval::VerifiedApproval]| {
        let dossier = Dossier::derive(Digest::of(b"change"), &agent, words, &estate);
        (dossier.approvals(), dossier.senior_approvals(), dossier.confirmed())
    };
    assert_eq!(count(&verified[..2]), (1, 0, false));
    assert_eq!(count(&verified), (2, 1, false));
    let other = Dossier::derive(Digest::of(b"another change"), &agent, &verified, &estate);
    assert_eq!(other.approvals(), 0, "an approval is good for one change");
}

#[test]
fn a_confirm_is_never_counted_as_an_approval() {
    let word = Word::signed(&statement(Ruling::Confirm, "alice"), &Authenticator::es256().unwrap(), &claims());
    let verified = verify(&word.record, &word.credentials, &party()).unwrap();
    let agent = Actor::Agent { id: AgentId::parse("claude-code/9f3a").unwrap(), on_behalf_of: person("alice") };
    let dossier = Dossier::derive(Digest::of(b"change"), &agent, [&verified], &Estate::default());
    assert_eq!((dossier.approvals(), dossier.confirmed()), (0, true));
}

#[test]
fn a_statement_with_a_key_twice_or_one_too_many_or_too_few_is_malformed() {
    let honest = serde_json::to_string(&statement(Ruling::Approve, "bob")).unwrap();
    assert!(Statement::read(honest.as_bytes()).is_ok());
    let fields: serde_json::Map<String, Value> = serde_json::from_str(&honest).unwrap();
    for name in fields.keys() {
        let mut without = fields.clone();
        without.remove(name);
        let missing = serde_json::to_vec(&without).unwrap();
        assert_eq!(Statement::read(&missing).is_ok(), name == "on_behalf_of", "without {name}");
        let twice = honest.replacen('{', &format!("{{{:?}:{},", name, fields[name]), 1);
        assert_eq!(Statement::read(twice.as_bytes()), Err(Error::Malformed), "{name} twice");
    }
    for (from, to) in [
        ("{", "{\"note\":\"approved\","),
        ("holdpoint.approval.v1", "holdpoint.approval.v2"),
        ("\"approve\"", "\"Approve\""),
        ("\"approver\":\"bob\"", "\"approver\":\"b\\u0000b\""),
        ("BwcHBw", "Bw"),
        ("}", "} {}"),
    ] {
        let changed = honest.replacen(from, to, 1);
        assert_ne!(changed, honest);
        assert_eq!(Statement::read(changed.as_bytes()), Err(Error::Malformed), "{changed}");
    }
    let huge = format!("{}{honest}", " ".repeat(approval::STATEMENT_MAX_BYTES));
    assert_eq!(Statement::read(huge.as_bytes()), Err(Error::Malformed));
}

#[test]
fn a_record_with_a_field_too_many_is_not_read() {
    let word = Word::approved_by("bob", &Authenticator::es256().unwrap());
    let signed = serde_json::to_string(&word.record).unwrap();
    let clicked = serde_json::to_string(&ApprovalRecord { proof: Proof::Click {}, ..word.record }).unwrap();
    for text in [&signed, &clicked] {
        assert!(serde_json::from_str::<ApprovalRecord>(text).is_ok());
        for (from, to) in [("\"kind\"", "\"verified\":true,\"kind\""), ("\"recorded_at\"", "\"x\":1,\"recorded_at\"")] {
            let more = text.replacen(from, to, 1);
            assert!(serde_json::from_str::<ApprovalRecord>(&more).is_err(), "{more}");
        }
    }
}

#[test]
fn client_data_that_says_a_thing_twice_is_not_read() {
    let mut word = Word::approved_by("bob", &Authenticator::es256().unwrap());
    let assertion = word.assertion();
    let twice = String::from_utf8(assertion.client_data_json.0.clone()).unwrap();
    let twice = twice.replacen('{', "{\"origin\":\"https://evil.test\",", 1);
    assertion.client_data_json = Base64Bytes(twice.into_bytes());
    assert_eq!(word.verdict(), Err(webauthn::Error::Malformed("client data").into()));
}
