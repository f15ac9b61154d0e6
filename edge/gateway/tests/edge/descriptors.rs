//! File descriptors run out: clients are told 503 or wait, the processors stay free, and all is well once they leave.

use crate::{
    faulty::Faulty,
    sockets::origin,
    support::{CARE, Edge, PATIENCE, Setup},
};
use futures::future::join_all;
use shared_testkit::eventually;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::{sleep, timeout},
};

/// A client that asks and keeps its connection.
async fn ask(edge: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(edge).await.unwrap();
    let request = b"GET /media/x HTTP/1.1\r\nhost: feed.example\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream
}

/// What it is told: the answer's first bytes, or nothing.
async fn told(stream: &mut TcpStream) -> String {
    let mut head = vec![0; 2048];
    let length = match timeout(PATIENCE, stream.read(&mut head)).await {
        Ok(Ok(length)) => length,
        _ => 0,
    };
    String::from_utf8_lossy(&head[..length]).into_owned()
}

/// The edge's share of a processor while nothing is asked of it.
async fn share(edge: &Edge) -> f64 {
    const LOOK: Duration = Duration::from_secs(2);
    let before = edge.worked();
    sleep(LOOK).await;
    (edge.worked() - before).as_secs_f64() / LOOK.as_secs_f64()
}

async fn serves_again(edge: &Edge) {
    eventually(PATIENCE, || async {
        told(&mut ask(edge.public).await).await.starts_with("HTTP/1.1 200 ")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_clients_than_the_descriptors_allow_are_told_so() {
    let files = Faulty::start().await;
    let setup = Setup::new()
        .edit(CARE, "")
        .targets("MEDIA", &[files.address])
        .descriptors(200);
    let edge = setup.start().await;
    let mut clients = Vec::new();
    let (mut served, mut refused) = (0, 0);
    for _ in 0..150 {
        let mut client = ask(edge.public).await;
        let answer = told(&mut client).await;
        match answer.get(9..12) {
            Some("200") => served += 1,
            Some("503") => {
                assert!(
                    answer.contains("EDGE_FULL") && answer.contains("retry-after: 1"),
                    "{answer}"
                );
                refused += 1;
                continue;
            }
            _ => panic!("neither served nor told: {answer:?}"),
        }
        clients.push(client);
    }
    // A quarter of them is kept for other things; each connection may need two.
    assert_eq!((served, refused), (75, 75));
    let share = share(&edge).await;
    assert!(share < 0.2, "{share}");
    assert_eq!(edge.metric("edge_connections_refused_total").await, 75.0);
    drop(clients);
    serves_again(&edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_they_run_out_all_the_same_nothing_spins_and_no_instance_is_blamed() {
    let doors = Arc::new(Semaphore::new(0));
    let files = patient(Arc::clone(&doors)).await;
    // Probes and outlier detection are on: what the edge lacks itself is no instance's fault.
    let setup = Setup::new().targets("MEDIA", &[files]);
    let edge = setup.start().await;
    edge.sees("media", files, true).await;
    edge.limit_descriptors(edge.descriptors() + 20);
    // Those that are taken in ask a service that keeps them waiting, until none is left for its connections; the others wait.
    let mut clients = join_all((0..60).map(|_| ask(edge.public))).await;
    // Some are told that there is no room, and the others wait at the door.
    eventually(PATIENCE, || async { edge.log().contains("code=\"EDGE_FULL\"") }).await;
    let share = share(&edge).await;
    assert!(share < 0.2, "{share}");
    doors.add_permits(1_000);
    let mut answers = BTreeMap::<String, u32>::new();
    for mut client in clients.drain(..) {
        // Each makes room for the next.
        let answer = told(&mut client).await;
        *answers
            .entry(answer.get(9..12).unwrap_or("none").to_owned())
            .or_default() += 1;
    }
    assert!(
        answers
            .keys()
            .all(|status| ["200", "503", "504"].contains(&status.as_str())),
        "{answers:?}"
    );
    serves_again(&edge).await;
    let log = edge.log();
    for wrong in ["target is unhealthy", "target is left alone", "breaker opened"] {
        let mut lines = log
            .lines()
            .filter(|line| line.contains("\"media\"") && line.contains(wrong));
        assert_eq!(lines.next(), None);
    }
}

/// A service that is well, and answers other requests once the doors are open.
async fn patient(doors: Arc<Semaphore>) -> SocketAddr {
    origin(move |head, mut stream| {
        let doors = Arc::clone(&doors);
        async move {
            if !head.starts_with("GET /health/") {
                let _ = doors.acquire().await;
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                .await;
        }
    })
    .await
}
