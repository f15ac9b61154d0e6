//! What clients send, keep and do in what order.

use crate::support::{journeys, scenario, serve, serve_with, try_out, try_out_with};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, Multipart, Path, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{AppendHeaders, IntoResponse},
    routing::{any, get, post},
};
use bench_load::{
    journey::{Data, Table},
    run::{Plan, run},
    scenario::Overrides,
};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Answers with what it was asked.
async fn mirror(uri: Uri, headers: HeaderMap, body: Bytes) -> Json<Value> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    Json(json!({
        "path": uri.to_string(),
        "type": header("content-type"),
        "auth": header("authorization"),
        "cookie": header("cookie"),
        "ip": header("x-forwarded-for"),
        "body": String::from_utf8_lossy(&body),
    }))
}

fn mirrored() -> SocketAddr {
    serve(Router::new().fallback(any(mirror)))
}

#[test]
fn requests_are_what_the_scenario_says() {
    let mut users = Table::new(["email"]);
    for id in 0..4 {
        users.push([format!("u{id}@test.com")]);
    }
    let mut data = Data::default();
    data.insert("users", users);
    let run = try_out_with(
        mirrored(),
        r#"
client:
  variables: { first: "x y", count: 3 }
journeys:
  all:
    steps:
      - { name: get, get: "/a/{{first}}?n={{client}}", headers: { authorization: "Bearer {{first}}", x-forwarded-for: "{{ip}}" },
          expect: { json: { /path: "/a/x%20y?n={{client}}", /auth: "Bearer x y", /type: null }, types: { /ip: string } } }
      - { name: json, post: /j, json: { n: "{{count}}", s: "{{row users.email}}", unset: "{{late}}", deep: [true, { a: "<{{first}}>" }] },
          expect: { json: { /type: application/json, /body: '{"n":3,"s":"u{{client}}@test.com","unset":null,"deep":[true,{"a":"<x y>"}]}' } } }
      - { name: form, put: /f, form: { a: 1, b: "{{first}}" }, expect: { json: { /type: application/x-www-form-urlencoded, /body: "a=1&b=x%20y" } } }
      - { name: text, patch: /t, body: "{{first}}!", headers: { content-type: text/plain }, expect: { json: { /type: text/plain, /body: "x y!" } } }
      - { name: delete, delete: /d, expect: { json: { /body: "" }, contains: [path, "/d"] } }
      - set: { fresh: "{{nonce}}", four: 4 }
      - { name: again, get: "/{{fresh}}/{{four}}", expect: { nonce: /path, json: { /path: "/{{nonce}}/4" } }, capture: { late: header x-none, first: /path } }
"#,
        &data,
    );
    // All but the last step are right; that one captures a header that is not there.
    assert!(run.worst().starts_with("header: there is no x-none"), "{}", run.worst());
    assert_eq!(run.measured.errors.len(), 1, "{:?}", run.measured.errors);
    let names: Vec<_> = run.measured.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["all.get", "all.json", "all.form", "all.text", "all.delete", "all.again"]
    );
}

#[test]
fn variables_live_on_and_addresses_of_answers_are_followed() {
    let address = serve(
        Router::new()
            .route(
                "/page/{n}",
                get(async |Path(n): Path<u32>| {
                    Json(json!({ "next": format!("http://elsewhere/page/{}", (n + 1) % 3), "n": n }))
                }),
            )
            .route("/first", get(async || Json(json!({ "next": "/page/1" })))),
    );
    let run = try_out(
        address,
        "client: { steps: [{ get: /first, capture: { next: /next } }] }\n\
         journeys: { walk: { steps: [{ get: '{{next}}', capture: { next: /next } }] } }",
    );
    assert!(run.passed(), "{}", run.worst());
}

#[test]
fn cookies_are_kept_and_sent() {
    let issue = async || {
        (
            AppendHeaders([("set-cookie", "sid=abc; Path=/"), ("set-cookie", "b=1")]),
            "{}",
        )
    };
    let address = serve(Router::new().route("/login", post(issue)).fallback(any(mirror)));
    let journey = "journeys: { see: { steps: [{ get: /, expect: { json: { /cookie: 'sid=abc; b=1' } } }] } }";
    let client = |cookies| {
        format!(
            "client: {{ cookies: {cookies}, steps: [{{ post: /login, capture: {{ sid: cookie sid }} }}] }}\n{journey}"
        )
    };
    let run = try_out(address, &client(true));
    assert!(run.passed(), "{}", run.worst());
    let without = try_out(address, &client(false));
    assert!(without.worst().contains("/cookie is null"), "{}", without.worst());
}

#[test]
fn uploads_are_files_that_no_one_has_seen() {
    type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;
    async fn upload(State(seen): State<Seen>, mut form: Multipart) -> StatusCode {
        while let Some(field) = form.next_field().await.unwrap() {
            let head = format!("{:?} {:?} {:?}", field.name(), field.file_name(), field.content_type());
            let content = field.bytes().await.unwrap().to_vec();
            seen.lock().unwrap().push((head, content));
        }
        StatusCode::OK
    }
    let seen = Seen::default();
    let address = serve(
        Router::new()
            .route("/upload", post(upload))
            .with_state(Arc::clone(&seen)),
    );
    let run = try_out(
        address,
        "journeys: { upload: { steps: [{ post: /upload, multipart: { title: 'n {{iteration}}', image: { file: png, size: 2KiB..4KiB, name: a.png } } }] } }",
    );
    assert!(run.passed(), "{}", run.worst());
    let seen = seen.lock().unwrap();
    let files: Vec<_> = seen
        .iter()
        .filter(|(head, _)| head == r#"Some("image") Some("a.png") Some("image/png")"#)
        .collect();
    assert_eq!(files.len(), 100);
    assert!(
        files
            .iter()
            .all(|(_, file)| (2048..=4096).contains(&file.len()) && file.starts_with(b"\x89PNG"))
    );
    assert_eq!(files.iter().map(|(_, file)| file).collect::<HashSet<_>>().len(), 100);
    assert!(
        seen.iter()
            .any(|(head, text)| head.starts_with(r#"Some("title") None"#) && text.starts_with(b"n "))
    );
}

/// Keeps what it is given, and changes a byte of each tenth file where it shall.
fn shelf(spoils: bool) -> SocketAddr {
    type Files = Arc<Mutex<Vec<Bytes>>>;
    async fn upload(State(files): State<Files>, mut form: Multipart) -> Json<Value> {
        let field = form.next_field().await.unwrap().unwrap();
        let content = field.bytes().await.unwrap();
        let mut files = files.lock().unwrap();
        files.push(content);
        Json(json!({ "url": format!("http://elsewhere/files/{}", files.len() - 1) }))
    }
    let read = async move |State(files): State<Files>, Path(number): Path<usize>| {
        let mut file = files.lock().unwrap()[number].to_vec();
        if spoils && number % 10 == 3 {
            *file.last_mut().unwrap() ^= 1;
        }
        file
    };
    let routes = Router::new()
        .route("/upload", post(upload))
        .route("/files/{number}", get(read));
    serve(routes.with_state(Files::default()))
}

#[test]
fn what_was_uploaded_is_known_again_by_its_hash() {
    let journeys = "journeys:\n  keep:\n    steps:\n      - { name: upload, post: /upload, multipart: { image: { file: png, size: 2KiB..4KiB, sha256: sent } }, capture: { url: /url } }\n      \
                    - { name: read, get: '{{url}}', expect: { sha256: '{{sent}}' } }";
    let run = try_out(shelf(false), journeys);
    assert!(run.passed(), "{}", run.worst());
    let spoilt = try_out(shelf(true), journeys);
    assert!(!spoilt.passed());
    assert!(spoilt.worst().starts_with("body: SHA-256 "), "{}", spoilt.worst());
    let steps = &spoilt.measured.steps;
    assert_eq!((steps[0].failed, steps[1].failed), (0, 10));
}

#[test]
fn journeys_are_chosen_by_weight_and_thinking_is_no_answers_time() {
    let counts: Arc<[AtomicU32; 2]> = Arc::default();
    let counted = Arc::clone(&counts);
    let count = async move |Path(n): Path<usize>| {
        counted[n].fetch_add(1, Ordering::Relaxed);
        "{}"
    };
    let address = serve(Router::new().route("/{n}", get(count)));
    let run = try_out(
        address,
        "journeys:\n  often: { weight: 9, steps: [{ get: /0 }] }\n  \
         seldom: { weight: 1, steps: [{ name: a, get: /1 }, { think: 60ms..80ms }, { name: b, get: /1 }] }",
    );
    assert!(run.passed(), "{}", run.worst());
    let [often, twice_seldom] = [0, 1].map(|n| counts[n].load(Ordering::Relaxed));
    assert_eq!(often + twice_seldom / 2, 100);
    // 90 of 100 in the mean, with a deviation of 3.
    assert!((70..=99).contains(&often), "{often}");
    let second = &run.measured.steps[2];
    assert_eq!(second.name, "seldom.b");
    assert!(
        second.corrected.min_us < 60_000.0,
        "thinking is not counted: {:?}",
        second.corrected
    );
}

#[test]
fn what_is_done_beforehand_is_done_again() {
    let logins = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&logins);
    let login = async move || {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        Json(json!({ "token": format!("t{number}") }))
    };
    let me = async |headers: HeaderMap| {
        headers
            .get("authorization")
            .map_or(StatusCode::UNAUTHORIZED, |_| StatusCode::OK)
            .into_response()
    };
    let address = serve(Router::new().route("/login", post(login)).route("/me", get(me)));
    let text = "version: 1\ndescription: t\nsystem: external\nload: { rate: 50/s, duration: 1s, clients: 2 }\n\
                client: { renew: 300ms, steps: [{ post: /login, capture: { token: /token } }] }\n\
                journeys: { me: { steps: [{ get: /me, headers: { authorization: '{{token}}' } }] } }";
    let run = try_out(address, text);
    assert!(run.passed(), "{}", run.worst());
    assert!(logins.load(Ordering::Relaxed) >= 4, "{logins:?}");
}

#[test]
fn a_client_that_cannot_be_made_ready_stops_the_run_before_it_begins() {
    let address = serve(Router::new().fallback(any(async || StatusCode::FORBIDDEN)));
    let text = format!(
        "{}client: {{ steps: [{{ post: /login }}] }}\njourneys: {{ a: {{ steps: [{{ get: / }}] }} }}",
        crate::support::LOAD
    );
    let scenario = scenario(&text);
    let journeys = journeys(&scenario, address, &Data::default());
    let error = run(&journeys, scenario.plan(&Overrides::default()), &mut ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("client.steps: 403, not 2xx"), "{error}");
}

#[test]
fn a_closed_loop_runs_the_same_scenario() {
    let address = mirrored();
    let scenario = scenario(&format!(
        "{}journeys: {{ a: {{ steps: [{{ get: / }}] }} }}",
        crate::support::LOAD
    ));
    let journeys = journeys(&scenario, address, &Data::default());
    let rate = Some("max".parse().unwrap());
    let plan: Plan = scenario.plan(&Overrides {
        rate,
        duration: Some(Duration::from_millis(300)),
        ..Overrides::default()
    });
    let measured = run(&journeys, plan, &mut ()).unwrap();
    assert!(
        measured.totals.completed > 4 && measured.totals.failed == 0,
        "{:?}",
        measured.totals
    );
}

#[test]
fn clients_come_from_addresses_of_their_own() {
    type Seen = Arc<Mutex<HashSet<SocketAddr>>>;
    let seen = Seen::default();
    let note = async |State(seen): State<Seen>, ConnectInfo(peer): ConnectInfo<SocketAddr>| {
        seen.lock().unwrap().insert(peer);
        Json(json!({ "peer": peer.ip() }))
    };
    let routes = Router::new().route("/", get(note)).with_state(Arc::clone(&seen));
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let address = serve_with(async move |listener| axum::serve(listener, service).await.unwrap());
    // 127.128.0.1 and up: a client's is the same for the whole run.
    let run = try_out(
        address,
        "journeys: { a: { steps: [{ get: /, expect: { contains: '127.128.0.' } }] } }",
    );
    assert!(run.passed(), "{}", run.worst());
    let peers: HashSet<_> = seen.lock().unwrap().iter().map(SocketAddr::ip).collect();
    assert_eq!((peers.len(), seen.lock().unwrap().len()), (4, 4), "{seen:?}");
}
