//! How many bytes an idle connection of each kind costs the generator: `cargo run -p bench-load --example idle-memory -- 2000`.
//! The server is a process of its own, so that only the clients' memory grows. Needs twice as many open files.

use axum::{Router, response::sse, routing::get};
use bench_load::{
    Failure,
    protocol::{
        Body, Connection, Connector, Options, Target,
        engine_io::{self, Transports},
        socket_io::{self, SocketIo},
        sse::EventStream,
        websocket::{Opening, WebSocket},
    },
};
use futures::{StreamExt, stream};
use http::Request;
use socketioxide::{SocketIo as Server, extract::SocketRef};
use std::{
    convert::Infallible,
    error::Error,
    future::pending,
    io::{BufRead, BufReader, Write, stdout},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(20);
const PAGE_BYTES: usize = 4096;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "1000".into());
    if argument == "serve" {
        return serve().await;
    }
    let count = argument.parse()?;
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    let connector = Connector::new(
        Target::parse(&format!("http://{}", address.trim()))?,
        Options::default(),
    )?;
    let measured = measure_all(&connector, count).await;
    server.kill()?;
    server.wait()?;
    measured
}

async fn measure_all(connector: &Connector, count: usize) -> Result<(), Box<dyn Error>> {
    measure("tcp, nothing more", count, async || connector.connect().await).await?;
    measure("http/1.1, answered once", count, async || {
        let mut connection = Connection::open(connector).await?;
        connection.send(Request::new(Body::empty()), TIMEOUT).await?;
        Ok(connection)
    })
    .await?;
    measure("sse, one event heard", count, async || {
        let mut connection = Connection::open(connector).await?;
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static("/sse");
        let mut stream = EventStream::open(&mut connection, request, TIMEOUT).await?;
        stream.next().await?;
        Ok(stream)
    })
    .await?;
    let opening = Opening {
        path: "/socket.io/?EIO=4&transport=websocket".into(),
        ..Opening::default()
    };
    measure("websocket, one message heard", count, async || {
        let mut socket = WebSocket::open(connector, &opening, TIMEOUT).await?;
        socket.next().await?;
        Ok(socket)
    })
    .await?;
    for transports in [Transports::WebSocket, Transports::Upgrade, Transports::Polling] {
        let name = format!("socket.io, {transports:?}, one event heard");
        measure(&name, count, async || subscriber(connector, transports).await).await?;
    }
    Ok(())
}

async fn subscriber(connector: &Connector, transports: Transports) -> Result<SocketIo, Failure> {
    let engine = engine_io::Options {
        transports,
        ..engine_io::Options::default()
    };
    let mut client = SocketIo::connect(
        connector,
        socket_io::Options {
            engine,
            ..socket_io::Options::default()
        },
    )
    .await?;
    client.next().await?;
    if transports == Transports::Upgrade {
        client.upgraded().await?;
    }
    // Long enough for the poll that will wait to go out.
    client.idle_until(Instant::now() + Duration::from_millis(2)).await?;
    Ok(client)
}

/// Opens all, one after the other, and says by how much the process grew. A few are opened before, for what is needed once.
async fn measure<T>(
    name: &str,
    count: usize,
    open: impl AsyncFn() -> Result<T, Failure>,
) -> Result<(), Box<dyn Error>> {
    let mut held = Vec::with_capacity(count + 20);
    for _ in 0..20 {
        held.push(open().await?);
    }
    let before = resident()?;
    for _ in 0..count {
        held.push(open().await?);
    }
    let grown = resident()?.saturating_sub(before);
    writeln!(stdout(), "{name:<40} {:>7} bytes", grown / count)?;
    Ok(())
}

/// Bytes of this process in memory.
fn resident() -> Result<usize, Box<dyn Error>> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).ok_or("no second field")?.parse::<usize>()? * PAGE_BYTES)
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let (layer, io) = Server::builder().ping_interval(Duration::from_secs(600)).build_layer();
    io.ns("/", async |socket: SocketRef| {
        // A client that has gone by then is none of the server's business.
        let _ = socket.emit("hello", "you");
    });
    let stream = async || {
        let hello = stream::iter([Ok::<_, Infallible>(sse::Event::default().data("hello"))]);
        sse::Sse::new(hello.chain(stream::once(pending())))
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/sse", get(stream))
        .layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(stdout(), "{}", listener.local_addr()?)?;
    axum::serve(listener, router).await?;
    Ok(())
}
