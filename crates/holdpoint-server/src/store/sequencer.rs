//! The sequencer: one thread that turns a queue of commands into batches, each one transaction.
//!
//! No timer: whatever has queued up while the last batch was written is the next batch. One producer gets one commit per
//! command, sixty-four get one commit for thirty.

use std::fmt::Display;
use std::sync::Arc;
use std::thread::JoinHandle;

use holdpoint_log::checkpoint::{self, Checkpoint, SignedCheckpoint};
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::{mpsc, oneshot, watch};

use super::command::{Outcome, Submission};
use super::load::Loaded;
use super::plan::{Rejection, Tree, WritePlan, plan};
use super::{Commit, CommitError, Committed, Fatal, Surroundings};

/// Most commands that wait for the next batch. Who comes later waits to be let in.
pub(super) const QUEUE_MAX: usize = 1024;
/// Most commands in one transaction.
pub(super) const BATCH_MAX: usize = 256;

/// What differs between backends: how they load and how they write.
pub(super) trait Backend: Send + 'static {
    /// Why it failed. The store stops.
    type Error: Display;

    /// Brings together what a batch needs.
    fn load(&mut self, submissions: &[Submission], now: Timestamp) -> Result<Loaded, Self::Error>;

    /// Writes all of a plan, durably, or nothing. After an error nobody can tell which.
    fn write(&mut self, plan: &WritePlan) -> Result<(), Self::Error>;

    /// Remembers, beside the data, the newest checkpoint that is about to be released.
    fn remember(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), Self::Error>;
}

/// The queue in front of the thread, and what the thread has released.
pub(super) struct Sequencer {
    queue: Option<mpsc::Sender<Request>>,
    released: watch::Receiver<Arc<SignedCheckpoint>>,
    grown: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Sequencer {
    /// Starts the thread on a backend whose log ends in `tree`, and releases the checkpoint of that end.
    pub(super) fn start<B: Backend>(mut backend: B, tree: Tree, surroundings: Surroundings) -> Result<Self, StartError> {
        let signed = sign(&tree, &surroundings)?;
        backend.remember(&signed).map_err(|error| StartError::Remember(error.to_string()))?;
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let (grown_sender, grown) = watch::channel(tree.frontier.size());
        let (released_sender, released) = watch::channel(Arc::new(signed));
        let writer = Writer {
            backend,
            tree,
            latest: Timestamp::UNIX_EPOCH,
            random: SystemRandom::new(),
            released: released_sender,
            grown: grown_sender,
            surroundings,
        };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || writer.run(requests))?;
        Ok(Self { queue: Some(queue), released, grown, thread: Some(thread) })
    }

    /// Puts a command into the queue at once where there is room, else as soon as there is.
    pub(super) fn commit(&self, submission: Submission) -> Commit<'_> {
        let (answer, answered) = oneshot::channel();
        let request = Request { submission, answer };
        let queued = match &self.queue {
            Some(queue) => queue.try_send(request),
            None => Err(mpsc::error::TrySendError::Closed(request)),
        };
        Box::pin(async move {
            match (queued, &self.queue) {
                (Ok(()), _) => {}
                (Err(mpsc::error::TrySendError::Full(request)), Some(queue)) => {
                    queue.send(request).await.map_err(|_| CommitError::Stopped)?;
                }
                (Err(_), _) => return Err(CommitError::Stopped),
            }
            answered.await.unwrap_or(Err(CommitError::OutcomeUnknown))
        })
    }

    /// The newest released checkpoint.
    pub(super) fn checkpoint(&self) -> Arc<SignedCheckpoint> {
        self.released.borrow().clone()
    }

    /// The size of the released log, as it grows.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.grown.clone()
    }
}

impl Drop for Sequencer {
    /// Lets the thread finish what is queued, so that whoever opens the same data next finds it closed.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// Why a store could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key did not sign the checkpoint of the log as it is.
    #[error("the checkpoint of the log as it is cannot be signed")]
    Sign(#[from] checkpoint::Error),
    /// The checkpoint could not be kept.
    #[error("the checkpoint of the log as it is cannot be kept: {0}")]
    Remember(String),
    /// There is no thread to be had.
    #[error("the writer thread cannot be started")]
    Thread(#[from] std::io::Error),
}

struct Request {
    submission: Submission,
    answer: Answer,
}

/// Where one answer goes.
type Answer = oneshot::Sender<Result<Committed, CommitError>>;
/// What the plan says of one command.
type Planned = Result<Outcome, Rejection>;

struct Writer<B> {
    backend: B,
    tree: Tree,
    /// The newest time given to an entry: the log's own clock never goes back.
    latest: Timestamp,
    random: SystemRandom,
    released: watch::Sender<Arc<SignedCheckpoint>>,
    grown: watch::Sender<u64>,
    surroundings: Surroundings,
}

impl<B: Backend> Writer<B> {
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let alarm = Alarm { fatal: self.surroundings.fatal.clone(), armed: true };
        while let Some(first) = requests.blocking_recv() {
            let (submissions, answers) = drain(first, &mut requests);
            match self.commit(&submissions) {
                Ok((outcomes, checkpoint)) => answer_all(answers, outcomes, &checkpoint),
                Err(fatal) => {
                    alarm.disarm();
                    self.stop(fatal, answers, requests);
                    return;
                }
            }
        }
        alarm.disarm();
    }

    fn commit(&mut self, submissions: &[Submission]) -> Result<(Vec<Planned>, Arc<SignedCheckpoint>), Fatal> {
        let failed = |what: &'static str| move |why: B::Error| Fatal { what, why: why.to_string() };
        let now = to_the_microsecond((self.surroundings.clock)()).max(self.latest);
        self.latest = now;
        let mut seed = [0; 32];
        self.random
            .fill(&mut seed)
            .map_err(|_| Fatal { what: "drawing random numbers", why: "the system gave none".to_owned() })?;
        let loaded = self.backend.load(submissions, now).map_err(failed("reading the database"))?;
        let mut plan = plan(std::mem::take(&mut self.tree), loaded, submissions, now, seed);
        if !plan.is_empty() {
            // A crash before this line: nothing happened. A crash inside: all of it or nothing, and nobody was told.
            self.backend.write(&plan).map_err(failed("writing the database"))?;
        }
        // A crash here: it happened and nobody was told. Signing again at the next start gives the same bytes.
        self.tree = std::mem::take(&mut plan.tree);
        let checkpoint = if plan.entries.is_empty() { self.released.borrow().clone() } else { self.release()? };
        Ok((plan.answers, checkpoint))
    }

    /// Signs what is durable, remembers it, and only then lets anybody see it.
    fn release(&mut self) -> Result<Arc<SignedCheckpoint>, Fatal> {
        let signed = sign(&self.tree, &self.surroundings)
            .map_err(|error| Fatal { what: "signing the checkpoint", why: error.to_string() })?;
        self.backend.remember(&signed).map_err(|error| Fatal { what: "keeping the checkpoint", why: error.to_string() })?;
        let signed = Arc::new(signed);
        self.released.send_replace(signed.clone());
        self.grown.send_replace(signed.head().size);
        Ok(signed)
    }

    /// Nobody can tell what the database kept of this batch, so nobody is told anything, and nothing is written after it.
    fn stop(self, fatal: Fatal, answers: Vec<Answer>, mut requests: mpsc::Receiver<Request>) {
        requests.close();
        for answer in answers {
            let _ = answer.send(Err(CommitError::OutcomeUnknown));
        }
        while let Ok(request) = requests.try_recv() {
            let _ = request.answer.send(Err(CommitError::Stopped));
        }
        (self.surroundings.fatal)(fatal);
    }
}

/// Entries tell time to the microsecond, and state must follow from entries.
fn to_the_microsecond(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

/// Takes what has queued up, in order.
fn drain(first: Request, requests: &mut mpsc::Receiver<Request>) -> (Vec<Submission>, Vec<Answer>) {
    let (mut submissions, mut answers) = (vec![first.submission], vec![first.answer]);
    while submissions.len() < BATCH_MAX {
        let Ok(request) = requests.try_recv() else { break };
        submissions.push(request.submission);
        answers.push(request.answer);
    }
    (submissions, answers)
}

fn answer_all(answers: Vec<Answer>, outcomes: Vec<Planned>, checkpoint: &Arc<SignedCheckpoint>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        let committed = outcome.map(|outcome| Committed { outcome, checkpoint: checkpoint.clone() });
        // Whoever asked may have gone; what was recorded stays recorded.
        let _ = answer.send(committed.map_err(CommitError::Rejected));
    }
}

fn sign(tree: &Tree, surroundings: &Surroundings) -> Result<SignedCheckpoint, checkpoint::Error> {
    let origin = surroundings.signer.verifier().name().as_str().parse()?;
    Checkpoint { origin, head: tree.frontier.head() }.sign(surroundings.signer.as_ref())
}

/// Rings when the thread ends without having been asked to: a defect must not look like a quiet server.
struct Alarm {
    fatal: Arc<dyn Fn(Fatal) + Send + Sync>,
    armed: bool,
}

impl Alarm {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.armed {
            (self.fatal)(Fatal { what: "planning a batch", why: "the writer thread ended unexpectedly".to_owned() });
        }
    }
}
