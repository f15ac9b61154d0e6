//! An edge in a process of its own.

use crate::origins::Origin;
use http::Method;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use shared_testkit::{Answer, Client, ServiceTokens, TestRedis, TestTokens, eventually};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How the shipped configuration keeps an upstream well; the same for all.
macro_rules! care {
    () => {
        "\n    health_check: { path: /health/ready, interval: 1s, timeout: 800ms, healthy: 1, unhealthy: 2 }
    outlier: { consecutive_failures: 3, error_ratio: 0.25, statuses: [500, 502, 503, 504] }
    slow_start: 5s
    circuit_breaker: standard"
    };
}
pub(crate) const CARE: &str = care!();
/// Upstreams in the shipped configuration.
pub(crate) const AUTH: &str = concat!("targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"", care!());
pub(crate) const MEDIA: &str = concat!("targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"", care!());
pub(crate) const POSTS: &str = concat!("targets: \"${POSTS_TARGETS:-127.0.0.1:3002}\"", care!());
pub(crate) const COMMENTS: &str = concat!("targets: \"${COMMENTS_TARGETS:-127.0.0.1:3004}\"", care!());
pub(crate) const NOTIFICATIONS: &str = concat!("targets: \"${NOTIFICATIONS_TARGETS:-127.0.0.1:3005}\"", care!());

/// What an edge is started with. It outlives the edge, so that a second one can be started like the first.
pub(crate) struct Setup {
    pub(crate) tokens: TestTokens,
    pub(crate) service: ServiceTokens,
    pub(crate) redis: TestRedis,
    redis_url: String,
    variables: BTreeMap<&'static str, String>,
    edits: Vec<(&'static str, &'static str)>,
    descriptors: Option<u32>,
    directory: TempDir,
}

impl Setup {
    /// With no service anywhere, and its own corner of Redis.
    pub(crate) fn new() -> Self {
        let redis = TestRedis::new();
        let nowhere = ["AUTH", "POSTS", "COMMENTS", "MEDIA", "NOTIFICATIONS"];
        let mut setup = Self {
            tokens: TestTokens::new(),
            service: ServiceTokens::new(),
            redis_url: redis.url().to_owned(),
            redis,
            variables: BTreeMap::new(),
            edits: Vec::new(),
            descriptors: None,
            directory: TempDir::new().unwrap(),
        };
        for service in nowhere {
            setup = setup.targets(service, &[free_address()]);
        }
        setup.variable("EDGE_AFFINITY_KEY", "00112233445566778899aabbccddeeff")
    }

    /// Where a service is.
    pub(crate) fn targets(self, service: &'static str, addresses: &[SocketAddr]) -> Self {
        let name = match service {
            "AUTH" => "AUTH_TARGETS",
            "POSTS" => "POSTS_TARGETS",
            "COMMENTS" => "COMMENTS_TARGETS",
            "MEDIA" => "MEDIA_TARGETS",
            _ => "NOTIFICATIONS_TARGETS",
        };
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        self.variable(name, &addresses.join(","))
    }

    /// One more place where a service is.
    pub(crate) fn also(self, service: &'static str, address: SocketAddr) -> Self {
        let name = match service {
            "POSTS" => "POSTS_TARGETS",
            other => panic!("{other} has one place"),
        };
        let known = self.variables.get(name).cloned().unwrap_or_default();
        self.variable(name, &format!("{known},{address}"))
    }

    /// An origin that stands for one service.
    pub(crate) async fn origin(self, service: &'static str) -> (Self, Origin) {
        let origin = Origin::start(service, &self.tokens).await;
        let address = origin.address;
        (self.targets(service, &[address]), origin)
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    /// Another Redis than the test's own, or the way to it.
    pub(crate) fn redis_at(mut self, url: &str) -> Self {
        self.redis_url = url.to_owned();
        self
    }

    /// Changes the shipped configuration; the text must occur in it.
    pub(crate) fn edit(mut self, from: &'static str, to: &'static str) -> Self {
        self.edits.push((from, to));
        self
    }

    /// The edge may have as many descriptors and no more.
    pub(crate) fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// The shipped configuration with its changes.
    pub(crate) fn text(&self) -> String {
        let mut text = fs::read_to_string(root().join("conf/edge.yaml")).unwrap();
        for (from, to) in &self.edits {
            assert!(text.contains(from), "`{from}` is not in conf/edge.yaml");
            text = text.replace(from, to);
        }
        text
    }

    /// A file of this setup.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Changes the file that an edge serves already; the text must occur in it.
    pub(crate) fn rewrite(&self, from: &str, to: &str) {
        let file = self.file("edge.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "`{from}` is not in the edge's file");
        fs::write(&file, text.replace(from, to)).unwrap();
    }

    /// The file that is served. One that is there already is left as it is.
    fn config(&self) -> PathBuf {
        let file = self.file("edge.yaml");
        if !file.exists() {
            fs::write(&file, self.text()).unwrap();
        }
        file
    }

    /// The program with its environment, not started yet.
    pub(crate) fn command(&self, public: SocketAddr, admin: SocketAddr) -> Command {
        let edge = env!("CARGO_BIN_EXE_edge");
        let mut command = Command::new(if self.descriptors.is_some() { "sh" } else { edge });
        if let Some(most) = self.descriptors {
            command.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\""), edge]);
        }
        command
            .args(["run", "--config"])
            .arg(self.config())
            .current_dir(root())
            .env("EDGE_BIND", public.to_string())
            .env("EDGE_ADMIN_BIND", admin.to_string())
            .env("EDGE_ADMIN_TOKEN_FILE", self.file("admin.token"))
            .env("EDGE_ADMIN_AUDIT_FILE", self.file("audit.jsonl"))
            .env("REDIS_URL", &self.redis_url)
            .env("REDIS_PREFIX", self.redis.prefix())
            .env("SERVICE_TOKEN", self.service.token("edge"))
            .env("RUST_LOG", "info,edge=debug")
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    /// Starts an edge and waits until it serves.
    pub(crate) async fn start(&self) -> Edge {
        // Between finding a free port and binding it another test may take it.
        for _ in 0..3 {
            if let Some(edge) = self.try_start().await {
                return edge;
            }
        }
        panic!("the edge does not start");
    }

    async fn try_start(&self) -> Option<Edge> {
        let (public, admin) = (free_address(), free_address());
        let log = self.directory.path().join(format!("{}.log", public.port()));
        let out = File::create(&log).unwrap();
        let child = self
            .command(public, admin)
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        let mut edge = Edge {
            public,
            admin,
            token_file: self.file("admin.token"),
            child,
            log,
        };
        let serves = eventually(PATIENCE, || {
            let ended = edge.child.try_wait().unwrap();
            async move {
                if ended.is_some() {
                    return Some(false);
                }
                let both = tokio::try_join!(TcpStream::connect(public), TcpStream::connect(admin));
                both.ok().map(|_| true)
            }
        });
        if !serves.await {
            return None;
        }
        Some(edge)
    }
}

/// A running edge; killed with this guard.
pub(crate) struct Edge {
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
    token_file: PathBuf,
    child: Child,
    log: PathBuf,
}

impl Edge {
    /// An anonymous client.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.public)
    }

    /// A client that shows the operators' token.
    pub(crate) fn operator(&self) -> Client {
        let token = fs::read_to_string(&self.token_file).unwrap();
        Client::new(self.admin).header("authorization", &format!("Bearer {}", token.trim()))
    }

    /// An operator's request.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.operator()
            .send(method, path, Some("application/json"), body.into())
            .await
    }

    /// What becomes of `POST /reload`.
    pub(crate) async fn reload(&self) -> Value {
        let answer = self.ask(Method::POST, "/reload", Value::Null).await;
        assert!(matches!(answer.status, 200 | 422), "{answer:?}");
        answer.json()
    }

    /// Types `edge …` for this edge; gives the exit code and what is printed.
    pub(crate) async fn types(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_edge"));
        command
            .args(arguments)
            .env("EDGE_ADMIN", self.admin.to_string())
            .env("EDGE_ADMIN_TOKEN_FILE", &self.token_file)
            .current_dir(root());
        let output = command.output().await.unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
    }

    /// Waits until that generation serves, or a later one.
    pub(crate) async fn serves(&self, generation: u64) {
        eventually(PATIENCE, || async {
            self.status().await["generation"].as_u64() >= Some(generation)
        })
        .await;
    }

    /// What `/status` says.
    pub(crate) async fn status(&self) -> Value {
        Client::new(self.admin).get("/status").await.expect_status(200).json()
    }

    /// One value of `/metrics`, named with its labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let page = Client::new(self.admin).get("/metrics").await.expect_status(200).text();
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is missing in\n{page}"))
            .parse()
            .unwrap()
    }

    /// Waits until tokens can be verified and ended sessions are known.
    pub(crate) async fn knows_issuer(&self) {
        eventually(PATIENCE, || async {
            let status = self.status().await;
            status["issuers"]["users"]["keys"] == true && status["revocations"] == "complete"
        })
        .await;
    }

    /// Waits until a target of an upstream is seen as well or not.
    pub(crate) async fn sees(&self, upstream: &str, address: SocketAddr, healthy: bool) {
        eventually(PATIENCE, || async {
            let status = self.status().await;
            let targets = status["upstreams"][upstream]["targets"].as_array().unwrap().clone();
            targets
                .iter()
                .any(|target| target["address"] == address.to_string() && target["healthy"] == healthy)
        })
        .await;
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What it holds in memory, bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// Processor time that it took so far.
    pub(crate) fn worked(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Behind the name, which may hold anything: fields 14 and 15, in hundredths of a second.
        let fields: Vec<&str> = stat[stat.rfind(')').unwrap()..].split(' ').collect();
        let ticks: u64 = fields[12].parse::<u64>().unwrap() + fields[13].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// Descriptors that it has open.
    pub(crate) fn descriptors(&self) -> u64 {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count() as u64
    }

    /// From now on it may have as many descriptors and no more.
    pub(crate) fn limit_descriptors(&self, most: u64) {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit).unwrap();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually(Duration::from_secs(20), || {
            let status = child.try_wait().unwrap();
            async move { status }
        })
        .await
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            #[allow(clippy::print_stderr, reason = "the test's own output is the place for it")]
            {
                let log = self.log();
                let lines: Vec<&str> = log.lines().collect();
                eprintln!(
                    "--- the edge wrote last:\n{}",
                    lines[lines.len().saturating_sub(30)..].join("\n")
                );
            }
        }
    }
}

/// An address that nobody listens on, and that nobody else gets for as long as this lasts.
pub(crate) struct Dead {
    pub(crate) address: SocketAddr,
    _bound: TcpSocket,
}

impl Dead {
    pub(crate) fn new() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            address: bound.local_addr().unwrap(),
            _bound: bound,
        }
    }
}

/// An address that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Sends bytes as they are and reads until the edge closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the edge closes")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
