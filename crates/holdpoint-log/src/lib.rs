//! The log: a Merkle tree whose heads are signed, in formats that outsiders' tools read.
//!
//! ```text
//!  entry bytes ──leaf_hash──▶ Frontier ──head──▶ Checkpoint ──sign──▶ SignedCheckpoint ──▶ whoever trusts the key
//!                                │
//!                             Tiler ──▶ tiles ──▶ inclusion and consistency proofs ──▶ LogProof
//! ```
//!
//! Pure: no input or output, no clock, no randomness, nothing asynchronous. Bytes and keys come in as arguments,
//! bytes and verdicts go out.
//!
//! # In scope
//! - RFC 6962 hashing ([`hash`]), the append-only tree and its proofs ([`tree`])
//! - C2SP tlog-tiles ([`tile`]), signed notes and keys ([`note`]), checkpoints ([`checkpoint`]), cosignatures of
//!   witnesses ([`cosignature`]) and offline proofs ([`proof`])
//!
//! # Out of scope
//! - keeping anything: the store commits entries and head in one transaction and signs only after that
//! - what entries mean: the crates above decide what they write

mod armor;
pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
