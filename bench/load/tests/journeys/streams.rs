//! Subscriptions beside the journeys: what is published must arrive, once, in order.

use crate::support::{Run, serve, try_out_with};
use axum::{
    Router,
    extract::{Path, Query, State},
    response::sse::{Event, Sse},
    routing::{get, post},
};
use bench_load::journey::{Data, Table};
use futures::{Stream, StreamExt, stream};
use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::broadcast;

/// What a fault does to each tenth publication.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Drop,
    Twice,
    Late,
    OtherTopic,
    HangUp,
}

#[derive(Clone)]
struct Hub {
    fault: Fault,
    count: Arc<AtomicU64>,
    events: broadcast::Sender<(String, String)>,
    late: Arc<std::sync::Mutex<Option<(String, String)>>>,
}

impl Hub {
    fn tell(&self, topic: String, text: String) {
        let tenth = self.count.fetch_add(1, Ordering::Relaxed) % 10 == 3;
        let held = self.late.lock().unwrap().take();
        let send = |topic: &str, text: &str| drop(self.events.send((topic.to_owned(), text.to_owned())));
        match self.fault {
            Fault::Drop if tenth => {}
            Fault::Twice if tenth => {
                send(&topic, &text);
                send(&topic, &text);
            }
            Fault::Late if tenth => *self.late.lock().unwrap() = Some((topic, text)),
            Fault::OtherTopic if tenth => {
                send(&topic, &text);
                send(if topic == "1" { "2" } else { "1" }, &text);
            }
            Fault::HangUp if tenth => {
                send(&topic, &text);
                send("1", "hang up");
            }
            _ => send(&topic, &text),
        }
        if let Some((topic, text)) = held {
            send(&topic, &text);
        }
    }
}

fn watch(hub: &Hub, topic: String) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let events = stream::unfold(hub.events.subscribe(), async |mut events| {
        Some((events.recv().await.ok()?, events))
    });
    let mine = events.filter(move |(of, _)| std::future::ready(*of == topic));
    let told = mine.take_while(|(_, text)| std::future::ready(text != "hang up"));
    let told = told.map(|(_, text)| Ok(Event::default().event("added").data(text)));
    stream::iter([Ok(Event::default().event("hello").data("{}"))]).chain(told)
}

fn hub(fault: Fault) -> SocketAddr {
    let hub = Hub {
        fault,
        count: Arc::default(),
        events: broadcast::channel(10_000).0,
        late: Arc::default(),
    };
    let publish =
        async |State(hub): State<Hub>, Path(topic): Path<String>, Query(query): Query<HashMap<String, String>>| {
            hub.tell(topic, format!("{{\"content\":\"it is {}\"}}", query["n"]));
        };
    let listen = async |State(hub): State<Hub>, Path(topic): Path<String>| Sse::new(watch(&hub, topic));
    serve(
        Router::new()
            .route("/{topic}", post(publish))
            .route("/{topic}", get(listen))
            .with_state(hub),
    )
}

/// Six subscribers of two topics, a hundred publications; one client, so that their order is certain.
fn run(fault: Fault) -> Run {
    let mut posts = Table::new(["id"]);
    posts.push(["1".into()]);
    posts.push(["2".into()]);
    let mut data = Data::default();
    data.insert("posts", posts);
    try_out_with(
        hub(fault),
        r#"version: 1
description: fan-out
system: external
load: { rate: 100/s, duration: 1s, clients: 1 }
journeys:
  write:
    steps:
      - set: { post: "{{pick posts.id}}" }
      - { post: "/{{post}}?n={{nonce}}", publishes: { to: watchers, topic: "{{post}}" } }
streams:
  watchers: { count: 6, open_rate: 1000/s, sse: "/{{row posts.id}}", event: added, topic: "{{row posts.id}}" }
thresholds: { delivery.p99: "< 5s" }
"#,
        &data,
    )
}

fn unmet(run: &Run) -> Vec<&str> {
    run.thresholds
        .iter()
        .filter(|threshold| !threshold.met)
        .map(|threshold| threshold.metric.as_str())
        .collect()
}

#[test]
fn everything_arrives_and_its_time_is_told() {
    let run = run(Fault::None);
    assert!(run.passed(), "{:?} {:?}", run.thresholds, run.streams);
    let stream = &run.streams[0];
    assert_eq!(
        (stream.name.as_str(), stream.opened, stream.lost, stream.wrong),
        ("watchers", 6, 0, 0)
    );
    assert_eq!(
        (stream.expected, stream.delivered, stream.delivery.count),
        (300, 300, 300)
    );
    assert!(stream.delivery.min_us > 0.0);
}

#[test]
fn what_never_arrives_fails_the_run() {
    let run = run(Fault::Drop);
    assert_eq!(unmet(&run), ["delivery.missing"]);
    let stream = &run.streams[0];
    assert_eq!((stream.expected, stream.delivered), (300, 270));
}

#[test]
fn what_arrives_twice_fails_the_run() {
    let run = run(Fault::Twice);
    assert_eq!(unmet(&run), ["delivery.wrong"]);
    assert_eq!((run.streams[0].delivered, run.streams[0].wrong), (300, 30));
}

#[test]
fn what_is_overtaken_fails_the_run() {
    let run = run(Fault::Late);
    assert!(unmet(&run).contains(&"delivery.wrong"), "{:?}", run.streams);
}

#[test]
fn what_arrives_at_the_wrong_place_fails_the_run() {
    let run = run(Fault::OtherTopic);
    assert_eq!(unmet(&run), ["delivery.wrong"]);
    assert_eq!((run.streams[0].delivered, run.streams[0].wrong), (300, 30));
}

#[test]
fn a_subscription_that_ends_early_fails_the_run() {
    let run = run(Fault::HangUp);
    assert!(unmet(&run).contains(&"delivery.lost"), "{:?}", run.streams);
    assert_eq!(run.streams[0].lost, 3);
}
