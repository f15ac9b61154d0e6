//! TLS (RFC 8446, RFC 5246), on both sides. The edge shakes hands itself, by the keys of a generation, so that a reload changes them
//! without a listener or a pool of connections noticing.

mod certificates;
mod files;
mod listener;
mod order;
mod service;
mod stream;
mod validity;

pub(crate) use files::TlsError;
pub(crate) use listener::ListenerKeys;
pub(crate) use order::Configs;
pub(crate) use service::{Identities, Identity, IdentitySettings};
pub(crate) use stream::TlsEnd;
pub(crate) use validity::Validity;

use rustls::crypto::{CryptoProvider, ring};
use std::sync::{Arc, LazyLock};

/// What both sides calculate with.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
