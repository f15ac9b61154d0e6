//! An origin that goes wrong on demand.

use shared_testkit::eventually;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// 200, after a few milliseconds.
    Well,
    /// Every nth with this status, at once.
    Fails(u32, u16),
    /// 50 times as late.
    Slow,
    /// As late, with this status.
    Late(u16),
    /// As late, with a reset.
    LateDrops,
    /// Not at all.
    Silent,
    /// The beginning of a body, and a reset.
    Resets,
    /// A reset, before anything of an answer.
    Drops,
}

/// A server of bare HTTP/1.1. It ends with [`Faulty::kill`] or with the test.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    mood: Mutex<Option<Mood>>,
    requests: AtomicU32,
    /// When each of them came, and when each probe did.
    log: Mutex<Vec<Instant>>,
    probes: Mutex<Vec<Instant>>,
    /// The last head that was read, and when a client left before its answer.
    head: Mutex<String>,
    left: Mutex<Option<Instant>>,
}

const USUAL: Duration = Duration::from_millis(4);

impl Faulty {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    /// Where another has been, or will be.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::on(eventually(Duration::from_secs(5), || TcpListener::bind(address)).await)
    }

    /// One that listens there.
    pub(crate) fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let of = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            // Its connections go with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&of)));
            }
        });
        Self { address, shared, task }
    }

    pub(crate) fn is(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = Some(mood);
    }

    /// Requests that it has read.
    pub(crate) fn requests(&self) -> u32 {
        self.shared.requests.load(SeqCst)
    }

    /// When the requests since then came, counted from then.
    pub(crate) fn log_since(&self, since: Instant) -> Vec<Duration> {
        since_then(&self.shared.log, since)
    }

    /// When the probes since then came, counted from then.
    pub(crate) fn probes_since(&self, since: Instant) -> Vec<Duration> {
        since_then(&self.shared.probes, since)
    }

    /// The head that it read last.
    pub(crate) fn head(&self) -> String {
        self.shared.head.lock().unwrap().clone()
    }

    /// When a client left without an answer.
    pub(crate) fn left(&self) -> Option<Instant> {
        self.shared.left.lock().unwrap().take()
    }

    /// At once, with all its connections, which are reset.
    pub(crate) async fn kill(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn since_then(log: &Mutex<Vec<Instant>>, since: Instant) -> Vec<Duration> {
    let log = log.lock().unwrap();
    log.iter().filter_map(|at| at.checked_duration_since(since)).collect()
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    // However a connection ends here, it is a reset.
    let _ = stream.set_zero_linger();
    let mut read = Vec::new();
    loop {
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let mood = shared.mood.lock().unwrap().unwrap_or(Mood::Well);
        let is_probe = read.starts_with(b"GET /health/");
        // Probes find it well for as long as it answers at all.
        let mood = match mood {
            Mood::Silent => Mood::Silent,
            _ if is_probe => Mood::Well,
            mood => mood,
        };
        let number = if is_probe {
            shared.probes.lock().unwrap().push(Instant::now());
            0
        } else {
            shared.log.lock().unwrap().push(Instant::now());
            *shared.head.lock().unwrap() = String::from_utf8_lossy(&read).into_owned();
            shared.requests.fetch_add(1, SeqCst)
        };
        read.clear();
        let status = match mood {
            Mood::Fails(every, status) if number.is_multiple_of(every) => status,
            Mood::Resets => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun")
                    .await;
                sleep(USUAL).await;
                return;
            }
            Mood::Drops => return,
            Mood::Silent => {
                // Until whoever asked leaves.
                let _ = stream.read_buf(&mut read).await;
                *shared.left.lock().unwrap() = Some(Instant::now());
                return;
            }
            Mood::Slow => {
                sleep(USUAL * 50).await;
                200
            }
            Mood::Late(status) => {
                sleep(USUAL * 50).await;
                status
            }
            Mood::LateDrops => {
                sleep(USUAL * 50).await;
                return;
            }
            Mood::Well | Mood::Fails(..) => {
                sleep(USUAL).await;
                200
            }
        };
        let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        if is_probe {
            // A probe reads to the end.
            let _ = stream.shutdown().await;
        }
    }
}
