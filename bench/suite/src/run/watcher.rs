//! Looks on while a scenario runs: the live view, the processes' accounts, the scenario's actions at their time, the end of
//! its ramp.

use super::subject::Subject;
use crate::system::{
    place::Place,
    watch::{Used, Watch, Watched},
};
use bench_load::{
    journey::streams::Subscriptions,
    run::{Observer, Phase},
    scenario::{Action, Climb},
};
use bench_report::{
    model::{Ramp, Second, Stage},
    terminal::{Live, Snapshot},
};
use std::{
    collections::VecDeque,
    ops::ControlFlow,
    time::{Duration, Instant},
};

/// Is told of a run.
pub(super) struct Watcher<'a> {
    subject: &'a Subject,
    place: &'a Place,
    subscriptions: &'a Subscriptions,
    live: Live,
    actions: VecDeque<Action>,
    /// What ends the ramp, if there is one.
    climb: Option<Climb>,
    begun: Option<Instant>,
    /// Looked up beforehand: a platform takes its time to tell.
    watched: Vec<Watched>,
    watch: Option<Watch>,
    /// What happened when, for the timeline.
    marks: Vec<(Duration, String)>,
    /// What could not be done or accounted.
    troubles: Vec<String>,
    /// What the processes used in the measured time.
    used: Vec<Used>,
    samples: Vec<(Instant, Duration)>,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(
        subject: &'a Subject,
        place: &'a Place,
        actions: &[Action],
        climb: Option<Climb>,
        subscriptions: &'a Subscriptions,
    ) -> Self {
        let mut actions = actions.to_vec();
        actions.sort_by_key(|action| action.at);
        let (watched, troubles) = match subject.watched() {
            Ok(watched) => (watched, Vec::new()),
            Err(error) => (Vec::new(), vec![format!("the processes are not accounted: {error}")]),
        };
        Self {
            subject,
            place,
            subscriptions,
            live: Live::new(),
            actions: actions.into(),
            climb,
            begun: None,
            watched,
            watch: None,
            marks: Vec::new(),
            troubles,
            used: Vec::new(),
            samples: Vec::new(),
        }
    }

    fn begin(&mut self) {
        self.subscriptions.measure();
        self.begun = Some(Instant::now());
        self.watch = Some(Watch::begin(std::mem::take(&mut self.watched)));
    }

    fn end(&mut self) {
        if let Some(watch) = self.watch.take() {
            self.samples = watch.cpu_samples();
            self.used = watch.end();
        }
        let late = self
            .actions
            .drain(..)
            .map(|action| format!("{} was due after the end", action.does));
        self.troubles.extend(late);
    }

    /// Does what is due.
    fn act(&mut self) {
        let Some(elapsed) = self.begun.map(|begun| begun.elapsed()) else {
            return;
        };
        while let Some(action) = self.actions.pop_front_if(|action| action.at <= elapsed) {
            self.marks.push((elapsed, action.does.to_string()));
            if let Err(error) = self.subject.act(self.place, &action.does) {
                self.troubles.push(error.to_string());
            }
        }
    }

    /// The share of a processor that the system used between the last two looks.
    fn cpu(&self) -> f64 {
        let samples = self.watch.as_ref().map(Watch::cpu_samples).unwrap_or_default();
        match samples.as_slice() {
            [.., before, after] => share(*before, *after),
            _ => 0.0,
        }
    }

    /// What the ramp found, if there was one; its stages are judged by its bounds.
    pub(super) fn conclude(&mut self, stages: &mut [Stage]) -> Option<Ramp> {
        Some(self.climb.take()?.conclude(stages))
    }

    /// Adds what this watcher knows to the timeline, and tells what was used and what went wrong.
    pub(super) fn complete(self, timeline: &mut [Second], begun: Instant) -> (Vec<Used>, Vec<String>) {
        for second in timeline {
            let (from, to) = (second.at_s, second.at_s + 1.0);
            let within = |at: f64| (from..to).contains(&at);
            let here: Vec<_> = self
                .samples
                .iter()
                .filter(|(at, _)| within(at.saturating_duration_since(begun).as_secs_f64()))
                .collect();
            if let [first, .., last] = here.as_slice() {
                second.cpu = share(**first, **last);
            }
            let marks = self.marks.iter().filter(|(at, _)| within(at.as_secs_f64()));
            second.marks.extend(marks.map(|(_, text)| text.clone()));
        }
        (self.used, self.troubles)
    }
}

fn share((from, before): (Instant, Duration), (to, after): (Instant, Duration)) -> f64 {
    let time = to.saturating_duration_since(from).as_secs_f64();
    if time > 0.0 {
        after.saturating_sub(before).as_secs_f64() / time
    } else {
        0.0
    }
}

impl Observer for Watcher<'_> {
    fn phase(&mut self, phase: Phase) {
        match phase {
            Phase::Measure => self.begin(),
            Phase::Drain => self.end(),
            _ => {}
        }
    }

    fn progress(&mut self, snapshot: &Snapshot) -> ControlFlow<()> {
        self.act();
        self.live.show(&Snapshot {
            cpu: self.cpu(),
            ..snapshot.clone()
        });
        match &mut self.climb {
            Some(climb) if snapshot.phase == Phase::Measure.name() => climb.look(snapshot),
            _ => ControlFlow::Continue(()),
        }
    }
}
