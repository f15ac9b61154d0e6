//! Instances as name servers tell them: those that come are used, those that go are left, and a name server that fails or lies
//! takes none away.

use crate::{
    faulty::{Faulty, Mood},
    name_server::{NameServer, Says, address_of, service},
    support::{Edge, MEDIA, PATIENCE, Setup},
};
use hickory_proto::{op::ResponseCode, rr::Record};
use shared_testkit::eventually;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinSet};

const SERVICES: &str = "discovery: { dns: _http._tcp.media.test, type: srv, refresh: 1s, servers: [\"${MEDIA_DNS}\"] }";
const IN_TURN: &str = "discovery: { dns: _http._tcp.media.test, type: srv, refresh: 1s, servers: [\"${MEDIA_DNS}\"] }
    load_balancing: round_robin";
const SELDOM: &str = "discovery: { dns: _http._tcp.media.test, type: srv, refresh: 60s, servers: [\"${MEDIA_DNS}\"] }";
const ADDRESSES: &str =
    "discovery: { dns: media.test, port: \"${MEDIA_PORT}\", refresh: 1s, servers: [\"${MEDIA_DNS}\"] }";
const ROUTE: &str = "    rate_limits: []\n    upstream: media\n";
/// An error of an instance shows.
const ONCE: &str = "    rate_limits: []\n    upstream: media\n    retries: { attempts: 1 }\n";
const SERVICE: &str = "_http._tcp.media.test.";
const REFRESH: Duration = Duration::from_secs(1);

fn setup(names: &NameServer, upstream: &'static str) -> Setup {
    Setup::new()
        .variable("MEDIA_DNS", &names.address.to_string())
        .edit(MEDIA, upstream)
        .edit(ROUTE, ONCE)
}

/// These instances, each with the same share, on one host.
fn zone(instances: &[&Faulty], ttl: u32) -> Vec<Record> {
    let services = instances
        .iter()
        .map(|instance| service(SERVICE, (1, 1, instance.address.port()), "host.test.", ttl));
    services
        .chain([address_of("host.test.", [127, 0, 0, 1], ttl)])
        .collect()
}

async fn targets(edge: &Edge) -> BTreeSet<SocketAddr> {
    let status = edge.status().await;
    let targets = status["upstreams"]["media"]["targets"].as_array().unwrap().clone();
    let addresses = targets
        .iter()
        .map(|target| target["address"].as_str().unwrap().parse().unwrap());
    addresses.collect()
}

/// Waits until the edge knows these and no others.
async fn has(edge: &Edge, instances: &[&Faulty]) {
    let wanted: BTreeSet<_> = instances.iter().map(|instance| instance.address).collect();
    eventually(PATIENCE, || async { targets(edge).await == wanted }).await;
}

/// Asks until it is told to stop; tells how many requests there were, and how many failed.
struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<(usize, usize)>,
}

impl Load {
    fn start(edge: &Edge) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (client, stop) = (edge.client(), Arc::clone(&stop));
            tasks.spawn(async move {
                let (mut asked, mut failed) = (0, 0);
                while !stop.load(SeqCst) {
                    asked += 1;
                    failed += usize::from(client.get("/media/x").await.status != 200);
                }
                (asked, failed)
            });
        }
        Self { stop, tasks }
    }

    async fn end(self) -> (usize, usize) {
        self.stop.store(true, SeqCst);
        let all = self.tasks.join_all().await;
        all.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_come_are_used_and_those_that_go_are_left_without_an_error() {
    let [a, b, c] = [Faulty::start().await, Faulty::start().await, Faulty::start().await];
    let names = NameServer::start(zone(&[&a], 0)).await;
    let setup = setup(&names, SERVICES);
    let edge = setup.start().await;
    has(&edge, &[&a]).await;
    let load = Load::start(&edge);
    eventually(PATIENCE, || async { a.requests() > 20 }).await;

    names.says(Says::Zone(zone(&[&a, &b, &c], 0)));
    eventually(PATIENCE, || async { b.requests() > 20 && c.requests() > 20 }).await;

    // What is under way there takes a while, and ends well.
    a.is(Mood::Slow);
    let gone = Instant::now();
    names.says(Says::Zone(zone(&[&b], 0)));
    has(&edge, &[&b]).await;
    assert!(gone.elapsed() < REFRESH * 3, "{:?}", gone.elapsed());
    let left = [a.requests(), c.requests()];
    let before = b.requests();
    eventually(PATIENCE, || async { b.requests() > before + 100 }).await;
    // One that was chosen just before may have come just after.
    assert!(a.requests() + c.requests() <= left[0] + left[1] + 4);
    let (asked, failed) = load.end().await;
    assert_eq!(failed, 0, "of {asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_that_fails_or_lies_takes_no_instance_away() {
    let [a, b] = [Faulty::start().await, Faulty::start().await];
    let names = NameServer::start(zone(&[&a, &b], 0)).await;
    let setup = setup(&names, SERVICES);
    let edge = setup.start().await;
    has(&edge, &[&a, &b]).await;
    let client = edge.client();
    let host = address_of("host.test.", [127, 0, 0, 1], 0);
    let wrong = [
        Says::Code(ResponseCode::ServFail),
        Says::Code(ResponseCode::Refused),
        Says::Code(ResponseCode::NXDomain),
        Says::Code(ResponseCode::NoError),
        Says::Nothing,
        Says::Garbage,
        Says::Stranger,
        // No port, and no host at all.
        Says::Zone(vec![service(SERVICE, (1, 1, 0), "host.test.", 0), host.clone()]),
        Says::Zone(vec![service(SERVICE, (0, 0, 80), ".", 0)]),
        // A host that is not there, and one where nobody can be.
        Says::Zone(vec![service(SERVICE, (1, 1, 80), "nowhere.test.", 0)]),
        Says::Zone(vec![
            service(SERVICE, (1, 1, 80), "zero.test.", 0),
            address_of("zero.test.", [0, 0, 0, 0], 0),
        ]),
    ];
    let told = |text: &str| edge.log().matches(text).count();
    for (number, says) in wrong.into_iter().enumerate() {
        names.says(says.clone());
        // One look may have begun before.
        eventually(Duration::from_secs(20), || async { told("name is not found") > number }).await;
        has(&edge, &[&a, &b]).await;
        assert_eq!(client.get("/media/x").await.status, 200, "{says:?}");
        names.says(Says::Zone(zone(&[&a, &b], 0)));
        eventually(PATIENCE, || async { told("name is found again") > number }).await;
    }
    names.says(Says::Zone(zone(&[&b], 0)));
    has(&edge, &[&b]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_say_ports_and_weights_and_the_first_priority_alone_is_used() {
    let [a, b, c] = [Faulty::start().await, Faulty::start().await, Faulty::start().await];
    let record = |of: &Faulty, priority, weight| service(SERVICE, (priority, weight, of.address.port()), "h.test.", 60);
    let mut zone = vec![record(&a, 1, 3), record(&b, 1, 1), record(&c, 2, 9)];
    zone.push(address_of("h.test.", [127, 0, 0, 1], 60));
    let names = NameServer::start(zone.clone()).await;
    let setup = setup(&names, IN_TURN);
    let edge = setup.start().await;
    has(&edge, &[&a, &b]).await;
    let client = edge.client();
    for _ in 0..40 {
        client.get("/media/x").await.expect_status(200);
    }
    assert_eq!([&a, &b, &c].map(Faulty::requests), [30, 10, 0]);

    zone.retain(|record| record.record_type() != hickory_proto::rr::RecordType::SRV);
    zone.push(record(&c, 2, 9));
    names.says(Says::Zone(zone));
    has(&edge, &[&c]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_holds_for_less_than_the_refresh_is_asked_for_again() {
    let [a, b] = [Faulty::start().await, Faulty::start().await];
    let names = NameServer::start(zone(&[&a], 1)).await;
    let setup = setup(&names, SELDOM);
    let edge = setup.start().await;
    has(&edge, &[&a]).await;
    // It holds for a minute from here on.
    names.says(Says::Zone(zone(&[&b], 60)));
    has(&edge, &[&b]).await;
    let asked = names.asked();
    names.says(Says::Zone(zone(&[&a], 1)));
    assert_eq!(edge.client().get("/media/x").await.status, 200);
    assert_eq!(
        (names.asked(), targets(&edge).await),
        (asked, BTreeSet::from([b.address]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_of_a_name_is_an_instance() {
    // Two addresses with one port.
    let (first, second) = loop {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        if let Ok(second) = TcpListener::bind(("127.0.0.2", port)).await {
            break (Faulty::on(first), Faulty::on(second));
        }
    };
    let record = |last| address_of("media.test.", [127, 0, 0, last], 0);
    let names = NameServer::start(vec![record(1), record(2)]).await;
    let port = first.address.port().to_string();
    let setup = setup(&names, ADDRESSES).variable("MEDIA_PORT", &port);
    let edge = setup.start().await;
    has(&edge, &[&first, &second]).await;
    names.says(Says::Zone(vec![record(2)]));
    has(&edge, &[&second]).await;
    edge.client().get("/media/x").await.expect_status(200);
    assert_eq!(second.requests(), 1);
}
