//! Hands receipts to a program of the operator's choice, which sends them where no page of the approver can hide them.
//!
//! The program gets one receipt as JSON on its standard input: what was released, by whom, until when one can object. No
//! parameter of it is on its command line, and nothing that it answers matters; a receipt that cannot be handed over is in the
//! log and on the receipts page all the same.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdpoint_api::v1::ReceiptV1;
use tracing::warn;

/// Most notifiers that may run at once; a receipt beyond that is only logged and shown.
const RUNNING_MAX: usize = 8;

/// Runs the operator's program.
#[derive(Debug, Clone)]
pub struct Notifier {
    program: PathBuf,
    running: Arc<AtomicUsize>,
}

impl Notifier {
    /// Will run this program for each receipt.
    pub fn new(program: PathBuf) -> Self {
        Self { program, running: Arc::default() }
    }

    /// Hands over a receipt, without waiting for what becomes of it.
    pub fn tell(&self, receipt: &ReceiptV1) {
        let Ok(json) = serde_json::to_vec(receipt) else { return };
        if self.running.fetch_add(1, Ordering::Relaxed) >= RUNNING_MAX {
            self.running.fetch_sub(1, Ordering::Relaxed);
            return warn!(code = %receipt.code, "too many notifiers are running; the receipt is only logged and shown");
        }
        let this = self.clone();
        std::thread::spawn(move || {
            if let Err(error) = this.run(&json) {
                warn!(%error, program = %this.program.display(), "the receipt was not handed to the notifier");
            }
            this.running.fetch_sub(1, Ordering::Relaxed);
        });
    }

    fn run(&self, json: &[u8]) -> std::io::Result<()> {
        let mut child = Command::new(&self.program).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        // The pipe is closed before the wait, or a program that reads to the end would never end.
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(json));
        let status = child.wait()?;
        written?;
        if status.success() { Ok(()) } else { Err(std::io::Error::other(format!("it ended with {status}"))) }
    }
}
