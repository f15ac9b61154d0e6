//! Edges, an authority and the time between them, step by step in a clock of their own.

use super::*;
use proptest::prelude::*;
use std::time::Instant;

/// A step of the simulation.
const STEP: Duration = Duration::from_millis(1);
/// The longest that a request and a call wait.
const BUDGET: u64 = 20;

fn terms(per_second: u32, burst: u32) -> Terms {
    Terms {
        interval: Duration::from_secs(1) / per_second,
        burst,
        cost: 1,
    }
}

/// A call under way.
struct Call {
    number: u64,
    ask: Ask,
    /// When the authority gets it, and when its answer is there; steps.
    arrives: u64,
    answered: u64,
    grant: Option<Grant>,
}

struct Edge {
    lessee: Lessee,
    waiting: u32,
    wants: bool,
    call: Option<Call>,
    /// What an unanswered call told: it is repeated until it is answered.
    unheard: Option<(u64, Ask)>,
    calls: u64,
    admitted: u64,
    refused: u64,
}

/// A fleet, and what it is put through.
struct World {
    terms: Terms,
    base: Instant,
    step: u64,
    latency: u64,
    authority: Authority,
    /// The last call of each edge that the authority took.
    taken: Vec<u64>,
    edges: Vec<Edge>,
    is_away: bool,
    /// Admitted over the rate at any time since it began: a bucket that leaks at the rate.
    level: f64,
    highest: f64,
}

impl World {
    fn new(terms: Terms, edges: usize, latency: u64) -> Self {
        let base = Instant::now();
        let edge = || Edge {
            lessee: Lessee::new(base),
            waiting: 0,
            wants: false,
            call: None,
            unheard: None,
            calls: 0,
            admitted: 0,
            refused: 0,
        };
        Self {
            terms,
            base,
            step: 0,
            latency,
            authority: Authority::default(),
            taken: vec![0; edges],
            edges: (0..edges).map(|_| edge()).collect(),
            is_away: false,
            level: 0.0,
            highest: 0.0,
        }
    }

    fn now(&self) -> Instant {
        self.base + STEP * u32::try_from(self.step).unwrap()
    }

    fn fleet(&self) -> u32 {
        u32::try_from(self.edges.len()).unwrap()
    }

    /// A step: `demand` requests come to each edge.
    fn run(&mut self, demand: &[u32]) {
        self.step += 1;
        let per_step = STEP.as_secs_f64() / self.terms.interval.as_secs_f64();
        self.level = (self.level - per_step).max(0.0);
        for (index, &requests) in demand.iter().enumerate() {
            self.advance_call(index);
            let again = std::mem::take(&mut self.edges[index].waiting);
            for _ in 0..again {
                self.take(index, Lessee::take_again);
            }
            for _ in 0..requests {
                self.take(index, Lessee::take);
            }
            self.begin_call(index);
        }
        self.highest = self.highest.max(self.level);
    }

    fn take(&mut self, index: usize, how: impl Fn(&mut Lessee, &Terms, u32, Instant) -> Taken) {
        let (now, fleet) = (self.now(), self.fleet());
        let edge = &mut self.edges[index];
        match how(&mut edge.lessee, &self.terms, fleet, now) {
            Taken::Decided { decision, ask } => {
                edge.wants |= ask;
                if decision.allowed {
                    edge.admitted += u64::from(self.terms.cost);
                    self.level += f64::from(self.terms.cost);
                } else {
                    edge.refused += 1;
                }
            }
            Taken::Wait { ask } => {
                edge.wants |= ask;
                edge.waiting += 1;
            }
        }
    }

    fn begin_call(&mut self, index: usize) {
        let (now, step, latency, fleet) = (self.now(), self.step, self.latency, self.fleet());
        let edge = &mut self.edges[index];
        let ended = edge.lessee.holds_until().is_some_and(|ends| ends <= now);
        if edge.call.is_some() || !(edge.wants || ended) {
            return;
        }
        let (number, ask) = if let Some(unheard) = edge.unheard {
            unheard
        } else {
            edge.wants = false;
            edge.calls += 1;
            (edge.calls, edge.lessee.ask(&self.terms, fleet, now))
        };
        edge.call = Some(Call {
            number,
            ask,
            arrives: step + latency,
            answered: step + 2 * latency,
            grant: None,
        });
    }

    fn advance_call(&mut self, index: usize) {
        let (now, step, fleet) = (self.now(), self.step, self.fleet());
        let edge = &mut self.edges[index];
        let Some(call) = &mut edge.call else { return };
        if step == call.arrives && !self.is_away {
            let again = self.taken[index] == call.number;
            self.taken[index] = call.number;
            let ask = if again { Ask::default() } else { call.ask };
            let micros = step * 1_000;
            let number = u32::try_from(index).unwrap();
            call.grant = Some(self.authority.serve(&self.terms, number, &ask, micros));
        }
        if step == call.answered
            && !self.is_away
            && let Some(grant) = call.grant
        {
            edge.lessee.settle(&self.terms, fleet, &call.ask, &grant, now);
            (edge.call, edge.unheard) = (None, None);
        } else if step >= call.answered + BUDGET {
            edge.lessee.unanswered(now);
            edge.unheard = Some((call.number, call.ask));
            edge.call = None;
        }
    }

    fn admitted(&self) -> u64 {
        self.edges.iter().map(|edge| edge.admitted).sum()
    }

    /// Burst and rate over the time that has passed.
    fn quota(&self) -> f64 {
        f64::from(self.terms.burst) + self.step as f64 * STEP.as_secs_f64() / self.terms.interval.as_secs_f64()
    }

    /// What all may hold at a time.
    fn lent(&self) -> f64 {
        f64::from(self.terms.most()) * self.edges.len() as f64
    }
}

#[test]
fn ten_minutes_of_uneven_and_shifting_load_come_to_the_quota_and_starve_nobody() {
    let terms = terms(1_000, 1_000);
    let mut world = World::new(terms, 3, 1);
    let steps = 600_000;
    let mut before = [0; 3];
    for step in 0..steps {
        // Ten thousand requests a second, unevenly, and every ten seconds the other way round.
        let mut demand = [7, 2, 1];
        demand.rotate_left(usize::try_from(step / 10_000).unwrap() % 3);
        world.run(&demand);
        if step % 60_000 == 59_999 {
            for (edge, before) in world.edges.iter().zip(&mut before) {
                assert!(
                    edge.admitted - *before > 10_000,
                    "{} of 60,000 in a minute",
                    edge.admitted - *before
                );
                *before = edge.admitted;
            }
        }
    }
    let (admitted, quota) = (world.admitted() as f64, world.quota());
    assert!((admitted / quota - 1.0).abs() < 0.01, "{admitted} of {quota}");
    assert!(world.highest <= 1_000.0 + world.lent(), "{}", world.highest);
}

#[test]
fn a_steady_demand_within_the_rate_is_never_refused_and_seldom_asks() {
    let mut world = World::new(terms(10_000, 10_000), 3, 1);
    for _ in 0..20_000 {
        world.run(&[5, 2, 1]);
    }
    for edge in &world.edges {
        assert_eq!(edge.refused, 0);
        assert!(
            edge.calls * 100 <= edge.admitted,
            "{} calls for {}",
            edge.calls,
            edge.admitted
        );
    }
}

#[test]
fn dear_requests_get_the_whole_quota_and_no_crumbs_lie_about() {
    // Five tokens a request, six in the bucket: halves of what is there would serve nobody.
    let mut world = World::new(
        Terms {
            cost: 5,
            ..terms(50, 6)
        },
        3,
        1,
    );
    for step in 0..20_000_u32 {
        world.run(&[1, u32::from(step % 3 == 0), u32::from(step % 7 == 0)]);
    }
    let (admitted, quota) = (world.admitted() as f64, world.quota());
    assert!((0.9..=1.01).contains(&(admitted / quota)), "{admitted} of {quota}");
}

#[test]
fn what_costs_less_passes_while_what_costs_more_waits() {
    let (dear, now) = (
        Terms {
            cost: 8,
            ..terms(1, 10)
        },
        Instant::now(),
    );
    let cheap = Terms { cost: 1, ..dear };
    let (mut lessee, mut authority) = (Lessee::new(now), Authority::default());
    let mut borrow = |lessee: &mut Lessee, terms: &Terms| {
        let ask = lessee.ask(terms, 1, now);
        let grant = authority.serve(terms, 1, &ask, 0);
        lessee.settle(terms, 1, &ask, &grant, now);
    };
    assert_eq!(lessee.take(&dear, 1, now), Taken::Wait { ask: true });
    borrow(&mut lessee, &dear);
    let Taken::Decided { decision, .. } = lessee.take_again(&dear, 1, now) else {
        panic!()
    };
    assert!(decision.allowed);
    assert!(matches!(lessee.take(&dear, 1, now), Taken::Wait { .. }));
    borrow(&mut lessee, &dear);
    let Taken::Decided { decision, .. } = lessee.take_again(&dear, 1, now) else {
        panic!()
    };
    assert_eq!(
        (decision.allowed, decision.retry_after),
        (false, Duration::from_secs(6))
    );
    assert_eq!(
        lessee.take(&cheap, 1, now),
        Taken::Wait { ask: true },
        "two are left for it"
    );
    borrow(&mut lessee, &cheap);
    let Taken::Decided { decision, .. } = lessee.take_again(&cheap, 1, now) else {
        panic!()
    };
    assert!(decision.allowed);
}

#[test]
fn what_is_not_used_goes_back() {
    let mut world = World::new(terms(100, 1_000), 2, 1);
    for _ in 0..500 {
        world.run(&[1, 0]);
    }
    assert!(world.edges[0].lessee.held() > 0);
    for _ in 0..3_000 {
        world.run(&[0, 0]);
    }
    assert_eq!(world.edges[0].lessee.held(), 0);
    // All that was not used is there for the other one.
    let used = world.admitted();
    let mut left = 0;
    for _ in 0..2_000 {
        world.run(&[0, 1]);
        left = world.edges[1].admitted;
    }
    assert!(used + left >= 1_000, "{used} and {left}");
}

#[test]
fn while_the_authority_is_away_the_fleet_shares_and_what_passed_is_accounted_for_once() {
    let terms = terms(100, 60);
    let mut world = World::new(terms, 3, 2);
    for _ in 0..1_000 {
        world.run(&[1, 1, 1]);
    }
    let before = world.admitted();
    world.is_away = true;
    for _ in 0..10_000 {
        world.run(&[1, 1, 1]);
    }
    let alone = world.admitted() - before;
    assert!(
        (900..=1_000 + 60 + 60).contains(&alone),
        "{alone} in ten seconds at 100 a second"
    );
    world.is_away = false;
    for _ in 0..10_000 {
        world.run(&[1, 1, 1]);
    }
    assert!(
        world
            .edges
            .iter()
            .all(|edge| !edge.lessee.owes() && edge.unheard.is_none())
    );
    let (admitted, quota) = (world.admitted() as f64, world.quota());
    assert!(admitted <= quota + 60.0 + world.lent() + 3.0, "{admitted} of {quota}");
    assert!(admitted >= quota * 0.95, "{admitted} of {quota}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Law: whatever comes, wherever, with whatever delay, while the authority goes and comes, never more than the bound is admitted
    /// over any time.
    #[test]
    fn never_more_than_the_bound(
        per_second in 1u32..2_000, burst in 1u32..500, cost in 1u32..10, edges in 1usize..5, latency in 1u64..8,
        phases in prop::collection::vec((prop::collection::vec(0u32..8, 4), 1u32..400, prop::bool::weighted(0.25), 0u8..10), 1..20),
    ) {
        let cost = cost.min(burst);
        let mut world = World::new(Terms { cost, ..terms(per_second, burst) }, edges, latency);
        let (mut outages, mut crashes) = (0.0, 0.0);
        for (demand, steps, is_away, crash) in phases {
            outages += f64::from(u8::from(is_away && !world.is_away));
            world.is_away = is_away;
            if crash == 0 {
                // A new process knows nothing; what it held is lost, and what it had let pass alone is never told.
                let now = world.now();
                world.edges[0].lessee = Lessee::new(now);
                (world.edges[0].call, world.edges[0].unheard) = (None, None);
                world.edges[0].waiting = 0;
                crashes += 1.0;
            }
            for _ in 0..steps {
                world.run(&demand[..edges]);
            }
        }
        let cost = f64::from(cost);
        let share = f64::from(burst) / edges as f64 + cost;
        let one_each = edges as f64 * cost;
        let bound = f64::from(burst) + world.lent() + outages * (f64::from(burst) + one_each) + crashes * share + cost;
        prop_assert!(world.highest <= bound, "{} > {bound}", world.highest);
    }
}
