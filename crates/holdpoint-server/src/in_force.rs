//! The policy in force: one bundle at a time, swapped whole while decisions run.
//!
//! A decision takes the bundle once and uses that one to its end. A bundle that does not load leaves the old one in force, and
//! says so. The revision only grows, here and in the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use holdpoint_core::Timestamp;
use holdpoint_core::digest::Digest;
use holdpoint_core::estate::Estate;
use holdpoint_core::permit::SnapshotHead;
use holdpoint_core::signed::Signed;
use holdpoint_policy::Policies;
use holdpoint_policy::bundle::Bundle;
use jiff::SignedDuration;

use crate::keys::InstallationKey;

/// How long a gate may rely on a snapshot alone.
const SNAPSHOT_LASTS: SignedDuration = SignedDuration::from_mins(15);
/// How old a signed head may be before a new one is signed.
const HEAD_IS_FRESH: SignedDuration = SignedDuration::from_secs(30);

/// The bundle that decisions are made with.
pub struct PolicyInForce {
    bundle: ArcSwap<Bundle>,
    key: Arc<InstallationKey>,
    head: Mutex<Option<SignedHead>>,
}

struct SignedHead {
    head: SnapshotHead,
    text: String,
}

impl PolicyInForce {
    /// Puts a first bundle in force.
    pub fn new(bundle: Bundle, key: Arc<InstallationKey>) -> Self {
        Self { bundle: ArcSwap::from_pointee(bundle), key, head: Mutex::new(None) }
    }

    /// The bundle in force now.
    pub fn now(&self) -> InForce {
        InForce(self.bundle.load_full())
    }

    /// Puts another bundle in force.
    ///
    /// # Errors
    /// Refuses one whose revision is not greater.
    pub fn replace(&self, bundle: Bundle) -> Result<(), NotNewer> {
        let (present, offered) = (self.bundle.load().revision(), bundle.revision());
        if offered <= present {
            return Err(NotNewer { present, offered });
        }
        self.bundle.store(Arc::new(bundle));
        Ok(())
    }

    /// The signed head of the snapshot that gates may rely on from now on.
    pub fn snapshot_head(&self, now: Timestamp) -> String {
        let in_force = self.now();
        let mut kept = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.serves(&in_force, now)) {
            return kept.text.clone();
        }
        let (revision, policy) = (in_force.revision(), in_force.digest());
        let head =
            SnapshotHead { revision, policy, issued_at: now, not_after: now.saturating_add(SNAPSHOT_LASTS).unwrap_or(now) };
        // A head that cannot be signed is no head: gates find nothing to rely on and hold.
        let text = Signed::sign(&head, self.key.as_ref()).map(|signed| signed.to_string()).unwrap_or_default();
        *kept = Some(SignedHead { head, text: text.clone() });
        text
    }
}

impl SignedHead {
    fn serves(&self, in_force: &InForce, now: Timestamp) -> bool {
        let age = now.duration_since(self.head.issued_at);
        self.head.policy == in_force.digest() && age >= SignedDuration::ZERO && age < HEAD_IS_FRESH
    }
}

/// One bundle, held from the beginning of a decision to its end.
pub struct InForce(Arc<Bundle>);

impl InForce {
    /// Its guardrails.
    pub fn policies(&self) -> &Policies {
        self.0.policies()
    }

    /// Its estate.
    pub fn estate(&self) -> &Estate {
        self.0.estate()
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }

    /// Its revision.
    pub fn revision(&self) -> u64 {
        self.0.revision()
    }

    /// Its files, for a gate that decides alone.
    pub fn files(&self) -> BTreeMap<String, String> {
        self.0.files().iter().map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).into_owned())).collect()
    }
}

/// A bundle that is not newer than the one in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bundle offered has revision {offered}, the one in force has {present}")]
pub struct NotNewer {
    present: u64,
    offered: u64,
}
