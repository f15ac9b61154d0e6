//! Both ends as bytes: a service that reads strictly and writes down each whole request, a client that sends what it likes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// An edge that refuses closes at once.
const SOON: Duration = Duration::from_secs(4);
/// What a client sends after an answer, to see whether both sides still agree where a request begins.
const SECOND: &[u8] = b"GET /api/auth/second HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
/// How the service sees it.
pub(super) const SECOND_LINE: &str = "GET /api/auth/second HTTP/1.1";

/// A whole request, as it reached the service.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) line: String,
    /// Lower-case names.
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The service. Whatever breaks HTTP's rules is written down as a request of its own, so that it is never overlooked.
pub(super) struct Recorder {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Recorder {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let book = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&book)));
            }
        });
        Self { address, seen }
    }

    pub(super) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, book: Arc<Mutex<Vec<Seen>>>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    while let Some(seen) = request(&mut stream).await {
        let is_ours = ["/health/ready", "/.well-known", "/internal"]
            .iter()
            .any(|path| seen.line.contains(path));
        let is_head = seen.line.starts_with("HEAD ");
        if !is_ours {
            book.lock().unwrap().push(seen);
        }
        let answer: &[u8] = if is_head {
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// The next whole request; none when the connection ends before there is one.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let line = line(stream).await?;
    let mut seen = Seen {
        line,
        fields: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let line = self::line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or(("!", &line));
        seen.fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let chunked = seen.field("transfer-encoding").is_some();
    match seen.field("content-length").map(str::parse::<usize>) {
        Some(Ok(length)) if !chunked => {
            seen.body.resize(length, 0);
            stream.read_exact(&mut seen.body).await.ok()?;
        }
        None if chunked => loop {
            let size = usize::from_str_radix(&line_of(stream).await?, 16).ok()?;
            let from = seen.body.len();
            seen.body.resize(from + size, 0);
            stream.read_exact(&mut seen.body[from..]).await.ok()?;
            if !line_of(stream).await?.is_empty() {
                seen.line.insert_str(0, "BAD CHUNK ");
                break;
            }
            if size == 0 {
                break;
            }
        },
        None => {}
        Some(_) => seen.line.insert_str(0, "TWO LENGTHS "),
    }
    Some(seen)
}

async fn line_of(stream: &mut BufReader<TcpStream>) -> Option<String> {
    line(stream).await
}

/// A line with its CRLF taken off. One without CR keeps its LF, and so is never mistaken for another.
async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await.ok()?;
    if !line.ends_with(b"\n") {
        return None;
    }
    if line.ends_with(b"\r\n") {
        line.truncate(line.len() - 2);
    }
    Some(String::from_utf8_lossy(&line).into_owned())
}

/// What a client reads.
#[derive(Debug)]
pub(super) struct Talk {
    /// Of all answers, in their order, without interim ones.
    pub(super) statuses: Vec<u16>,
    /// Whether the edge ended the connection.
    pub(super) closed: bool,
    pub(super) text: String,
}

impl Talk {
    /// Sends bytes, then, if they are answered with 200, a second request.
    pub(super) async fn with(edge: SocketAddr, bytes: &[u8], leave: bool) -> Self {
        let mut stream = TcpStream::connect(edge).await.unwrap();
        stream.set_nodelay(true).unwrap();
        // An edge that has refused already may not read on.
        let _ = stream.write_all(bytes).await;
        if leave {
            stream.shutdown().await.unwrap();
        }
        let mut talk = Self {
            statuses: Vec::new(),
            closed: false,
            text: String::new(),
        };
        talk.read(&mut stream, 1).await;
        if !talk.closed && talk.statuses == [200] {
            let _ = stream.write_all(SECOND).await;
            talk.read(&mut stream, usize::MAX).await;
        } else if !talk.closed {
            talk.read(&mut stream, usize::MAX).await;
        }
        talk
    }

    /// Reads until there are so many answers, or the end.
    async fn read(&mut self, stream: &mut TcpStream, answers: usize) {
        let mut piece = [0; 8192];
        while self.statuses.len() < answers {
            match timeout(SOON, stream.read(&mut piece)).await {
                Ok(Ok(read)) if read > 0 => self.text.push_str(&String::from_utf8_lossy(&piece[..read])),
                Ok(Ok(_) | Err(_)) => {
                    self.closed = true;
                    break;
                }
                Err(_) => break,
            }
            self.statuses = statuses(&self.text);
        }
    }
}

/// The statuses of all whole answers.
fn statuses(mut text: &str) -> Vec<u16> {
    let mut found = Vec::new();
    while let Some((head, rest)) = text.split_once("\r\n\r\n") {
        let Some(status) = head.get(9..12).and_then(|status| status.parse().ok()) else {
            found.push(0);
            break;
        };
        let length = crate::sockets::field(head, "content-length").map_or(0, |length| length.parse().unwrap());
        let Some(next) = rest.get(length..) else { break };
        text = next;
        if status >= 200 {
            found.push(status);
        }
    }
    found
}
