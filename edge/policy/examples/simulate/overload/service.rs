//! A service: so many workers, a queue without end before them.

use edge_policy::{balance::Random, shed::Level};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// How times of work differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Times {
    /// By a fifth up and down.
    Even,
    /// Exponentially distributed.
    Exponential,
    /// One in twenty takes ten times as long.
    Skewed,
}

/// What a service can do.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// How many requests it works on at a time.
    pub workers: usize,
    /// Mean time of work.
    pub mean: Duration,
    pub times: Times,
    /// How many times the mean each level takes, the lowest first.
    pub by_level: [f32; 5],
}

impl Service {
    /// Requests of this mix that it can do in a second.
    pub fn capacity(&self, mix: &[Level]) -> f32 {
        let factors: f32 = mix.iter().map(|level| self.by_level[*level as usize]).sum();
        self.workers as f32 / (self.mean.as_secs_f32() * factors / mix.len() as f32)
    }

    /// How long one is worked on.
    pub fn work(&self, level: Level, random: &mut Random) -> Duration {
        let share = random.share();
        let factor = match self.times {
            Times::Even => 0.8 + 0.4 * share,
            Times::Exponential => -(1.0 - share).ln(),
            Times::Skewed if share < 0.05 => 10.0 / 1.45,
            Times::Skewed => 1.0 / 1.45,
        };
        self.mean.mul_f32(factor * self.by_level[level as usize])
    }
}

/// A service at work.
pub struct Running<'s> {
    of: &'s Service,
    waiting: VecDeque<(usize, Duration)>,
    working: HashMap<usize, Duration>,
}

impl<'s> Running<'s> {
    /// With nothing to do.
    pub fn new(of: &'s Service) -> Self {
        Self {
            of,
            waiting: VecDeque::new(),
            working: HashMap::new(),
        }
    }

    /// A request comes that is worked on for so long.
    pub fn come(&mut self, request: usize, work: Duration) {
        self.waiting.push_back((request, work));
    }

    /// A free worker takes the next that is still wanted; how long it takes.
    pub fn begin(&mut self, slower: f32, wanted: impl Fn(usize) -> bool) -> Option<(usize, Duration)> {
        if self.working.len() >= self.of.workers {
            return None;
        }
        while let Some((request, work)) = self.waiting.pop_front() {
            if wanted(request) {
                let work = work.mul_f32(slower);
                self.working.insert(request, work);
                return Some((request, work));
            }
        }
        None
    }

    /// One is done; how long it was worked on.
    pub fn end(&mut self, request: usize) -> Duration {
        self.working.remove(&request).unwrap_or_default()
    }
}
