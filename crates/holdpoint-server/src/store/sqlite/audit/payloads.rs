//! Payloads beside the commitments that entries carry.

use holdpoint_log::commitment::Salt;
use rusqlite::{Row, Transaction};

use super::super::super::record::PayloadId;
use super::super::super::replay::Replay;
use super::fault::{Error, Fault, Faults, PayloadFault};

/// How many payloads there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Payloads {
    /// How many are there and fit their commitment.
    pub kept: u64,
    /// How many were redacted, as the log says.
    pub redacted: u64,
}

/// Compares each stored payload with what the entries say of it, and the other way round.
pub(super) fn compare(moment: &Transaction<'_>, replay: &mut Replay, faults: &mut Faults) -> Result<Payloads, Error> {
    let mut statement = moment.prepare("SELECT id, salt, body, redacted_idx FROM payload")?;
    let mut rows = statement.query([])?;
    let mut payloads = Payloads::default();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let Ok(id) = PayloadId::try_from(name.clone()) else {
            faults.add(Fault::PayloadName { id: name });
            continue;
        };
        match judge(&id, row, replay)? {
            Ok(Stored::Kept) => payloads.kept += 1,
            Ok(Stored::Redacted) => payloads.redacted += 1,
            Err(what) => faults.add(Fault::Payload { id, what }),
        }
        replay.named.remove(&id);
    }
    // What is left has no row.
    for (id, first) in std::mem::take(&mut replay.named) {
        let what = match replay.redacted.get(&id) {
            Some(index) => PayloadFault::NotTakenBack { index: *index },
            None => PayloadFault::Gone { index: first },
        };
        faults.add(Fault::Payload { id, what });
    }
    Ok(payloads)
}

enum Stored {
    Kept,
    Redacted,
}

fn judge(id: &PayloadId, row: &Row<'_>, replay: &Replay) -> Result<Result<Stored, PayloadFault>, Error> {
    let (salt, body): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?);
    let marked: Option<u64> = row.get(3)?;
    let redacted = replay.redacted.get(id).copied();
    let Some(index) = redacted else {
        if !replay.named.contains_key(id) {
            return Ok(Err(PayloadFault::Strange));
        }
        if marked.is_some() {
            return Ok(Err(PayloadFault::Untold));
        }
        let salt = salt.and_then(|salt| salt.try_into().ok()).map(Salt);
        let fits = salt.zip(body).is_some_and(|(salt, body)| id.0.verify(&salt, &body).is_ok());
        return Ok(if fits { Ok(Stored::Kept) } else { Err(PayloadFault::Mismatch) });
    };
    let gone = salt.is_none() && body.is_none() && marked == Some(index);
    Ok(if gone { Ok(Stored::Redacted) } else { Err(PayloadFault::NotTakenBack { index }) })
}
