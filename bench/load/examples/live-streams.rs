//! Speaks to a running platform in every way that holds a connection open, and says what it saw:
//! `cargo run -p bench-load --example live-streams -- http://localhost:8080`.

use bench_load::{
    Failure,
    protocol::{
        Answer, Body, Connection, Connector, Options, Target,
        engine_io::{self, Transports},
        multipart::{Form, Format},
        socket_io::{self, SocketIo},
        sse::EventStream,
    },
};
use futures::future::join_all;
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::{Value, json};
use std::{
    error::Error,
    io::{Write, stdout},
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:8080".into());
    let connector = Connector::new(Target::parse(&url)?, Options::default())?;
    let mut ann = User::sign_up(&connector).await?;
    let created = "mutation { createPost(input: { content: \"Streams\", postType: \"TEXT\" }) { post { id } } }";
    let post = text(&ann.graphql(created).await?["createPost"]["post"]["id"]);

    let sockets = [Transports::Upgrade, Transports::WebSocket, Transports::Polling];
    let mut clients = Vec::new();
    for transports in sockets {
        clients.push(subscribe(&connector, &ann, &post, transports).await?);
    }
    let watch = Request::get(format!("/api/sse/comments/{post}")).header(AUTHORIZATION, ann.bearer());
    let mut stream = EventStream::open(&mut ann.connection, watch.body(Body::empty())?, TIMEOUT).await?;

    // All wait at once, so that each event is read when it arrives.
    let begun = Instant::now();
    let heard = join_all(clients.iter_mut().map(async |client| {
        let event = client.next().await?;
        Ok::<_, Failure>((client.engine().transport(), event))
    }));
    let comment =
        format!("mutation {{ createComment(input: {{ postId: {post}, content: \"Heard?\" }}) {{ success }} }}");
    let said = async {
        let said = ann.graphql(&comment).await;
        (said, begun.elapsed())
    };
    let all = tokio::time::timeout(TIMEOUT, async { tokio::join!(heard, stream.next(), said) }).await?;
    let (heard, event, (said, answered)) = all;
    said?;
    writeln!(stdout(), "a comment was answered after {answered:?}; it was heard")?;
    for heard in heard {
        let (transport, event) = heard?;
        writeln!(
            stdout(),
            "by socket.io, {transport}: {} after {:?}",
            event.name,
            event.at - begun
        )?;
    }
    let event = event?.ok_or("the stream ended")?;
    let comments = stream.comments();
    writeln!(
        stdout(),
        "by sse: {} after {:?}, beside {comments} comment lines",
        event.name,
        event.at - begun
    )?;
    for client in clients {
        client.disconnect().await?;
    }

    for format in Format::ALL {
        upload(&mut ann, format).await?;
    }
    let bad = socket_io::Options {
        auth: Some(json!({"token": "nonsense"})),
        ..options(Transports::Upgrade)
    };
    let refused = SocketIo::connect(&connector, bad)
        .await
        .err()
        .ok_or("a bad token was taken")?;
    writeln!(stdout(), "a bad token: {refused}")?;
    Ok(())
}

/// Enters, subscribes to itself and to the post; says how long the parts took.
async fn subscribe(
    connector: &Connector,
    user: &User,
    post: &str,
    transports: Transports,
) -> Result<SocketIo, Failure> {
    let begun = Instant::now();
    let options = socket_io::Options {
        auth: Some(json!({"token": user.token})),
        ..options(transports)
    };
    let mut client = SocketIo::connect(connector, options).await?;
    let connected = begun.elapsed();
    if transports == Transports::Upgrade {
        client.upgraded().await?;
    }
    let upgraded = begun.elapsed();
    let own = client.emit_with_ack("subscribe", vec![json!(user.id)]).await?;
    let other = client.emit_with_ack("subscribe", vec![json!("1000000")]).await?;
    let posts = client.emit_with_ack("subscribe-post", vec![json!(post)]).await?;
    let _ = writeln!(
        stdout(),
        "{transports:?}: connected after {connected:?}, on {} after {upgraded:?}; subscribe {}, to another's {}, subscribe-post {}",
        client.engine().transport(),
        Value::from(own.args),
        Value::from(other.args),
        Value::from(posts.args),
    );
    Ok(client)
}

fn options(transports: Transports) -> socket_io::Options {
    let path = "/notifications/socket.io".to_owned();
    let engine = engine_io::Options {
        path,
        transports,
        ..engine_io::Options::default()
    };
    socket_io::Options {
        engine,
        ..socket_io::Options::default()
    }
}

async fn upload(user: &mut User, format: Format) -> Result<(), Box<dyn Error>> {
    let kind = if format == Format::Mp4 { "video" } else { "image" };
    let file = format.make(300_001, rand::random())?;
    let form = Form::new()
        .file(kind, &format!("a.{}", format.extension()), format.content_type(), file)
        .encode();
    let request = Request::post(format!("/api/media/upload/{kind}")).header(CONTENT_TYPE, form.content_type());
    let answer = user.send(request.body(form.body())?).await?;
    writeln!(
        stdout(),
        "{format:?}: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    )?;
    Ok(())
}

struct User {
    connection: Connection,
    id: String,
    token: String,
}

impl User {
    async fn sign_up(connector: &Connector) -> Result<Self, Box<dyn Error>> {
        let mut connection = Connection::open(connector).await?;
        let name = format!("u{:x}", rand::random::<u64>());
        let body =
            json!({"username": name, "email": format!("{name}@test.com"), "password": "Test123", "fullName": "Ann"});
        let request = Request::post("/api/auth/signup").header(CONTENT_TYPE, "application/json");
        let answer = connection
            .send(request.body(Body::from(body.to_string()))?, TIMEOUT)
            .await?;
        let seen: Value = serde_json::from_slice(&answer.body)?;
        let (id, token) = (text(&seen["user"]["id"]), text(&seen["token"]));
        writeln!(stdout(), "signed up as {id}: {}", answer.status)?;
        Ok(Self { connection, id, token })
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    async fn send(&mut self, mut request: Request<Body>) -> Result<Answer, Box<dyn Error>> {
        request.headers_mut().insert(AUTHORIZATION, self.bearer().parse()?);
        Ok(self.connection.send(request, TIMEOUT).await?)
    }

    async fn graphql(&mut self, query: &str) -> Result<Value, Box<dyn Error>> {
        let body = json!({ "query": query }).to_string();
        let request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
        let answer = self.send(request.body(Body::from(body))?).await?;
        let mut seen: Value = serde_json::from_slice(&answer.body)?;
        match seen["errors"].is_null() {
            true => Ok(seen["data"].take()),
            false => Err(seen["errors"].to_string().into()),
        }
    }
}

/// Ids are texts; some are shown as numbers.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
