//! Proxies at the same work: the edge wins and loses, one goal is missed, one peer cannot be had.

use super::{
    Sample,
    header::{failed as not_good_enough, header},
    parts::{about, process},
    sample, strings,
};
use bench_report::model::*;

/// Peer, version, CPU a request, throughput, p50, p99 (microseconds), MiB, system calls.
type Figures = (&'static str, &'static str, f64, f64, f64, f64, f64, Option<f64>);

const PASS_THROUGH: [Figures; 8] = [
    ("direct", "", 0.0, 41_800.0, 96.0, 410.0, 0.0, None),
    (
        "edge",
        "0.1.0, this checkout",
        49.1,
        19_900.0,
        188.0,
        720.0,
        31.0,
        Some(7.0),
    ),
    ("pingora", "0.9.1, bare", 41.0, 23_700.0, 181.0, 690.0, 26.4, Some(6.1)),
    (
        "haproxy",
        "2.6.12-1+deb12u2",
        32.4,
        29_700.0,
        171.0,
        540.0,
        44.2,
        Some(5.2),
    ),
    ("nginx", "1.22.1", 36.8, 26_100.0, 176.0, 1_060.0, 12.6, Some(6.4)),
    ("envoy", "1.37.0", 91.7, 10_700.0, 233.0, 905.0, 58.0, Some(9.9)),
    ("caddy", "2.6.2", 128.0, 7_740.0, 282.0, 2_430.0, 49.5, Some(11.0)),
    (
        "express",
        "5.2.1, Node 20.20.2",
        611.0,
        1_620.0,
        1_240.0,
        38_600.0,
        131.0,
        Some(17.3),
    ),
];

const ADMITTED: [Figures; 7] = [
    ("direct", "", 0.0, 40_900.0, 98.0, 420.0, 0.0, None),
    (
        "edge",
        "0.1.0, this checkout",
        71.4,
        13_800.0,
        241.0,
        860.0,
        33.4,
        Some(9.2),
    ),
    (
        "haproxy",
        "2.6.12-1+deb12u2",
        68.9,
        14_400.0,
        243.0,
        790.0,
        47.0,
        Some(5.3),
    ),
    ("nginx", "1.22.1", 40.2, 24_100.0, 183.0, 1_140.0, 12.9, Some(6.5)),
    ("envoy", "1.37.0", 118.0, 8_400.0, 268.0, 1_020.0, 66.0, Some(10.4)),
    ("caddy", "2.6.2", 134.0, 7_390.0, 291.0, 2_510.0, 50.7, Some(11.2)),
    (
        "express",
        "5.2.1, Node 20.20.2",
        1_190.0,
        830.0,
        41_000.0,
        388_000.0,
        148.0,
        Some(31.8),
    ),
];

/// The comparison.
pub fn failed() -> Sample {
    let goal = "admitted: CPU of edge at most 1 × haproxy's";
    let missed = "1.04 × (71.4 µs against 68.9 µs)";
    let reasons = [
        "caddy at pass-through: 2 wrong answers, such as body: 31 bytes of 60",
        &format!("{goal}: {missed}"),
    ];
    let command = "peers direct,edge,pingora,haproxy,nginx,envoy,caddy,pingap,express --rounds 5 --duration 5s --save peers-2026-08 \
                   --fail-on 'admitted:edge/haproxy<=1' --fail-on 'admitted:edge/envoy<=0.8'";
    let description = "Proxies at the same work: each has its share of every round, in turning order";
    let mut header = header("peers", description, command, not_good_enough(&reasons));
    let slow = "express at admitted cannot keep 2000 requests per second: its times tell of a queue";
    header.environment.notes.push(slow.into());
    let report = PeersReport {
        header,
        rounds: 5,
        reference: "edge".into(),
        works: vec![
            work(
                "pass-through",
                "GET of 60 bytes of JSON over kept connections, two origins in turn, no policy",
                &PASS_THROUGH,
            ),
            work(
                "admitted",
                "GET by signed-in users from a page: token verified, CORS list, body limit, a quota by address that refuses \
                 nobody, the same origin for the same client, the user's id to the origin; what a peer lacks stands in its row",
                &ADMITTED,
            ),
        ],
        skipped: vec![Skipped {
            peer: "pingap".into(),
            reason: "cargo install pingap@0.13.5 failed: error: could not compile `openssl-sys`; see \
                     .bench/state/install.log"
                .into(),
        }],
        goals: vec![
            told(goal, missed, false),
            told(
                "admitted: CPU of edge at most 0.8 × envoy's",
                "0.61 × (71.4 µs against 118.0 µs)",
                true,
            ),
        ],
    };
    let facts = [
        // Losses, in the same words as wins.
        "loses to haproxy (0.66 ×), nginx (0.75 ×), pingora (0.84 ×); wins against envoy (1.87 ×), caddy (2.61 ×), express (12.4 ×)",
        "loses to nginx (0.56 ×); is level with haproxy (0.96 ×); wins against",
        "29,700/s",
        goal,
        missed,
        "pingap",
        "could not compile `openssl-sys`",
    ];
    Sample {
        details: strings(&[
            "loses 0.66 ×",
            "wins 1.87 ×",
            "level 0.96 ×",
            "lacks: token, identity",
            "1.22.1",
            "32.4 µs",
            "missed",
        ]),
        ..sample("peers", &Report::Peers(Box::new(report)), &facts)
    }
}

/// A goal.
pub fn told(name: &str, measured: &str, met: bool) -> Goal {
    Goal {
        name: name.into(),
        measured: measured.into(),
        met,
    }
}

fn work(name: &str, description: &str, all: &[Figures]) -> Work {
    let reference = all[1].2;
    Work {
        name: name.into(),
        description: description.into(),
        fixed_rate: 2_000.0,
        clients: 64,
        rows: all.iter().map(|figures| row(figures, name, reference)).collect(),
    }
}

fn row(figures: &Figures, work: &str, reference: f64) -> PeerRow {
    let &(peer, version, cpu, throughput, p50, p99, mebibytes, calls) = figures;
    let mut processes = vec![
        process("origin-1", false, 0.4, 9.7, 7.2),
        process("redis", false, 0.02, 0.4, 12.0),
    ];
    if cpu > 0.0 {
        processes.insert(0, process(peer, true, cpu / 12.0, cpu, mebibytes));
    }
    PeerRow {
        peer: peer.into(),
        version: version.into(),
        policies: if work == "admitted" { policies(peer) } else { vec![] },
        cpu_us: about(cpu, 0.03),
        cpu_us_fixed: about(cpu * 1.31, 0.05),
        cpu_ratio: about(cpu / reference, 0.02),
        throughput: about(throughput, 0.04),
        p50_us: about(p50, 0.04),
        p99_us: about(p99, 0.06),
        p999_us: about(p99 * 3.3, 0.2),
        peak_rss_bytes: (mebibytes * f64::from(1 << 20)) as u64,
        syscalls_per_request: calls,
        instructions_per_request: None,
        failed: if peer == "caddy" && work == "pass-through" {
            2
        } else {
            0
        },
        processes,
    }
}

fn policies(peer: &str) -> Vec<String> {
    let told: &[&str] = match peer {
        "direct" => &["none: there is no proxy"],
        "edge" => &[
            "token: EdDSA, keys from the origin, remembered; ended sessions refused",
            "quota by address: exact over all edges, one call to Redis a request",
            "flood guard by address",
            "CORS by list",
            "body limit, also where no length is declared",
            "affinity by signed cookie",
            "identity, request id, trace context and service token to the origin",
        ],
        "nginx" => &[
            "quota by address: this machine alone",
            "CORS by list",
            "body limit",
            "lacks: token, identity",
        ],
        _ => &[
            "token: HS256, verified each time",
            "CORS by list",
            "body limit by declared length",
            "lacks: ended sessions",
        ],
    };
    told.iter().map(|policy| (*policy).into()).collect()
}
