//! Starts the threads, lets them begin together, and puts together what they found.

use super::{
    Measured, Observer, Phase, Plan, RunError,
    measured::Conduct,
    thread::{Assignment, Message, Outcome},
};
use crate::{
    Workload,
    record::{Clock, QUARTER, Tally, Timeline, summarise},
    schedule::{Part, Profile},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Between the last thread's readiness and the common begin, so that all are there for it.
const RUN_UP: Duration = Duration::from_millis(20);

/// Runs a workload as planned, and returns when all has ended. It blocks: call it from a thread of its own if there is a
/// runtime to keep alive.
///
/// # Errors
/// [`RunError`]: the plan cannot be followed, a client cannot be opened, or the generator broke down. That a run is invalid, or
/// that iterations failed, is told in what is returned.
pub fn run<W: Workload>(workload: &Arc<W>, plan: Plan, observer: &mut dyn Observer) -> Result<Measured, RunError> {
    plan.check()?;
    let names = workload.steps();
    let profile = Arc::new(Profile::new(&plan.pace, plan.warmup));
    let plan = Arc::new(plan);
    let stop = Arc::new(AtomicBool::new(false));
    let (messages, inbox) = mpsc::channel();
    observer.phase(Phase::Open);
    let mut begins = Vec::new();
    let mut threads = Vec::new();
    for number in 0..plan.threads {
        let (begin, begun) = oneshot::channel();
        let assignment = Assignment {
            workload: Arc::clone(workload),
            plan: Arc::clone(&plan),
            profile: Arc::clone(&profile),
            number,
            messages: messages.clone(),
            stop: Arc::clone(&stop),
        };
        let spawned = thread::Builder::new()
            .name(format!("generator-{number}"))
            .spawn(move || assignment.work(begun));
        threads.push(spawned.map_err(|error| broken(number, &error.to_string()))?);
        begins.push(begin);
    }
    drop(messages);
    let mut run = Run {
        inbox,
        stop,
        timeline: Timeline::default(),
        outcomes: Vec::new(),
        ready: 0,
    };
    let result = run.conduct(&plan, begins, observer);
    if result.is_err() {
        run.stop.store(true, Ordering::Relaxed);
    }
    for (number, thread) in threads.into_iter().enumerate() {
        if thread.join().is_err() && result.is_ok() {
            return Err(broken(number as u32, "it panicked"));
        }
    }
    let clock = result?;
    Ok(run.finish(&plan, &names, profile.parts(), clock))
}

fn broken(thread: u32, reason: &str) -> RunError {
    RunError::Thread {
        thread,
        reason: reason.to_owned(),
    }
}

struct Run {
    inbox: Receiver<Message>,
    stop: Arc<AtomicBool>,
    timeline: Timeline,
    outcomes: Vec<Outcome>,
    ready: u32,
}

impl Run {
    /// Listens to the threads until all are done.
    fn conduct(
        &mut self,
        plan: &Plan,
        begins: Vec<oneshot::Sender<Clock>>,
        observer: &mut dyn Observer,
    ) -> Result<Clock, RunError> {
        while self.ready < plan.threads {
            match self.inbox.recv() {
                Ok(message) => self.hear(message)?,
                Err(_) => return Err(broken(0, "all of them fell silent")),
            }
        }
        let clock = Clock::after(Instant::now() + RUN_UP, plan);
        for begin in begins {
            // A thread that is gone is noticed below.
            begin.send(clock).unwrap_or_default();
        }
        let mut progress = Progress::new(clock, plan);
        while self.outcomes.len() < plan.threads as usize {
            match self.inbox.recv_timeout(progress.wait()) {
                Ok(message) => self.hear(message)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(broken(0, "all of them fell silent")),
            }
            if progress.tell(&self.timeline, observer).is_break() {
                self.stop.store(true, Ordering::Relaxed);
                progress.stop();
            }
        }
        progress.end(observer);
        Ok(clock)
    }

    fn hear(&mut self, message: Message) -> Result<(), RunError> {
        match message {
            Message::Ready => self.ready += 1,
            Message::Failed(client, failure) => return Err(RunError::Open { client, failure }),
            Message::Broken(thread, reason) => return Err(broken(thread, &reason)),
            Message::Interval(interval) => self.timeline.add(*interval),
            Message::Done(outcome) => self.outcomes.push(*outcome),
        }
        Ok(())
    }

    fn finish(self, plan: &Plan, names: &[String], parts: &[Part], clock: Clock) -> Measured {
        let ended = self
            .outcomes
            .iter()
            .map(|outcome| outcome.ended)
            .max()
            .unwrap_or(clock.end);
        let duration = ended.saturating_duration_since(clock.measured);
        let parts = Part::until(parts, duration.as_secs_f64());
        let conduct = Conduct {
            cpu: self.outcomes.iter().map(|outcome| outcome.cpu).collect(),
            begun: clock.measured,
            duration,
        };
        let mut tally = Tally::new(names.len(), parts.len());
        for outcome in self.outcomes {
            tally.merge(outcome.tally);
        }
        let summary = summarise(&mut tally, names, &parts);
        Measured::new(plan, summary, self.timeline.finish(), &conduct)
    }
}

/// What the observer has been told.
struct Progress {
    clock: Clock,
    phase: Phase,
    grace: Duration,
    next: Instant,
}

impl Progress {
    fn new(clock: Clock, plan: &Plan) -> Self {
        Self {
            clock,
            phase: Phase::Open,
            grace: plan.grace,
            next: clock.start,
        }
    }

    /// Until the observer is to be told something.
    fn wait(&self) -> Duration {
        let Clock { measured, end, .. } = self.clock;
        let now = Instant::now();
        let next = [measured, end]
            .into_iter()
            .filter(|at| *at > now)
            .fold(self.next, Instant::min);
        next.saturating_duration_since(now)
    }

    fn tell(&mut self, timeline: &Timeline, observer: &mut dyn Observer) -> std::ops::ControlFlow<()> {
        let now = Instant::now();
        let (phase, begun, total) = self.phase_at(now);
        while self.phase != phase {
            self.phase = self.phase.next();
            observer.phase(self.phase);
        }
        if now < self.next {
            return std::ops::ControlFlow::Continue(());
        }
        self.next = now + QUARTER;
        let mut snapshot = timeline.snapshot(now >= self.clock.measured);
        phase.name().clone_into(&mut snapshot.phase);
        snapshot.elapsed_s = now.saturating_duration_since(begun).as_secs_f64();
        snapshot.total_s = total.as_secs_f64();
        observer.progress(&snapshot)
    }

    /// The schedule ends now: what follows is the drain.
    fn stop(&mut self) {
        self.clock.end = self.clock.end.min(Instant::now());
    }

    /// Tells the phases that are left: a run may be stopped before it was planned to end.
    fn end(&mut self, observer: &mut dyn Observer) {
        while self.phase != Phase::Done {
            self.phase = self.phase.next();
            observer.phase(self.phase);
        }
    }

    fn phase_at(&self, now: Instant) -> (Phase, Instant, Duration) {
        let Clock { start, measured, end } = self.clock;
        if now < measured {
            (Phase::WarmUp, start, measured - start)
        } else if now < end {
            (Phase::Measure, measured, end - measured)
        } else {
            (Phase::Drain, end, self.grace)
        }
    }
}
