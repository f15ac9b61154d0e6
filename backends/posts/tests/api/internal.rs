//! `GET /internal/posts/{id}`.

use crate::world::{World, write};
use serde_json::json;
use shared_contracts::Code;
use shared_testkit::Client;

#[tokio::test]
async fn services_learn_whose_post_it_is() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    let comments = Client::peer(world.address, &world.tokens, "comments");
    let answer = comments.get(&format!("/internal/posts/{id}")).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "postId": "1", "authorId": "7" }));
    for unknown in ["99", "abc"] {
        let answer = comments
            .get(&format!("/internal/posts/{unknown}"))
            .await
            .expect_status(404);
        assert_eq!(answer.problem().code, Code::NotFound);
    }
}

#[tokio::test]
async fn nobody_else_does() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    let forged = Client::new(world.address).header("x-service-token", "comments.guess");
    for client in [Client::new(world.address), forged] {
        let answer = client.get(&format!("/internal/posts/{id}")).await.expect_status(403);
        assert_eq!(answer.problem().code, Code::Forbidden);
    }
}
