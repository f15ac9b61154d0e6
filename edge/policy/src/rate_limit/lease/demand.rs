//! How much is asked for.

use std::time::{Duration, Instant};

/// Tokens are counted in slices of this length.
const SLICE: Duration = Duration::from_millis(50);
/// The weight of what was falls by two thirds in this time.
const MEMORY: Duration = Duration::from_millis(300);

/// A moving average of tokens a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    began: Instant,
    count: u32,
    per_second: f32,
}

impl Demand {
    /// Of a key that nobody has asked for.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            count: 0,
            per_second: 0.0,
        }
    }

    /// One request more, that takes so many tokens.
    pub(super) fn count(&mut self, cost: u32, now: Instant) {
        let slice = now.saturating_duration_since(self.began);
        if slice >= SLICE {
            let seconds = slice.as_secs_f32();
            let kept = (-seconds / MEMORY.as_secs_f32()).exp();
            #[expect(clippy::cast_precision_loss, reason = "an average")]
            let rate = self.count as f32 / seconds;
            self.per_second = self.per_second * kept + rate * (1.0 - kept);
            (self.began, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(cost);
    }

    /// What is expected in such a time: by the average, and no less than has come just now.
    pub(super) fn within(&self, time: Duration) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and rates are not below 0"
        )]
        let expected = (self.per_second * time.as_secs_f32()).ceil() as u32;
        expected
    }

    /// What has come in the slice that has not ended.
    pub(super) fn just_now(&self) -> u32 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_what_is_asked_for() {
        let mut now = Instant::now();
        let mut demand = Demand::new(now);
        let mut run = |demand: &mut Demand, every: Duration, times: u32| {
            for _ in 0..times {
                now += every;
                demand.count(1, now);
            }
        };
        run(&mut demand, Duration::from_millis(1), 2_000);
        let steady = demand.within(Duration::from_secs(1));
        assert!((950..=1_050).contains(&steady), "{steady}");
        run(&mut demand, Duration::from_millis(100), 20);
        let fallen = demand.within(Duration::from_secs(1));
        assert!((9..=15).contains(&fallen), "{fallen}");
    }
}
