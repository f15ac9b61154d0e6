//! `GET /media/{file}`: whole, in ranges, conditionally.

use crate::platform::{PNG, Platform};
use hyper::Method;
use shared_contracts::Code;
use shared_testkit::Client;

#[tokio::test]
async fn whole_and_immutable() {
    let platform = Platform::new().await;
    let id = platform.image(PNG).await;
    let file = platform
        .anonymous
        .get(&format!("/media/{id}.png"))
        .await
        .expect_status(200);
    assert_eq!(
        file.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(file.header("content-length"), Some(PNG.len().to_string().as_str()));
    let etag = file.header("etag").unwrap().to_owned();
    let again = platform.anonymous.clone().header("if-none-match", &etag);
    let again = again.get(&format!("/media/{id}.png")).await.expect_status(304);
    assert!(again.body.is_empty());
}

#[tokio::test]
async fn a_head_says_what_a_get_would() {
    let platform = Platform::new().await;
    let path = format!("/media/{}.png", platform.image(PNG).await);
    let length = PNG.len().to_string();
    let head = async |client: &Client| client.send(Method::HEAD, &path, None, "".into()).await;
    let answer = head(&platform.anonymous).await.expect_status(200);
    assert_eq!(answer.header("content-length"), Some(length.as_str()));
    let unchanged = platform.anonymous.clone().header("if-none-match", "*");
    let answer = head(&unchanged).await.expect_status(304);
    assert!(answer.header("content-length").is_none_or(|told| told == length));
}

#[tokio::test]
async fn a_deleted_file_is_not_unchanged() {
    let platform = Platform::new().await;
    let id = platform.image(PNG).await;
    let client = platform.anonymous.clone().header("if-none-match", &format!("\"{id}\""));
    client.get(&format!("/media/{id}.png")).await.expect_status(304);
    platform
        .user
        .delete(&format!("/api/media/{id}"))
        .await
        .expect_status(200);
    client.get(&format!("/media/{id}.png")).await.expect_status(404);
}

#[tokio::test]
async fn ranges() {
    let platform = Platform::new().await;
    let id = platform.image(PNG).await;
    let size = PNG.len();
    let cases = [
        ("bytes=0-3", 206, &PNG[..4], format!("bytes 0-3/{size}")),
        ("bytes=4-", 206, &PNG[4..], format!("bytes 4-{}/{size}", size - 1)),
        (
            "bytes=-5",
            206,
            &PNG[size - 5..],
            format!("bytes {}-{}/{size}", size - 5, size - 1),
        ),
        ("bytes=0-99999", 206, PNG, format!("bytes 0-{}/{size}", size - 1)),
        ("bytes=0-0,2-2", 200, PNG, String::new()),
        ("items=0-1", 200, PNG, String::new()),
    ];
    for (range, status, body, content_range) in cases {
        let client = platform.anonymous.clone().header("range", range);
        let answer = client.get(&format!("/media/{id}.png")).await.expect_status(status);
        assert_eq!(&answer.body[..], body, "{range}");
        assert_eq!(
            answer.header("content-range").unwrap_or_default(),
            content_range,
            "{range}"
        );
    }
    let client = platform.anonymous.clone().header("range", "bytes=1000-");
    let answer = client.get(&format!("/media/{id}.png")).await;
    assert_eq!(answer.header("content-range"), Some(format!("bytes */{size}").as_str()));
    assert_eq!(answer.problem().code, Code::RangeNotSatisfiable);
    let weak = format!("W/\"{id}\"");
    for (tag, status) in [
        (format!("\"{id}\""), 206),
        ("\"other\"".into(), 200),
        (weak, 200),
        ("*".into(), 200),
    ] {
        let client = platform.anonymous.clone().header("range", "bytes=0-3");
        let client = client.header("if-range", &tag);
        client.get(&format!("/media/{id}.png")).await.expect_status(status);
    }
}

#[tokio::test]
async fn what_is_not_ours_is_not_found() {
    let platform = Platform::new().await;
    let id = platform.image(PNG).await;
    for path in [
        "/media/..%2f..%2fetc%2fpasswd",
        "/media/x",
        &format!("/media/{id}"),
        &format!("/media/{id}.gif"),
    ] {
        assert_eq!(
            platform.anonymous.get(path).await.problem().code,
            Code::NotFound,
            "{path}"
        );
    }
}
