//! An origin that goes wrong on demand.

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
    /// Not at all.
    Silent,
    /// The beginning of a body, and a reset.
    Resets,
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
    /// The last head that was read, and when a client left before its answer.
    head: Mutex<String>,
    left: Mutex<Option<Instant>>,
}

const USUAL: Duration = Duration::from_millis(4);

impl Faulty {
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
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

    /// The head that it read last.
    pub(crate) fn head(&self) -> String {
        self.shared.head.lock().unwrap().clone()
    }

    /// When a client left without an answer.
    pub(crate) fn left(&self) -> Option<Instant> {
        self.shared.left.lock().unwrap().take()
    }

    /// At once, with all its connections.
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

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut read = Vec::new();
    loop {
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        *shared.head.lock().unwrap() = String::from_utf8_lossy(&read).into_owned();
        read.clear();
        let number = shared.requests.fetch_add(1, SeqCst);
        let mood = shared.mood.lock().unwrap().unwrap_or(Mood::Well);
        let status = match mood {
            Mood::Fails(every, status) if number.is_multiple_of(every) => status,
            Mood::Resets => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun")
                    .await;
                sleep(USUAL).await;
                let _ = stream.set_zero_linger();
                return;
            }
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
            Mood::Well | Mood::Fails(..) => {
                sleep(USUAL).await;
                200
            }
        };
        let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
