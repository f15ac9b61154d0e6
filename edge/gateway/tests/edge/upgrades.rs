//! Upgrades by the thousand, on a machine whose cores are busy: none is cut, and not a byte is lost or reordered, whatever shares a segment
//! with the handshake. `TEST_FULL=1` opens 20,000.

use crate::{
    sockets::{Socket, field, origin, switching},
    support::PATIENCE,
    tunnels::{is_quiet, setup},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::timeout,
};

const CLIENTS: usize = 8;
/// Of these parts a client sends its bytes, and a service its own.
const PARTS: [usize; 4] = [1, 200, 3_000, 20_000];

/// Keeps every core busy until it is dropped, or for ten minutes.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let end = Instant::now() + Duration::from_secs(600);
        for _ in 0..cores {
            let over = Arc::clone(&over);
            std::thread::spawn(move || while !over.load(SeqCst) && Instant::now() < end {});
        }
        Self(over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// The bytes of one direction: no two stretches of them are alike, nor those of two tunnels.
fn bytes(seed: usize, length: usize) -> Vec<u8> {
    let mut state = seed as u64 * 2 + 1;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// What a tunnel carries: the number says which bytes, how many go with the handshake on either side, and who closes first.
#[derive(Clone, Copy)]
struct Plan(usize);

impl Plan {
    fn of(head: &str) -> Self {
        Self(field(head, "x-plan").unwrap().parse().unwrap())
    }

    fn up(self) -> Vec<u8> {
        bytes(self.0 * 2, PARTS[self.0 % 4])
    }

    fn down(self) -> Vec<u8> {
        bytes(self.0 * 2 + 1, PARTS[self.0 / 4 % 4])
    }

    /// Bytes of the client in the segment of its request.
    fn early(self) -> usize {
        [0, 1, 150][self.0 % 3].min(self.up().len())
    }

    /// Bytes of the service in the segment of its `101`.
    fn first(self) -> usize {
        [150, 0, 9][self.0 / 3 % 3].min(self.down().len())
    }

    fn client_closes_first(self) -> bool {
        (self.0 / 9).is_multiple_of(2)
    }
}

/// Says all and closes, or closes once all was heard; hears to the end.
async fn talk(stream: &mut tokio::net::TcpStream, say: &[u8], hear: usize, closes_first: bool) -> io::Result<Vec<u8>> {
    let (mut from, mut to) = stream.split();
    let mut heard = Vec::new();
    let speak = async {
        to.write_all(say).await?;
        if closes_first {
            to.shutdown().await?;
        }
        io::Result::Ok(to)
    };
    let listen = async {
        if closes_first {
            from.read_to_end(&mut heard).await?;
            return Ok(());
        }
        heard.resize(hear, 0);
        from.read_exact(&mut heard).await?;
        // The other side's end, and nothing before it.
        match from.read(&mut [0]).await? {
            0 => io::Result::Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    };
    let (mut to, ()) = tokio::try_join!(speak, listen)?;
    if !closes_first {
        to.shutdown().await?;
    }
    Ok(heard)
}

/// Tells how many tunnels it heard to the end, every byte right.
async fn service() -> (SocketAddr, Arc<AtomicUsize>) {
    let whole = Arc::<AtomicUsize>::default();
    let heard_whole = Arc::clone(&whole);
    let address = origin(move |head, mut stream| {
        let heard_whole = Arc::clone(&heard_whole);
        async move {
            let plan = Plan::of(&head);
            let (down, first) = (plan.down(), plan.first());
            let opening = [switching(&head).as_bytes(), &down[..first]].concat();
            stream.write_all(&opening).await.unwrap();
            let closes_first = !plan.client_closes_first();
            let heard = talk(&mut stream, &down[first..], plan.up().len(), closes_first).await;
            if heard.is_ok_and(|heard| heard == plan.up()) {
                heard_whole.fetch_add(1, SeqCst);
            }
        }
    });
    (address.await, whole)
}

/// One tunnel from its request to both its ends; `Err` where anything is not as it has to be.
async fn carried(edge: SocketAddr, plan: Plan) -> io::Result<()> {
    let mut socket = Socket::connect(edge).await;
    let (up, early) = (plan.up(), plan.early());
    let fields = format!("x-plan: {}\r\n", plan.0);
    socket.ask_with(&fields, &up[..early]).await;
    let answer = socket.answer().await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let down = plan.down();
    let heard = talk(&mut socket.0, &up[early..], down.len(), plan.client_closes_first()).await?;
    match heard == down {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_thousands_is_cut_and_no_byte_is_lost_on_a_busy_machine() {
    let all = match std::env::var_os("TEST_FULL") {
        Some(_) => 20_000,
        None => 2_000,
    };
    let (service, whole) = service().await;
    let setup = setup(&[service]);
    let edge = setup.start().await;
    let _busy = Busy::start();
    let public = edge.public;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            let mut wrong = Vec::new();
            for number in (client..all).step_by(CLIENTS) {
                match timeout(PATIENCE, carried(public, Plan(number))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => wrong.push((number, error.kind())),
                    Err(_) => wrong.push((number, io::ErrorKind::TimedOut)),
                }
            }
            wrong
        });
    }
    let wrong = clients.join_all().await.concat();
    assert!(
        wrong.is_empty(),
        "{} of {all}: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    is_quiet(&edge).await;
    assert_eq!(whole.load(SeqCst), all, "heard whole by the service");
    let closed = edge
        .metric("edge_tunnels_ended_total{route=\"socket\",why=\"closed\"}")
        .await;
    assert_eq!(closed, all as f64);
    let plans = || (0..all).map(Plan);
    for (direction, bytes) in [
        ("received", plans().map(|plan| plan.up().len()).sum::<usize>()),
        ("sent", plans().map(|plan| plan.down().len()).sum()),
    ] {
        let counted = format!("edge_tunnel_bytes_total{{route=\"socket\",direction=\"{direction}\"}}");
        assert_eq!(edge.metric(&counted).await, bytes as f64, "{direction}");
    }
}
