//! `POST /api/auth/signup`.

use crate::running::{Running, account, problem, token};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn makes_an_account_and_signs_it_in() {
    let auth = Running::new().await;
    let client = auth.client();
    let answer = client
        .post_json("/api/auth/signup", &account("John"))
        .await
        .expect_status(201);
    let body = answer.json();
    assert_eq!(body["success"], json!(true));
    let user =
        json!({ "id": "1", "username": "John", "email": "john@test.com", "fullName": "John Doe", "avatarUrl": null });
    assert_eq!(body["user"], user);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("location"), Some("/api/users/1"));
    assert_eq!(body.get("refreshToken"), None);

    let claims = auth.verify(&token(&body)).await.unwrap();
    assert_eq!(
        (claims.sub.as_str(), claims.name.as_str(), claims.role.as_str()),
        ("1", "John", "user")
    );
    assert_eq!(claims.exp - claims.iat, 900);

    let access = answer.set_cookie("access_token").unwrap();
    assert_eq!(
        access,
        format!(
            "access_token={}; HttpOnly; SameSite=Lax; Path=/; Max-Age=900",
            token(&body)
        )
    );
    let refresh = answer.set_cookie("refresh_token").unwrap();
    assert!(
        refresh.ends_with("; HttpOnly; SameSite=Lax; Path=/api/auth; Max-Age=2592000"),
        "{refresh}"
    );
}

#[tokio::test]
async fn cookies_are_for_tls_where_the_client_speaks_it() {
    let auth = Running::new().await;
    let client = auth.client().header("x-forwarded-proto", "https");
    let answer = client
        .post_json("/api/auth/signup", &account("john"))
        .await
        .expect_status(201);
    for name in ["access_token", "refresh_token"] {
        assert!(answer.set_cookie(name).unwrap().contains("; Secure"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_taken_name_or_address_is_told() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    let client = auth.client();
    let cases = [
        (
            json!({ "username": "other", "email": "JOHN@Test.com" }),
            "EMAIL_TAKEN",
            "email",
        ),
        (
            json!({ "username": "JOHN", "email": "other@test.com" }),
            "USERNAME_TAKEN",
            "username",
        ),
        (
            json!({ "username": "john", "email": "john@test.com" }),
            "EMAIL_TAKEN",
            "email",
        ),
    ];
    for (changes, code, field) in cases {
        let mut body = account("x");
        body.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let answer = client.post_json("/api/auth/signup", &body).await;
        assert_eq!(problem(&answer), (409, code, Some(field.into())));
        assert!(answer.set_cookie("access_token").is_none());
    }
}

#[tokio::test]
async fn of_those_who_want_a_name_at_once_one_gets_it() {
    let auth = Running::new().await;
    let client = auth.client();
    let tries = (0..6).map(|number| {
        let client = client.fresh();
        let mut body = account("john");
        body["email"] = json!(format!("john{number}@test.com"));
        async move { client.post_json("/api/auth/signup", &body).await.status }
    });
    let tries: Vec<_> = tries.map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for attempt in tries {
        answers.push(attempt.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn every_field_is_checked_and_named() {
    let auth = Running::new().await;
    let client = auth.client();
    let cases = [
        ("username", json!("jo")),
        ("username", json!("john doe")),
        ("username", json!(7)),
        ("email", json!("john")),
        ("email", json!(null)),
        ("password", json!("12345")),
        ("password", json!("x".repeat(73))),
        ("fullName", json!(" ")),
        ("fullName", json!("x".repeat(101))),
    ];
    for (field, value) in cases {
        let mut body = account("john");
        body[field] = value.clone();
        let answer = client.post_json("/api/auth/signup", &body).await;
        assert_eq!(
            problem(&answer),
            (400, "VALIDATION_FAILED", Some(field.into())),
            "{field}: {value}"
        );
    }
    for field in ["username", "email", "password", "fullName"] {
        let mut body = account("john");
        body.as_object_mut().unwrap().remove(field);
        let answer = client.post_json("/api/auth/signup", &body).await;
        assert_eq!(
            problem(&answer),
            (400, "VALIDATION_FAILED", Some(field.into())),
            "without {field}"
        );
    }
    auth.sign_up("john").await;
}

#[tokio::test]
async fn what_is_no_such_body_is_refused() {
    let auth = Running::new().await;
    let client = auth.client();
    let mut unknown = account("john");
    unknown["role"] = json!("admin");
    let answer = client.post_json("/api/auth/signup", &unknown).await;
    assert_eq!(problem(&answer), (400, "UNKNOWN_FIELD", Some("role".into())));

    let large = format!("{{\"username\":\"{}\"}}", "x".repeat(20_000));
    let good = account("john").to_string();
    let cases = [
        (
            Some("application/json"),
            "{\"username\":",
            (400, "MALFORMED_JSON", None),
        ),
        (Some("application/json"), "", (400, "MALFORMED_JSON", None)),
        (Some("text/plain"), good.as_str(), (415, "UNSUPPORTED_MEDIA_TYPE", None)),
        (None, good.as_str(), (415, "UNSUPPORTED_MEDIA_TYPE", None)),
        (Some("application/json"), large.as_str(), (413, "BODY_TOO_LARGE", None)),
    ];
    for (kind, body, expected) in cases {
        let answer = client
            .send(Method::POST, "/api/auth/signup", kind, body.to_owned().into())
            .await;
        assert_eq!(problem(&answer), expected, "{kind:?}");
    }
    let answer = client.get("/api/auth/signup").await;
    assert_eq!(problem(&answer), (405, "METHOD_NOT_ALLOWED", None));
}
