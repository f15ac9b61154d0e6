//! What can be compared, and which way is better.

use crate::units;
use std::fmt;

/// A figure that reports share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Iterations or requests that ended well, per second.
    Throughput,
    /// The highest rate of a ramp that was sustained.
    Sustained,
    /// Corrected median.
    P50,
    /// Corrected 90th percentile.
    P90,
    /// Corrected 95th percentile.
    P95,
    /// Corrected 99th percentile.
    P99,
    /// Corrected 99.9th percentile.
    P999,
    /// Largest corrected time.
    Max,
    /// 99th percentile from when requests were really sent.
    UncorrectedP99,
    /// 99th percentile of a stream's deliveries.
    Delivery,
    /// CPU of the processes under test by request, microseconds; for peers at saturation.
    Cpu,
    /// The same of a peer at the fixed rate.
    CpuFixed,
    /// A peer's CPU divided by the reference's.
    Ratio,
    /// Iterations that failed, or wrong answers.
    Errors,
    /// Iterations that were never begun.
    Dropped,
    /// Subscriptions that could not be opened or ended too early.
    Lost,
    /// Events that did not arrive.
    Missing,
    /// Largest resident size, bytes.
    Rss,
    /// Resident size at the end less that at the begin, bytes.
    RssGrowth,
    /// System calls by request.
    Syscalls,
    /// Instructions, by request or by call.
    Instructions,
}

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Time,
    Bytes,
    Rate,
    Ratio,
    Number,
}

impl Metric {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 21] = [
        Self::Throughput,
        Self::Sustained,
        Self::P50,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::P999,
        Self::Max,
        Self::UncorrectedP99,
        Self::Delivery,
        Self::Cpu,
        Self::CpuFixed,
        Self::Ratio,
        Self::Errors,
        Self::Dropped,
        Self::Lost,
        Self::Missing,
        Self::Rss,
        Self::RssGrowth,
        Self::Syscalls,
        Self::Instructions,
    ];

    /// As rules and tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Sustained => "sustained",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Max => "max",
            Self::UncorrectedP99 => "uncorrected-p99",
            Self::Delivery => "delivery",
            Self::Cpu => "cpu",
            Self::CpuFixed => "cpu-fixed",
            Self::Ratio => "ratio",
            Self::Errors => "errors",
            Self::Dropped => "dropped",
            Self::Lost => "lost",
            Self::Missing => "missing",
            Self::Rss => "rss",
            Self::RssGrowth => "rss-growth",
            Self::Syscalls => "syscalls",
            Self::Instructions => "instructions",
        }
    }

    /// The metric of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// Whether more of it is better.
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::Throughput | Self::Sustained)
    }

    /// Whether it hangs on a clock, and so on what else the machine did.
    pub const fn timed(self) -> bool {
        use Metric::*;
        !matches!(
            self,
            Errors | Dropped | Lost | Missing | Rss | RssGrowth | Syscalls | Instructions
        )
    }

    /// A value of it, with its unit.
    pub fn show(self, value: f64) -> String {
        match self.unit() {
            Unit::Time => units::time(value),
            Unit::Bytes => units::bytes(value),
            Unit::Rate => units::rate(value),
            Unit::Ratio => units::ratio(value),
            Unit::Number => units::number(value),
        }
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Throughput | Self::Sustained => Unit::Rate,
            Self::P50 | Self::P90 | Self::P95 | Self::P99 | Self::P999 | Self::Max => Unit::Time,
            Self::UncorrectedP99 | Self::Delivery | Self::Cpu | Self::CpuFixed => Unit::Time,
            Self::Ratio => Unit::Ratio,
            Self::Rss | Self::RssGrowth => Unit::Bytes,
            Self::Errors | Self::Dropped | Self::Lost | Self::Missing => Unit::Number,
            Self::Syscalls | Self::Instructions => Unit::Number,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
