//! The clock of everything that is known of upstreams. It begins with the first look at it.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time since it began.
pub(crate) fn now() -> Duration {
    BEGAN.elapsed()
}
