//! Waking at a precise time. tokio's own timers are exact to a millisecond; the kernel's timer descriptors to some microseconds.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::{io, os::fd::OwnedFd, time::Instant};
use tokio::io::{Interest, unix::AsyncFd};

/// A timer of the thread's runtime.
pub(super) struct Wake(AsyncFd<OwnedFd>);

impl Wake {
    /// Within a runtime.
    pub(super) fn new() -> io::Result<Self> {
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        #[allow(deprecated)] // deprecated for types whose descriptor may change; an OwnedFd's cannot
        AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
    }

    /// Waits until `at`, or wakes too early now and then: the caller looks at the clock anyway. The expiry is never read, as
    /// setting the timer anew clears it, and the runtime listens for edges.
    pub(super) async fn until(&self, at: Instant) -> io::Result<()> {
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            tokio::task::yield_now().await;
            return Ok(());
        }
        let once = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec {
                tv_sec: left.as_secs() as i64,
                tv_nsec: left.subsec_nanos().into(),
            },
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}
