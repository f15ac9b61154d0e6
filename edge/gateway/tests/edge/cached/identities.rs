//! Nobody gets an answer that was made for somebody else.

use super::{ask, get, start, status};
use http::Method;

#[tokio::test(flavor = "multi_thread")]
async fn two_identities_never_see_each_other_s_answer() {
    let (setup, edge, source) = start().await;
    edge.knows_issuer().await;
    let [one, other] = [setup.tokens.token(1, "one"), setup.tokens.token(2, "other")];
    let [one, other] = [one, other].map(|token| format!("Bearer {token}"));
    let path = "/u/me?cache-control=public,max-age=60";
    for (token, body, told) in [
        (&one, "answer 1 ", "fwd=uri-miss; stored"),
        (&other, "answer 2 ", "fwd=uri-miss; stored"),
        (&one, "answer 1 ", "hit"),
        (&other, "answer 2 ", "hit"),
    ] {
        let answer = get(&edge, path, &[("authorization", token)]).await.expect_status(200);
        assert_eq!((answer.text().as_str(), status(&answer).as_str()), (body, told));
    }
    // A kept answer is no way around the gate.
    get(&edge, path, &[]).await.expect_status(401);
    get(&edge, path, &[("authorization", "Bearer forged")])
        .await
        .expect_status(401);
    // What does not say that it may be kept is not, although everybody would get his own.
    for number in 1..3 {
        get(&edge, "/u/own?cache-control=max-age=60", &[("authorization", &one)]).await;
        assert_eq!(source.count("/u/own"), number);
    }
    let told = get(&edge, "/u/own2?cache-control=max-age=60", &[("authorization", &one)]).await;
    assert_eq!(status(&told), "fwd=uri-miss; detail=personal");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_and_keys_of_one_s_own_are_identities_too() {
    let (_setup, edge, source) = start().await;
    let path = "/c/cookie?cache-control=max-age=60";
    let callers = [
        &[][..],
        &[("cookie", "session=1")],
        &[("cookie", "session=2")],
        &[("x-api-key", "1")],
        &[("x-api-key", "2")],
        &[("x-my-token", "1")],
    ];
    for round in 0..2 {
        for (index, fields) in callers.iter().enumerate() {
            let answer = get(&edge, path, fields).await;
            assert_eq!(answer.text(), format!("answer {} ", index + 1), "{round} {fields:?}");
        }
    }
    assert_eq!(source.count("/c/cookie"), callers.len());
    let authorized = [("authorization", "Basic YTpi")];
    get(&edge, path, &authorized).await;
    assert_eq!(
        status(&get(&edge, path, &authorized).await),
        "fwd=uri-miss; detail=personal",
        "RFC 9111, section 3.5"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_one_answer_for_all_the_service_sees_nobody() {
    let (setup, edge, source) = start().await;
    edge.knows_issuer().await;
    let token = format!("Bearer {}", setup.tokens.token(1, "one"));
    let path = "/s/all?cache-control=max-age=60";
    let first = get(
        &edge,
        path,
        &[("authorization", &token), ("cookie", "a=b"), ("x-api-key", "k")],
    )
    .await;
    assert_eq!(status(&first), "fwd=uri-miss; stored");
    assert_eq!(status(&get(&edge, path, &[("cookie", "a=c")]).await), "hit");
    let seen = &source.seen("/s/all")[0].headers;
    for name in ["authorization", "cookie", "x-api-key", "x-user-id"] {
        assert!(!seen.contains_key(name), "{name} in {seen:?}");
    }
    assert!(seen.contains_key("x-service-token"));
    // Whatever changes something comes as who it is.
    ask(&edge, Method::POST, "/s/post", &[("authorization", &token)])
        .await
        .expect_status(200);
    assert!(source.seen("/s/post")[0].headers.contains_key("authorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_come_before_the_cache() {
    let (_setup, edge, _source) = super::start_with(|setup| {
        setup
            .edit(
                "cache: { credentials: stripped }",
                "cache: { credentials: stripped }\n    csrf: { mode: enforce }",
            )
            .edit("rate: 100/15m", "rate: 3/15m")
            .edit(
                "match: { path_prefix: /c }\n    auth: public\n    rate_limits: []",
                "match: { path_prefix: /c }\n    auth: public",
            )
    })
    .await;
    let path = "/c/limited?cache-control=max-age=60";
    for left in ["2", "1", "0"] {
        let answer = get(&edge, path, &[]).await.expect_status(200);
        let told = answer
            .header("ratelimit")
            .or(answer.header("ratelimit-remaining"))
            .unwrap()
            .to_owned();
        assert!(told.contains(left), "{told}");
    }
    get(&edge, path, &[]).await.expect_status(429);
}
