//! The checkpoint that was released last, beside the database: what the database may not go back behind.
//!
//! Two slots, written in turn in place, so that a crash in the middle of one leaves the other. The file is not synced with
//! each commit: after a loss of power it may name an earlier checkpoint, which only makes the guard less sharp, never wrong.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use holdpoint_log::checkpoint::{LogKey, SignedCheckpoint};

use super::error::OpenError;
use crate::data_directory::DataDirectory;

const FILE: &str = "released-checkpoint";
const SLOT_BYTES: usize = 2048;

pub(super) struct Guard {
    file: File,
    released: Option<SignedCheckpoint>,
    next_slot: u64,
}

impl Guard {
    pub(super) fn open(directory: &DataDirectory, log: &LogKey) -> Result<Self, OpenError> {
        let unreadable = |error: io::Error| OpenError::Guard { what: format!("cannot be read: {error}") };
        let options = OpenOptions::new().create(true).read(true).write(true).truncate(false).mode(0o600).clone();
        let file = options.open(directory.file(FILE)).map_err(unreadable)?;
        let mut slots = vec![0; 2 * SLOT_BYTES];
        let length = read_all(&file, &mut slots).map_err(unreadable)?;
        let newest = newest(&slots, log);
        if newest.is_none() && length > 0 {
            return Err(OpenError::Guard { what: "holds no checkpoint of this log".to_owned() });
        }
        let next_slot = newest.as_ref().map_or(0, |(_, slot)| 1 - slot);
        Ok(Self { file, released: newest.map(|(checkpoint, _)| checkpoint), next_slot })
    }

    /// What was released last, as far as anybody here remembers.
    pub(super) const fn released(&self) -> Option<&SignedCheckpoint> {
        self.released.as_ref()
    }

    /// Writes down what is about to be released.
    pub(super) fn keep(&mut self, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        let mut slot = checkpoint.to_text().into_bytes();
        if slot.len() > SLOT_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the checkpoint is longer than its slot"));
        }
        slot.resize(SLOT_BYTES, 0);
        self.file.write_all_at(&slot, self.next_slot * SLOT_BYTES as u64)?;
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }
}

/// What was released last, read beside whoever may be writing it. Nothing where there is nothing that the key signed.
pub(super) fn newest_released(directory: &Path, log: &LogKey) -> Option<SignedCheckpoint> {
    let mut slots = vec![0; 2 * SLOT_BYTES];
    read_all(&File::open(directory.join(FILE)).ok()?, &mut slots).ok()?;
    newest(&slots, log).map(|(checkpoint, _)| checkpoint)
}

/// The newer of two slots, with its number. One that is half written is none.
fn newest(slots: &[u8], log: &LogKey) -> Option<(SignedCheckpoint, u64)> {
    let opened = |slot: &[u8]| SignedCheckpoint::open(slot.split(|byte| *byte == 0).next().unwrap_or_default(), log).ok();
    let found = slots.chunks(SLOT_BYTES).map(opened).zip(0_u64..).filter_map(|(checkpoint, slot)| Some((checkpoint?, slot)));
    found.max_by_key(|(checkpoint, _)| checkpoint.head().size)
}

fn read_all(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}
