//! One report against another.

use super::{
    Sample, compared, counts,
    header::{failed as not_good_enough, passed as good},
    parts::process,
    runs::run,
    times::{latency, scaled},
};
use bench_report::{
    compare::{RuleError, Rules, compare},
    model::*,
};

const SLOWER: [f64; 7] = [119.0, 246.0, 431.0, 560.0, 1_214.0, 3_310.0, 21_400.0];

/// Rules broken and kept, rules that hold, and reports that must not be compared.
pub fn all() -> Result<Vec<Sample>, RuleError> {
    let rules: Rules = "p99:+10%,cpu:+5%,throughput:-5%,errors:+0,delivery:+10%".parse()?;
    let broken = compare(&before(), &after(), &rules);
    let counted: Rules = "instructions:+5%".parse()?;
    let kept = compare(
        &Report::Instructions(counts(1.0)),
        &Report::Instructions(counts(0.93)),
        &counted,
    );
    let unlike = compare(&before(), &elsewhere(), &Rules::default());
    Ok(vec![
        compared(
            "compare-broken",
            &broken,
            &[
                "p99:+10%",
                "890 µs → 1.21 ms",
                "+36 %",
                "worse",
                "within noise",
                "+12",
                "nothing to judge",
                "of 5 rules are broken",
                "3f9c2ab71d+",
                "a94c01d3fe",
                "run pass-through --rate 2000 --duration 30s --connections 64 --save before",
                "run pass-through --rate 2000 --duration 30s --connections 64 --save after",
            ],
        ),
        compared(
            "compare-kept",
            &kept,
            &[
                "instructions:+5%",
                "edge::pass-through",
                "−7.0 %",
                "better",
                "The rule holds.",
            ],
        ),
        compared(
            "compare-unlike",
            &unlike,
            &["not comparable", "processors", "2", "64", "rate", "FAILED"],
        ),
    ])
}

fn before() -> Report {
    let command = "run pass-through --rate 2000 --duration 30s --connections 64 --save before";
    Report::Run(Box::new(run("pass-through", command, good())))
}

fn after() -> Report {
    let command = "run pass-through --rate 2000 --duration 30s --connections 64 --save after";
    let verdict = not_good_enough(&["errors is 12, and must be 0"]);
    let mut report = run("pass-through", command, verdict);
    report.header.started_at = "2026-08-15T17:02:11Z".into();
    report.header.environment.commit = "a94c01d3fe".into();
    report.totals.failed = 12;
    report.totals.completed -= 12;
    report.totals.rate = 1_999.6;
    for step in &mut report.steps {
        step.corrected = latency(60_000, SLOWER);
        step.uncorrected = latency(60_000, scaled(SLOWER, 0.97));
    }
    report.processes[0] = process("edge", true, 3.01, 50.2, 33.9);
    Report::Run(Box::new(report))
}

fn elsewhere() -> Report {
    let mut report = run(
        "pass-through",
        "run pass-through --rate 500 --duration 30s",
        not_good_enough(&["p99 is 3 s, and must be < 1s"]),
    );
    report.header.environment.cores = 64;
    report.load.rate = Some(500.0);
    Report::Run(Box::new(report))
}
