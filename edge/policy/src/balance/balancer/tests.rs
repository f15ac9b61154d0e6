use super::*;
use proptest::prelude::*;

const METHODS: [Method; 4] = [
    Method::RoundRobin,
    Method::LeastRequests,
    Method::PeakEwma,
    Method::Ring,
];

struct Targets {
    open: Vec<bool>,
    warmth: Vec<f32>,
    loads: Vec<Load>,
}

impl Targets {
    fn new(count: usize) -> Self {
        let load = |_| {
            let load = Load::default();
            load.answered(Duration::from_millis(10), Duration::from_millis(1));
            load
        };
        Self {
            open: vec![true; count],
            warmth: vec![1.0; count],
            loads: (0..count).map(load).collect(),
        }
    }
}

impl View for Targets {
    fn is_open(&self, index: usize) -> bool {
        self.open[index]
    }

    fn warmth(&self, index: usize) -> f32 {
        self.warmth[index]
    }

    fn load(&self, index: usize) -> &Load {
        &self.loads[index]
    }
}

fn balancer(method: Method, weights: &[u32]) -> Balancer {
    let targets: Vec<(u64, u32)> = (1..).zip(weights.iter().copied()).collect();
    Balancer::new(method, &targets, 7)
}

fn asked(balancer: &Balancer, key: u64) -> Asked {
    Asked {
        turn: balancer.take(),
        key,
        now: Duration::from_millis(1),
        all_in_flight: 0,
    }
}

fn counts(balancer: &Balancer, targets: &Targets, picks: u64) -> Vec<u64> {
    let mut counts = vec![0; targets.open.len()];
    for key in 0..picks {
        counts[balancer.choose(asked(balancer, key), targets).unwrap()] += 1;
    }
    counts
}

proptest! {
    /// Law: whatever the method, an open target is found wherever there is one, and none is chosen that is closed.
    #[test]
    fn an_open_one_is_found(open in prop::collection::vec(any::<bool>(), 0..40), warm in 0u8..3, seed: u64) {
        let mut targets = Targets::new(open.len());
        targets.open.clone_from(&open);
        targets.warmth.iter_mut().for_each(|warmth| *warmth = f32::from(warm) / 2.0);
        for method in METHODS {
            let balancer = balancer(method, &vec![1; open.len()]);
            for key in 0..20 {
                let chosen = balancer.choose(asked(&balancer, key ^ seed), &targets);
                prop_assert_eq!(chosen.is_some(), open.contains(&true));
                prop_assert!(chosen.is_none_or(|index| open[index]));
            }
        }
    }

    /// Law: a look names whom the next choice names.
    #[test]
    fn a_look_foresees_the_choice(weights in prop::collection::vec(1u32..5, 1..6), key: u64) {
        let targets = Targets::new(weights.len());
        for method in METHODS {
            let balancer = balancer(method, &weights);
            for _ in 0..10 {
                let look = Asked { turn: balancer.peek(), key, now: Duration::from_millis(1), all_in_flight: 0 };
                let seen = [balancer.choose(look, &targets), balancer.choose(look, &targets)];
                prop_assert_eq!(seen, [balancer.choose(asked(&balancer, key), &targets); 2]);
            }
        }
    }
}

#[test]
fn weights_are_shares_while_nobody_waits() {
    for method in METHODS {
        let counts = counts(&balancer(method, &[1, 2, 1]), &Targets::new(3), 20_000);
        let ratio = counts[1] as f64 / 20_000.0;
        let slack = if method == Method::Ring { 0.12 } else { 0.02 };
        // Of two distinct ones drawn the cheaper is taken, and these cost the same: the first drawn.
        assert!((ratio - 0.5).abs() < slack, "{method:?}: {counts:?}");
    }
}

#[test]
fn who_has_less_to_do_gets_more() {
    let targets = Targets::new(3);
    (0..9).for_each(|_| targets.loads[0].enter());
    let counts = counts(&balancer(Method::LeastRequests, &[1, 1, 1]), &targets, 3_000);
    assert_eq!(counts[0], 0, "never the busier of two: {counts:?}");
    assert!(counts[1] > 1_300 && counts[2] > 1_300);
}

#[test]
fn who_answers_late_gets_less_and_who_fails_fast_too() {
    let targets = Targets::new(3);
    targets.loads[0].answered(Duration::from_millis(500), Duration::from_millis(1));
    targets.loads[1].failed(Duration::ZERO, Duration::from_millis(1));
    let counts = counts(&balancer(Method::PeakEwma, &[1, 1, 1]), &targets, 3_000);
    assert!(counts[2] > 1_800 && counts[0] == 0 && counts[1] < 1_200, "{counts:?}");
}

#[test]
fn one_that_warms_up_takes_part_of_its_share() {
    for method in METHODS {
        let mut targets = Targets::new(2);
        targets.warmth[1] = 0.2;
        let counts = counts(&balancer(method, &[1, 1]), &targets, 10_000);
        assert!(counts[1] > 300 && counts[1] < 2_500, "{method:?}: {counts:?}");
    }
}

#[test]
fn one_that_warms_up_is_not_flooded_because_the_others_are_busy() {
    for method in [Method::LeastRequests, Method::PeakEwma] {
        let mut targets = Targets::new(3);
        targets.warmth[0] = 0.1;
        (0..5).for_each(|_| targets.loads[1..].iter().for_each(Load::enter));
        let counts = counts(&balancer(method, &[1, 1, 1]), &targets, 10_000);
        // Of the two thirds that draw it a tenth.
        assert!((400..900).contains(&counts[0]), "{method:?}: {counts:?}");
    }
}

#[test]
fn a_choice_allocates_nothing() {
    let targets = Targets::new(500);
    for method in METHODS {
        let balancer = balancer(method, &[1; 500]);
        let asked = asked(&balancer, 3);
        let info = allocation_counter::measure(|| {
            balancer.choose(asked, &targets);
        });
        assert_eq!(info.count_total, 0, "{method:?}");
    }
}
