//! Lines of a report's tables.

use bench_report::model::*;

/// Errors of one kind.
pub fn error(kind: &str, step: &str, example: &str, count: u64, first_at_s: f64) -> ErrorCount {
    ErrorCount {
        kind: kind.into(),
        step: step.into(),
        example: example.into(),
        count,
        first_at_s,
    }
}

/// A bound, and how it went.
pub fn threshold(metric: &str, bound: &str, measured: &str, met: bool) -> Threshold {
    Threshold {
        metric: metric.into(),
        bound: bound.into(),
        measured: measured.into(),
        met,
    }
}

/// A process that used so many CPU seconds, so many microseconds by request, and so many MiB at its peak.
pub fn process(name: &str, under_test: bool, cpu_s: f64, each: f64, mebibytes: f64) -> ProcessUse {
    let bytes = |share: f64| (mebibytes * share * f64::from(1 << 20)) as u64;
    ProcessUse {
        name: name.into(),
        under_test,
        cpu_s,
        cpu_us_per_request: each,
        peak_rss_bytes: bytes(1.0),
        rss_begin_bytes: bytes(0.8),
        rss_end_bytes: bytes(0.97),
        syscalls_per_request: under_test.then_some(each / 7.0),
    }
}

/// Rounds about this median, so much of it to either side.
pub fn about(median: f64, part: f64) -> Spread {
    Spread {
        median,
        min: median * (1.0 - part),
        max: median * (1.0 + part),
    }
}
