//! What the live view is fed with.

/// A run, as it stands. Counts are since the phase began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Seconds since the phase began.
    pub elapsed_s: f64,
    /// Seconds that the phase takes; 0 where that is not known.
    pub total_s: f64,
    /// `warm-up`, `measure`, `drain`, or what a scenario calls it.
    pub phase: String,
    /// Iterations that were due.
    pub due: u64,
    /// Iterations that ended well.
    pub completed: u64,
    /// Iterations that failed.
    pub failed: u64,
    /// Iterations that were never begun.
    pub dropped: u64,
    /// Iterations under way.
    pub in_flight: u64,
    /// Iterations that ended well in the last second.
    pub rate: f64,
    /// Corrected median of the last second, microseconds.
    pub p50_us: f64,
    /// Corrected 99th percentile of the last second, microseconds.
    pub p99_us: f64,
    /// 99th percentile of the generator's lag in the last second, microseconds.
    pub lag_p99_us: f64,
    /// Processors that the processes under test used in the last second: 1.0 is one of them, all the time.
    pub cpu: f64,
}
