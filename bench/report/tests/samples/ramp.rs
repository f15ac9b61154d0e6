//! A run whose rate climbs until the system cannot follow: it may fail there and pass.

use super::{
    Sample,
    header::passed as good,
    parts::{error, threshold},
    runs::run,
    sample,
    times::{latency, scaled},
};
use bench_report::model::*;

const TIMES: [f64; 7] = [118.0, 241.0, 388.0, 472.0, 890.0, 2_410.0, 9_830.0];

/// Twelve stages, the last two of them too much.
pub fn passed() -> Sample {
    let mut report = run("ramp", "run ramp --save ramp", good());
    report.header.description =
        "The rate climbs in steps until the 99th percentile or the errors say that it is too much.".into();
    report.load.rate = Some(12_000.0);
    report.load.duration_s = 60.0;
    report.stages = (1..=12).map(stage).collect();
    report.ramp = Some(Ramp {
        ended: Some("p99 is 142 ms, above 100 ms".into()),
        held: Some(10_000.0),
    });
    report.timeline = (0..60).map(second).collect();
    report.totals = Totals {
        due: 390_000,
        completed: 371_240,
        failed: 380,
        dropped: 18_380,
        requests: 371_620,
        rate: 6_187.0,
        bytes_received: 22_274_400,
    };
    report.errors = vec![
        error("dropped", "(never begun)", "more than 2,048 were waiting", 18_380, 50.3),
        error("timeout", "read", "no answer within 5 s", 380, 51.9),
    ];
    report.thresholds = vec![
        threshold("errors", "< 50%", "0.1 %", true),
        threshold("dropped", "< 50%", "4.71 %", true),
    ];
    let facts = ["18,380", "10,000/s", "9,990/s", "timeout", "12,000/s", "142 ms"];
    sample("run-ramp", &Report::Run(Box::new(report)), &facts)
}

fn stage(number: u32) -> Stage {
    let rate = f64::from(number) * 1_000.0;
    let kept_up = number <= 10;
    let slower = if kept_up {
        1.0 + f64::from(number).powi(2) / 40.0
    } else {
        400.0 * f64::from(number - 10)
    };
    Stage {
        rate,
        achieved: if kept_up {
            rate * 0.999
        } else {
            10_100.0 - f64::from(number) * 25.0
        },
        corrected: latency(u64::from(number) * 5_000, scaled(TIMES, slower)),
        failed: if kept_up { 0 } else { u64::from(number - 10) * 6_253 },
        sustained: kept_up,
    }
}

fn second(at: u32) -> Second {
    let due = u64::from(at / 5 + 1) * 1_000;
    let over = due.saturating_sub(10_000);
    Second {
        at_s: f64::from(at),
        due,
        completed: due.min(9_840),
        failed: over / 25,
        dropped: over - over / 25,
        p50_us: 240.0 + due as f64 / 20.0 + over as f64 * 60.0,
        p99_us: 800.0 + due as f64 / 8.0 + over as f64 * 220.0,
        in_flight: due / 1_500 + over,
        cpu: due.min(10_000) as f64 / 10_400.0,
        ..Second::default()
    }
}
