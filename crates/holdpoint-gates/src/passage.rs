//! The passage of one change through a gate: two shapes, and no third.
//!
//! ```text
//!  execute   read → propose → read again → redeem → run ────────→ settle
//!  admit     read → propose → read again → redeem → answer        (the host acts; the outcome is observed later)
//! ```
//!
//! **Every `?` before the act means that nothing happened**, and the caller may say so. After the act there is no `?`: nothing
//! that fails there may hide what happened. The compiler helps: [`Execute::run`] and [`Admit::admit`] take a [`Warrant`] by
//! value, and there are only two ways to one (see `holdpoint_core::permit`).
//!
//! **In scope**: the order of the steps, and what each gate must bring. **Out of scope**: how the control plane is asked
//! ([`crate::desk`]), what a person or an agent is told ([`crate::notice`]).

use holdpoint_api::v1::ResultV1;
use holdpoint_core::actor::Strength;
use holdpoint_core::permit::Warrant;

use crate::desk::{self, Desk, Offer, Proposed, Settled, Stopped};

pub use crate::seen::{Moved, Seen, Unreadable};

/// Lets a change through a gate that acts itself.
///
/// # Errors
/// Means that nothing happened: something could not be read, asked or proved in time.
pub fn execute<G: Execute>(gate: &mut G, desk: &Desk) -> Result<Executed, Error> {
    let proposed = gate.read()?;
    let offer = match desk.propose(&proposed)? {
        Proposed::Offered(offer) => offer,
        Proposed::Stopped(stopped) => return Ok(Executed::Stopped(stopped)),
    };
    let seen = gate.read()?.same_as(&proposed)?;
    let warrant = desk.redeem(offer, &seen)?;
    let basis = warrant.basis().clone();
    // A crash between the redemption and the next line leaves a permit that was spent for nothing: the control plane calls it
    // indeterminate and alarms. A crash after it is the same to everybody outside, and that is why it has to be.
    let result = gate.run(warrant);
    let settled = desk.settle(&basis, &result);
    Ok(Executed::Ran { result, settled })
}

/// Answers a host that acts itself: whether the change may happen.
///
/// A free change is read once: the host acts at its own time after the answer, so a second look here would prove nothing. A
/// permit is spent only on what is seen again.
///
/// # Errors
/// Means that nothing happened, and that the host must be told not to act.
pub fn admit<G: Admit>(gate: &mut G, desk: &Desk) -> Result<G::Reply, Error> {
    let proposed = gate.read()?;
    let offer = match desk.propose(&proposed)? {
        Proposed::Offered(offer) => offer,
        Proposed::Stopped(stopped) => return Ok(gate.stop(&stopped)),
    };
    let seen = match &offer {
        Offer::Free(_) => proposed,
        Offer::Permit(_) => gate.read()?.same_as(&proposed)?,
    };
    let warrant = desk.redeem(offer, &seen)?;
    // A crash before this line: the note is missing, the host was told nothing and hears a denial. Nothing happened.
    desk.expect_outcome(seen.act.as_deref(), &warrant)?;
    // A crash after it: the host hears a denial, the note stays, and the permit ends as indeterminate.
    Ok(gate.admit(warrant))
}

/// An enforcement point: what both shapes have in common.
pub trait Gate {
    /// How much the gate is worth. It is shown wherever the gate is.
    const STRENGTH: Strength;

    /// Reads what is about to happen, from the world as it is now. Called twice: what is acted on is what was decided.
    ///
    /// # Errors
    /// What cannot be read does not happen.
    fn read(&mut self) -> Result<Seen, Unreadable>;
}

/// A gate that acts itself: a command runner, a database proxy, a deployer.
pub trait Execute: Gate {
    /// Acts, and says what came of it. The only line of a gate that touches production.
    fn run(&mut self, warrant: Warrant) -> ResultV1;
}

/// A gate whose host acts: a hook, an admission controller, a forge.
pub trait Admit: Gate {
    /// What the host is told.
    type Reply;

    /// Tells the host that it may act. The warrant is spent on this reply.
    fn admit(&self, warrant: Warrant) -> Self::Reply;

    /// Tells the host that it may not, why, and what releases it.
    fn stop(&self, stopped: &Stopped) -> Self::Reply;
}

/// How a change fared at a gate that acts.
#[derive(Debug)]
pub enum Executed {
    /// It was carried out, or begun.
    Ran {
        /// What came of it.
        result: ResultV1,
        /// Whether the control plane knows.
        settled: Settled,
    },
    /// It was not let through. Nothing happened.
    Stopped(Stopped),
}

/// Why a change did not pass although nobody held it. Nothing happened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The control plane could not be asked, or its answer proves nothing.
    #[error(transparent)]
    Desk(#[from] desk::Error),
    /// What is here now is not what was decided about.
    #[error(transparent)]
    Moved(#[from] Moved),
    /// The proposal could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}
