//! Free work: what no guardrail held is let through at once and written down a moment later, in batches.
//!
//! Each gate's work is numbered when it is let through. What is lost between the answer and the disk (a crash, a full queue)
//! leaves a gap in the numbers, and the store says so in the log: nothing is claimed to be complete that is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, GateId};
use holdpoint_core::change::Change;
use holdpoint_core::effect::Effects;
use holdpoint_core::mask::mask;
use tokio::sync::mpsc;
use tracing::error;

use crate::store::command::{FREE_WORK_MAX, NoteFreeWork};
use crate::store::record::FreeWork;
use crate::store::{ReadError, Record as _, Store};

/// Most works that wait to be written. What comes on top is let through all the same and shows as a gap.
const QUEUE_MAX: usize = 4096;
/// Longest text of a work that is kept, in characters.
const TEXT_MAX_CHARS: usize = 512;

struct Numbered {
    gate: GateId,
    number: u64,
    work: FreeWork,
}

/// Takes free work in without waiting.
pub(crate) struct FreeWorkLog {
    queue: mpsc::Sender<Numbered>,
    numbers: Mutex<BTreeMap<GateId, u64>>,
}

impl FreeWorkLog {
    /// Begins to write free work of these gates down, from the number at which the log left off. The writer ends when the log is
    /// dropped and all that was taken in is written.
    ///
    /// # Errors
    /// Fails where the store cannot be read.
    pub(crate) async fn start(store: Arc<dyn Store>, gates: &[GateId]) -> Result<(Self, tokio::task::JoinHandle<()>), ReadError> {
        let mut numbers = BTreeMap::new();
        for gate in gates {
            numbers.insert(gate.clone(), store.free_work(gate.clone()).await?);
        }
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let writer = tokio::spawn(write(store, waiting));
        Ok((Self { queue, numbers: Mutex::new(numbers) }, writer))
    }

    /// Takes in one act that was let through.
    pub(crate) fn note(&self, actor: &Actor, gate: &GateId, change: &Change, effects: &Effects, at: Timestamp) {
        let text = mask(&change.artefact().text()).chars().take(TEXT_MAX_CHARS).collect();
        let work = FreeWork { change: change.digest(), actor: actor.clone(), at, text, effects: effects.clone() };
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        // A gate nobody registered is not counted: an agent could invent names without end.
        let Some(number) = numbers.get_mut(gate) else { return };
        *number += 1;
        // The lock is held while sending, so the numbers stand in the queue in their order.
        let _ = self.queue.try_send(Numbered { gate: gate.clone(), number: *number, work });
    }
}

async fn write(store: Arc<dyn Store>, mut waiting: mpsc::Receiver<Numbered>) {
    let mut taken = Vec::with_capacity(FREE_WORK_MAX);
    while waiting.recv_many(&mut taken, FREE_WORK_MAX).await > 0 {
        for batch in batches(taken.drain(..)) {
            if let Err(why) = store.record(batch).await {
                error!(%why, "free work was not written down; the log will show a gap");
            }
        }
    }
}

/// Puts works of one gate with consecutive numbers together.
fn batches(works: impl Iterator<Item = Numbered>) -> Vec<NoteFreeWork> {
    let mut batches: Vec<NoteFreeWork> = Vec::new();
    for Numbered { gate, number, work } in works {
        let follows = |batch: &NoteFreeWork| batch.gate == gate && batch.first + batch.works.len() as u64 == number;
        match batches.iter_mut().rev().find(|batch| batch.gate == gate).filter(|batch| follows(batch)) {
            Some(batch) => batch.works.push(work),
            None => batches.push(NoteFreeWork { gate, first: number, works: vec![work] }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_core::actor::ServiceId;
    use holdpoint_core::digest::Digest;
    use holdpoint_core::effect::ResourceKind;

    fn numbered(gate: &str, number: u64) -> Numbered {
        let work = FreeWork {
            change: Digest::of(b"x"),
            actor: Actor::Service { id: ServiceId::parse("s").unwrap() },
            at: Timestamp::UNIX_EPOCH,
            text: String::new(),
            effects: Effects::opaque(ResourceKind::Program, "", ""),
        };
        Numbered { gate: GateId::parse(gate).unwrap(), number, work }
    }

    #[test]
    fn a_lost_number_stays_lost() {
        let works = [numbered("a", 1), numbered("b", 7), numbered("a", 2), numbered("a", 4)];
        let shape: Vec<_> =
            batches(works.into_iter()).iter().map(|batch| (batch.gate.to_string(), batch.first, batch.works.len())).collect();
        assert_eq!(shape, [("a".to_owned(), 1, 2), ("b".to_owned(), 7, 1), ("a".to_owned(), 4, 1)]);
    }
}
