//! One generator thread.

use super::{Plan, client::attend, queue::Queue};
use crate::{
    Failure, StepId, Workload,
    record::{ClientRecorder, Clock, Interval, Place, QUARTER, Tally, ThreadRecord},
    schedule::{Arrivals, Pace, Profile},
};
use futures::{StreamExt, TryStreamExt, stream};
use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, task::JoinSet};

/// Clients of a thread that are being opened at the same time.
const OPENING: usize = 64;

/// Tasks that run before the runtime looks for what has arrived. tokio's own 61 would let an answer wait for a millisecond on a
/// busy thread, and every other measurement with it.
const EVENT_INTERVAL: u32 = 16;

/// What a thread tells the coordinator.
pub(super) enum Message {
    /// Its clients are open.
    Ready,
    /// A client could not be opened.
    Failed(u32, Failure),
    /// A quarter of a second is over.
    Interval(Box<Interval>),
    /// All is over.
    Done(Box<Outcome>),
    /// It broke down.
    Broken(u32, String),
}

/// What a thread ends with.
pub(super) struct Outcome {
    pub tally: Tally,
    /// Processor time over time, while it measured.
    pub cpu: f64,
    /// When its measured time ended.
    pub ended: Instant,
}

/// What a thread is started with.
pub(super) struct Assignment<W> {
    pub workload: Arc<W>,
    pub plan: Arc<Plan>,
    pub profile: Arc<Profile>,
    pub number: u32,
    pub messages: Sender<Message>,
    pub stop: Arc<AtomicBool>,
}

impl<W: Workload> Assignment<W> {
    /// The thread's body.
    pub(super) fn work(self, begin: oneshot::Receiver<Clock>) {
        let (number, messages) = (self.number, self.messages.clone());
        let panicked = |_| Err("it panicked".to_owned());
        if let Err(reason) = catch_unwind(AssertUnwindSafe(|| self.run(begin))).unwrap_or_else(panicked) {
            // Without a coordinator nobody is left to tell.
            messages.send(Message::Broken(number, reason)).unwrap_or_default();
        }
    }

    fn run(self, begin: oneshot::Receiver<Clock>) -> Result<(), String> {
        self.pin()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .build_local(tokio::runtime::LocalOptions::default())
            .map_err(|error| format!("its runtime: {error}"))?;
        runtime.block_on(async {
            let clients = match self.open().await {
                Ok(clients) => clients,
                Err((client, failure)) => {
                    self.tell(Message::Failed(client, failure));
                    return Ok(());
                }
            };
            self.tell(Message::Ready);
            // No begin: another thread's client could not be opened.
            let Ok(clock) = begin.await else { return Ok(()) };
            let outcome = self.generate(clients, clock).await?;
            self.tell(Message::Done(Box::new(outcome)));
            Ok(())
        })
    }

    fn tell(&self, message: Message) {
        self.messages.send(message).unwrap_or_default();
    }

    fn pin(&self) -> Result<(), String> {
        let processors = &self.plan.processors;
        if processors.is_empty() {
            return Ok(());
        }
        let processor = processors[self.number as usize % processors.len()];
        let mut set = CpuSet::new();
        set.set(processor);
        sched_setaffinity(None, &set).map_err(|error| format!("processor {processor}: {error}"))
    }

    /// This thread's clients: every n-th.
    async fn open(&self) -> Result<Vec<W::Client>, (u32, Failure)> {
        let mine = (self.number..self.plan.clients).step_by(self.plan.threads as usize);
        stream::iter(mine)
            .map(async |client| self.workload.open(client).await.map_err(|failure| (client, failure)))
            .buffered(OPENING)
            .try_collect()
            .await
    }

    async fn generate(&self, clients: Vec<W::Client>, clock: Clock) -> Result<Outcome, String> {
        let steps = self.workload.steps().len();
        let record = Rc::new(self.record(clock, steps));
        let queue = Rc::new(Queue::new(clock, Rc::clone(&record), self.arrivals(), self.cap()));
        let closed = matches!(self.plan.pace, Pace::Closed { .. });
        let only = (steps == 1).then_some(StepId(0));
        let mut pens = Vec::new();
        let mut tasks = JoinSet::new();
        for client in clients {
            let pen = Rc::new(ClientRecorder::new(Rc::clone(&record), only));
            pens.push(Rc::clone(&pen));
            let (workload, queue) = (Arc::clone(&self.workload), Rc::clone(&queue));
            tasks.spawn_local(async move { attend(&*workload, client, &queue, pen, closed).await });
        }
        let watch = self.watch(clock, Rc::clone(&record), Rc::clone(&queue));
        queue.dispatch().await.map_err(|error| format!("its timer: {error}"))?;
        let grace = tokio::time::timeout(self.plan.grace, async {
            while let Some(ended) = tasks.join_next().await {
                ended.map_err(|error| format!("a client's task: {error}"))?;
            }
            Ok::<(), String>(())
        });
        if let Ok(ended) = grace.await {
            ended?;
        }
        let now = Instant::now();
        self.give_up(&record, &queue, &pens, now);
        Ok(Outcome {
            cpu: watch.cpu_share(),
            ended: queue.ended(),
            tally: record.finish(now),
        })
    }

    fn record(&self, clock: Clock, steps: usize) -> ThreadRecord {
        let parts = self.profile.parts().iter();
        let part_ends = parts
            .map(|part| clock.measured + Duration::from_secs_f64(part.start + part.duration))
            .collect();
        let messages = self.messages.clone();
        let ship = move |interval| messages.send(Message::Interval(Box::new(interval))).unwrap_or_default();
        ThreadRecord::new(clock, steps, part_ends, Box::new(ship))
    }

    fn arrivals(&self) -> Option<Arrivals> {
        let Pace::Open { spacing, .. } = self.plan.pace else {
            return None;
        };
        Some(Arrivals::new(
            Arc::clone(&self.profile),
            spacing,
            self.number,
            self.plan.threads,
        ))
    }

    /// This thread's share of what may be pending; the first ones take the rest of the division.
    fn cap(&self) -> u64 {
        let (cap, threads) = (self.plan.pending_cap(), u64::from(self.plan.threads));
        cap / threads + u64::from(u64::from(self.number) < cap % threads)
    }

    /// What has not ended is counted with the time it has taken so far.
    fn give_up(&self, record: &ThreadRecord, queue: &Queue, pens: &[Rc<ClientRecorder>], now: Instant) {
        let told = format!("no end within {:?} after the schedule's", self.plan.grace);
        let failure = Failure::new("unfinished", told);
        for pen in pens {
            pen.give_up(now, &failure);
        }
        let never = Failure::new(
            "unfinished",
            format!("not begun within {:?} after the schedule's end", self.plan.grace),
        );
        let steps = self.workload.steps().len();
        let place = if steps == 1 {
            Place::Step(StepId(0))
        } else {
            Place::Before
        };
        for job in queue.give_up() {
            record.step(job, place, now, (job.due, None), &Err(never.clone()));
            record.ended(job, now, false);
        }
    }

    /// Beside the clients: sends off intervals that no event would end, listens for the word to stop, and reads the
    /// processor time at the begin and the end of the measured time.
    fn watch(&self, clock: Clock, record: Rc<ThreadRecord>, queue: Rc<Queue>) -> Rc<Watch> {
        let watch = Rc::new(Watch::default());
        let stop = Arc::clone(&self.stop);
        tokio::task::spawn_local(async move {
            loop {
                tokio::time::sleep(QUARTER).await;
                record.roll(Instant::now());
                if stop.load(Ordering::Relaxed) && Instant::now() < queue.ended() {
                    queue.stop(Instant::now());
                }
            }
        });
        let reader = Rc::clone(&watch);
        tokio::task::spawn_local(async move {
            tokio::time::sleep_until(clock.measured.into()).await;
            reader.begun.set(Some(Reading::now()));
            tokio::time::sleep_until(clock.end.into()).await;
            reader.ended.set(Some(Reading::now()));
        });
        watch
    }
}

/// A thread's account of itself.
#[derive(Default)]
struct Watch {
    begun: Cell<Option<Reading>>,
    ended: Cell<Option<Reading>>,
}

#[derive(Clone, Copy)]
struct Reading {
    at: Instant,
    cpu: Duration,
}

impl Reading {
    fn now() -> Self {
        let used = clock_gettime(ClockId::ThreadCPUTime);
        Self {
            at: Instant::now(),
            cpu: Duration::new(used.tv_sec as u64, used.tv_nsec as u32),
        }
    }
}

impl Watch {
    /// Of the measured time, or until now where that was cut short.
    fn cpu_share(&self) -> f64 {
        let Some(begun) = self.begun.get() else { return 0.0 };
        let ended = self.ended.get().unwrap_or_else(Reading::now);
        let time = (ended.at - begun.at).as_secs_f64();
        if time > 0.0 {
            (ended.cpu - begun.cpu).as_secs_f64() / time
        } else {
            0.0
        }
    }
}
