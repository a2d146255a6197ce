//! A person's word: what they are asked, on which card, and what is told them afterwards.
//!
//! ```text
//! card ──shown──▶ ask: statement issued ──challenge──▶ authenticator ──assertion──▶ answer ──▶ Engine::rule ──▶ receipt
//!                                             click ──▶ reject ───────────────────▶ Engine::rule
//! ```
//!
//! A statement is issued only to somebody who could say it now, over the very card that their page shows. Whoever carries the
//! answer back has no say: what counts is the signature over the exact bytes that were issued. Presence is not intent, so
//! an approval is followed by a receipt, and by a short hold in which the approver can still say *that was not me*.
//!
//! **In scope**: issuing statements, taking answers, receipts. **Out of scope**: verifying (`holdpoint_core::approval`),
//! recording and releasing ([`crate::engine`]), HTML ([`crate::console`]).

pub(crate) mod card;
pub mod notify;
pub(crate) mod visible;

use std::collections::BTreeSet;

use holdpoint_api::v1::{ChangeStateV1, ChangeV1, ReceiptV1};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::PersonId;
use holdpoint_core::approval::{ApprovalRecord, DOMAIN, Proof, Ruling, Statement};
use holdpoint_core::code::ComparisonCode;
use holdpoint_core::digest::Digest;
use holdpoint_core::quorum::Dossier;
use holdpoint_core::webauthn::{Assertion, Base64Bytes, Credential};
use jiff::SignedDuration;
use tracing::warn;

use crate::engine::{Engine, Error};
use crate::facts;
use crate::store::command::Ask;
use crate::store::record::{ChangeRecord, ChangeState, Kept, Proposal, StoredWord};
use crate::store::{ChangeFilter, Record as _};
use card::{Card, Known, Others, Release, release_by};

/// How long a person has to answer a statement.
pub const ANSWER_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Most receipts that one list holds.
pub const RECEIPTS_MAX: usize = 50;

/// What a person wants to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The change.
    pub change: Digest,
    /// What they want to say about it.
    pub ruling: Ruling,
    /// Who they say they are; their key proves it.
    pub person: PersonId,
    /// The digest of what their page shows.
    pub shown: Digest,
}

/// A statement that was issued, and with what it may be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The exact bytes to sign.
    pub statement: Base64Bytes,
    /// The person's keys.
    pub credentials: Vec<Base64Bytes>,
}

/// A change as it lies before somebody: its card, and what else the page needs to know.
pub(crate) struct Opened {
    pub(crate) record: ChangeRecord,
    pub(crate) card: Card,
    pub(crate) command: String,
    pub(crate) dossier: Dossier,
    pub(crate) words: Vec<StoredWord>,
}

impl Engine {
    /// Lays a change before somebody.
    pub(crate) async fn open(&self, change: Digest) -> Result<Opened, Error> {
        let stored = self.store.change(change).await?.ok_or(Error::NotFound)?;
        let Kept::Here(proposal) = stored.proposal else {
            return Err(Error::NotReleased("what was proposed was redacted".into()));
        };
        let record = stored.record;
        let in_force = self.policy.now();
        let estate = in_force.estate();
        let (store, party) = (self.store.as_ref(), &self.settings.party);
        let dossier = facts::dossier(store, party, estate, &record.requester, change, &proposal.effects).await?;
        let answers = store.answers(change).await?.and_then(Kept::here).unwrap_or_default();
        let words = store.words(change).await?;
        let Proposal { artefact, setting, effects, said } = proposal;
        let card = Card::of(&Known {
            change,
            artefact: &artefact,
            setting: &setting,
            inputs: &answers.inputs(),
            effects: &effects,
            requester: &record.requester,
            gate: &record.gate,
            decision: &record.decision,
            policy: record.policy,
            dossier: &dossier,
            estate,
            proposed_at: record.proposed_at,
            round: record.round,
            times_proposed: record.times_proposed,
            said: said.as_deref(),
        });
        Ok(Opened { card, command: artefact.text(), dossier, words, record })
    }

    /// The people who have a key that can be used now.
    pub(crate) async fn people(&self) -> Result<BTreeSet<PersonId>, Error> {
        let now = self.world.now();
        let keys = self.store.credentials().await?;
        Ok(keys.into_iter().map(|key| key.credential).filter(|key| usable(key, now)).map(|key| key.person).collect())
    }

    /// What a person can do to release a change that lies before them.
    pub(crate) async fn release_of(&self, opened: &Opened, person: &PersonId) -> Result<Release, Error> {
        let people = self.people().await?;
        let others = if people.iter().any(|other| other != person) { Others::Some } else { Others::None };
        let Opened { record, card, dossier, .. } = opened;
        Ok(match record.state {
            ChangeState::Held if !card.unfit.is_empty() => Release::Not("It cannot be released from a card.".to_owned()),
            ChangeState::Held => match release_by(person, &record.requester, &record.decision, dossier, others) {
                Release::Approve | Release::Confirm if !people.contains(person) => {
                    Release::Not(format!("{person} has no key that can be used yet."))
                }
                release => release,
            },
            state => Release::Not(format!("It is {}.", state.as_str())),
        })
    }

    /// Issues the statement that a person wants to sign, if they could say so now and their page shows the card as it is.
    ///
    /// # Errors
    /// Says why they are not asked.
    pub async fn ask(&self, wanted: Wanted) -> Result<Asked, Error> {
        let opened = self.open(wanted.change).await?;
        if opened.card.shown != wanted.shown {
            return Err(Error::NotReleased("the card is not the one that your page shows; reload it".into()));
        }
        match self.release_of(&opened, &wanted.person).await? {
            Release::Not(why) => return Err(Error::Forbidden(why)),
            release if release.ruling() == Some(wanted.ruling) => {}
            _ => return Err(Error::Forbidden(format!("{} is not yours to say here", wanted.ruling.as_str()))),
        }
        let now = self.world.now();
        let keys = self.store.credentials().await?.into_iter().map(|key| key.credential);
        let theirs = keys.filter(|key| key.person == wanted.person && usable(key, now));
        let credentials = theirs.filter(|key| key.relying_party == self.settings.party.id).map(|key| key.id).collect();
        let statement = self.issue(&opened, wanted.ruling, wanted.person).await?;
        Ok(Asked { statement, credentials })
    }

    /// Takes the signed answer to a statement about `change`.
    ///
    /// # Errors
    /// Says why the answer does not count.
    pub async fn hear(&self, change: Digest, statement: Base64Bytes, assertion: Assertion) -> Result<ChangeV1, Error> {
        let said = Statement::read(&statement.0).map_err(|why| Error::Malformed(why.to_string()))?;
        if said.change != change {
            return Err(Error::Malformed("the statement speaks of another change".into()));
        }
        let record = ApprovalRecord { recorded_at: self.world.now(), statement, proof: Proof::WebauthnV1 { assertion } };
        let now = self.rule(record).await?;
        if said.ruling == Ruling::Approve {
            self.send_receipt(&said, &now).await?;
        }
        Ok(now)
    }

    /// Stops a change on a click. That takes no key: whoever claims to be `person` can stop, and nobody can release.
    ///
    /// # Errors
    /// Fails where there is nothing left to stop.
    pub async fn reject(&self, change: Digest, person: PersonId) -> Result<ChangeV1, Error> {
        let opened = self.open(change).await?;
        let statement = self.issue(&opened, Ruling::Reject, person).await?;
        self.rule(ApprovalRecord { recorded_at: self.world.now(), statement, proof: Proof::Click {} }).await
    }

    /// Writes a statement down before anybody hears of it.
    async fn issue(&self, opened: &Opened, ruling: Ruling, approver: PersonId) -> Result<Base64Bytes, Error> {
        let mut nonce = vec![0; 32];
        self.world.fill_random(&mut nonce)?;
        let issued_at = self.world.now();
        let record = &opened.record;
        let statement = Statement {
            r#type: DOMAIN.to_owned(),
            change: record.change,
            ruling,
            policy: opened.card.policy,
            shown: opened.card.shown,
            requester: record.requester.id().to_owned(),
            on_behalf_of: record.requester.accountable().cloned(),
            approver,
            issued_at,
            expires_at: issued_at + ANSWER_MAX,
            nonce: Base64Bytes(nonce),
        };
        let bytes = serde_json::to_vec(&statement).map_err(|why| Error::Unavailable(why.to_string()))?;
        let ask = Ask::new(bytes).map_err(|why| Error::Malformed(why.to_string()))?;
        Ok(self.store.record(ask).await?.statement.bytes)
    }

    /// Tells the approver where no page of theirs can hide it: on the server's own console, and by the operator's notifier.
    async fn send_receipt(&self, said: &Statement, now: &ChangeV1) -> Result<(), Error> {
        let code = ComparisonCode::of(&said.change);
        let objections = format!("{}/receipts", self.settings.console);
        warn!(approver = %said.approver, %code, change = %said.change, %objections, "approved; not you? object before the hold ends");
        let Some(notifier) = &self.settings.notifier else { return Ok(()) };
        let words = self.store.words(said.change).await?;
        let theirs = words.iter().rfind(|stored| stored.word.approver == said.approver);
        theirs.and_then(|stored| receipt(stored, now)).iter().for_each(|receipt| notifier.tell(receipt));
        Ok(())
    }

    /// What was lately signed to release something, the newest first.
    ///
    /// # Errors
    /// Fails where the store cannot be read.
    pub async fn receipts(&self) -> Result<Vec<ReceiptV1>, Error> {
        let mut receipts = Vec::new();
        for stored in self.store.changes(ChangeFilter::default()).await? {
            if stored.record.spoken.is_empty() {
                continue;
            }
            let view = self.view(stored.record.change).await?;
            let words = self.store.words(stored.record.change).await?;
            receipts.extend(words.into_iter().filter_map(|said| receipt(&said, &view)));
        }
        receipts.sort_by_key(|receipt| std::cmp::Reverse(receipt.at));
        receipts.truncate(RECEIPTS_MAX);
        Ok(receipts)
    }
}

/// The receipt of a word that released or helped to release something.
fn receipt(said: &StoredWord, view: &ChangeV1) -> Option<ReceiptV1> {
    let word = &said.word;
    (word.ruling != Ruling::Reject).then(|| ReceiptV1 {
        change: word.change,
        code: ComparisonCode::of(&word.change).to_string(),
        text: view.text.clone(),
        approver: word.approver.clone(),
        ruling: word.ruling,
        assurance: word.assurance.as_str().to_owned(),
        at: word.spoken_at,
        state: view.progress.state,
        not_before: view.progress.not_before,
        revocable: matches!(view.progress.state, ChangeStateV1::Held | ChangeStateV1::Released),
    })
}

fn usable(key: &Credential, now: Timestamp) -> bool {
    key.usable_from <= now && key.revoked_at.is_none()
}
