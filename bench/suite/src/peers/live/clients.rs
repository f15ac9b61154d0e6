//! Sockets and streams that are held open, and that are asked whether they still live.

use bench_load::{
    Failure,
    protocol::{
        Body, Connection, Connector,
        sse::EventStream,
        websocket::{Data, Opening, WebSocket},
    },
};
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use http::Request;
use shared_stack::{Error, Result};
use std::time::{Duration, Instant};

/// For one step of one client.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Opened at a time.
const AT_ONCE: usize = 16;
/// Between two events.
const PAUSE: Duration = Duration::from_millis(200);

/// Opens so many, a few at a time, each from an address of its own.
async fn open<T>(
    connector: &Connector,
    held: &mut Vec<T>,
    count: u32,
    open: impl AsyncFn(Connector) -> Result<T, Failure>,
) -> Result<()> {
    let first = u32::try_from(held.len()).unwrap_or(u32::MAX);
    let opening = (first..first + count).map(|number| open(connector.of_client(number)));
    let mut opening = stream::iter(opening).buffer_unordered(AT_ONCE);
    while let Some(opened) = opening.try_next().await.map_err(|failure| told(&failure, held.len()))? {
        held.push(opened);
    }
    Ok(())
}

fn told(failure: &Failure, held: usize) -> Error {
    Error::new(format!("{failure:?}, with {held} open"))
}

/// WebSockets to an echo.
#[derive(Default)]
pub(super) struct Sockets(Vec<WebSocket>);

impl Sockets {
    /// So many more; each has echoed once.
    pub(super) async fn open(&mut self, connector: &Connector, count: u32) -> Result<()> {
        let opening = Opening {
            path: "/ws".into(),
            ..Opening::default()
        };
        open(connector, &mut self.0, count, async |connector| {
            let mut socket = WebSocket::open(&connector, &opening, TIMEOUT).await?;
            echo(&mut socket, "first").await?;
            // What is held open for long should hold no more than it needs.
            socket.take_headers();
            Ok(socket)
        })
        .await
    }

    /// Each still echoes.
    pub(super) async fn all_echo(&mut self) -> Result<()> {
        for (number, socket) in self.0.iter_mut().enumerate() {
            let said = format!("again {number}");
            echo(socket, &said).await.map_err(|failure| told(&failure, number))?;
        }
        Ok(())
    }
}

async fn echo(socket: &mut WebSocket, said: &str) -> Result<(), Failure> {
    socket.send_text(said).await?;
    let heard = within(socket.next()).await?;
    match heard.data {
        Data::Text(text) if text.as_str() == said => Ok(()),
        other => Err(Failure::new("body", format!("{other:?} instead of {said}"))),
    }
}

async fn within<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let none = |_| Failure::new("timeout", format!("nothing within {TIMEOUT:?}"));
    tokio::time::timeout(TIMEOUT, work).await.map_err(none)?
}

/// Event streams that hear what is said to all.
#[derive(Default)]
pub(super) struct Streams(Vec<Stream>);

struct Stream {
    // Keeps the connection with its stream.
    _connection: Connection,
    events: EventStream,
}

impl Streams {
    /// So many more; each has heard the last event.
    pub(super) async fn open(&mut self, connector: &Connector, count: u32) -> Result<()> {
        open(connector, &mut self.0, count, async |connector| {
            let mut connection = Connection::open(&connector).await?;
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = http::Uri::from_static("/hub");
            let mut events = EventStream::open(&mut connection, request, TIMEOUT).await?;
            within(events.next()).await?;
            Ok(Stream {
                _connection: connection,
                events,
            })
        })
        .await
    }

    /// Closes all but so many.
    pub(super) fn keep(&mut self, count: u32) {
        self.0.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    }

    /// Has events said, one after the other, and every stream hear each: median, 99th percentile and maximum of how long that took, from
    /// when it was asked for.
    pub(super) async fn hear(&mut self, origins: &[Connector], events: u32) -> Result<[Duration; 3]> {
        let mut sayers = Vec::new();
        for origin in origins {
            sayers.push(Connection::open(origin).await.map_err(|failure| told(&failure, 0))?);
        }
        let mut times = Vec::new();
        for _ in 0..events {
            let began = Instant::now();
            let said = try_join_all(sayers.iter_mut().map(say));
            let heard = try_join_all(self.0.iter_mut().map(|stream| next(stream, began)));
            let both = within(async { tokio::try_join!(said, heard) }).await;
            let (said, heard) = both.map_err(|failure| told(&failure, times.len()))?;
            for (number, time) in heard {
                if !said.contains(&number) {
                    return Err(Error::new(format!("a stream heard {number}, and {said:?} was said")));
                }
                times.push(time);
            }
            tokio::time::sleep(PAUSE).await;
        }
        times.sort_unstable();
        let at = |share: f64| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss
            )]
            let index = (times.len() as f64 * share) as usize;
            times
                .get(index.min(times.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Ok([at(0.5), at(0.99), at(1.0)])
    }
}

/// Has the next event said; tells its number.
async fn say(origin: &mut Connection) -> Result<u64, Failure> {
    let request = Request::post("/hub").body(Body::empty());
    let request = request.map_err(|error| Failure::new("connect", error.to_string()))?;
    number(&origin.send(request, TIMEOUT).await?.body, "said")
}

async fn next(stream: &mut Stream, began: Instant) -> Result<(u64, Duration), Failure> {
    let event = stream
        .events
        .next()
        .await?
        .ok_or_else(|| Failure::new("closed", "the stream ended"))?;
    Ok((
        number(event.data.as_bytes(), "n")?,
        event.at.saturating_duration_since(began),
    ))
}

fn number(json: &[u8], key: &str) -> Result<u64, Failure> {
    let value: Option<serde_json::Value> = serde_json::from_slice(json).ok();
    let number = value.and_then(|value| value[key].as_u64());
    number.ok_or_else(|| Failure::new("body", String::from_utf8_lossy(json).into_owned()))
}
