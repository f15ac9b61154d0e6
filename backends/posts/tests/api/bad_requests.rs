//! What is no GraphQL request is refused before any of it is done.

use crate::world::World;
use http::Method;
use shared_contracts::Code;

#[tokio::test]
async fn each_has_its_status_and_code() {
    let world = World::new().await;
    let json = Some("application/json");
    let large = format!("{{\"query\":\"{}\"}}", "x".repeat(3 << 20));
    let cases = [
        (json, "{", 400, Code::MalformedJson, None),
        (json, "{\"query\":1}", 400, Code::ValidationFailed, Some("query")),
        (
            Some("text/plain"),
            "{\"query\":\"{ __typename }\"}",
            415,
            Code::UnsupportedMediaType,
            None,
        ),
        (
            None,
            "{\"query\":\"{ __typename }\"}",
            415,
            Code::UnsupportedMediaType,
            None,
        ),
        (json, large.as_str(), 413, Code::BodyTooLarge, None),
    ];
    for (kind, body, status, code, field) in cases {
        let answer = world
            .ann()
            .send(Method::POST, "/graphql", kind, body.to_owned().into())
            .await;
        let problem = answer.expect_status(status).problem();
        assert_eq!((problem.code, problem.field.as_deref()), (code, field));
    }
    let wrong_method = world.ann().delete("/graphql").await.expect_status(405);
    assert_eq!(wrong_method.problem().code, Code::MethodNotAllowed);
    let nowhere = world.ann().get("/api/posts/nothing").await.expect_status(404);
    assert_eq!(nowhere.problem().code, Code::RouteNotFound);
}
