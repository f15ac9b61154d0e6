//! Room at an upstream: taken before the first try, kept over all tries, given back at the end of the answer. Who finds none waits
//! a moment in a short line, or is refused.

use super::Pool;
use edge_policy::shed::{Bounds, Level, Limiter, Line};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

/// Those that wait, each to be sent its room.
type SlotLine = Line<oneshot::Sender<Slot>>;

/// How much room there is, and for how many that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomSettings {
    /// Between which numbers the limit stays.
    pub(crate) bounds: Bounds,
    /// Most that wait.
    pub(crate) queue: usize,
    /// Longest that one waits.
    pub(crate) wait: Duration,
}

/// What lasts of it: the limit, and the line.
#[derive(Default)]
pub(crate) struct Room {
    /// The limit, and who uses it.
    pub(crate) limiter: Limiter,
    /// As many as there are in the line, so that nobody locks it in vain.
    waiting: AtomicU32,
    line: Mutex<SlotLine>,
    /// The line's clock. It is Tokio's, whose timers wake it.
    began: OnceLock<Instant>,
}

/// Nobody has room, and waiting would not help, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

/// What a request would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Room.
    Free,
    /// A place in the line, where it waits this long at most.
    Waits(Duration),
    /// A refusal.
    Refused,
}

/// Room for one request. Dropped, the next one has it.
pub(crate) struct Slot(Option<Arc<Pool>>);

impl Slot {
    fn of(pool: &Arc<Pool>) -> Self {
        Self(Some(Arc::clone(pool)))
    }

    /// Gives it back without a look at who waits.
    fn undo(mut self) {
        if let Some(pool) = self.0.take() {
            pool.state.room.limiter.leave();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.state.room.limiter.leave();
            pool.state.room.wake(&pool);
        }
    }
}

/// A place in the line, left when this is dropped.
struct Place<'r> {
    room: &'r Room,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = self.room.line();
        line.leave(self.number);
        self.room.count(&line);
    }
}

impl Room {
    /// How many wait.
    pub(crate) fn queued(&self) -> u32 {
        self.waiting.load(SeqCst)
    }

    fn line(&self) -> MutexGuard<'_, SlotLine> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, line: &SlotLine) {
        self.waiting
            .store(u32::try_from(line.len()).unwrap_or(u32::MAX), SeqCst);
    }

    fn now(&self) -> Duration {
        self.began.get_or_init(Instant::now).elapsed()
    }

    /// Gives free room to those who wait.
    fn wake(&self, pool: &Arc<Pool>) {
        let Some(settings) = &pool.settings.room else { return };
        while self.queued() > 0 {
            let next = {
                let mut line = self.line();
                let next = line.next(|level| self.limiter.enter(level, settings.bounds), self.now());
                self.count(&line);
                next
            };
            let Some(next) = next else { return };
            // Who has left just now leaves it to the next.
            if let Err(slot) = next.send(Slot::of(pool)) {
                slot.undo();
            }
        }
    }
}

impl Pool {
    /// Takes room for a request of this level, and waits a moment for it; none is needed where there is no limit.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn enter(self: &Arc<Self>, level: Level) -> Result<Option<Slot>, Crowded> {
        let Some(settings) = &self.settings.room else {
            return Ok(None);
        };
        if self.state.room.limiter.enter(level, settings.bounds) {
            return Ok(Some(Slot::of(self)));
        }
        // Boxed: few wait, and all would carry it.
        let slot = Box::pin(self.wait(level, settings)).await;
        if slot.is_none() {
            self.cells.shed[level as usize].add();
        }
        slot.map(Some).ok_or(Crowded)
    }

    async fn wait(self: &Arc<Self>, level: Level, settings: &RoomSettings) -> Option<Slot> {
        let room = &self.state.room;
        let (sender, mut receiver) = oneshot::channel();
        let ticket = {
            let mut line = room.line();
            // Counted first, then looked again: who gives room back from now on sees that somebody waits.
            room.waiting.fetch_add(1, SeqCst);
            let slot = { &room.limiter }.enter(level, settings.bounds).then(|| Slot::of(self));
            let ticket = match slot {
                Some(slot) => Err(Some(slot)),
                None => line
                    .join(level, sender, settings.queue, settings.wait, room.now())
                    .map_err(|_| None),
            };
            room.count(&line);
            ticket
        };
        let ticket = match ticket {
            Ok(ticket) => ticket,
            Err(slot) => return slot,
        };
        let _place = Place {
            room,
            number: ticket.number,
        };
        timeout(ticket.patience, &mut receiver).await.ok()?.ok()
    }

    /// What [`Pool::enter`] would come to. Nothing changes.
    pub(crate) fn outlook(&self, level: Level) -> Outlook {
        let Some(settings) = &self.settings.room else {
            return Outlook::Free;
        };
        let room = &self.state.room;
        if room.limiter.has_room(level, settings.bounds) {
            return Outlook::Free;
        }
        let line = room.line();
        match line.takes(level, settings.queue) {
            true => Outlook::Waits(line.patience(level, settings.wait, room.now())),
            false => Outlook::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
