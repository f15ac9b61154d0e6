//! `POST /api/media/upload/{image,video}`.

use crate::platform::{MP4, PNG, Platform};
use hyper::Method;
use shared_contracts::Code;
use shared_testkit::Multipart;

const IMAGE: &str = "/api/media/upload/image";
const VIDEO: &str = "/api/media/upload/video";

fn image(content: &[u8]) -> Multipart {
    Multipart::new().file("image", "photo.jpg", "image/jpeg", content)
}

#[tokio::test]
async fn an_image_is_stored_and_named() {
    let platform = Platform::new().await;
    // Neither the file's name nor the declared type decides: this "photo.jpg" is a PNG.
    let answer = platform.user.clone().header("x-forwarded-host", "example.test:8080");
    let answer = answer.post_multipart(IMAGE, image(PNG)).await.expect_status(200).json();
    let id = answer["public_id"].as_str().unwrap();
    assert_eq!(answer["success"], true);
    assert_eq!(answer["url"], format!("http://example.test:8080/media/{id}.png"));
    let file = platform
        .anonymous
        .get(&format!("/media/{id}.png"))
        .await
        .expect_status(200);
    assert_eq!((file.header("content-type"), &file.body[..]), (Some("image/png"), PNG));
}

#[tokio::test]
async fn a_video_is_stored() {
    let platform = Platform::new().await;
    let form = Multipart::new()
        .text("title", "ignored")
        .file("video", "v", "video/mp4", MP4);
    let answer = platform
        .user
        .post_multipart(VIDEO, form)
        .await
        .expect_status(200)
        .json();
    let id = answer["public_id"].as_str().unwrap();
    platform
        .anonymous
        .get(&format!("/media/{id}.mp4"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn refusals_are_typed_and_leave_nothing() {
    let platform = Platform::new().await;
    let cases = [
        (VIDEO, image(PNG), Code::ValidationFailed, Some("video")),
        (
            VIDEO,
            Multipart::new().file("video", "v.mp4", "video/mp4", PNG),
            Code::UnsupportedFile,
            Some("video"),
        ),
        (
            IMAGE,
            image(b"<svg onload=alert(1)>"),
            Code::UnsupportedFile,
            Some("image"),
        ),
        (IMAGE, image(b""), Code::ValidationFailed, Some("image")),
        (
            IMAGE,
            image(PNG).file("image", "b.png", "image/png", PNG),
            Code::ValidationFailed,
            Some("image"),
        ),
    ];
    for (path, form, code, field) in cases {
        let problem = platform.user.post_multipart(path, form).await.problem();
        assert_eq!((problem.code, problem.field.as_deref()), (code, field), "{path}");
    }
    let anonymous = platform.anonymous.post_multipart(IMAGE, image(PNG)).await.problem();
    assert_eq!(anonymous.code, Code::Unauthenticated);
    let json = platform
        .user
        .send(Method::POST, IMAGE, Some("application/json"), "{}".into())
        .await
        .problem();
    assert_eq!(json.code, Code::UnsupportedMediaType);
    assert_eq!(platform.files(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let platform = Platform::new().await;
    let form = image(PNG);
    let content_type = form.content_type();
    let whole = form.finish();
    for end in [whole.len() - 4, whole.len() / 2, 10] {
        let broken = platform
            .user
            .send(Method::POST, IMAGE, Some(&content_type), whole.slice(..end))
            .await;
        assert_eq!(broken.problem().code, Code::MalformedMultipart, "{end} bytes");
    }
    assert_eq!(platform.files(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn the_limit_is_exact_and_its_refusal_readable() {
    let platform = Platform::new().await;
    let mut content = vec![0; 5 << 20];
    content[..PNG.len()].copy_from_slice(PNG);
    platform
        .user
        .post_multipart(IMAGE, image(&content))
        .await
        .expect_status(200);
    content.push(0);
    let problem = platform.user.post_multipart(IMAGE, image(&content)).await.problem();
    assert_eq!((problem.code, problem.status), (Code::BodyTooLarge, 413));
    content.resize(30 << 20, 0);
    let problem = platform.user.post_multipart(IMAGE, image(&content)).await.problem();
    assert_eq!(
        (problem.code, problem.field.as_deref()),
        (Code::BodyTooLarge, Some("image"))
    );
    assert_eq!(platform.files().len(), 1);
}

#[tokio::test]
async fn without_the_database_nothing_is_kept() {
    use shared_testkit::{FaultProxy, TestDb};
    let db = TestDb::new(media::app::MIGRATIONS).await;
    let proxy = FaultProxy::new(db.url()).await;
    let pool = shared_postgres::connect(proxy.url(), 2).unwrap();
    let platform = Platform::with_pool(pool, db).await;
    proxy.cut();
    let answer = platform.user.post_multipart(IMAGE, image(PNG)).await;
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.problem().code, Code::ServiceUnavailable);
    assert_eq!(platform.files(), Vec::<std::path::PathBuf>::new());
    proxy.resume();
    let back = async || platform.user.post_multipart(IMAGE, image(PNG)).await.status == 200;
    shared_testkit::eventually(std::time::Duration::from_secs(10), back).await;
}
