//! What is true now: the facts that a decision rests on besides the policies.
//!
//! Approvals are verified again each time they count, by the function that an auditor uses offline. One that speaks of another
//! digest, of less than the change would do now, or for another person's agent does not count.

use holdpoint_core::actor::Actor;
use holdpoint_core::approval::{self, VerifiedApproval};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::Effects;
use holdpoint_core::estate::Estate;
use holdpoint_core::quorum::Dossier;
use holdpoint_core::webauthn::RelyingParty;
use tracing::warn;

use crate::store::record::{Kept, Proposal, StoredWord};
use crate::store::{ReadError, Store, credentials_of};

/// Derives what people have brought forward for a change that would have these effects now.
pub(crate) async fn dossier(
    store: &dyn Store,
    party: &RelyingParty,
    estate: &Estate,
    requester: &Actor,
    change: Digest,
    effects: &Effects,
) -> Result<Dossier, ReadError> {
    let credentials = credentials_of(&store.credentials().await?);
    let mut counted = Vec::new();
    for stored in store.words(change).await? {
        let Some(verified) = verified(&stored, &credentials, party) else { continue };
        let same_person = verified.statement().on_behalf_of.as_ref() == requester.accountable();
        if same_person && covers(store, &stored, effects).await? {
            counted.push(verified);
        }
    }
    Ok(Dossier::derive(change, requester, &counted, estate))
}

fn verified(
    stored: &StoredWord,
    credentials: &[holdpoint_core::webauthn::Credential],
    party: &RelyingParty,
) -> Option<VerifiedApproval> {
    let Kept::Here(record) = &stored.record else { return None };
    match approval::verify(record, credentials, party) {
        Ok(verified) => Some(verified),
        Err(error) => {
            warn!(change = %stored.word.change, approver = %stored.word.approver, %error, "a stored approval does not verify");
            None
        }
    }
}

/// Whether the effects now are no worse than those that the person was shown.
async fn covers(store: &dyn Store, stored: &StoredWord, effects: &Effects) -> Result<bool, ReadError> {
    let Some(Kept::Here(shown)) = store.payload(stored.word.proposal).await? else { return Ok(false) };
    let shown: Result<Proposal, _> = serde_json::from_slice(&shown);
    Ok(shown.is_ok_and(|shown| effects.no_worse_than(&shown.effects)))
}
