//! A thread's own record.

use super::{Interval, Job, Place, Tally};
use crate::{Failure, run::Plan};
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

/// The run's instants, the same for all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// The warm-up's begin.
    pub start: Instant,
    /// The measured time's begin.
    pub measured: Instant,
    /// Its planned end.
    pub end: Instant,
}

impl Clock {
    /// Of a run that begins at `start`.
    pub(crate) fn after(start: Instant, plan: &Plan) -> Self {
        let measured = start + plan.warmup;
        Self {
            start,
            measured,
            end: measured + plan.pace.duration(),
        }
    }
}

/// Counts of one thread, and where finished intervals go.
pub(crate) struct ThreadRecord {
    clock: Clock,
    /// When parts end, ascending.
    part_ends: Vec<Instant>,
    tally: RefCell<Tally>,
    interval: RefCell<Interval>,
    /// When the current interval ends.
    boundary: Cell<Instant>,
    /// The part that is going on.
    part: Cell<usize>,
    in_flight: Cell<u64>,
    ship: Box<dyn Fn(Interval)>,
}

impl ThreadRecord {
    pub(crate) fn new(clock: Clock, steps: usize, part_ends: Vec<Instant>, ship: Box<dyn Fn(Interval)>) -> Self {
        let index = Interval::index_at(clock.start, clock.measured);
        Self {
            clock,
            tally: RefCell::new(Tally::new(steps, part_ends.len())),
            part_ends,
            interval: RefCell::new(Interval::new(index)),
            boundary: Cell::new(Interval::end_of(index, clock.measured)),
            part: Cell::new(0),
            in_flight: Cell::new(0),
            ship,
        }
    }

    /// Iterations that wait or are under way.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.get()
    }

    /// The schedule's next iteration was looked at, `now`, and taken on or `dropped`. An interval gets the counts of what
    /// was looked at in it; the lag says how far that is from when it was due.
    pub(crate) fn looked_at(&self, job: Job, now: Instant, dropped: bool) {
        let lag = now.saturating_duration_since(job.due);
        self.due(job, now, Some(lag));
        if !dropped {
            return;
        }
        self.in_flight.set(self.in_flight.get() - 1);
        if self.shows(job, now) {
            self.interval.borrow_mut().dropped += 1;
        }
        if let Some(part) = job.part {
            let mut tally = self.tally.borrow_mut();
            let late = Failure::new("dropped", "never begun: too many iterations were waiting or under way");
            tally.error(Place::Before, &late, self.since_measured(job.due));
            tally.dropped += 1;
            if let Some(part) = tally.parts.get_mut(usize::from(part)) {
                part.dropped += 1;
            }
        }
    }

    /// An iteration is due; in a closed loop, without `lag`, because its client is free.
    pub(crate) fn due(&self, job: Job, now: Instant, lag: Option<Duration>) {
        self.roll(now);
        self.in_flight.set(self.in_flight.get() + 1);
        if self.shows(job, now) {
            let mut interval = self.interval.borrow_mut();
            interval.due += 1;
            if let Some(lag) = lag {
                interval.lag.record(lag);
            }
        }
        let Some(part) = job.part else { return };
        let mut tally = self.tally.borrow_mut();
        tally.due += 1;
        if let Some(lag) = lag {
            tally.lag.record(lag);
        }
        if let Some(part) = tally.parts.get_mut(usize::from(part)) {
            part.due += 1;
        }
    }

    /// A step of `job` ended `now`.
    pub(crate) fn step(
        &self,
        job: Job,
        place: Place,
        now: Instant,
        (due, sent): (Instant, Option<Instant>),
        result: &Result<u64, Failure>,
    ) {
        self.roll(now);
        let corrected = now.saturating_duration_since(due);
        if self.shows(job, now) {
            self.interval.borrow_mut().times.record(corrected);
        }
        let Some(part) = job.part else { return };
        let mut tally = self.tally.borrow_mut();
        let step = tally.step(place);
        step.corrected.record(corrected);
        if let Some(sent) = sent {
            step.uncorrected.record(now.saturating_duration_since(sent));
        }
        match result {
            Ok(_) => step.completed += 1,
            Err(_) => step.failed += 1,
        }
        if let Some(part) = tally.parts.get_mut(usize::from(part)) {
            part.corrected.record(corrected);
        }
        tally.requests += u64::from(sent.is_some());
        match result {
            Ok(bytes) => tally.bytes += bytes,
            Err(failure) => tally.error(place, failure, self.since_measured(now)),
        }
    }

    /// A failure that took no time of its own.
    pub(crate) fn error(&self, job: Job, place: Place, now: Instant, failure: &Failure) {
        if job.part.is_some() {
            self.tally.borrow_mut().error(place, failure, self.since_measured(now));
        }
    }

    /// An iteration ended `now`, well or not.
    pub(crate) fn ended(&self, job: Job, now: Instant, well: bool) {
        self.roll(now);
        self.in_flight.set(self.in_flight.get() - 1);
        if self.shows(job, now) {
            let mut interval = self.interval.borrow_mut();
            interval.completed += u64::from(well);
            interval.failed += u64::from(!well);
        }
        let mut tally = self.tally.borrow_mut();
        if let Some(going_on) = self.part_at(now).and_then(|part| tally.parts.get_mut(part)) {
            going_on.ended += 1;
            going_on.ended_well += u64::from(well);
        }
        let Some(part) = job.part else { return };
        tally.completed += u64::from(well);
        tally.failed += u64::from(!well);
        if let Some(part) = tally.parts.get_mut(usize::from(part)) {
            part.failed += u64::from(!well);
        }
    }

    /// Sends off the interval if it is over.
    pub(crate) fn roll(&self, now: Instant) {
        if now >= self.boundary.get() {
            self.ship(now);
        }
    }

    /// Sends off the interval, and begins the one that `now` lies in.
    fn ship(&self, now: Instant) {
        let index = Interval::index_at(now, self.clock.measured);
        self.boundary.set(Interval::end_of(index, self.clock.measured));
        let mut done = self.interval.replace(Interval::new(index));
        done.in_flight = self.in_flight.get();
        (self.ship)(done);
    }

    /// Ends the record.
    pub(crate) fn finish(&self, now: Instant) -> Tally {
        self.ship(now);
        self.tally.replace(Tally::new(0, 0))
    }

    /// In the warm-up all is shown, afterwards what is measured.
    fn shows(&self, job: Job, now: Instant) -> bool {
        job.part.is_some() || now < self.clock.measured
    }

    fn part_at(&self, now: Instant) -> Option<usize> {
        if now < self.clock.measured {
            return None;
        }
        let mut part = self.part.get();
        while self.part_ends.get(part).is_some_and(|end| *end <= now) {
            part += 1;
        }
        self.part.set(part);
        (part < self.part_ends.len()).then_some(part)
    }

    fn since_measured(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.clock.measured)
    }
}
