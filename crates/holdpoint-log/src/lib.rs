//! The log: an append-only record whose past nobody can change unseen, in formats that outsiders' tools read.
//!
//! ```text
//!  Envelope ──▶ Entry ──leaf_hash──▶ Frontier ──head──▶ Checkpoint ──sign──▶ SignedCheckpoint
//!                 │                     │                                          │
//!                 │                   Tiler ──▶ tiles ──▶ proofs ──▶ LogProof ◀────┤
//!                 └──────────────────────────▶ Exporter ◀──────────────────────────┘
//!                                                 │
//!                                   directory ──audit_directory──▶ Report
//! ```
//!
//! Pure: no input or output, no clock, no randomness, nothing asynchronous. Bytes, keys, salts and times come in as
//! arguments; bytes and verdicts go out.
//!
//! # In scope
//! - what stands in the log: canonical JSON ([`canonical`]), envelopes ([`entry`]), salted commitments to what is kept
//!   elsewhere ([`commitment`])
//! - the tree: RFC 6962 hashing ([`hash`]), growing it and proving things of it ([`tree`])
//! - the C2SP formats: tiles ([`tile`]), signed notes and keys ([`note`]), checkpoints ([`checkpoint`]), cosignatures
//!   of witnesses ([`cosignature`]), offline proofs ([`proof`])
//! - whole logs: writing one as a directory ([`export`]) and verifying one ([`audit`])
//!
//! # Out of scope
//! - keeping anything: the store commits entries and head in one transaction and signs only after that
//! - what the entries mean: the crates above decide what they write
//! - keys and randomness: the caller draws seeds and salts and keeps them
//!
//! # Example
//! ```
//! use holdpoint_log::checkpoint::{Checkpoint, LogKey, SignedCheckpoint};
//! use holdpoint_log::hash::leaf_hash;
//! use holdpoint_log::note::{Ed25519Signer, Signer};
//! use holdpoint_log::proof::LogProof;
//! use holdpoint_log::tree::{Frontier, Leaves, inclusion};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The log appends two entries and signs its head.
//! let leaves = [leaf_hash(b"first"), leaf_hash(b"second")];
//! let mut frontier = Frontier::default();
//! for leaf in leaves {
//!     frontier.push(leaf);
//! }
//! let signer = Ed25519Signer::from_seed("log.example/acme".parse()?, &[7; 32])?;
//! let checkpoint = Checkpoint { origin: "log.example/acme".parse()?, head: frontier.head() }.sign(&signer)?;
//! let path = inclusion::prove(&mut Leaves(&leaves), 2, 1)?;
//! let file = LogProof::new(&leaves[1], 1, path, &checkpoint)?.to_text();
//!
//! // Whoever knows the log's key verifies, offline, that the second entry is in it.
//! let log = LogKey::named_by(signer.verifier().clone())?;
//! let proved = LogProof::parse(file.as_bytes())?.verify(&leaf_hash(b"second"), &log)?;
//! assert_eq!(proved.head().size, 2);
//! assert!(LogProof::parse(file.as_bytes())?.verify(&leaf_hash(b"another"), &log).is_err());
//! # let _: SignedCheckpoint = proved;
//! # Ok(())
//! # }
//! ```

mod armor;
pub mod audit;
pub mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod entry;
pub mod export;
pub mod hash;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
