//! What is seen of a course of events, phase by phase.

use super::Scene;
use edge_policy::shed::Level;
use std::time::Duration;

/// What was seen in one phase, once it had settled.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// From when until when.
    pub from: Duration,
    pub until: Duration,
    workers: usize,
    /// Time of work that went into answers.
    useful: Duration,
    /// Times until the answer, by level.
    latencies: [Vec<Duration>; 5],
    refused: [u64; 5],
    /// Tries that timed out.
    pub timed_out: u64,
    limits: Vec<u32>,
}

impl Seen {
    /// What went into answers of what all workers can do.
    pub fn goodput(&self) -> f64 {
        self.useful.as_secs_f64() / (self.workers as f64 * (self.until - self.from).as_secs_f64())
    }

    /// The time that this share of a level's answers does not exceed.
    pub fn quantile(&self, level: Level, share: f64) -> Duration {
        let mut sorted = self.latencies[level as usize].clone();
        sorted.sort_unstable();
        let index = (sorted.len() as f64 * share) as usize;
        sorted
            .get(index.min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    /// The share of a level that was refused.
    pub fn shed(&self, level: Level) -> f64 {
        let (refused, served) = (
            self.refused[level as usize] as f64,
            self.latencies[level as usize].len() as f64,
        );
        refused / (refused + served).max(1.0)
    }

    /// Least and most that the limit was.
    pub fn limits(&self) -> (u32, u32) {
        let of = |limit: Option<&u32>| limit.copied().unwrap_or_default();
        (of(self.limits.iter().min()), of(self.limits.iter().max()))
    }

    /// Mean of the limit, and by how much of it it swings: its standard deviation as a share of the mean.
    pub fn swing(&self) -> (f64, f64) {
        let count = self.limits.len().max(1) as f64;
        let mean = self.limits.iter().copied().map(f64::from).sum::<f64>() / count;
        let square = |limit: &u32| (f64::from(*limit) - mean).powi(2);
        let variance = self.limits.iter().map(square).sum::<f64>() / count;
        (mean, variance.sqrt() / mean.max(1.0))
    }

    /// Adds what was seen in the same phase of another course.
    pub fn add(&mut self, other: Self) {
        // As if there had been more workers.
        self.workers += other.workers;
        self.useful += other.useful;
        self.timed_out += other.timed_out;
        self.limits.extend(other.limits);
        for (sum, more) in self.latencies.iter_mut().zip(other.latencies) {
            sum.extend(more);
        }
        for (sum, more) in self.refused.iter_mut().zip(other.refused) {
            *sum += more;
        }
    }
}

/// Phase by phase.
#[derive(Debug, Clone)]
pub struct Report(pub Vec<Seen>);

impl Report {
    /// Nothing was seen yet.
    pub fn new(scene: &Scene) -> Self {
        let mut from = Duration::ZERO;
        let phases = scene.phases.iter().map(|phase| {
            let until = from + phase.lasts;
            let seen = Seen {
                from: from + phase.settles,
                until,
                workers: scene.service.workers,
                ..Seen::default()
            };
            from = until;
            seen
        });
        Self(phases.collect())
    }

    fn at(&mut self, time: Duration) -> Option<&mut Seen> {
        self.0.iter_mut().find(|seen| seen.from <= time && time < seen.until)
    }

    /// A request was answered.
    pub fn served(&mut self, level: Level, arrived: Duration, now: Duration, work: Duration) {
        if let Some(seen) = self.at(now) {
            seen.useful += work;
        }
        if let Some(seen) = self.at(arrived) {
            seen.latencies[level as usize].push(now - arrived);
        }
    }

    /// A request found no room.
    pub fn refused(&mut self, level: Level, arrived: Duration) {
        if let Some(seen) = self.at(arrived) {
            seen.refused[level as usize] += 1;
        }
    }

    /// A try took too long.
    pub fn timed_out(&mut self, arrived: Duration) {
        if let Some(seen) = self.at(arrived) {
            seen.timed_out += 1;
        }
    }

    /// The limit as it is.
    pub fn look(&mut self, limit: u32, now: Duration) {
        if let Some(seen) = self.at(now) {
            seen.limits.push(limit);
        }
    }
}
