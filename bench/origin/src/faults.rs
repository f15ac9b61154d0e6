//! What goes wrong on purpose.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How an answer is wrong although it looks right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Another text than asked for.
    Body,
    /// `/json` lacks its last item, and says the full count.
    Missing,
    /// `/nonce/{x}` answers what was asked before.
    Stale,
}

/// The faults in force. None at the start; they may be set and taken back at any time.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whether to look at all: without faults a request pays for this alone.
    any: AtomicBool,
    set: Mutex<Set>,
}

/// What is in force.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Set {
    pub(crate) delay: Option<Duration>,
    pub(crate) frozen_until: Option<Instant>,
    pub(crate) refuse: bool,
    pub(crate) cut_after: Option<u64>,
    pub(crate) wrong: Option<Wrong>,
}

impl Faults {
    /// Every answer waits that long.
    pub fn delay(&self, time: Duration) {
        self.change(|set| set.delay = (!time.is_zero()).then_some(time));
    }

    /// Nothing is accepted or answered for that long.
    pub fn freeze(&self, time: Duration) {
        self.change(|set| set.frozen_until = Some(Instant::now() + time));
    }

    /// New connections are closed at once, open ones at their next request.
    pub fn refuse(&self, refuse: bool) {
        self.change(|set| set.refuse = refuse);
    }

    /// A connection ends after that many bytes of an answer's body, although more were promised.
    pub fn cut_after(&self, bytes: Option<u64>) {
        self.change(|set| set.cut_after = bytes);
    }

    /// Answers are wrong in this way.
    pub fn wrong(&self, wrong: Option<Wrong>) {
        self.change(|set| set.wrong = wrong);
    }

    /// All is well again.
    pub fn clear(&self) {
        self.change(|set| *set = Set::default());
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        let mut set = self.set.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut set);
        self.any.store(true, Relaxed);
    }

    /// What is in force now; `None` where nothing ever was.
    pub(crate) fn now(&self) -> Option<Set> {
        if !self.any.load(Relaxed) {
            return None;
        }
        Some(*self.set.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Waits while it is frozen.
    pub(crate) async fn thawed(&self) {
        while let Some(until) = self.now().and_then(|set| set.frozen_until)
            && until > Instant::now()
        {
            tokio::time::sleep_until(until).await;
        }
    }
}
