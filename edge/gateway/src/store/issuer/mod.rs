//! An issuer of tokens: who judges them, and where the keys come from.

mod fetch;

pub(crate) use fetch::Fetched;

use crate::{generation::KeyText, upstream::Pool};
use arc_swap::ArcSwapOption;
use fetch::Fetches;
use shared_identity::{Algorithm, KeySet, KeySetError, Origin, Verifier, VerifierSettings};
use std::{sync::Arc, time::Duration};

/// An issuer as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuerSettings {
    /// What a token must say.
    pub(crate) verifier: VerifierSettings,
    /// Where its keys are.
    pub(crate) keys: Keys,
    /// Channel on which ended sessions are told.
    pub(crate) revocation_channel: Option<String>,
}

/// Where an issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    /// An upstream serves them.
    Upstream {
        /// Its name.
        upstream: String,
        /// Path of the key set.
        path: String,
        /// From one fetch to the next.
        refresh: Duration,
    },
    /// A file held them when the configuration was read.
    Text(KeyText),
}

impl IssuerSettings {
    /// The upstream that serves the key set.
    pub(crate) fn upstream(&self) -> Option<&str> {
        match &self.keys {
            Keys::Upstream { upstream, .. } => Some(upstream),
            Keys::Text(_) => None,
        }
    }

    /// Keys, and which algorithm each is for, are the same for both.
    fn has_keys_of(&self, other: &Self) -> bool {
        let place = |settings: &Self| match &settings.keys {
            Keys::Upstream { upstream, path, .. } => Some((upstream.clone(), path.clone())),
            Keys::Text(_) => None,
        };
        let algorithms = |settings: &Self| -> Vec<Algorithm> { settings.verifier.algorithms.clone() };
        place(self).is_some() && place(self) == place(other) && algorithms(self) == algorithms(other)
    }
}

/// One issuer of tokens: its verifier, and the keeping of its keys.
pub(crate) struct Issuer {
    /// Judges its tokens.
    pub(crate) verifier: Verifier,
    /// What the configuration says of it.
    pub(crate) settings: IssuerSettings,
    /// The upstream that its keys come from. A reload may give it other targets while the issuer stays.
    pool: ArcSwapOption<Pool>,
    fetches: Fetches,
}

impl Issuer {
    /// An issuer with the sessions that its predecessor knows to have ended, and with its keys if they come from the same
    /// place.
    ///
    /// # Errors
    /// If its keys are in a file, and cannot be used.
    pub(crate) fn new(
        settings: IssuerSettings,
        pool: Option<Arc<Pool>>,
        previous: Option<&Self>,
    ) -> Result<Self, KeySetError> {
        let wanted = settings.verifier.clone();
        let verifier = match previous {
            None => Verifier::new(wanted),
            Some(previous) => previous.verifier.successor(wanted),
        };
        if let Some(previous) = previous.filter(|previous| settings.has_keys_of(&previous.settings)) {
            verifier.take_keys(&previous.verifier);
        }
        if let Keys::Text(text) = &settings.keys {
            let algorithms = &settings.verifier.algorithms;
            verifier.use_keys(KeySet::read(text.as_bytes(), Origin::File, algorithms)?);
        }
        Ok(Self {
            verifier,
            settings,
            pool: ArcSwapOption::new(pool),
            fetches: Fetches::default(),
        })
    }

    /// Takes the targets that its upstream has now.
    pub(crate) fn follow(&self, pool: &Arc<Pool>) {
        self.pool.store(Some(Arc::clone(pool)));
    }
}
