//! The part of auth that other services ask, answering from a list.

use crate::{ServiceTokens, serve};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use shared_contracts::{
    header,
    user::{LOOKUP_PATH, LookupAnswer, PublicUser},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Answers [`LOOKUP_PATH`] to callers with a genuine service token. Knows `ann` (7) and `bob` (8) at first.
#[derive(Clone)]
pub struct AuthPeer {
    /// Where it is, for `AUTH_URL`.
    pub url: String,
    state: Arc<Mutex<Directory>>,
}

struct Directory {
    token: String,
    users: HashMap<String, PublicUser>,
    down: bool,
    asked: Vec<String>,
}

impl AuthPeer {
    /// Starts it; only `caller` may ask.
    pub async fn start(tokens: &ServiceTokens, caller: &str) -> Self {
        let token = tokens.token(caller).to_owned();
        let state = Arc::new(Mutex::new(Directory {
            token,
            users: HashMap::new(),
            down: false,
            asked: Vec::new(),
        }));
        let router = Router::new()
            .route(LOOKUP_PATH, get(lookup))
            .with_state(Arc::clone(&state));
        let peer = Self {
            url: format!("http://{}", serve(router).await),
            state,
        };
        peer.set(7, "ann", "Ann Example");
        peer.set(8, "bob", "Bob Example");
        peer
    }

    /// Makes or changes a user.
    pub fn set(&self, id: i64, username: &str, full_name: &str) {
        let avatar_url = Some(format!("https://example.org/{username}.png"));
        let (username, full_name) = (username.to_owned(), full_name.to_owned());
        let user = PublicUser {
            id: id.to_string(),
            username,
            full_name,
            avatar_url,
        };
        lock(&self.state).users.insert(id.to_string(), user);
    }

    /// Answers 503 from now on, or no more.
    pub fn set_down(&self, down: bool) {
        lock(&self.state).down = down;
    }

    /// What was asked for since the last look: the `ids` or `usernames` of each call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).asked)
    }
}

fn lock(state: &Mutex<Directory>) -> MutexGuard<'_, Directory> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn lookup(
    State(state): State<Arc<Mutex<Directory>>>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut state = lock(&state);
    let (ids, names) = (query.get("ids"), query.get("usernames"));
    state.asked.extend(ids.or(names).cloned());
    if headers
        .get(header::SERVICE_TOKEN)
        .is_none_or(|token| *token != *state.token)
    {
        return StatusCode::FORBIDDEN.into_response();
    }
    if state.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let wanted = |list: Option<&String>, text: &str| list.is_some_and(|list| list.split(',').any(|one| one == text));
    let found = state
        .users
        .values()
        .filter(|user| wanted(ids, &user.id) || wanted(names, &user.username));
    Json(LookupAnswer {
        users: found.cloned().collect(),
    })
    .into_response()
}
