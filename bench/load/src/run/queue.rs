//! The dispatcher: looks at what is due and hands it to clients. One for each thread.

use super::wake::Wake;
use crate::{
    record::{Clock, Job, ThreadRecord},
    schedule::{Arrival, Arrivals},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Instant,
};
use tokio::sync::Notify;

/// What is due, who is idle, and what waits.
pub(super) struct Queue {
    clock: Clock,
    record: Rc<ThreadRecord>,
    source: RefCell<Source>,
    waiting: RefCell<VecDeque<Job>>,
    idle: RefCell<VecDeque<Rc<Seat>>>,
    seats: RefCell<Vec<Rc<Seat>>>,
    /// Iterations that may wait or be under way.
    cap: u64,
    /// When the measured time ends, or was made to end.
    end: Cell<Instant>,
    stopped: Notify,
}

enum Source {
    /// The share of a schedule, and its next.
    Open(Arrivals, Option<Arrival>),
    /// Whenever a client asks.
    Closed,
}

/// A client's place: where an idle one is given work.
#[derive(Default)]
pub(super) struct Seat {
    job: Cell<Option<Job>>,
    waker: Cell<Option<Waker>>,
    idle: Cell<bool>,
}

impl Queue {
    /// Without `arrivals` a closed loop.
    pub(super) fn new(clock: Clock, record: Rc<ThreadRecord>, arrivals: Option<Arrivals>, cap: u64) -> Self {
        let source = arrivals.map_or(Source::Closed, |mut arrivals| {
            let first = arrivals.next();
            Source::Open(arrivals, first)
        });
        Self {
            clock,
            record,
            source: RefCell::new(source),
            waiting: RefCell::default(),
            idle: RefCell::default(),
            seats: RefCell::default(),
            cap,
            end: Cell::new(clock.end),
            stopped: Notify::new(),
        }
    }

    /// Looks at all that is due by `now` and gives it to idle clients, or lets it wait, or drops it. When the next one is
    /// due; `None` after the last.
    fn look(&self, now: Instant) -> Option<Instant> {
        let mut source = self.source.borrow_mut();
        let Source::Open(arrivals, next) = &mut *source else {
            return None;
        };
        while let Some(arrival) = *next {
            let due = self.clock.start + arrival.at;
            if due > now {
                return Some(due);
            }
            let dropped = self.record.in_flight() >= self.cap;
            let job = Job {
                due,
                part: arrival.part,
            };
            self.record.looked_at(job, now, dropped);
            if !dropped {
                self.give(job);
            }
            *next = arrivals.next();
            if next.is_none() {
                self.dismiss();
            }
        }
        None
    }

    /// To the client that has been idle longest; if none is, it waits.
    fn give(&self, job: Job) {
        match self.idle.borrow_mut().pop_front() {
            None => self.waiting.borrow_mut().push_back(job),
            Some(seat) => {
                seat.job.set(Some(job));
                seat.wake();
            }
        }
    }

    /// Nothing will be due any more: idle clients go.
    fn dismiss(&self) {
        self.idle.borrow_mut().drain(..).for_each(|seat| seat.wake());
    }

    fn exhausted(&self) -> bool {
        matches!(*self.source.borrow(), Source::Open(_, None))
    }

    /// The next iteration for the client in `seat`; `None` when there will be none. A client that asks also looks at the
    /// schedule: on a busy thread that is sooner than the dispatcher's timer, and its lag is the same.
    pub(super) async fn take(&self, seat: &Rc<Seat>) -> Option<Job> {
        std::future::poll_fn(|cx| self.poll_take(seat, cx)).await
    }

    fn poll_take(&self, seat: &Rc<Seat>, cx: &Context<'_>) -> Poll<Option<Job>> {
        if let Some(job) = seat.job.take() {
            return Poll::Ready(Some(job));
        }
        if seat.idle.get() && !self.exhausted() {
            seat.waker.set(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        let now = Instant::now();
        if matches!(*self.source.borrow(), Source::Closed) {
            return Poll::Ready(self.go_again(now));
        }
        self.look(now);
        if let Some(job) = self.waiting.borrow_mut().pop_front() {
            return Poll::Ready(Some(job));
        }
        if self.exhausted() {
            return Poll::Ready(None);
        }
        seat.idle.set(true);
        seat.waker.set(Some(cx.waker().clone()));
        self.idle.borrow_mut().push_back(Rc::clone(seat));
        Poll::Pending
    }

    /// A closed loop's next iteration is due now.
    fn go_again(&self, now: Instant) -> Option<Job> {
        let part = (now >= self.clock.measured).then_some(0);
        let job = Job { due: now, part };
        (now < self.end.get()).then(|| {
            self.record.due(job, now, None);
            job
        })
    }

    /// Follows the schedule to its end.
    pub(super) async fn dispatch(&self) -> io::Result<()> {
        let wake = Wake::new()?;
        loop {
            let now = Instant::now();
            let until = match self.look(now) {
                Some(due) => due,
                None if now < self.end.get() => self.end.get(),
                None => return Ok(()),
            };
            tokio::select! {
                biased;
                woken = wake.until(until) => woken?,
                () = self.stopped.notified() => {}
            }
        }
    }

    /// Ends the schedule now: what is due later never will be.
    pub(super) fn stop(&self, now: Instant) {
        self.look(now);
        if let Source::Open(_, next) = &mut *self.source.borrow_mut() {
            *next = None;
        }
        self.end.set(now.min(self.end.get()));
        self.dismiss();
        self.stopped.notify_one();
    }

    /// When the measured time ended.
    pub(super) fn ended(&self) -> Instant {
        self.end.get()
    }

    /// A place for a client.
    pub(super) fn seat(&self) -> Rc<Seat> {
        let seat = Rc::new(Seat::default());
        self.seats.borrow_mut().push(Rc::clone(&seat));
        seat
    }

    /// What nobody has taken up, even if it was given to somebody.
    pub(super) fn give_up(&self) -> VecDeque<Job> {
        let mut left = self.waiting.take();
        left.extend(self.seats.borrow().iter().filter_map(|seat| seat.job.take()));
        left
    }
}

impl Seat {
    fn wake(&self) {
        self.idle.set(false);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
