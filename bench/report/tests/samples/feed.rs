//! Two whole platforms at the same work: sides with long names and many processes.

use super::{
    Sample,
    header::{failed as not_good_enough, header},
    parts::{about, process},
    peers::told,
    sample, strings,
};
use bench_report::model::*;

const SIDES: [(&str, &str); 3] = [
    ("newfeed", "0.1.0, this checkout"),
    ("express + node-newfeed", "Apollo Server 5, pg"),
    ("express + node-newfeed, cache", "Apollo Server 5, pg, Redis"),
];

/// The comparison.
pub fn failed() -> Sample {
    let name = |work: &str| format!("{work}: at least 10 × the throughput by CPU of node-newfeed behind express");
    let (anonymous, signed_in) = (name("feed, anonymous"), name("feed, signed in"));
    let missed = "8.4 × (3.1 × where it caches the first page)";
    let report = PeersReport {
        header: header(
            "feed",
            "The feed through the platform and through its Node counterpart, in turn",
            "feed --rounds 3 --duration 5s --save feed-2026-08",
            not_good_enough(&[&format!("{signed_in}: {missed}")]),
        ),
        rounds: 3,
        reference: "newfeed".into(),
        works: vec![
            work("feed, anonymous", [291.0, 3_380.0, 1_010.0]),
            work("feed, signed in", [402.0, 3_377.0, 1_246.0]),
        ],
        skipped: vec![],
        goals: vec![
            told(&anonymous, "11.6 × (3.5 × where it caches the first page)", true),
            told(&signed_in, missed, false),
        ],
    };
    let facts = [
        "wins against express + node-newfeed, cache (3.10 ×), express + node-newfeed (8.40 ×)",
        missed,
        &anonymous,
    ];
    Sample {
        details: strings(&["Apollo Server 5, pg, Redis", "missed"]),
        ..sample("feed", &Report::Peers(Box::new(report)), &facts)
    }
}

fn work(name: &str, cpu: [f64; 3]) -> Work {
    Work {
        name: name.into(),
        description:
            "POST /graphql: ten posts with authors and counts, from one database; all processes of a side, its stores \
                      included, are counted"
                .into(),
        fixed_rate: 100.0,
        clients: 16,
        rows: SIDES
            .iter()
            .zip(cpu)
            .map(|(&(peer, version), each)| PeerRow {
                peer: peer.into(),
                version: version.into(),
                policies: vec![],
                cpu_us: about(each, 0.02),
                cpu_us_fixed: about(each * 1.4, 0.04),
                cpu_ratio: about(each / cpu[0], 0.03),
                throughput: about(960_000.0 / each, 0.05),
                p50_us: about(each * 2.2, 0.03),
                p99_us: about(each * 6.1, 0.1),
                p999_us: about(each * 13.0, 0.3),
                peak_rss_bytes: if peer == "newfeed" { 611 << 20 } else { 688 << 20 },
                syscalls_per_request: None,
                instructions_per_request: None,
                failed: 0,
                processes: ["edge", "auth", "posts", "comments", "redis"]
                    .iter()
                    .enumerate()
                    .map(|(at, name)| process(name, at < 4, each / 100.0, each / 6.0, 60.0 + 50.0 * at as f64))
                    .collect(),
            })
            .collect(),
    }
}
