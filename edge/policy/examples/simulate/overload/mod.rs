//! One service that is asked for more than it can, behind the limiter and the line of this crate. One seed, one course of events.

mod report;
pub mod scenes;
mod service;

pub use report::{Report, Seen};
pub use scenes::{SCENES, Scene};
pub use service::{Service, Times};

use edge_policy::{
    balance::Random,
    shed::{Bounds, Level, Limiter, Line},
};
use service::Running;
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// Who asks: of twelve requests one signs in, three write, four read, four are prefetches.
const MIX: [Level; 12] = {
    use Level::{High, Low, Read, Write};
    [High, Low, Read, Write, Low, Read, Write, Low, Read, Write, Low, Read]
};
/// The line as it is by default.
const QUEUE: usize = 64;
const WAIT: Duration = Duration::from_millis(100);
/// Longest that the edge waits for an answer. The service begins nothing that was given up.
const FIRST_BYTE: Duration = Duration::from_secs(2);
/// How often the limit is looked at.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives,
    /// Has waited for room long enough.
    Leaves(usize, u64),
    /// The service has done it.
    Done(usize),
    /// Was tried long enough.
    TimesOut(usize),
    Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    Inside,
    Over,
}

struct Request {
    level: Level,
    arrived: Duration,
    entered: Duration,
    state: State,
}

struct World<'s> {
    scene: &'s Scene,
    bounds: Bounds,
    limiter: Limiter,
    line: Line<usize>,
    service: Running<'s>,
    random: Random,
    requests: Vec<Request>,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    number: u64,
    report: Report,
}

/// Some courses of a scene, seen as one.
pub fn courses(scene: &Scene, seeds: u64) -> Report {
    let mut sum = run(scene, 0);
    for seed in 1..seeds {
        for (sum, seen) in sum.0.iter_mut().zip(run(scene, seed).0) {
            sum.add(seen);
        }
    }
    sum
}

/// Lets a scene run; what was seen in each of its phases.
pub fn run(scene: &Scene, seed: u64) -> Report {
    let mut world = World {
        scene,
        bounds: scene.bounds,
        limiter: Limiter::default(),
        line: Line::default(),
        service: Running::new(&scene.service),
        random: Random::new(seed),
        requests: Vec::new(),
        events: BinaryHeap::new(),
        number: 0,
        report: Report::new(scene),
    };
    world.at(Duration::ZERO, Event::Arrives);
    world.at(Duration::ZERO, Event::Look);
    while let Some(Reverse((now, _, event))) = world.events.pop() {
        match event {
            Event::Arrives => world.arrives(now),
            Event::Leaves(request, ticket) => world.leaves(request, ticket),
            Event::Done(request) => world.done(request, now),
            Event::TimesOut(request) => world.times_out(request, now),
            Event::Look => world.look(now),
        }
    }
    world.report
}

impl World<'_> {
    fn at(&mut self, time: Duration, event: Event) {
        self.number += 1;
        self.events.push(Reverse((time, self.number, event)));
    }

    fn arrives(&mut self, now: Duration) {
        let Some(phase) = self.scene.phase(now) else { return };
        // Exponentially distributed pauses: nobody knows of the others.
        let rate = phase.load * self.scene.service.capacity(&MIX);
        let pause = Duration::from_secs_f32(-(1.0 - self.random.share()).ln() / rate);
        self.at(now + pause, Event::Arrives);
        let level = MIX[self.random.below(MIX.len())];
        let request = self.requests.len();
        self.requests.push(Request {
            level,
            arrived: now,
            entered: now,
            state: State::Waits,
        });
        if self.limiter.enter(level, self.bounds) {
            return self.enters(request, now);
        }
        let Ok(ticket) = self.line.join(level, request, QUEUE, WAIT, now) else {
            return self.refused(request);
        };
        self.at(now + ticket.patience, Event::Leaves(request, ticket.number));
    }

    fn enters(&mut self, request: usize, now: Duration) {
        let one = &mut self.requests[request];
        (one.state, one.entered) = (State::Inside, now);
        let level = one.level;
        self.at(now + FIRST_BYTE, Event::TimesOut(request));
        let work = self.scene.service.work(level, &mut self.random);
        self.service.come(request, work);
        self.work(now);
    }

    /// Whoever is free takes the next.
    fn work(&mut self, now: Duration) {
        // What begins while the service stands still is done when it goes on.
        let slower = { self.scene.phase(now) }.map_or(1.0, |phase| phase.slower);
        let slower = if slower.is_finite() { slower } else { 1.0 };
        loop {
            let wanted = |request: usize| self.requests[request].state == State::Inside;
            let Some((request, time)) = self.service.begin(slower, wanted) else {
                return;
            };
            self.at(now + time, Event::Done(request));
        }
    }

    fn done(&mut self, request: usize, now: Duration) {
        if let Some(until) = self.scene.stalled_until(now) {
            return self.at(until, Event::Done(request));
        }
        let work = self.service.end(request);
        let one = &mut self.requests[request];
        if one.state == State::Inside {
            one.state = State::Over;
            let (took, level, arrived) = (now - one.entered, one.level, one.arrived);
            self.report.served(level, arrived, now, work);
            self.limiter.answered(took, self.bounds, now);
            self.gives_back(now);
        }
        self.work(now);
    }

    fn times_out(&mut self, request: usize, now: Duration) {
        let one = &mut self.requests[request];
        if one.state == State::Inside {
            one.state = State::Over;
            self.report.timed_out(one.arrived);
            self.limiter.timed_out(FIRST_BYTE, self.bounds, now);
            self.gives_back(now);
        }
    }

    fn gives_back(&mut self, now: Duration) {
        self.limiter.leave();
        while let Some(next) = self.line.next(|level| self.limiter.enter(level, self.bounds), now) {
            match self.requests[next].state {
                State::Waits => self.enters(next, now),
                _ => self.limiter.leave(),
            }
        }
    }

    fn leaves(&mut self, request: usize, ticket: u64) {
        if self.requests[request].state == State::Waits {
            self.line.leave(ticket);
            self.refused(request);
        }
    }

    fn refused(&mut self, request: usize) {
        let one = &mut self.requests[request];
        one.state = State::Over;
        self.report.refused(one.level, one.arrived);
    }

    fn look(&mut self, now: Duration) {
        if self.scene.phase(now).is_some() {
            self.report.look(self.limiter.limit(self.bounds), now);
            self.at(now + LOOK, Event::Look);
        }
    }
}
