//! `GET /internal/users`, `GET /internal/revocations`.

use crate::running::{Running, database_behind, problem, token};
use shared_contracts::{
    revocation::{REVOCATIONS_PATH, Revocation, RevocationsAnswer},
    user::{LookupAnswer, PublicUser},
};
use shared_testkit::{Answer, Client, FaultProxy};

fn ids(answer: &Answer) -> Vec<String> {
    let mut ids: Vec<_> = answer
        .parse::<LookupAnswer>()
        .users
        .into_iter()
        .map(|user| user.id)
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn finds_users_by_ids_and_by_names() {
    let auth = Running::new().await;
    for name in ["john", "Ann", "bob"] {
        auth.sign_up(name).await;
    }
    let posts = Client::peer(auth.address, &auth.tokens, "posts");
    let cases = [
        ("ids=1,3,77", vec!["1", "3"]),
        ("ids=1,2,3", vec!["1", "2", "3"]),
        ("ids=2,2", vec!["2"]),
        ("ids=77", vec![]),
        ("usernames=JOHN,ann,nobody,%21", vec!["1", "2"]),
    ];
    for (query, expected) in cases {
        let answer = posts.get(&format!("/internal/users?{query}")).await.expect_status(200);
        assert_eq!(ids(&answer), expected, "{query}");
    }
    let answer = posts.get("/internal/users?ids=2").await.parse::<LookupAnswer>();
    let ann = PublicUser {
        id: "2".into(),
        username: "Ann".into(),
        full_name: "John Doe".into(),
        avatar_url: None,
    };
    assert_eq!(answer.users, std::slice::from_ref(&ann));
    assert_eq!(
        auth.redis.redis(3).get_json::<PublicUser>("auth:user:2").await.unwrap(),
        Some(ann)
    );
}

#[tokio::test]
async fn what_was_looked_up_is_kept_while_the_database_is_away() {
    let proxy = FaultProxy::new(&std::env::var("TEST_DATABASE_URL").unwrap()).await;
    let auth = Running::with(|db| database_behind(&proxy, db)).await;
    auth.sign_up("john").await;
    let posts = Client::peer(auth.address, &auth.tokens, "posts");
    posts.get("/internal/users?ids=1").await.expect_status(200);
    proxy.cut();
    assert_eq!(ids(&posts.get("/internal/users?ids=1").await), ["1"]);
    assert_eq!(
        problem(&posts.get("/internal/users?ids=1,2").await),
        (503, "SERVICE_UNAVAILABLE", None)
    );
}

#[tokio::test]
async fn the_database_answers_while_redis_is_away() {
    let auth = Running::with(|_| "--redis-url=redis://127.0.0.1:1".into()).await;
    auth.sign_up("john").await;
    let posts = Client::peer(auth.address, &auth.tokens, "posts");
    for _ in 0..2 {
        assert_eq!(ids(&posts.get("/internal/users?ids=1").await), ["1"]);
    }
}

#[tokio::test]
async fn ended_sessions_are_listed_while_redis_is_away() {
    let auth = Running::with(|_| "--redis-url=redis://127.0.0.1:1".into()).await;
    let (client, answer) = auth.sign_up("john").await;
    auth.sign_in("john").await;
    let edge = Client::peer(auth.address, &auth.tokens, "edge");
    let listed = async || {
        let answer = edge.get(REVOCATIONS_PATH).await.expect_status(200);
        answer.parse::<RevocationsAnswer>().revocations
    };
    assert_eq!(listed().await, []);
    let claims = auth.verify(&token(&answer)).await.unwrap();
    client.post("/api/auth/logout").await.expect_status(200);
    let ended = listed().await;
    assert_eq!(ended.len(), 1, "the other session goes on");
    assert_eq!(ended[0], Revocation::session(&claims.sid, ended[0].until));
    assert!(ended[0].until > claims.exp);

    let mut conn = auth.db.pool().get().await.unwrap();
    shared_postgres::RunQueryDsl::execute(
        diesel::sql_query("UPDATE revocations SET until = now() - interval '1 second'"),
        &mut conn,
    )
    .await
    .unwrap();
    assert_eq!(listed().await, [], "no token can name it any more");
}

#[tokio::test]
async fn only_services_may_ask() {
    let auth = Running::new().await;
    let guess = Client::new(auth.address).header("x-service-token", "posts.guess");
    for client in [Client::new(auth.address), guess] {
        for path in ["/internal/users?ids=1", REVOCATIONS_PATH] {
            assert_eq!(problem(&client.get(path).await), (403, "FORBIDDEN", None), "{path}");
        }
    }
}

#[tokio::test]
async fn a_wrong_question_is_named() {
    let auth = Running::new().await;
    let posts = Client::peer(auth.address, &auth.tokens, "posts");
    let many = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    posts
        .get(&format!("/internal/users?ids={}", many(200)))
        .await
        .expect_status(200);
    let cases = [
        (String::new(), "ids"),
        ("ids=1&usernames=john".into(), "ids"),
        ("ids=x".into(), "ids"),
        ("ids=".into(), "ids"),
        (format!("ids={}", many(201)), "ids"),
        (format!("usernames={}", many(201)), "usernames"),
    ];
    for (query, field) in cases {
        let answer = posts.get(&format!("/internal/users?{query}")).await;
        assert_eq!(
            problem(&answer),
            (400, "VALIDATION_FAILED", Some(field.into())),
            "{query}"
        );
    }
}
