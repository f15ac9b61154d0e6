//! A stand-in for the auth service: keys, ended sessions, and users by name. It can be away.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use shared_contracts::{
    claims::Claims,
    revocation::{REVOCATIONS_PATH, Revocation, RevocationsAnswer},
    user::{LookupAnswer, PublicUser},
};
use shared_testkit::TestTokens;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

const USERS: [(i64, &str); 3] = [(super::ANN, "ann"), (super::BOB, "bob"), (super::CARL, "carl")];

type Ended = Arc<Mutex<Vec<Revocation>>>;

#[derive(Clone)]
pub(crate) struct Auth {
    address: SocketAddr,
    away: Arc<AtomicBool>,
    ended: Ended,
    pub(crate) tokens: TestTokens,
}

impl Auth {
    pub(crate) async fn start() -> Self {
        let (tokens, away) = (TestTokens::new(), Arc::new(AtomicBool::new(false)));
        let ended = Ended::default();
        let jwks = tokens.jwks();
        let router = Router::new()
            .route(
                "/.well-known/jwks.json",
                get(|| async move { ([("content-type", "application/json")], jwks) }),
            )
            .route("/internal/users", get(lookup))
            .route(REVOCATIONS_PATH, get(revocations))
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(&away),
                answer_unless_away,
            ))
            .with_state(Arc::clone(&ended));
        let address = shared_testkit::serve(router).await;
        Self {
            address,
            away,
            ended,
            tokens,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it tells those who ask that this session has ended.
    pub(crate) fn end_session(&self, claims: &Claims) {
        let revocation = Revocation::session(&claims.sid, claims.exp);
        self.ended.lock().unwrap().push(revocation);
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

async fn answer_unless_away(
    State(away): State<Arc<AtomicBool>>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    if away.load(Ordering::SeqCst) {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        next.run(request).await
    }
}

async fn revocations(State(ended): State<Ended>) -> Json<RevocationsAnswer> {
    let revocations = ended.lock().unwrap().clone();
    Json(RevocationsAnswer {
        revocations,
        ..RevocationsAnswer::default()
    })
}

async fn lookup(Query(query): Query<HashMap<String, String>>) -> Json<LookupAnswer> {
    let wanted: Vec<&str> = query["usernames"].split(',').collect();
    let users = USERS
        .iter()
        .filter(|(_, name)| wanted.contains(name))
        .map(|(id, name)| PublicUser {
            id: id.to_string(),
            username: (*name).into(),
            full_name: (*name).to_uppercase(),
            avatar_url: None,
        });
    Json(LookupAnswer { users: users.collect() })
}
