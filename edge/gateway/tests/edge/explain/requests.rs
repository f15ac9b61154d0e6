//! Random requests, most of them near a configuration's routes, and what comes back when one is sent.

use super::world::{HOSTS, ORIGINS, SEGMENTS};
use crate::support::PATIENCE;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use shared_testkit::TestTokens;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// What is drawn from.
pub(super) struct Means<'m> {
    pub(super) patterns: &'m [String],
    pub(super) tokens: &'m TestTokens,
    /// Affinity cookies that the edge has given.
    pub(super) bound: Vec<String>,
    pub(super) public: SocketAddr,
}

impl Means<'_> {
    fn token(&self, random: &mut StdRng) -> String {
        let mut claims = TestTokens::claims(random.random_range(1..=3), "zoë");
        match random.random_range(0..7) {
            0 => claims.exp -= 10_000,
            1 => claims.aud = "others".to_owned(),
            2 => return TestTokens::new().sign(&claims),
            3 => return (*["nonsense", "a.b.c", "\"", "%20"].choose(random).unwrap()).to_owned(),
            _ => {}
        }
        self.tokens.sign(&claims)
    }

    /// Draws one.
    pub(super) fn request(&self, random: &mut StdRng) -> Request {
        let methods = [
            "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH",
        ];
        let mut request = Request {
            method: methods.choose(random).unwrap(),
            target: self.target(random),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let host = match random.random_range(0..8) {
            0 => HOSTS[0].to_owned(),
            1 => HOSTS[1].to_ascii_uppercase(),
            _ => self.public.to_string(),
        };
        request.headers.push(("Host", host));
        self.credentials(random, &mut request);
        origins(random, &mut request);
        lies(random, &mut request);
        body(random, &mut request);
        if random.random_bool(0.25) {
            let fields = [
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ];
            let sent = fields.into_iter().filter(|_| random.random_bool(0.95));
            request
                .headers
                .extend(sent.map(|(name, value)| (name, value.to_owned())));
        } else {
            request.headers.push(("Connection", "close".to_owned()));
        }
        request
    }

    fn target(&self, random: &mut StdRng) -> String {
        let segment = |random: &mut StdRng| *SEGMENTS.choose(random).unwrap();
        let mut path = match random.random_bool(0.85) {
            true => self.patterns.choose(random).unwrap().replace("{id}", segment(random)),
            false => format!("/{}/{}", segment(random), segment(random)),
        };
        if random.random_bool(0.3) {
            path = format!("{}/{}", path.trim_end_matches('/'), segment(random));
        }
        if random.random_bool(0.25) {
            path = odd(random, &path);
        }
        let query = ["?", "?q=1", "?a=%41&b=/../", "?sid=abc&EIO=4", "?x=\u{e9}", "?a?b#c"];
        if random.random_bool(0.3) {
            path.push_str(query.choose(random).unwrap());
        }
        match random.random_range(0..40) {
            0 => format!("http://{}{path}", self.public),
            1 => "*".to_owned(),
            2 => "/health".to_owned(),
            3 => format!("/internal{path}"),
            _ => path,
        }
    }

    fn credentials(&self, random: &mut StdRng, request: &mut Request) {
        if random.random_bool(0.35) {
            let scheme = ["Bearer", "bearer", "Basic"].choose(random).unwrap();
            request
                .headers
                .push(("Authorization", format!("{scheme} {}", self.token(random))));
        }
        let mut cookies = Vec::new();
        if random.random_bool(0.3) {
            cookies.push(format!("session={}", self.token(random)));
        }
        if random.random_bool(0.2) {
            cookies.push("theme=dark; name=Zo\u{eb}".to_owned());
        }
        if random.random_bool(0.3) {
            let forged = "0123456789abcdef0123456789abcdef".to_owned();
            cookies.push(format!("bound={}", self.bound.choose(random).unwrap_or(&forged)));
        }
        if !cookies.is_empty() && random.random_bool(0.3) {
            // HTTP/2 may split the field, and so may clients.
            request
                .headers
                .extend(cookies.into_iter().map(|cookie| ("Cookie", cookie)));
        } else if !cookies.is_empty() {
            request.headers.push(("Cookie", cookies.join("; ")));
        }
    }
}

/// The same path in another spelling, or one that is refused.
fn odd(random: &mut StdRng, path: &str) -> String {
    let tail = |tail: &str| format!("{path}{tail}");
    match random.random_range(0..12) {
        0 => path.replacen('a', "%61", 1),
        1 => tail("/%c3%A9"),
        2 => tail("/"),
        3 => path.replacen('/', "//", 1),
        4 => tail("/../a"),
        5 => tail("/%2e%2E/b"),
        6 => tail("/a%2fb"),
        7 => tail(";v=1"),
        8 => tail("\\b"),
        9 => tail("/%zz"),
        10 => tail("/\u{e9}"),
        _ => tail("/a b|c"),
    }
}

fn origins(random: &mut StdRng, request: &mut Request) {
    if random.random_bool(0.4) {
        let own = format!("http://{}", request.headers[0].1);
        let origin = match random.random_range(0..6) {
            0 => own,
            1 => "null".to_owned(),
            2 => "https://evil.example".to_owned(),
            3 => ORIGINS[1].to_owned(),
            _ => ORIGINS[0].to_owned(),
        };
        request.headers.push(("Origin", origin));
        if request.method == "OPTIONS" || random.random_bool(0.1) {
            let wanted = ["GET", "POST", "DELETE", "PATCH", "b d"].choose(random).unwrap();
            request
                .headers
                .push(("Access-Control-Request-Method", (*wanted).to_owned()));
        }
        if random.random_bool(0.2) {
            let wanted = ["content-type", "Authorization, x-other", ","].choose(random).unwrap();
            request
                .headers
                .push(("Access-Control-Request-Headers", (*wanted).to_owned()));
        }
    }
}

/// What a client may not say, or only through a proxy.
fn lies(random: &mut StdRng, request: &mut Request) {
    let forwarded = [
        "1.2.3.4",
        "1.2.3.5, 10.0.0.9",
        "rubbish",
        "[2001:db8::1]:9, 127.0.0.1",
        "1.2.3.4,, 10.1.1.1",
    ];
    for _ in 0..random.random_range(0..3) {
        request
            .headers
            .push(("X-Forwarded-For", (*forwarded.choose(random).unwrap()).to_owned()));
    }
    let fields = [
        ("X-Forwarded-Proto", "https"),
        ("X-User-Id", "1"),
        ("x-service-token", "edge.forged"),
        ("Forwarded", "for=9.9.9.9"),
        ("X-Real-IP", "9.9.9.9"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("Accept", "*/*"),
    ];
    let said = fields.into_iter().filter(|_| random.random_bool(0.15));
    request
        .headers
        .extend(said.map(|(name, value)| (name, value.to_owned())));
    if random.random_bool(0.03) {
        request.headers.push(("X-Padding", "p".repeat(1500)));
    }
}

fn body(random: &mut StdRng, request: &mut Request) {
    let mut say = |name, value: &str| request.headers.push((name, value.to_owned()));
    match random.random_range(0..20) {
        0 => say("Content-Length", "5000000000"),
        1 => say("Content-Length", "+5"),
        2 => {
            say("Content-Length", "5");
            say("Content-Length", "5");
            request.body = b"hello".to_vec();
        }
        3 => {
            say("Transfer-Encoding", "chunked");
            request.body = b"5\r\nhello\r\n0\r\n\r\n".to_vec();
        }
        4 => {
            say("Transfer-Encoding", "chunked");
            say("Content-Length", "5");
            request.body = b"0\r\n\r\n".to_vec();
        }
        5 => {
            say("Transfer-Encoding", "gzip, chunked");
            request.body = b"0\r\n\r\n".to_vec();
        }
        6..=10 => {
            let length = [0, 5, 99, 100, 101, 1025].choose(random).copied().unwrap();
            say("Content-Length", &length.to_string());
            request.body = vec![b'b'; length];
        }
        _ => {}
    }
}

impl Request {
    /// As `POST /explain` wants it.
    pub(super) fn to_ask(&self) -> Value {
        let Self {
            method,
            target,
            headers,
            ..
        } = self;
        json!({ "method": method, "target": target, "headers": headers, "clientIp": "127.0.0.1" })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }

    /// Sends it on a connection of its own.
    pub(super) async fn send(&self, public: SocketAddr) -> Answer {
        let mut stream = TcpStream::connect(public).await.unwrap();
        // An edge that has refused already may not read all of it.
        let _ = stream.write_all(&self.to_bytes()).await;
        let answer = timeout(PATIENCE, Answer::read(&mut stream, self.method == "HEAD")).await;
        answer.unwrap_or_else(|_| panic!("no answer to {self:?}"))
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// The code of a problem.
    pub(super) code: Option<String>,
}

impl Answer {
    async fn read(stream: &mut TcpStream, is_bare: bool) -> Self {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let mut lines = head.lines();
                let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok()).unwrap();
                let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
                let length = headers
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                let length = length.map_or(0, |(_, length)| length.parse().unwrap());
                let code = serde_json::from_str::<Value>(body)
                    .ok()
                    .and_then(|body| Some(body["code"].as_str()?.into()));
                if is_bare || body.len() >= length {
                    let headers = headers.into_iter().map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
                    return Self {
                        status,
                        headers: headers.collect(),
                        code,
                    };
                }
            }
            let mut piece = [0; 4096];
            // The end, or a reset after the answer: what has come is all there is.
            match stream.read(&mut piece).await {
                Ok(length @ 1..) => bytes.extend_from_slice(&piece[..length]),
                _ => panic!(
                    "the connection ended before an answer: {}",
                    String::from_utf8_lossy(&bytes)
                ),
            }
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}
