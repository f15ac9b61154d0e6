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

/// Milliseconds as operators read them: to the microsecond.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
