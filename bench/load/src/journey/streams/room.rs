//! The thread that subscriptions live on.

use super::{End, Heard, Prepared, board::Judged, subscriber::Subscriber};
use crate::{
    Failure,
    journey::{Journeys, template::Memory},
    record::Times,
};
use bench_report::model::{self, ErrorCount};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, task::JoinSet, time::sleep};

/// Between looks at whether everything has arrived.
const LOOK: Duration = Duration::from_millis(10);

/// How late the begin of the measured time may be told.
const EARLY: Duration = Duration::from_secs(1);

/// All subscriptions.
pub(super) struct Room {
    journeys: Arc<Journeys>,
    desks: Vec<Desk>,
    /// Whether the measured time has begun.
    measuring: Arc<AtomicBool>,
    errors: RefCell<Vec<ErrorCount>>,
}

/// A stream's accounts.
struct Desk {
    opened: Cell<u64>,
    lost: Cell<u64>,
    /// Heard since the measured time has begun, or up to a second before: when its cause was due, and how long it took; `None`
    /// for one that is wrong. The begin is told a little late, and exactly only at the end.
    early: RefCell<VecDeque<(Instant, Option<Duration>)>>,
    /// The same, of what was certainly due after the begin.
    wrong: Cell<u64>,
    times: RefCell<Times>,
    /// When this desk learned of the begin.
    measured_from: Cell<Option<Instant>>,
    first_failure: RefCell<Option<Failure>>,
}

impl Room {
    /// The thread's body.
    pub(super) fn run(
        journeys: &Arc<Journeys>,
        processor: Option<usize>,
        measuring: Arc<AtomicBool>,
        opened: &Sender<Result<(), Failure>>,
        ended: oneshot::Receiver<End>,
        tell: &Sender<Heard>,
    ) {
        let ready = pin(processor).and_then(|()| {
            let builder = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build_local(Default::default());
            builder.map_err(|error| error.to_string())
        });
        let runtime = match ready {
            Ok(runtime) => runtime,
            Err(reason) => {
                // Nobody listens only where the opener is gone.
                let _ = opened.send(Err(Failure::new(
                    "connect",
                    format!("the subscriptions' thread: {reason}"),
                )));
                return;
            }
        };
        runtime.block_on(async {
            let room = Rc::new(Self::new(journeys, measuring));
            let mut subscribers = JoinSet::new();
            let result = room.open(&mut subscribers).await;
            let failed = result.is_err();
            if opened.send(result).is_err() || failed {
                return;
            }
            // Dropped without a word: the run was given up.
            let Ok(end) = ended.await else { return };
            room.settle(&end).await;
            subscribers.abort_all();
            let _ = tell.send(room.heard(&end));
        });
    }

    fn new(journeys: &Arc<Journeys>, measuring: Arc<AtomicBool>) -> Self {
        let desk = |_: &Prepared| Desk {
            opened: Cell::new(0),
            lost: Cell::new(0),
            early: RefCell::default(),
            wrong: Cell::new(0),
            measured_from: Cell::new(None),
            times: RefCell::new(Times::new(3)),
            first_failure: RefCell::new(None),
        };
        Self {
            desks: journeys.streams.iter().map(desk).collect(),
            journeys: Arc::clone(journeys),
            measuring,
            errors: RefCell::default(),
        }
    }

    /// Opens all, each stream at its own rate; returns when the last one is open or has failed.
    async fn open(self: &Rc<Self>, subscribers: &mut JoinSet<()>) -> Result<(), Failure> {
        let mut waiting = Vec::new();
        for (index, stream) in self.journeys.streams.iter().enumerate() {
            for number in 0..stream.count {
                let after = Duration::from_secs_f64(f64::from(number) / stream.rate);
                let (told, open) = oneshot::channel();
                let room = Rc::clone(self);
                subscribers.spawn_local(async move {
                    sleep(after).await;
                    room.attend(index, number, told).await;
                });
                waiting.push(open);
            }
        }
        for open in waiting {
            // Told or dropped: either way it has had its chance.
            let _ = open.await;
        }
        for (desk, stream) in self.desks.iter().zip(&self.journeys.streams) {
            if desk.opened.get() == 0 {
                let failure = desk.first_failure.borrow_mut().take();
                let failure = failure.unwrap_or_else(|| Failure::new("connect", "none could be opened"));
                let detail = format!("streams.{}: {}", stream.name, failure.detail);
                return Err(Failure::new(failure.kind, detail));
            }
        }
        Ok(())
    }

    /// One subscription's life.
    async fn attend(&self, index: usize, number: u32, told: oneshot::Sender<()>) {
        let (desk, stream) = (&self.desks[index], &self.journeys.streams[index]);
        let mut memory = Memory::new(&self.journeys.shared, number, 0);
        let whither = self.journeys.whither.of_client(number);
        let mut subscriber = match Box::pin(Subscriber::open(stream, &mut memory, &whither)).await {
            Ok(subscriber) => subscriber,
            Err(failure) => return self.lose(index, failure),
        };
        desk.opened.set(desk.opened.get() + 1);
        // The opener may be gone; then this task is about to be, too.
        let _ = told.send(());
        loop {
            let (data, at) = match subscriber.next().await {
                Ok(event) => event,
                Err(failure) => {
                    stream.board.leave(&subscriber.ear);
                    return self.lose(index, failure);
                }
            };
            let Some(nonce) = self.journeys.shared.nonces.find(&data) else {
                continue;
            };
            if let Some((due, judged)) = stream.board.heard(nonce, &mut subscriber.ear) {
                let time = (judged == Judged::New).then(|| at.saturating_duration_since(due));
                desk.note(due, time, self.measuring.load(Ordering::Relaxed));
            }
        }
    }

    fn lose(&self, index: usize, failure: Failure) {
        let (desk, name) = (&self.desks[index], &self.journeys.streams[index].name);
        desk.lost.set(desk.lost.get() + 1);
        let mut errors = self.errors.borrow_mut();
        match errors
            .iter_mut()
            .find(|error| error.kind == failure.kind && error.step == *name)
        {
            Some(error) => error.count += 1,
            None => errors.push(ErrorCount {
                kind: failure.kind.to_owned(),
                step: name.clone(),
                example: failure.detail.to_string(),
                count: 1,
                first_at_s: desk
                    .measured_from
                    .get()
                    .map_or(0.0, |begun| begun.elapsed().as_secs_f64()),
            }),
        }
        desk.first_failure.borrow_mut().get_or_insert(failure);
    }

    /// Waits until everything has arrived, or nothing more has for as long as `patience`.
    async fn settle(&self, end: &End) {
        let (mut before, mut since) = (None, Instant::now());
        loop {
            let tallies: Vec<_> = self
                .journeys
                .streams
                .iter()
                .map(|stream| stream.board.tally(end.begun))
                .collect();
            if tallies
                .iter()
                .all(|tally| !tally.pending && tally.delivered >= tally.expected)
            {
                return;
            }
            if before.as_ref() != Some(&tallies) {
                (before, since) = (Some(tallies), Instant::now());
            } else if since.elapsed() >= end.patience {
                return;
            }
            sleep(LOOK).await;
        }
    }

    fn heard(&self, end: &End) -> Heard {
        let stream = |(desk, stream): (&Desk, &Prepared)| {
            let tally = stream.board.tally(end.begun);
            desk.settle(end.begun);
            model::Stream {
                name: stream.name.clone(),
                opened: desk.opened.get(),
                lost: desk.lost.get(),
                expected: tally.expected,
                delivered: tally.delivered,
                wrong: desk.wrong.get(),
                delivery: desk.times.borrow().latency(),
            }
        };
        let mut errors = self.errors.borrow().clone();
        errors.sort_by_key(|error| std::cmp::Reverse(error.count));
        Heard {
            streams: self.desks.iter().zip(&self.journeys.streams).map(stream).collect(),
            errors,
        }
    }
}

impl Desk {
    /// Takes down what was heard.
    fn note(&self, due: Instant, time: Option<Duration>, measuring: bool) {
        if measuring && self.measured_from.get().is_none() {
            self.measured_from.set(Some(Instant::now()));
        }
        if self.measured_from.get().is_some_and(|from| due >= from) {
            return self.count(time);
        }
        let mut early = self.early.borrow_mut();
        early.push_back((due, time));
        while !measuring && early.front().is_some_and(|(due, _)| due.elapsed() > EARLY) {
            early.pop_front();
        }
    }

    fn count(&self, time: Option<Duration>) {
        match time {
            Some(time) => self.times.borrow_mut().record(time),
            None => self.wrong.set(self.wrong.get() + 1),
        }
    }

    /// The begin is known now.
    fn settle(&self, begun: Instant) {
        let early = std::mem::take(&mut *self.early.borrow_mut());
        early
            .into_iter()
            .filter(|(due, _)| *due >= begun)
            .for_each(|(_, time)| self.count(time));
    }
}

fn pin(processor: Option<usize>) -> Result<(), String> {
    let Some(processor) = processor else { return Ok(()) };
    let mut set = CpuSet::new();
    set.set(processor);
    sched_setaffinity(None, &set).map_err(|error| format!("processor {processor}: {error}"))
}
