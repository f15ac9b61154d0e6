//! The rate over time, and its integral.

use super::{Pace, Stage};
use std::time::Duration;

/// Linear ramps are reported in this many parts, if each lasts at least a second.
const PARTS: u32 = 10;

/// λ(t) from the begin of the warm-up on, in seconds and iterations.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    segments: Vec<Segment>,
    warmup: f64,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    start: f64,
    duration: f64,
    from: f64,
    to: f64,
    /// ∫λ until its start.
    before: f64,
}

/// A time for which a rate is reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    /// Seconds from the begin of the measured time.
    pub start: f64,
    /// Seconds.
    pub duration: f64,
    /// Iterations per second at its begin and its end.
    pub from: f64,
    /// See `from`.
    pub to: f64,
}

impl Part {
    /// Those that had begun when a run ended after `seconds`, the last one cut.
    pub(crate) fn until(parts: &[Self], seconds: f64) -> Vec<Self> {
        let begun = parts.iter().filter(|part| part.start < seconds);
        begun
            .map(|part| {
                let duration = part.duration.min(seconds - part.start);
                let to = part.from + (part.to - part.from) * duration / part.duration;
                Self { duration, to, ..*part }
            })
            .collect()
    }
}

impl Segment {
    #[cfg(test)]
    fn integral(&self, time: f64) -> f64 {
        self.from * time + (self.to - self.from) * time * time / (2.0 * self.duration)
    }

    fn total(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.duration
    }

    /// The time at which the integral from its start reaches `count`, in a form that loses no digits near a flat rate.
    fn inverse(&self, count: f64) -> f64 {
        let slope = (self.to - self.from) / self.duration;
        let root = (self.from * self.from + 2.0 * slope * count).max(0.0).sqrt();
        let divisor = self.from + root;
        let time = if divisor > 0.0 { 2.0 * count / divisor } else { 0.0 };
        time.min(self.duration)
    }
}

impl Profile {
    /// The warm-up goes at the rate with which the first stage begins. A closed loop has no rate.
    pub(crate) fn new(pace: &Pace, warmup: Duration) -> Self {
        let mut profile = Self {
            segments: Vec::new(),
            warmup: warmup.as_secs_f64(),
            parts: Vec::new(),
        };
        let Pace::Open { stages, .. } = pace else {
            let duration = pace.duration().as_secs_f64();
            profile.parts.push(Part {
                start: 0.0,
                duration,
                from: 0.0,
                to: 0.0,
            });
            return profile;
        };
        let first = stages.first().map_or(0.0, |stage| stage.from);
        profile.push(Stage {
            from: first,
            to: first,
            duration: warmup,
        });
        for stage in stages {
            profile.divide(stage, profile.end() - profile.warmup);
            profile.push(*stage);
        }
        profile
    }

    fn push(&mut self, stage: Stage) {
        if !stage.duration.is_zero() {
            self.segments.push(Segment {
                start: self.end(),
                duration: stage.duration.as_secs_f64(),
                from: stage.from,
                to: stage.to,
                before: self.total(),
            });
        }
    }

    fn divide(&mut self, stage: &Stage, start: f64) {
        let duration = stage.duration.as_secs_f64();
        let flat = (stage.to - stage.from).abs() < f64::EPSILON;
        let count = if flat { 1 } else { (duration as u32).clamp(1, PARTS) };
        let rate = |part: u32| stage.from + (stage.to - stage.from) * f64::from(part) / f64::from(count);
        self.parts.extend((0..count).map(|part| Part {
            start: start + duration * f64::from(part) / f64::from(count),
            duration: duration / f64::from(count),
            from: rate(part),
            to: rate(part + 1),
        }));
    }

    fn end(&self) -> f64 {
        self.segments.last().map_or(0.0, |last| last.start + last.duration)
    }

    /// Seconds of warm-up.
    pub(crate) fn warmup(&self) -> f64 {
        self.warmup
    }

    /// The measured time, in the parts that are reported.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// All iterations, those of the warm-up too.
    pub(crate) fn total(&self) -> f64 {
        self.segments.last().map_or(0.0, |last| last.before + last.total())
    }

    /// Iterations until `time`.
    #[cfg(test)]
    pub(crate) fn integral(&self, time: f64) -> f64 {
        let segment = self.segments.iter().rev().find(|segment| segment.start <= time);
        segment.map_or(0.0, |segment| {
            segment.before + segment.integral((time - segment.start).min(segment.duration))
        })
    }

    /// The time at which the integral reaches `count`; `None` from its total on. `hint` is the segment to begin the search
    /// with, for callers whose counts ascend.
    pub(crate) fn inverse(&self, count: f64, hint: &mut usize) -> Option<f64> {
        while let Some(segment) = self.segments.get(*hint) {
            if count < segment.before + segment.total() {
                return Some(segment.start + segment.inverse(count - segment.before));
            }
            *hint += 1;
        }
        None
    }
}
