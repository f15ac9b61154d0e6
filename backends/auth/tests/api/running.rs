//! A service of a test's own.

use auth::{App, Config};
use clap::Parser;
use serde_json::{Value, json};
use shared_contracts::{
    claims::{Claims, JWKS_PATH},
    revocation::REVOKED_KEY_PREFIX,
};
use shared_identity::{TokenError, Verifier, VerifierSettings};
use shared_service::Shutdown;
use shared_testkit::{Answer, Client, FaultProxy, ServiceTokens, TestDb, TestRedis, serve};
use std::net::SocketAddr;

/// Long enough for anything that does not wait for a timer of minutes.
pub(crate) const SOON: std::time::Duration = std::time::Duration::from_secs(10);

/// A running service with its stores.
pub(crate) struct Running {
    pub(crate) app: App,
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) tokens: ServiceTokens,
    pub(crate) db: TestDb,
    pub(crate) redis: TestRedis,
    shutdown: Shutdown,
}

impl Running {
    /// A service on fresh stores.
    pub(crate) async fn new() -> Self {
        Self::start(None::<fn(&TestDb) -> String>).await
    }

    /// As [`Running::new`], with another value for one flag: `--name=value`.
    pub(crate) async fn with(flag: impl FnOnce(&TestDb) -> String) -> Self {
        Self::start(Some(flag)).await
    }

    async fn start(flag: Option<impl FnOnce(&TestDb) -> String>) -> Self {
        let (db, redis, tokens) = (TestDb::new(&[]).await, TestRedis::new(), ServiceTokens::new());
        let mut flags = config(&db, &redis, &tokens, &"5a".repeat(32));
        if let Some(flag) = flag.map(|flag| flag(&db)) {
            let name = flag.split('=').next().unwrap();
            flags.retain(|other| other.split('=').next() != Some(name));
            flags.push(flag);
        }
        let config = Config::parse_from(flags);
        let shutdown = Shutdown::new();
        let app = App::start(&config, &shutdown).await.unwrap();
        let address = serve(app.router()).await;
        Self {
            app,
            config,
            address,
            tokens,
            db,
            redis,
            shutdown,
        }
    }

    /// A client through the edge, without cookies.
    pub(crate) fn client(&self) -> Client {
        Client::edge(self.address, &self.tokens)
    }

    /// Signs a user up; the client holds its cookies.
    pub(crate) async fn sign_up(&self, name: &str) -> (Client, Value) {
        let client = self.client();
        let answer = client
            .post_json("/api/auth/signup", &account(name))
            .await
            .expect_status(201);
        (client, answer.json())
    }

    /// Signs a user in once more, in a session of its own.
    pub(crate) async fn sign_in(&self, name: &str) -> (Client, Value) {
        let client = self.client();
        let answer = log_in(&client, &format!("{name}@test.com"), "Test123")
            .await
            .expect_status(200);
        (client, answer.json())
    }

    /// Judges a token as the edge does, with the keys that are published now.
    pub(crate) async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let verifier = Verifier::new(VerifierSettings::default());
        verifier.set_keys(&self.client().get(JWKS_PATH).await.body).unwrap();
        verifier.read(token)
    }

    /// Whether verifiers that start now would learn that the token's session has ended.
    pub(crate) async fn is_revoked(&self, token: &str) -> bool {
        let sid = self.verify(token).await.unwrap().sid.clone();
        self.is_ended(&sid).await
    }

    /// Whether verifiers that start now would learn that a session has ended.
    pub(crate) async fn is_ended(&self, sid: &str) -> bool {
        self.redis
            .redis(0)
            .get_text(&format!("{REVOKED_KEY_PREFIX}{sid}"))
            .await
            .unwrap()
            .is_some()
    }
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

impl Running {
    /// The answer of a `SELECT count(*)`.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        use shared_postgres::RunQueryDsl;
        let mut conn = self.db.pool().get().await.unwrap();
        diesel::sql_query(sql)
            .get_result::<Count>(&mut conn)
            .await
            .unwrap()
            .count
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The flags of a service on these stores.
pub(crate) fn config(db: &TestDb, redis: &TestRedis, tokens: &ServiceTokens, secret: &str) -> Vec<String> {
    vec![
        "auth".into(),
        format!("--database-url={}", db.url()),
        format!("--redis-url={}", redis.url()),
        format!("--redis-prefix={}", redis.prefix()),
        format!("--service-token-digests={}", tokens.digests()),
        format!("--auth-key-secret={secret}"),
        "--bcrypt-cost=4".into(),
    ]
}

/// Where the proxy passes on to this database.
pub(crate) fn database_behind(proxy: &FaultProxy, db: &TestDb) -> String {
    let (_, name) = db.url().rsplit_once('/').unwrap();
    let (server, _) = proxy.url().rsplit_once('/').unwrap();
    format!("--database-url={server}/{name}")
}

/// A valid body for signing up.
pub(crate) fn account(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@test.com"), "password": "Test123", "fullName": "John Doe" })
}

/// Posts credentials.
pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    client
        .post_json("/api/auth/login", &json!({ "email": email, "password": password }))
        .await
}

/// The `token` of an answer.
pub(crate) fn token(answer: &Value) -> String {
    answer["token"].as_str().unwrap().to_owned()
}

/// The code and the field of a problem.
pub(crate) fn problem(answer: &Answer) -> (u16, &'static str, Option<String>) {
    let problem = answer.problem();
    (answer.status, problem.code.as_str(), problem.field)
}
