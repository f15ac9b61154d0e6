//! A world of targets, faults and load, in which an edge decides by the policies of this crate. One seed, one course of events.

use edge_policy::{
    balance::{Asked, Balancer, Load, Method, Random, Turn, View, Warmth},
    breaker::{self, Breaker, Outcome, Permit},
    hedge::{self, Hedges},
    outlier::{self, Outlier, most_ejected},
    retry::{Budget, backoff},
};
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// What may be wrong with a target for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Connections are refused, and what is under way is lost.
    Dead,
    /// It takes requests and never answers.
    Stalled,
    /// It takes so many times as long.
    Slow(f32),
    /// It answers this share of requests 503, fast.
    Failing(f32),
}

/// A fault of one target from one time to another.
#[derive(Debug, Clone, Copy)]
pub struct Trouble {
    pub target: usize,
    pub fault: Fault,
    pub from: Duration,
    pub until: Duration,
}

/// A course of events.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Each target's usual time for an answer, and how many it works on at a time.
    pub targets: Vec<(Duration, usize)>,
    /// Requests a second.
    pub rate: f32,
    /// How long it lasts.
    pub lasts: Duration,
    pub troubles: Vec<Trouble>,
}

/// How the edge is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub method: Method,
    pub attempts: u32,
    pub first_byte: Duration,
    pub outlier: Option<outlier::Terms>,
    pub breaker: Option<breaker::Terms>,
    pub hedge: Option<hedge::Terms>,
}

/// What came of it.
#[derive(Debug, Default, Clone)]
pub struct Report {
    pub requests: u64,
    pub tries: u64,
    /// Of these, asked while another was under way.
    pub hedges: u64,
    /// Requests that clients saw fail.
    pub errors: u64,
    /// Of all answered requests.
    pub latencies: Vec<Duration>,
    /// Tries by target in the last fifth of the time.
    pub last: Vec<u64>,
    /// Whether the breaker let all pass at the end.
    pub closed: bool,
    /// Requests that no target was found for, though one was open.
    pub lost: u64,
}

impl Report {
    /// The latency that this share of answers does not exceed.
    pub fn quantile(&mut self, share: f64) -> Duration {
        self.latencies.sort_unstable();
        let index = (self.latencies.len() as f64 * share) as usize;
        self.latencies
            .get(index.min(self.latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

#[derive(Default)]
struct Target {
    load: Load,
    outlier: Outlier,
    warmth: Warmth,
    /// When each of its workers is free.
    free: Vec<Duration>,
}

struct Seen<'w> {
    targets: &'w [Target],
    tried: &'w [usize],
    now: Duration,
    all: bool,
}

impl View for Seen<'_> {
    fn is_open(&self, index: usize) -> bool {
        let out = || self.targets[index].outlier.ejection(|| self.now).is_some();
        !self.tried.contains(&index) && (self.all || !out())
    }

    fn warmth(&self, index: usize) -> f32 {
        self.targets[index].warmth.part(self.now, SLOW_START)
    }

    fn load(&self, index: usize) -> &Load {
        &self.targets[index].load
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Answered,
    Status503,
    Refused,
    Reset,
    TimedOut,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives,
    Tries(usize),
    /// A request's first try has taken long, if it still lasts.
    Hedges(usize),
    Ends {
        request: usize,
        target: usize,
        began: Duration,
        ending: Ending,
    },
}

/// A try under way.
struct Try {
    target: usize,
    began: Duration,
    permit: Option<Permit>,
}

struct Request {
    began: Duration,
    tried: Vec<usize>,
    tries: u32,
    under_way: Vec<Try>,
}

/// The world at work.
pub struct World<'s> {
    schedule: &'s Schedule,
    setup: Setup,
    balancer: Balancer,
    targets: Vec<Target>,
    breaker: Breaker,
    budget: Budget,
    hedges: Hedges,
    in_flight: u32,
    random: Random,
    requests: Vec<Request>,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    number: u64,
    report: Report,
}

/// How long a target that refused a connection is spared.
const SPARED: Duration = Duration::from_secs(2);
const SLOW_START: Duration = Duration::from_secs(5);
const EJECT_FOR: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_micros(200);

/// Lets a schedule run.
pub fn run(schedule: &Schedule, setup: Setup, seed: u64) -> Report {
    let named: Vec<(u64, u32)> = (0..schedule.targets.len() as u64).map(|name| (name, 1)).collect();
    let target = |(_, workers): &(Duration, usize)| Target {
        free: vec![Duration::ZERO; *workers],
        ..Target::default()
    };
    let mut world = World {
        balancer: Balancer::new(setup.method, &named, seed),
        targets: schedule.targets.iter().map(target).collect(),
        breaker: Breaker::default(),
        budget: Budget::default(),
        hedges: Hedges::default(),
        in_flight: 0,
        random: Random::new(seed),
        requests: Vec::new(),
        events: BinaryHeap::new(),
        number: 0,
        report: Report {
            last: vec![0; schedule.targets.len()],
            ..Report::default()
        },
        schedule,
        setup,
    };
    world.at(Duration::ZERO, Event::Arrives);
    while let Some(Reverse((now, _, event))) = world.events.pop() {
        match event {
            Event::Arrives => world.arrives(now),
            Event::Tries(request) => world.tries(request, now),
            Event::Hedges(request) => world.hedges(request, now),
            Event::Ends {
                request,
                target,
                began,
                ending,
            } => world.ends(request, target, began, ending, now),
        }
    }
    world.report.closed = world.breaker.state(schedule.lasts) == breaker::State::Closed;
    world.report
}

impl World<'_> {
    fn at(&mut self, time: Duration, event: Event) {
        self.number += 1;
        self.events.push(Reverse((time, self.number, event)));
    }

    /// An exponentially distributed time with this mean.
    fn about(&mut self, mean: Duration) -> Duration {
        mean.mul_f32(-(1.0 - self.random.share()).ln())
    }

    fn arrives(&mut self, now: Duration) {
        let next = now + self.about(Duration::from_secs_f32(1.0 / self.schedule.rate));
        if next < self.schedule.lasts {
            self.at(next, Event::Arrives);
        }
        self.requests.push(Request {
            began: now,
            tried: Vec::new(),
            tries: 0,
            under_way: Vec::new(),
        });
        self.report.requests += 1;
        self.budget.request(now);
        self.hedges.request(now);
        self.tries(self.requests.len() - 1, now);
    }

    fn fault(&self, target: usize, now: Duration) -> Option<Fault> {
        let mut troubles = self.schedule.troubles.iter();
        let of = troubles.find(|one| one.target == target && one.from <= now && now < one.until);
        of.map(|one| one.fault)
    }

    fn tries(&mut self, request: usize, now: Duration) {
        let permit = match self.setup.breaker {
            Some(terms) => {
                let coin = self.random.share();
                let Ok(permit) = self.breaker.admit(&terms, self.in_flight, || coin, now) else {
                    self.report.errors += 1;
                    return;
                };
                Some(permit)
            }
            None => None,
        };
        let tried = self.requests[request].tried.clone();
        let asked = self.asked(request, self.balancer.take(), now);
        let chosen = self
            .choose(asked, &tried, false)
            .or_else(|| self.choose(asked, &tried, true));
        let Some(target) = chosen else {
            self.report.lost += u64::from(tried.len() < self.targets.len());
            self.report.errors += 1;
            return;
        };
        self.requests[request].tries += 1;
        self.begins(request, target, permit, now);
        let delay = self.setup.hedge.and_then(|terms| self.hedges.delay(terms.after, now));
        if let Some(delay) = delay.filter(|_| self.requests[request].tries == 1) {
            self.at(now + delay, Event::Hedges(request));
        }
    }

    fn asked(&self, request: usize, turn: Turn, now: Duration) -> Asked {
        Asked {
            turn,
            key: request as u64 % 1_000,
            now,
            all_in_flight: self.in_flight,
        }
    }

    fn choose(&self, asked: Asked, tried: &[usize], all: bool) -> Option<usize> {
        let targets = &self.targets;
        self.balancer.choose(
            asked,
            &Seen {
                targets,
                tried,
                now: asked.now,
                all,
            },
        )
    }

    /// A second target is asked, if the first try still lasts: one that is well and warm, while the breaker is closed and the budget
    /// lasts.
    fn hedges(&mut self, request: usize, now: Duration) {
        let one = &self.requests[request];
        let [first] = &one.under_way[..] else { return };
        let (tries, tried) = (one.tries, [first.target]);
        let Some(terms) = self.setup.hedge.filter(|_| tries == 1) else {
            return;
        };
        let is_closed = self.setup.breaker.is_none() || self.breaker.state(now) == breaker::State::Closed;
        let asked = self.asked(request, self.balancer.peek(), now);
        let chosen = self.choose(asked, &tried, false).filter(|_| is_closed);
        let warm = |target: &usize| self.targets[*target].warmth.part(now, SLOW_START) == 1.0;
        let Some(target) = chosen.filter(warm).filter(|_| self.hedges.hedge(terms.share, now)) else {
            return;
        };
        self.report.hedges += 1;
        self.begins(request, target, None, now);
    }

    fn begins(&mut self, request: usize, target: usize, permit: Option<Permit>, now: Duration) {
        self.targets[target].load.enter();
        self.in_flight += 1;
        self.report.tries += 1;
        if now * 5 > self.schedule.lasts * 4 {
            self.report.last[target] += 1;
        }
        let began = now;
        self.requests[request].under_way.push(Try { target, began, permit });
        self.works(request, target, now);
    }

    /// What the target makes of it.
    fn works(&mut self, request: usize, target: usize, now: Duration) {
        let (mean, _) = self.schedule.targets[target];
        let fault = self.fault(target, now);
        let time = self.about(mean);
        let fails = matches!(fault, Some(Fault::Failing(share)) if self.random.share() < share);
        let time = match fault {
            Some(Fault::Slow(factor)) => time.mul_f32(factor),
            _ if fails => time / 10,
            _ => time,
        };
        let (end, ending) = match fault {
            Some(Fault::Dead) => (now + CONNECT, Ending::Refused),
            Some(Fault::Stalled) => (now + self.setup.first_byte, Ending::TimedOut),
            _ => {
                let free = &mut self.targets[target].free;
                free.sort_unstable();
                let done = now.max(free[0]) + time;
                free[0] = done;
                (done, if fails { Ending::Status503 } else { Ending::Answered })
            }
        };
        let mut troubles = self.schedule.troubles.iter();
        let death =
            troubles.find(|one| one.target == target && one.fault == Fault::Dead && one.from > now && one.from < end);
        let (end, ending) = match death {
            Some(one) => (one.from, Ending::Reset),
            None if end > now + self.setup.first_byte => (now + self.setup.first_byte, Ending::TimedOut),
            None => (end, ending),
        };
        self.at(
            end,
            Event::Ends {
                request,
                target,
                began: now,
                ending,
            },
        );
    }

    fn ends(&mut self, request: usize, target: usize, began: Duration, ending: Ending, now: Duration) {
        let under_way = &mut self.requests[request].under_way;
        let this = |one: &Try| one.target == target && one.began == began;
        let Some(position) = under_way.iter().position(this) else {
            // Nobody waits for it any more; the target has worked on it all the same.
            return;
        };
        let permit = under_way.remove(position).permit;
        let (took, of) = (now - began, &self.targets[target]);
        of.load.leave();
        self.in_flight -= 1;
        let failed = ending != Ending::Answered;
        if failed {
            of.load.failed(took, now);
        } else {
            of.load.answered(took, now);
            self.hedges.waited(took, now);
        }
        self.judge(target, ending, now);
        let outcome = if failed {
            Outcome::Failed
        } else {
            Outcome::Answered(took)
        };
        self.settle(permit, outcome, now);
        let one = &mut self.requests[request];
        one.tried.push(target);
        if !failed {
            self.report.latencies.push(now - one.began);
            self.overtakes(request, now);
        } else if !one.under_way.is_empty() {
            // The other one may still answer.
        } else if self.may_retry(request, ending, now) {
            let pause = backoff(self.requests[request].tries, self.random.share());
            self.at(now + pause, Event::Tries(request));
        } else {
            self.report.errors += 1;
        }
    }

    fn settle(&mut self, permit: Option<Permit>, outcome: Outcome, now: Duration) {
        if let (Some(permit), Some(terms)) = (permit, self.setup.breaker) {
            self.breaker.done(permit, outcome, &terms, now);
        }
    }

    /// An answer is there: what else is under way for the request is given up.
    fn overtakes(&mut self, request: usize, now: Duration) {
        for one in std::mem::take(&mut self.requests[request].under_way) {
            let (took, of) = (now - one.began, &self.targets[one.target]);
            of.load.leave();
            of.load.overtaken(took, now);
            self.in_flight -= 1;
            self.hedges.waited(took, now);
            self.settle(one.permit, Outcome::Unknown, now);
        }
    }

    fn judge(&mut self, target: usize, ending: Ending, now: Duration) {
        let of = &self.targets[target];
        let ejection = match (ending, self.setup.outlier) {
            (Ending::Refused, _) => of.outlier.eject(outlier::Why::Unreachable, SPARED, 0.0, now),
            (_, Some(terms)) => of
                .outlier
                .observe(ending != Ending::Answered, &terms, now)
                .and_then(|why| {
                    let out = self
                        .targets
                        .iter()
                        .filter(|one| one.outlier.ejection(|| now).is_some())
                        .count();
                    let random = self.random.share();
                    let may = out < most_ejected(self.targets.len(), 0.5);
                    may.then(|| of.outlier.eject(why, EJECT_FOR, random, now))?
                }),
            _ => None,
        };
        if let Some(ejection) = ejection {
            of.warmth.begin(ejection.until);
        }
    }

    fn may_retry(&self, request: usize, ending: Ending, now: Duration) -> bool {
        let one = &self.requests[request];
        let most = match ending {
            Ending::Refused if self.setup.attempts > 1 => self.targets.len() as u32,
            _ => self.setup.attempts,
        };
        let is_possible = one.tries < most && one.tried.len() < self.targets.len();
        is_possible && self.budget.retry(0.2, now)
    }
}
