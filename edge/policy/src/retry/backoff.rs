//! How long a retry waits: at random, so that those who failed together do not come back together.

use std::time::Duration;

/// The most that the first retry waits, and any.
const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_millis(250);

/// The pause before the next try after `tries` failed ones: between nothing and twice as much each time (full jitter). `random` is
/// from 0 to 1.
pub fn backoff(tries: u32, random: f32) -> Duration {
    let doubled = 1u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    let most = FIRST.saturating_mul(doubled).min(LONGEST);
    most.mul_f32(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let most: Vec<u128> = [0, 1, 2, 3, 4, 5, 40]
            .map(|tries| backoff(tries, 1.0).as_millis())
            .into();
        assert_eq!(most, [25, 25, 50, 100, 200, 250, 250]);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(1, 0.5), Duration::from_micros(12_500));
    }
}
