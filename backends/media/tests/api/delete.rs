//! `DELETE /api/media/{public_id}`.

use crate::platform::{PNG, Platform};
use shared_contracts::{Code, event::key};

#[tokio::test]
async fn the_owner_alone_deletes() {
    let platform = Platform::new().await;
    let id = platform.image(PNG).await;
    let path = format!("/api/media/{id}");
    assert_eq!(
        platform.anonymous.delete(&path).await.problem().code,
        Code::Unauthenticated
    );
    assert_eq!(platform.other.delete(&path).await.problem().code, Code::Forbidden);
    platform
        .anonymous
        .get(&format!("/media/{id}.png"))
        .await
        .expect_status(200);
    platform.user.delete(&path).await.expect_status(200);
    platform
        .anonymous
        .get(&format!("/media/{id}.png"))
        .await
        .expect_status(404);
    assert_eq!(platform.user.delete(&path).await.problem().code, Code::NotFound);
    assert!(platform.files().is_empty());

    let mut conn = shared_postgres::conn(&platform.db.pool()).await.unwrap();
    let events = shared_event_bus::outbox::pending(&mut conn, media::app::NAME, 10)
        .await
        .unwrap();
    let [event] = events.as_slice() else {
        panic!("one event expected, got {events:?}")
    };
    assert_eq!(
        (event.kind.as_str(), event.data["publicId"].as_str()),
        (key::MEDIA_DELETED, Some(id.as_str()))
    );
}
