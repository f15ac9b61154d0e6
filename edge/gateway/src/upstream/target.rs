//! A target as one generation of the configuration has it.

use super::{Labels, TargetSpec, state::TargetState};
use std::{ops::Deref, sync::Arc};

/// A name and a share, for what lasts of the target beyond this configuration: its address and its health, which it lends its
/// methods from.
pub(crate) struct Target {
    /// As the configuration names it, `host:port`. Never shown to clients.
    pub(crate) name: Box<str>,
    /// Its configured share of the traffic, at least 1.
    pub(crate) weight: u32,
    /// What the configuration writes on it.
    pub(crate) labels: Arc<Labels>,
    /// The name in its certificate, where it has one.
    pub(crate) server_name: Arc<str>,
    state: Arc<TargetState>,
}

impl Target {
    /// The target of that state, as the configuration names it and with a share.
    pub(crate) fn new(spec: &TargetSpec, weight: u32, state: Arc<TargetState>) -> Self {
        Self {
            name: spec.address.as_str().into(),
            weight: weight.max(1),
            labels: Arc::clone(&spec.labels),
            server_name: Arc::clone(&spec.server_name),
            state,
        }
    }

    /// Its share as it is: an operator may have said another one.
    pub(crate) fn share(&self) -> u32 {
        self.state.placement.get().weight(self.weight)
    }

    /// Whether it has all these labels.
    pub(crate) fn has(&self, labels: &Labels) -> bool {
        labels.iter().all(|(name, value)| self.labels.get(name) == Some(value))
    }

    /// Whether nothing of it differs.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state) && self.weight == other.weight && self.name == other.name
    }
}

impl Deref for Target {
    type Target = TargetState;

    fn deref(&self) -> &TargetState {
        &self.state
    }
}
