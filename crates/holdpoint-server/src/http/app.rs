//! What the routes share.

use std::sync::Arc;

use super::guard::OwnNames;
use crate::console::Console;
use crate::engine::Engine;

/// What the routes share.
#[derive(Clone)]
pub struct App {
    /// The one that decides.
    pub engine: Arc<Engine>,
    /// The hosts and origins that are ours.
    pub names: Arc<OwnNames>,
    /// The pages people see.
    pub console: Arc<Console>,
}
