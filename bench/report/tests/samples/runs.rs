//! Runs of other kinds: a good one, one whose figures may not be believed, one that found nobody.

use super::{
    Sample,
    header::{failed as not_good_enough, header, passed as good},
    parts::{error, process, threshold},
    sample,
    times::{latency, scaled},
};
use bench_report::model::*;

const TIMES: [f64; 7] = [118.0, 241.0, 388.0, 472.0, 890.0, 2_410.0, 9_830.0];

/// One step, a fixed rate, nothing to complain of.
pub fn passed() -> Sample {
    let mut report = run(
        "pass-through",
        "run pass-through --rate 2000 --duration 30s --connections 64 --save mine",
        good(),
    );
    report.header.description = "One small JSON answer through the plainest route that the edge has.".into();
    report.thresholds = vec![
        threshold("errors", "0", "0", true),
        threshold("dropped", "0", "0", true),
    ];
    let facts = ["2,000/s", "60,000", "890 µs", "2.41 ms", "edge", "31.4 MiB", "read"];
    sample("run-passed", &Report::Run(Box::new(report)), &facts)
}

/// An hour in which the generator itself was late.
pub fn invalid() -> Sample {
    let reasons = [
        "the generator was late itself: the 99th percentile of its lag is 4210 µs, and 1000 µs would be tolerable; \
                    give it more threads or processors, or ask for less",
    ];
    let mut verdict = not_good_enough(&reasons);
    verdict.valid = false;
    let mut report = run(
        "soak",
        "run pass-through --rate 2000 --duration 1h --save soak",
        verdict,
    );
    report.load.duration_s = 3_600.0;
    report.timeline = (0..3_600).map(second).collect();
    report.generator.lag = latency(7_200_000, scaled(TIMES, 4.73));
    report.generator.cpu = 0.93;
    let facts = ["4.21 ms", "1 h"];
    sample("run-invalid", &Report::Run(Box::new(report)), &facts)
}

/// A closed loop against nothing.
pub fn unreachable() -> Sample {
    let mut report = run(
        "admitted",
        "run admitted --rate max --duration 3s --target http://127.0.0.1:9",
        not_good_enough(&["errors is 14,112, and must be 0"]),
    );
    report.load = Load {
        mode: "closed".into(),
        rate: None,
        duration_s: 3.0,
        target: "http://127.0.0.1:9".into(),
        ..report.load
    };
    report.totals = Totals {
        due: 14_112,
        failed: 14_112,
        ..Totals::default()
    };
    for step in &mut report.steps {
        (step.completed, step.failed) = (0, 14_112);
        (step.corrected, step.uncorrected) = (Latency::default(), Latency::default());
    }
    let failed = |at: u32| Second {
        at_s: f64::from(at),
        due: 4_704,
        failed: 4_704,
        ..Second::default()
    };
    report.timeline = (0..3).map(failed).collect();
    report.errors = vec![error(
        "connect",
        "read",
        "127.0.0.1:9: Connection refused (os error 111)",
        14_112,
        0.0,
    )];
    report.processes.clear();
    report.thresholds = vec![threshold("errors", "0", "14,112", false)];
    sample(
        "run-unreachable",
        &Report::Run(Box::new(report)),
        &["14,112", "connect", "Connection refused"],
    )
}

/// Thirty good seconds of one small request.
pub fn run(title: &str, command: &str, verdict: Verdict) -> RunReport {
    let step = |name: &str| Step {
        name: name.into(),
        completed: 60_000,
        failed: 0,
        corrected: latency(60_000, TIMES),
        uncorrected: latency(60_000, scaled(TIMES, 0.97)),
    };
    RunReport {
        header: header(title, "", command, verdict),
        load: Load {
            mode: "open".into(),
            rate: Some(2_000.0),
            duration_s: 30.0,
            warmup_s: 3.0,
            clients: 64,
            protocol: "http/1.1".into(),
            target: "http://127.0.0.1:40213".into(),
        },
        totals: Totals {
            due: 60_000,
            completed: 60_000,
            requests: 60_000,
            rate: 2_000.0,
            bytes_received: 3_600_000,
            ..Totals::default()
        },
        steps: vec![step("all steps"), step("read")],
        streams: vec![],
        timeline: (0..30).map(second).collect(),
        stages: vec![],
        ramp: None,
        errors: vec![],
        generator: Generator {
            lag: latency(60_000, scaled(TIMES, 0.2)),
            lag_bound_us: 1_000.0,
            cpu: 0.38,
            threads: 1,
        },
        processes: vec![
            process("edge", true, 2.93, 48.8, 31.4),
            process("origin-1", false, 0.61, 10.2, 7.1),
            process("origin-2", false, 0.6, 10.0, 7.1),
            process("redis", false, 0.02, 0.3, 11.9),
        ],
        thresholds: vec![],
    }
}

fn second(at: u32) -> Second {
    let wave = f64::from(at * 37 % 101) / 101.0;
    Second {
        at_s: f64::from(at),
        due: 2_000,
        completed: 1_997 + u64::from(at % 5),
        p50_us: 230.0 + 30.0 * wave,
        p99_us: 700.0 + 900.0 * wave * wave,
        in_flight: u64::from(at % 3),
        cpu: 0.094 + 0.02 * wave,
        ..Second::default()
    }
}
