//! An origin whose connections are reset at every place there is, and that counts what it was sent.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

/// Length of every request's body.
pub(crate) const BODY: usize = 64;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";

/// Where a connection ends.
#[derive(Debug, Clone, Copy)]
enum Place {
    AtOnce,
    InTheRequest,
    BehindTheRequest,
    ALittleLater,
    InTheHead,
    BehindTheHead,
    InTheBody,
    BehindTheAnswer,
}

const PLACES: [Place; 8] = [
    Place::AtOnce,
    Place::InTheRequest,
    Place::BehindTheRequest,
    Place::ALittleLater,
    Place::InTheHead,
    Place::BehindTheHead,
    Place::InTheBody,
    Place::BehindTheAnswer,
];
/// Before it ends, a connection answers none, one or two requests well.
const WELL: usize = 3;

/// The origin. It ends with the test.
pub(crate) struct Torn {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<BTreeMap<u32, u32>>>,
    task: JoinHandle<()>,
}

impl Torn {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<BTreeMap<u32, u32>>>::default();
        let (all, turn) = (Arc::clone(&seen), AtomicUsize::new(0));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let turn = turn.fetch_add(1, SeqCst);
                let (place, well) = (PLACES[turn % PLACES.len()], turn / PLACES.len() % WELL);
                let all = Arc::clone(&all);
                tokio::spawn(async move { serve(stream, place, well, &all).await });
            }
        });
        Self { address, seen, task }
    }

    /// How often each request, by its `x-id`, was read here.
    pub(crate) fn seen(&self) -> BTreeMap<u32, u32> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Torn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, place: Place, well: usize, seen: &Mutex<BTreeMap<u32, u32>>) {
    let _ = stream.set_zero_linger();
    for turn in 0.. {
        let mut read = Vec::new();
        let place = Some(place).filter(|_| turn == well);
        let go_on = exchange(&mut stream, place, &mut read).await;
        // Also what came of a request before a reset counts as sent.
        while stream.try_read_buf(&mut read).is_ok_and(|more| more > 0) {}
        if let Some(id) = id(&read) {
            *seen.lock().unwrap().entry(id).or_default() += 1;
        }
        if !go_on {
            return;
        }
    }
}

/// One request and its answer, as far as it gets. `false`: the connection is reset.
async fn exchange(stream: &mut TcpStream, place: Option<Place>, read: &mut Vec<u8>) -> bool {
    if matches!(place, Some(Place::AtOnce)) {
        return false;
    }
    while !is_whole(read) {
        if stream.read_buf(read).await.unwrap_or(0) == 0 {
            return false;
        }
        if matches!(place, Some(Place::InTheRequest)) {
            return false;
        }
    }
    let written = match place {
        Some(Place::AtOnce | Place::InTheRequest | Place::BehindTheRequest) => return false,
        Some(Place::ALittleLater) => {
            sleep(Duration::from_millis(3)).await;
            return false;
        }
        Some(Place::InTheHead) => 12,
        Some(Place::BehindTheHead) => ANSWER.len() - 10,
        Some(Place::InTheBody) => ANSWER.len() - 5,
        Some(Place::BehindTheAnswer) | None => ANSWER.len(),
    };
    let is_sent = stream.write_all(&ANSWER[..written]).await.is_ok();
    if place.is_some() {
        // A reset overtakes what was not read yet.
        sleep(Duration::from_millis(1)).await;
    }
    is_sent && place.is_none()
}

fn is_whole(read: &[u8]) -> bool {
    let head = read.windows(4).position(|end| end == b"\r\n\r\n");
    head.is_some_and(|head| read.len() >= head + 4 + BODY)
}

fn id(read: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(read).to_lowercase();
    let (_, rest) = text.split_once("x-id: ")?;
    rest.split_once("\r\n")?.0.parse().ok()
}
