//! What a load gives.

use crate::{Config, diagnose::Diagnostic, sources::Sources};

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// It.
    pub config: Config,
    /// What is hardly meant, in the order of the file.
    pub warnings: Vec<Diagnostic>,
    /// Where each value comes from.
    pub sources: Sources,
}
