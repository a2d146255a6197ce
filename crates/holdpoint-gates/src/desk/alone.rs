//! What a gate decides alone while the control plane is away: free work, under the newest signed snapshot, and nothing else.
//!
//! The snapshot lies where anybody with our user id can write. That is why its head is signed, names the policy's files by
//! their digest, and never goes back to an older revision: to change what passes here one must change the program.

use std::collections::BTreeSet;
use std::io::Read as _;

use holdpoint_api::home::Home;
use holdpoint_api::v1::SnapshotV1;
use holdpoint_core::actor::Strength;
use holdpoint_core::decision::Decision;
use holdpoint_core::permit::Snapshot;
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::bundle::Bundle;
use holdpoint_policy::case::{Freezes, Surroundings, environments_in_reach};
use holdpoint_policy::{Case, decide};

use super::asker::Asker;
use super::error::Error;
use super::pinned::Pinned;
use crate::seen::Seen;

/// Longest snapshot in bytes.
const SNAPSHOT_MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Decides under the snapshot that the control plane left behind.
pub(super) fn decide_alone(home: &Home, pinned: &Pinned, asker: &Asker, seen: &Seen) -> Result<(Snapshot, Decision), Error> {
    let left: SnapshotV1 = read(home)?;
    let snapshot = pinned.snapshot(&left.head)?;
    let files = left.files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let head = snapshot.head();
    let bundle = Bundle::of_digest(&files, head.policy, head.revision).map_err(|error| Error::NoSnapshot(error.to_string()))?;
    let in_reach = environments_in_reach(seen.change.setting(), &seen.answers);
    let around = Surroundings {
        estate: bundle.estate(),
        freezes: &Freezes::none(),
        gate: Strength::Advises,
        in_reach: &in_reach,
        waived: &BTreeSet::new(),
    };
    let actor = asker.actor().map_err(|error| Error::NoSnapshot(error.to_string()))?;
    let case = Case::assemble(actor, &seen.effects, Dossier::default(), &around);
    let decision = decide(bundle.policies(), &case);
    Ok((snapshot, decision))
}

/// Reads the snapshot. Nothing is verified by that.
pub(super) fn read(home: &Home) -> Result<SnapshotV1, Error> {
    let missing = |error: &dyn std::fmt::Display| Error::NoSnapshot(error.to_string());
    let file = std::fs::File::open(home.snapshot()).map_err(|error| missing(&error))?;
    let mut bytes = Vec::new();
    file.take(SNAPSHOT_MAX_BYTES).read_to_end(&mut bytes).map_err(|error| missing(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| missing(&error))
}
