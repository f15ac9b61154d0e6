//! Select and record: the choice of a target, the affinity cookie, and what a try leaves behind.

use crate::Workload;
use edge_policy::{
    balance::{Affinity, Asked, Balancer, Load, Method as Balancing, Tag, Turn, View, engine_io},
    breaker::{self, Breaker, Outcome},
    outlier::{self, Outlier},
    retry::{Budget, Cause, Failure, Statuses, Terms},
};
use http::Method;
use std::{hint::black_box, time::Duration};

const TARGETS: [&str; 3] = ["10.0.0.1:3005", "10.0.0.2:3005", "10.0.0.3:3005"];
const NOW: Duration = Duration::from_secs(100);

/// Targets of which every tenth, from the third on, is closed.
struct Fleet(Vec<Load>);

impl Fleet {
    fn new(count: usize) -> Self {
        let load = |index| {
            let load = Load::default();
            load.answered(Duration::from_millis(5 + index as u64 % 7), NOW);
            load
        };
        Self((0..count).map(load).collect())
    }
}

impl View for Fleet {
    fn is_open(&self, index: usize) -> bool {
        black_box(index) % 10 != 3
    }

    fn warmth(&self, _: usize) -> f32 {
        1.0
    }

    fn load(&self, index: usize) -> &Load {
        &self.0[index]
    }
}

fn choice(name: &'static str, method: Balancing, count: usize) -> Workload {
    let named: Vec<(u64, u32)> = (0..count as u64).map(|name| (name, 1)).collect();
    let (balancer, fleet) = (Balancer::new(method, &named, 7), Fleet::new(count));
    Workload::new(name, move || {
        let turn: Turn = balancer.take();
        let asked = Asked {
            turn,
            key: turn.number(),
            now: NOW,
            all_in_flight: 12,
        };
        balancer.choose(asked, &fleet)
    })
}

pub(super) fn workloads() -> Vec<Workload> {
    let affinity = Affinity::new(b"00112233445566778899aabbccddeeff", "notifications");
    let tags = TARGETS.map(|target| affinity.tag(target));
    let value = tags[2].to_string();
    let find = move |value: &str| {
        let tag = Tag::read(value)?;
        tags.iter().position(|known| known.is(tag))
    };
    assert_eq!(find(&value), Some(2));
    vec![
        choice("balance::round robin::5", Balancing::RoundRobin, 5),
        choice("balance::round robin::500", Balancing::RoundRobin, 500),
        choice("balance::least requests::5", Balancing::LeastRequests, 5),
        choice("balance::least requests::500", Balancing::LeastRequests, 500),
        choice("balance::peak ewma::5", Balancing::PeakEwma, 5),
        choice("balance::peak ewma::500", Balancing::PeakEwma, 500),
        choice("balance::ring::5", Balancing::Ring, 5),
        choice("balance::ring::500", Balancing::Ring, 500),
        record(),
        Workload::new("affinity::sign", move || affinity.tag(black_box(TARGETS[1]))),
        Workload::new("affinity::verify::third of three", move || find(black_box(&value))),
        Workload::new("engine_io::session of a query", || {
            let query = "EIO=4&transport=polling&t=PkYx3aR&sid=lv_VI97HAXpY6yYWAAAC";
            engine_io::session_of_query(black_box(query)).is_some()
        }),
        retry(),
    ]
}

/// All that a request which goes well leaves behind: loads, outlier, breaker, budget.
fn record() -> Workload {
    let terms = breaker::Terms {
        window: Duration::from_secs(10),
        min_requests: 20,
        error_ratio: 0.5,
        slow: None,
        open_for: Duration::from_secs(5),
        half_open_requests: 3,
        recovery: Duration::from_secs(5),
        max_requests: None,
    };
    let when = outlier::Terms {
        in_a_row: 5,
        ratio: 0.5,
        window: Duration::from_secs(10),
        min_requests: 20,
    };
    let (breaker, outlier, load, budget) = (
        Breaker::default(),
        Outlier::default(),
        Load::default(),
        Budget::default(),
    );
    Workload::new("record::a try that goes well", move || {
        let took = black_box(Duration::from_millis(5));
        budget.request(NOW);
        load.enter();
        let permit = breaker.admit(&terms, load.in_flight(), || 0.5, NOW);
        load.answered(took, NOW);
        outlier.observe(false, &when, NOW);
        if let Ok(permit) = permit {
            breaker.done(permit, Outcome::Answered(took), &terms, NOW);
        }
        load.leave();
    })
}

fn retry() -> Workload {
    let terms = Terms {
        attempts: 2,
        on_connect: true,
        on_reset: true,
        on_timeout: true,
        on_status: Statuses::default(),
        methods: vec![Method::GET, Method::HEAD],
    };
    Workload::new("retry::decision", move || {
        let failure = Failure {
            method: &Method::GET,
            cause: black_box(Cause::Reset),
            replayable: true,
            tries: 1,
        };
        terms.allow(&failure, terms.attempts)
    })
}
