//! Another process takes over the listener with TLS: no handshake and no request is lost.

use super::{BOTH, World, ask, world_of};
use crate::{
    handover::{Successor, upgrade},
    support::{PATIENCE, Setup},
};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use shared_testkit::eventually;
use std::{
    error::Error,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    time::Duration,
};
use tokio::{net::TcpStream, time::sleep};
use tokio_rustls::{TlsConnector, client::TlsStream};

const PATH: &str = "/api/posts/health";
/// Between two requests of a client that keeps its connection.
const EVERY: Duration = Duration::from_millis(5);

type Failure = Box<dyn Error + Send + Sync>;

/// Clients of one edge, until all is over.
struct Clients<'w> {
    world: &'w World,
    over: AtomicBool,
    served: AtomicU32,
}

impl Clients<'_> {
    async fn connect(&self, connector: &TlsConnector) -> Result<TlsStream<TcpStream>, Failure> {
        Ok(self.world.connect(connector, "one.example").await?)
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Relaxed)
    }

    /// A handshake for each request.
    async fn new_each_time(&self) -> Result<(), Failure> {
        while self.goes_on() {
            let mut stream = self.connect(&self.world.client()).await?;
            let answer = ask(&mut stream, PATH).await?;
            self.is_good(answer.starts_with("HTTP/1.1 200"), &answer)?;
        }
        Ok(())
    }

    /// Keeps its connection until it is told that it ends, and sends nothing twice.
    async fn keeping(&self) -> Result<(), Failure> {
        let connector = self.world.client();
        while self.goes_on() {
            let stream = self.connect(&connector).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            let connection = tokio::spawn(connection);
            let mut is_kept = true;
            while self.goes_on() && is_kept {
                let answer = sender.send_request(request()).await?;
                is_kept = !answer.headers().contains_key("connection");
                self.judge(answer).await?;
                sleep(EVERY).await;
            }
            connection.abort();
        }
        Ok(())
    }

    /// The same over HTTP/2.
    async fn keeping_h2(&self) -> Result<(), Failure> {
        let connector = self.world.authority.client(BOTH, b"h2", false);
        while self.goes_on() {
            let stream = self.connect(&connector).await?;
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            let connection = tokio::spawn(connection);
            while self.goes_on() && sender.ready().await.is_ok() {
                match sender.send_request(request()).await {
                    Ok(answer) => self.judge(answer).await?,
                    Err(error) if is_told_the_end(&error) => break,
                    Err(error) => return Err(error.into()),
                }
                sleep(EVERY).await;
            }
            connection.abort();
        }
        Ok(())
    }

    async fn judge(&self, answer: http::Response<hyper::body::Incoming>) -> Result<(), Failure> {
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        self.is_good(head.status == 200 && !body.is_empty(), &format!("{head:?}"))
    }

    fn is_good(&self, good: bool, answer: &str) -> Result<(), Failure> {
        self.served.fetch_add(1, Relaxed);
        if good { Ok(()) } else { Err(answer.into()) }
    }

    /// Waits for some more answers.
    async fn some_more(&self) {
        let enough = self.served.load(Relaxed) + 100;
        eventually(PATIENCE, || async { self.served.load(Relaxed) >= enough }).await;
    }
}

/// Whether a connection of HTTP/2 was told to end before the request was taken up (RFC 9113, section 6.8): whoever asks knows that nobody
/// has acted on it, and asks on another one.
fn is_told_the_end(error: &hyper::Error) -> bool {
    let told = error.source().and_then(|error| error.downcast_ref::<h2::Error>());
    error.is_canceled() || told.is_some_and(|error| error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR))
}

fn request() -> Request<Empty<Bytes>> {
    let request = Request::get(format!("https://one.example{PATH}")).header("host", "one.example");
    request.body(Empty::<Bytes>::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_takes_over_and_no_handshake_is_lost() {
    let setup = Setup::new().edit("rate: 100/15m", "rate: 1000000/15m");
    let setup = setup.edit("redis: { url", "drain: { spread: 1s }\nredis: { url");
    let world = world_of(setup, "", "", "").await;
    let clients = Clients {
        world: &world,
        over: AtomicBool::new(false),
        served: AtomicU32::new(0),
    };
    let handover = async {
        let mut successors = Vec::new();
        for _ in 0..2 {
            clients.some_more().await;
            let successor = Successor::of(&upgrade(&world.edge).await.expect_status(200));
            successor.serves(&world.edge).await;
            successors.push(successor);
            clients.some_more().await;
        }
        // The last but one is gone by now.
        let last = successors.pop();
        for gone in successors {
            gone.is_gone().await;
        }
        clients.some_more().await;
        clients.over.store(true, Relaxed);
        Ok::<_, Failure>(last)
    };
    let asking = async {
        tokio::try_join!(
            clients.new_each_time(),
            clients.new_each_time(),
            clients.keeping(),
            clients.keeping_h2()
        )
    };
    tokio::try_join!(handover, asking).unwrap();
}
