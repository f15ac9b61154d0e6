//! The choice among the targets of one moment.

use super::{Load, Random, RoundRobin, Turn, draw::Draw, ring::Ring};
use std::time::Duration;

/// Draws of one target before all are looked through. So many miss only where most targets are closed.
const DRAWS: usize = 6;
/// Times that differ by less than this factor are alike, and so are those of less than half a millisecond: among the alike shares
/// follow the weights.
const ALIKE: f32 = 1.5;
const NOISE_US: f32 = 1_000.0;

/// How a target is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One after the other.
    RoundRobin,
    /// Of two drawn at random, the one with fewer requests under way.
    LeastRequests,
    /// Of two drawn at random, the one where a request would take less time.
    PeakEwma,
    /// The same one for the same key.
    Ring,
}

impl Method {
    /// Its name in configurations.
    pub fn word(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastRequests => "least_requests",
            Self::PeakEwma => "peak_ewma",
            Self::Ring => "ring",
        }
    }
}

/// What a choice may know of the targets of one moment.
pub trait View {
    /// Whether the request may go there.
    fn is_open(&self, index: usize) -> bool;

    /// The part of its share that it takes while it warms up, 0 to 1.
    fn warmth(&self, index: usize) -> f32;

    /// How busy it is.
    fn load(&self, index: usize) -> &Load;
}

/// A request, as far as the choice goes.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Its turn.
    pub turn: Turn,
    /// What keeps it at one target, for [`Method::Ring`].
    pub key: u64,
    /// The time by the clock of the loads.
    pub now: Duration,
    /// Requests under way over all targets.
    pub all_in_flight: u32,
}

/// Targets with their weights, and how to choose among them.
#[derive(Debug)]
pub struct Balancer {
    turns: RoundRobin,
    /// Weights relative to the lightest.
    shares: Vec<f32>,
    /// Makes other draws than other edges'.
    seed: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Turns,
    Two(Draw, Cost),
    Ring(Ring),
}

#[derive(Debug, Clone, Copy)]
enum Cost {
    Requests,
    Time,
}

impl Balancer {
    /// `targets` are a number of each that stays the same (of its address), and its weight. A weight of 0 takes no requests.
    pub fn new(method: Method, targets: &[(u64, u32)], seed: u64) -> Self {
        let weights: Vec<u32> = targets.iter().map(|(_, weight)| *weight).collect();
        let lightest = weights.iter().copied().filter(|weight| *weight > 0).min().unwrap_or(1);
        let way = match method {
            Method::RoundRobin => Way::Turns,
            Method::LeastRequests => Way::Two(Draw::new(&weights), Cost::Requests),
            Method::PeakEwma => Way::Two(Draw::new(&weights), Cost::Time),
            Method::Ring => Way::Ring(Ring::new(targets)),
        };
        Self {
            turns: RoundRobin::new(&weights),
            shares: weights.iter().map(|weight| *weight as f32 / lightest as f32).collect(),
            seed,
            way,
        }
    }

    /// Takes the next turn.
    pub fn take(&self) -> Turn {
        self.turns.take()
    }

    /// The turn that [`Balancer::take`] would give now. It stays the next.
    pub fn peek(&self) -> Turn {
        self.turns.peek()
    }

    /// The target for a request; `None` if none is open. One that warms up takes part of its share, unless it is the only one.
    pub fn choose(&self, asked: Asked, view: &impl View) -> Option<usize> {
        let mut random = Random::new(asked.turn.0 as u64 ^ self.seed);
        match &self.way {
            Way::Turns => {
                let coin = random.share();
                let is_warm = |index: usize| view.is_open(index) && view.warmth(index) > coin;
                self.turns
                    .holder(asked.turn, is_warm)
                    .or_else(|| self.any(asked.turn, view))
            }
            Way::Two(draw, cost) => self.two(draw, *cost, asked, &mut random, view),
            Way::Ring(ring) => {
                let coin = random.share();
                let find = |is_open: &dyn Fn(usize) -> bool| {
                    let in_flight = |index: usize| view.load(index).in_flight();
                    ring.find(asked.key, in_flight, asked.all_in_flight, is_open)
                };
                let warm = find(&|index| view.is_open(index) && view.warmth(index) > coin);
                warm.or_else(|| find(&|index| view.is_open(index)))
            }
        }
    }

    fn two(&self, draw: &Draw, cost: Cost, asked: Asked, random: &mut Random, view: &impl View) -> Option<usize> {
        let one = self.drawn(draw, None, random, view);
        let Some(one) = one else {
            return self.any(asked.turn, view);
        };
        let Some(other) = self.drawn(draw, Some(one), random, view) else {
            return Some(one);
        };
        let (better, rest) = if self.is_better(other, one, cost, asked, view) {
            (other, one)
        } else {
            (one, other)
        };
        // Asked of the better one, not of those drawn: one that is back has nothing to do, and would win whenever the others are busy.
        let (warm, warmer) = (view.warmth(better), view.warmth(rest));
        let is_spared = warm < warmer && random.share() * warmer >= warm;
        Some(if is_spared { rest } else { better })
    }

    /// Whether a request is better off at `other` than at `one`, which was drawn first.
    fn is_better(&self, other: usize, one: usize, cost: Cost, asked: Asked, view: &impl View) -> bool {
        if matches!(cost, Cost::Time) {
            let time = |index: usize| view.load(index).cost(asked.now, self.shares[index]) + NOISE_US;
            let (of_one, of_other) = (time(one), time(other));
            if of_one.max(of_other) > of_one.min(of_other) * ALIKE {
                return of_other < of_one;
            }
        }
        let waiting = |index: usize| view.load(index).in_flight() as f32 / self.shares[index];
        waiting(other) < waiting(one)
    }

    /// An open target that differs from `from`; `None` where so many draws show none.
    fn drawn(&self, draw: &Draw, from: Option<usize>, random: &mut Random, view: &impl View) -> Option<usize> {
        (0..DRAWS).find_map(|_| {
            let index = draw.one(random)?;
            (from != Some(index) && view.is_open(index)).then_some(index)
        })
    }

    /// Any that is open.
    fn any(&self, turn: Turn, view: &impl View) -> Option<usize> {
        self.turns.holder(turn, |index| view.is_open(index))
    }
}

#[cfg(test)]
mod tests;
