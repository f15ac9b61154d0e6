//! A run with all that can go wrong: errors, lost events, broken thresholds, many steps, something killed on the way.

use super::{
    Sample,
    header::{failed as not_good_enough, header},
    parts::{error, process, threshold},
    sample,
    times::{latency, scaled},
};
use bench_report::model::*;

const TIMES: [f64; 7] = [780.0, 2_140.0, 4_900.0, 7_300.0, 486_000.0, 2_740_000.0, 3_310_000.0];
const UNCORRECTED: [f64; 7] = [760.0, 2_020.0, 4_100.0, 5_600.0, 18_700.0, 1_960_000.0, 3_010_000.0];

/// The whole of it.
pub fn failed() -> Sample {
    let report = RunReport {
        header: header(
            "posts-kill",
            "Signed-in readers load two pages of the feed and write a post now and then, while posts is killed and started again.",
            "run posts-kill --rate 300 --duration 60s --connections 96 --save kill-2026-08 --seed 7",
            not_good_enough(&[
                "p99 is 486 ms, and must be < 100ms",
                "errors is 1.17 %, and must be < 1%",
                "feed.second.p99 is 559 ms, and must be < 150ms",
                "delivery.missing is 212, and must be 0",
            ]),
        ),
        load: Load {
            mode: "open".into(),
            rate: Some(300.0),
            duration_s: 60.0,
            warmup_s: 5.0,
            clients: 96,
            protocol: "http/1.1".into(),
            target: "http://127.0.0.1:43117".into(),
        },
        totals: Totals {
            due: 18_000,
            completed: 17_694,
            failed: 211,
            dropped: 95,
            requests: 36_410,
            rate: 294.9,
            bytes_received: 81_788_928,
        },
        steps: steps(),
        streams: streams(),
        timeline: (0..61).map(second).collect(),
        stages: vec![],
        ramp: None,
        errors: errors(),
        generator: Generator {
            lag: latency(18_000, [2.0, 38.0, 74.0, 95.0, 212.0, 630.0, 1_240.0]),
            lag_bound_us: 1_870.0,
            cpu: 0.21,
            threads: 1,
        },
        processes: processes(),
        thresholds: thresholds(),
    };
    sample(
        "run-failed",
        &Report::Run(Box::new(report)),
        &[
            "211",
            "95",
            "posts.write-a-post-with-a-picture",
            "486 ms",
            "18.7 ms",
            "connect",
            "Connection refused (os error 111)",
            "<script>document.title = 'broken out'</script>",
            "kill posts",
            "start posts",
            "comments of one post",
            "121,344",
            "postgres",
        ],
    )
}

fn steps() -> Vec<Step> {
    let parts = [
        ("all steps", 36_104, 306, 1.0),
        ("feed.first", 17_802, 98, 0.82),
        ("feed.second", 17_694, 108, 1.15),
        ("posts.write-a-post-with-a-picture", 608, 100, 2.3),
    ];
    let step = |(name, completed, failed, factor): (&str, u64, u64, f64)| Step {
        name: name.into(),
        completed,
        failed,
        corrected: latency(completed + failed, scaled(TIMES, factor)),
        uncorrected: latency(completed + failed, scaled(UNCORRECTED, factor)),
    };
    parts.map(step).into()
}

fn streams() -> Vec<Stream> {
    let stream = |name: &str, opened, lost, expected, delivered, wrong, factor| Stream {
        name: name.into(),
        opened,
        lost,
        expected,
        delivered,
        wrong,
        delivery: latency(
            delivered,
            scaled(
                [310.0, 1_900.0, 3_900.0, 5_200.0, 14_800.0, 210_000.0, 1_420_000.0],
                factor,
            ),
        ),
    };
    vec![
        stream("notifications", 200, 3, 121_344, 121_132, 0, 1.0),
        stream("comments of one post", 50, 0, 30_200, 30_200, 4, 1.6),
    ]
}

/// Good until posts goes, then a wall, then what had waited.
fn second(at: u32) -> Second {
    let wave = f64::from(at % 7) * 0.06;
    let (completed, failed, dropped, p99_us, in_flight) = match at {
        20 => (171, 62, 0, 12_000.0, 41),
        21 => (0, 101, 0, 0.0, 96),
        22 => (0, 48, 95, 0.0, 96),
        23 => (112, 0, 0, 3_310_000.0, 96),
        24 => (612, 0, 0, 2_890_000.0, 74),
        25 => (511, 0, 0, 1_230_000.0, 9),
        60 => (6, 0, 0, 4_100.0, 0),
        _ => (300, 0, 0, 6_400.0 * (1.0 + wave), 2 + u64::from(at % 3)),
    };
    let mark = |text: &str| vec![text.to_owned()];
    Second {
        at_s: f64::from(at),
        due: if at < 60 { 300 } else { 0 },
        completed,
        failed,
        dropped,
        p50_us: if completed > 0 {
            (p99_us / 3.0_f64).min(p99_us - 4_000.0)
        } else {
            0.0
        },
        p99_us,
        in_flight,
        cpu: if completed > 0 {
            0.62 + wave + completed as f64 / 2_000.0
        } else {
            0.08
        },
        marks: match at {
            20 => mark("kill posts"),
            22 => mark("start posts"),
            41 => mark("delay answers of comments-2 by 20 ms"),
            _ => vec![],
        },
    }
}

fn errors() -> Vec<ErrorCount> {
    vec![
        error(
            "connect",
            "feed.first",
            "127.0.0.1:43117: Connection refused (os error 111)",
            98,
            20.2,
        ),
        error("dropped", "(never begun)", "more than 96 were waiting", 95, 22.1),
        error(
            "json",
            "feed.second",
            r#"/data/getPosts/success is false, not true; the body begins {"data":{"getPosts":{"success":false,"code":"UPSTREAM_UNAVAILABLE","message":"The posts service cannot be reached; try again"}}}"#,
            61,
            20.4,
        ),
        error(
            "body",
            "feed.second",
            "expected a page, found <script>document.title = 'broken out'</script><img src=http://192.0.2.1/x.png>",
            47,
            20.9,
        ),
        error(
            "status",
            "posts.write-a-post-with-a-picture",
            "502, expected 200",
            5,
            21.0,
        ),
    ]
}

fn processes() -> Vec<ProcessUse> {
    vec![
        process("edge", true, 9.8, 269.1, 41.2),
        process("posts", true, 21.4, 587.7, 88.0),
        process("auth", true, 1.9, 52.2, 34.1),
        process("notifications", true, 6.2, 170.3, 61.7),
        process("postgres", false, 17.3, 475.1, 412.9),
        process("redis", false, 2.2, 60.4, 19.2),
        process("rabbitmq", false, 4.8, 131.8, 162.0),
    ]
}

fn thresholds() -> Vec<Threshold> {
    vec![
        threshold("p99", "< 100ms", "486 ms", false),
        threshold("errors", "< 1%", "1.17 %", false),
        threshold("feed.second.p99", "< 150ms", "559 ms", false),
        threshold("dropped", "< 1%", "0.53 %", true),
        threshold("delivery.missing", "0", "212", false),
        threshold("edge.rss-growth", "< 20MiB", "11 MiB", true),
    ]
}
