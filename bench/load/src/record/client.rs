//! A client's pen: knows which iteration is being written about.

use super::{Place, ThreadRecord};
use crate::{Failure, Recorder, StepId};
use std::{cell::Cell, rc::Rc, time::Instant};

/// One iteration to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    /// When the schedule wants it.
    pub due: Instant,
    /// The part of the measured time that it belongs to; `None` in the warm-up.
    pub part: Option<u16>,
}

/// What is being done.
#[derive(Clone, Copy)]
struct UnderWay {
    place: Place,
    due: Instant,
    begun: Instant,
}

/// The [`Recorder`] of one client.
pub(crate) struct ClientRecorder {
    record: Rc<ThreadRecord>,
    /// The workload's only step, where it has one.
    only: Option<StepId>,
    job: Cell<Option<Job>>,
    /// `None` between two steps.
    under_way: Cell<Option<UnderWay>>,
    /// The last step that ended.
    last: Cell<Place>,
}

impl ClientRecorder {
    pub(crate) fn new(record: Rc<ThreadRecord>, only: Option<StepId>) -> Self {
        Self {
            record,
            only,
            job: Cell::new(None),
            under_way: Cell::new(None),
            last: Cell::new(Place::Before),
        }
    }

    /// The client takes up `job`.
    pub(crate) fn take_up(&self, job: Job, now: Instant) {
        let place = self.only.map_or(Place::Before, Place::Step);
        self.job.set(Some(job));
        self.under_way.set(Some(UnderWay {
            place,
            due: job.due,
            begun: now,
        }));
    }

    /// The client is done with it.
    pub(crate) fn put_down(&self, now: Instant, well: bool) {
        self.under_way.set(None);
        if let Some(job) = self.job.take() {
            self.record.ended(job, now, well);
        }
    }

    /// The run ends before the iteration does: what has been waited so far is recorded, as a failure.
    pub(crate) fn give_up(&self, now: Instant, failure: &Failure) {
        let Some(job) = self.job.get() else { return };
        match self.under_way.get() {
            Some(UnderWay { place, due, begun }) => {
                let sent = (place != Place::Before).then_some(begun);
                self.record.step(job, place, now, (due, sent), &Err(failure.clone()));
            }
            None => self.record.error(job, self.last.get(), now, failure),
        }
        self.put_down(now, false);
    }
}

impl Recorder for ClientRecorder {
    fn begin(&self, step: StepId, due: Instant) {
        let place = Place::Step(step);
        self.under_way.set(Some(UnderWay {
            place,
            due,
            begun: Instant::now(),
        }));
    }

    fn step(&self, step: StepId, due: Instant, sent: Instant, result: &Result<u64, Failure>) {
        let Some(job) = self.job.get() else { return };
        // Thinking until the next step begins is nobody's delay.
        self.under_way.set(None);
        self.last.set(Place::Step(step));
        self.record
            .step(job, Place::Step(step), Instant::now(), (due, Some(sent)), result);
    }
}
