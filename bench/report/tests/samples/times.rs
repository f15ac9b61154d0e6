//! Distributions of times.

use bench_report::model::Latency;

/// A distribution with these microseconds at the 0th, 50th, 90th, 95th, 99th, 99.9th and 100th percentile, and a curve
/// through them with as many points as the generator tells.
pub fn latency(count: u64, known: [f64; 7]) -> Latency {
    let [min_us, p50_us, p90_us, p95_us, p99_us, p999_us, max_us] = known;
    let body = (0..45).map(|point| f64::from(point) / 50.0);
    let tail = (0..48).map(|point| 1.0 - 10f64.powf(-1.0 - f64::from(point) / 12.0));
    let resolved = 1.0 - 1.0 / count as f64;
    let curve = body.chain(tail).take_while(|quantile| *quantile < resolved);
    let mut curve: Vec<_> = curve.map(|quantile| (quantile * 100.0, at(quantile, known))).collect();
    curve.push((100.0, max_us));
    Latency {
        count,
        min_us,
        mean_us: p50_us * 1.2,
        p50_us,
        p90_us,
        p95_us,
        p99_us,
        p999_us,
        max_us,
        curve,
    }
}

/// All of `known` by a factor.
pub fn scaled(known: [f64; 7], factor: f64) -> [f64; 7] {
    known.map(|us| us * factor)
}

/// Between two known places in even factors, over nines.
fn at(quantile: f64, known: [f64; 7]) -> f64 {
    let nines = |quantile: f64| -(1.0 - quantile).log10();
    let places = [0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.999_99].map(nines);
    let place = nines(quantile);
    let right = places.iter().position(|&known| known >= place).unwrap_or(6).max(1);
    let part = ((place - places[right - 1]) / (places[right] - places[right - 1])).clamp(0.0, 1.0);
    known[right - 1] * (known[right] / known[right - 1]).powf(part)
}
