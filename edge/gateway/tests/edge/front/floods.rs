//! HTTP/2 connections that make work and carry nothing. Each is ended; meanwhile others are served, and memory stays flat.

use super::{
    door,
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, End, Frames, GET, HEADERS, PING, PREFACE, PRIORITY, RESET,
        SETTINGS, WINDOW_UPDATE, fields, frame,
    },
    wire::Recorder,
};
use crate::support::{Edge, PATIENCE, Setup};
use shared_testkit::eventually;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// Bytes that a flood may cost at most: well below what unbounded queues would take.
const GROWTH: u64 = 48 << 20;

/// Name, what comes first, and one round of it.
type Flood<'f> = (&'static str, &'f [u8], Box<dyn Fn(u32) -> Vec<u8>>);

async fn quick(edit: (&'static str, &'static str)) -> (Setup, Recorder, Edge) {
    let recorder = Recorder::start().await;
    let setup = Setup::new().targets("AUTH", &[recorder.address]).edit(edit.0, edit.1);
    let edge = setup.start().await;
    (setup, recorder, edge)
}

/// Sends rounds of frames until the edge ends the connection, or there were far too many.
async fn flood(name: &str, edge: &Edge, opening: &[u8], round: impl Fn(u32) -> Vec<u8>) -> End {
    let before = edge.resident();
    let mut frames = Frames::open(edge.public).await;
    frames.says(opening).await;
    let mut count = 0;
    let mut goes_on = true;
    while goes_on && count < 40_000 {
        let many: Vec<u8> = (count..count + 500).flat_map(&round).collect();
        goes_on = frames.says(&many).await;
        count += 500;
        if count % 2500 == 0 {
            edge.client().get("/health").await.expect_status(200);
        }
    }
    let grown = edge.resident().saturating_sub(before);
    assert!(grown < GROWTH, "{name}: grown by {grown} bytes");
    edge.client().get("/api/auth/other").await.expect_status(200);
    frames.end_of(0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_carry_nothing_end_the_connection() {
    let (_setup, _recorder, edge) = door().await;
    let get = frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&GET));
    let open = frame(
        HEADERS,
        END_HEADERS,
        1,
        &fields(&GET.map(|(n, v)| (n, if n == ":method" { "POST" } else { v }))),
    );
    let floods: [Flood<'_>; 7] = [
        ("pings (CVE-2019-9512)", &[], Box::new(|_| frame(PING, 0, 0, &[0; 8]))),
        (
            "settings (CVE-2019-9515)",
            &[],
            Box::new(|_| frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1])),
        ),
        (
            "priorities (CVE-2019-9513)",
            &get,
            Box::new(|_| frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 9])),
        ),
        (
            "window updates",
            &open,
            Box::new(|_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ),
        (
            "empty data (CVE-2019-9518)",
            &open,
            Box::new(|_| frame(DATA, 0, 1, &[])),
        ),
        ("unknown frames", &[], Box::new(|_| frame(0x77, 0, 0, &[1, 2, 3]))),
        (
            "rapid resets (CVE-2023-44487)",
            &[],
            Box::new(|round| {
                let stream = 2 * round + 1;
                let request = frame(HEADERS, END_HEADERS | END_STREAM, stream, &fields(&GET));
                [request, frame(RESET, 0, stream, &[0, 0, 0, 8])].concat()
            }),
        ),
    ];
    for (name, opening, round) in floods {
        let end = flood(name, &edge, opening, round).await;
        assert!(matches!(end, End::Goaway(_) | End::Closed), "{name}: {end:?}");
    }
    let cut = edge.metric("edge_clients_cut_total{reason=\"flood\"}").await;
    assert!(cut >= 5.0, "{cut}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_fields_has_an_end() {
    let (_setup, recorder, edge) = door().await;
    let head = frame(HEADERS, END_STREAM, 1, &fields(&GET));
    let end = flood("CVE-2024-27316", &edge, &head, |_| {
        frame(CONTINUATION, 0, 1, &fields(&[("x", "y")]))
    })
    .await;
    assert!(matches!(end, End::Goaway(_) | End::Closed), "CVE-2024-27316: {end:?}");
    // Many fields in one frame after the other, and one value that is repeated by a byte each (an HPACK bomb).
    let value = "y".repeat(3000);
    let mut bomb = fields(&GET);
    bomb.extend([0x40, 1, b'x', 127, 185, 22]);
    bomb.extend(value.as_bytes());
    bomb.extend([0xbe; 4000]);
    let mut frames = Frames::open(edge.public).await;
    frames.says(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb)).await;
    let end = frames.end_of(1).await;
    assert!(
        matches!(end, End::Status(431) | End::Reset(_) | End::Goaway(_) | End::Closed),
        "{end:?}"
    );
    assert!(recorder.seen().iter().all(|seen| !seen.line.contains("/api/auth/x")));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_at_once_are_bounded() {
    let (_setup, _recorder, edge) = quick(("max_header: 32KiB", "max_header: 32KiB, max_streams: 10")).await;
    let mut frames = Frames::open(edge.public).await;
    let post = fields(&GET.map(|(name, value)| (name, if name == ":method" { "POST" } else { value })));
    for stream in (1..=21).step_by(2) {
        frames.says(&frame(HEADERS, END_HEADERS, stream, &post)).await;
    }
    assert_eq!(frames.end_of(21).await, End::Reset(7), "REFUSED_STREAM");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_end() {
    let (_setup, _recorder, edge) = quick((
        "header_timeout: 10s",
        "header_timeout: 1s, keep_alive: 2s, slow_grace: 1s",
    ))
    .await;
    let begun = Instant::now();
    // Half a greeting; half a frame; a block of fields without its end.
    for bytes in [
        PREFACE[..20].to_vec(),
        [PREFACE, &frame(SETTINGS, 0, 0, &[]), &[0, 0, 9]].concat(),
        [
            PREFACE,
            &frame(SETTINGS, 0, 0, &[]),
            &frame(HEADERS, END_STREAM, 1, &fields(&GET)),
        ]
        .concat(),
    ] {
        let mut frames = Frames(tokio::net::TcpStream::connect(edge.public).await.unwrap());
        frames.0.write_all(&bytes).await.unwrap();
        let end = frames.end_of(0).await;
        assert!(matches!(end, End::Goaway(_) | End::Closed), "{end:?}");
    }
    // Nothing but the greeting: idle.
    let mut frames = Frames::open(edge.public).await;
    let end = frames.end_of(0).await;
    assert!(matches!(end, End::Goaway(_) | End::Closed), "{end:?}");
    assert!(begun.elapsed() < PATIENCE);
    // A window that never opens (settings: 0 bytes a stream).
    let mut frames = Frames::open_with(edge.public, &[0, 4, 0, 0, 0, 0]).await;
    frames
        .says(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&GET)))
        .await;
    assert_eq!(frames.end_of(1).await, End::Status(200));
    assert!(matches!(
        frames.end_of(1).await,
        End::Reset(_) | End::Goaway(_) | End::Closed
    ));
    eventually(Duration::from_secs(5), || async {
        edge.metric("edge_requests_in_flight").await < 1.0
    })
    .await;
}
