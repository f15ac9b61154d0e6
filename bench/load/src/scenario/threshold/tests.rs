use super::*;
use bench_report::model::{
    ErrorCount, Generator, Header, Latency, Load, ProcessUse, RunReport, Stage, Step, Stream, Totals, Verdict,
};

fn times(p99_us: f64) -> Latency {
    Latency {
        count: 100,
        p50_us: p99_us / 10.0,
        p99_us,
        ..Latency::default()
    }
}

fn step(name: &str, p99_us: f64) -> Step {
    Step {
        name: name.into(),
        completed: 90,
        failed: 10,
        corrected: times(p99_us),
        uncorrected: times(p99_us / 2.0),
    }
}

/// 1,000 due in 10 s: 990 right, 8 failed (5 refused, 3 wrong), 2 dropped.
fn report() -> RunReport {
    let error = |kind: &str, count| ErrorCount {
        kind: kind.into(),
        step: "feed.page".into(),
        example: String::new(),
        count,
        first_at_s: 0.0,
    };
    let process = |name: &str, under_test, cpu_us_per_request, end| ProcessUse {
        name: name.into(),
        under_test,
        cpu_us_per_request,
        peak_rss_bytes: end,
        rss_begin_bytes: 100 << 20,
        rss_end_bytes: end,
        ..ProcessUse::default()
    };
    let stage = |rate, sustained| Stage {
        rate,
        achieved: rate,
        corrected: times(1.0),
        failed: 0,
        sustained,
    };
    RunReport {
        header: Header {
            schema: 1,
            title: String::new(),
            description: String::new(),
            command: String::new(),
            started_at: String::new(),
            environment: Default::default(),
            verdict: Verdict::default(),
        },
        load: Load {
            duration_s: 10.0,
            ..Load::default()
        },
        totals: Totals {
            due: 1000,
            completed: 990,
            failed: 8,
            dropped: 2,
            rate: 99.0,
            ..Totals::default()
        },
        steps: vec![step("feed.page", 20_000.0), step("post", 50_000.0)],
        streams: vec![Stream {
            name: "watchers".into(),
            opened: 50,
            lost: 1,
            expected: 500,
            delivered: 495,
            wrong: 2,
            delivery: times(80_000.0),
        }],
        timeline: Vec::new(),
        stages: vec![
            stage(100.0, true),
            stage(200.0, true),
            stage(300.0, false),
            stage(400.0, true),
        ],
        ramp: None,
        errors: vec![error("status", 5), error("count", 2), error("stale", 1)],
        generator: Generator::default(),
        processes: vec![
            process("edge", true, 70.0, 104 << 20),
            process("origin", false, 10.0, 100 << 20),
        ],
        thresholds: Vec::new(),
    }
}

#[test]
fn each_metric_is_measured_and_bounded() {
    let cases = [
        ("p99", "< 60ms", "50 ms", true),
        ("p99", "50ms", "50 ms", true),
        ("p99", "< 50ms", "50 ms", false),
        ("feed.page.p99", "< 50ms", "20 ms", true),
        ("uncorrected.post.p99", "<= 25ms", "25 ms", true),
        ("uncorrected.p50", "< 2500us", "2.5 ms", false),
        ("errors", "8", "8", true),
        ("errors", "< 0.8%", "0.8 %", false),
        ("errors.status", "5", "5", true),
        ("wrong", "0", "3", false),
        ("wrong", "< 1%", "0.3 %", true),
        ("dropped", "< 1%", "0.2 %", true),
        ("rate", "> 98/s", "99/s", true),
        ("rate", "99%", "99 %", true),
        ("rate", "> 99%", "99 %", false),
        ("sustained", "200/s", "200/s", true),
        ("sustained", "> 200/s", "200/s", false),
        ("delivery.p99", "< 100ms", "80 ms", true),
        ("delivery.watchers.missing", "< 1%", "1 %", false),
        ("delivery.missing", "5", "5", true),
        ("delivery.wrong", "0", "2", false),
        ("delivery.lost", "2%", "2 %", true),
        ("cpu", "< 80us", "70 µs", true),
        ("cpu.origin", "< 10µs", "10 µs", false),
        ("rss", "104MiB", "104 MiB", true),
        ("rss_growth", "< 5%", "+4.0 %", true),
        ("rss_growth.edge", "< 4MiB", "4 MiB", false),
        ("rss.postgres", "1GiB", "not measured", false),
    ];
    for (metric, bound, measured, met) in cases {
        let judged = judge(&Thresholds(vec![Threshold::parse(metric, bound).unwrap()]), &report());
        let first = &judged[0];
        assert_eq!(
            (first.measured.replace('\u{a0}', " ").as_str(), first.met),
            (measured, met),
            "{metric} {bound}"
        );
    }
}

#[test]
fn what_is_not_named_keeps_its_default() {
    let names = |thresholds: &[(&str, &str)], streams| {
        let parsed = thresholds
            .iter()
            .map(|(name, bound)| Threshold::parse(name, bound).unwrap())
            .collect();
        let all = Thresholds(parsed).complete(streams);
        all.into_iter()
            .map(|threshold| threshold.name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(&[], false), "errors dropped");
    assert_eq!(names(&[("p99", "1s")], false), "p99 errors dropped");
    assert_eq!(names(&[("errors", "1%")], false), "errors dropped wrong");
    assert_eq!(names(&[("errors", "0"), ("dropped", "1%")], false), "errors dropped");
    assert_eq!(
        names(&[], true),
        "errors dropped delivery.missing delivery.wrong delivery.lost"
    );
}

#[test]
fn mistakes_are_told_with_the_cure() {
    let cases = [
        ("p98", "1s", "`p98` is not a metric; did you mean `p90`?"),
        ("eror", "0", "`eror` is not a metric"),
        ("p99", "50", "`50` does not bound p99; write it like `< 50ms`"),
        (
            "errors",
            "5ms",
            "`5ms` does not bound errors; write it like `0` or `< 1%`",
        ),
        (
            "rate",
            "fast",
            "`fast` is not a bound; write it like `< 50ms`, `0`, `< 1%`, `> 900/s` or `< 20MiB`",
        ),
        (
            "delivery.p1",
            "1s",
            "`delivery.p1` is not a metric; of a delivery there are missing, wrong, lost, p50, p90, p95, p99, p999, mean, max",
        ),
    ];
    for (name, bound, want) in cases {
        assert_eq!(Threshold::parse(name, bound), Err(want.to_owned()), "{name}: {bound}");
    }
}
