//! What can go wrong at the desk, before anything happened.

use holdpoint_api::client;
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::NoWarrant;
use holdpoint_core::signed;

/// Why there is no offer or no warrant. Nothing happened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The control plane answered that it will not, or did not answer.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// What the gate keeps on disk could not be read or written.
    #[error("the gate's own files cannot be used: {0}")]
    Files(#[from] std::io::Error),
    /// There is no warrant.
    #[error("there is no warrant: {0}")]
    NoWarrant(#[from] NoWarrant),
    /// The answer is about another change.
    #[error("the control plane answered about {answered} when it was asked about {asked}")]
    OtherChange {
        /// What was asked about.
        asked: Digest,
        /// What the answer is about.
        answered: Digest,
    },
    /// The control plane left nothing behind that a gate could decide with.
    #[error("there is no snapshot to decide with: {0}")]
    NoSnapshot(String),
    /// Holdpoint is not set up here.
    #[error("Holdpoint is not set up here: {0}")]
    NotSetUp(String),
    /// A signed statement is not believed.
    #[error(transparent)]
    Unsigned(#[from] signed::Error),
}

impl Error {
    /// Whether a redemption that failed with this error may have been recorded all the same.
    pub(super) const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Client(client::Error::Answered { status, .. }) => *status >= 500,
            Self::Client(error) => !error.never_arrived(),
            _ => true,
        }
    }
}
