//! Sessions for scenarios that want their users signed in beforehand.

use bench_load::protocol::{Body, Connection, Connector, Options, Target};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use shared_stack::{Error, Result};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);

/// The access token that auth gives this user. Each sign-in comes from an address of its own where it can, for what an address
/// may do without a token is little.
///
/// # Errors
/// The target cannot be reached, or does not know the user.
pub(crate) async fn token(target: &str, email: &str, password: &str) -> Result<String> {
    let failed = |why: String| Error::new(format!("cannot sign {email} in: {why}"));
    let target = Target::parse(target).map_err(|error| failed(error.to_string()))?;
    let connector = Connector::new(target, Options::default()).map_err(|error| failed(error.to_string()))?;
    let mut connection = Connection::open(&connector.of_client(rand::random()))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let body = json!({ "email": email, "password": password }).to_string();
    let request = Request::post("/api/auth/login")
        .header("content-type", "application/json")
        .header("host", connector.target().authority())
        .body(Body::from(body))
        .map_err(|error| failed(error.to_string()))?;
    let answer = connection
        .send(request, TIMEOUT)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (answer.status, body["token"].as_str()) {
        (StatusCode::OK, Some(token)) => Ok(token.to_owned()),
        (status, _) => Err(failed(format!(
            "{status} {}",
            body["detail"].as_str().unwrap_or_default()
        ))),
    }
}
