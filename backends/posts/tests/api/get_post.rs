//! `getPost`.

use crate::world::{World, read, write};
use serde_json::json;
use shared_testkit::assert_refused;

fn query(id: &str) -> String {
    format!("{{ getPost(id: {id}) {{ success message code field post {{ id }} }} }}")
}

#[tokio::test]
async fn an_id_is_a_number_or_a_string() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    for written in [id.clone(), format!("\"{id}\"")] {
        let payload = world.anyone.ask(&query(&written)).await;
        assert_eq!(
            payload,
            json!({ "success": true, "message": null, "code": null, "field": null, "post": { "id": id } })
        );
    }
}

#[tokio::test]
async fn unknown_and_impossible_ids() {
    let world = World::new().await;
    assert_refused(&world.anyone.ask(&query("12")).await, "NOT_FOUND", None);
    for wrong in ["0", "-1", "\"abc\"", "\"\"", "\"1.5\"", "\"99999999999999999999\""] {
        assert_refused(&world.anyone.ask(&query(wrong)).await, "VALIDATION_FAILED", Some("id"));
    }
}

#[tokio::test]
async fn without_auth_the_author_is_shown_by_name() {
    let world = World::new().await;
    world.auth.set_down(true);
    let id = write(&world.ann(), "a").await;
    let by_name = json!({ "id": "7", "username": "ann", "fullName": "ann", "avatarUrl": null });
    assert_eq!(read(&world.anyone, &id).await["author"], by_name);
    world.auth.set_down(false);
    assert_eq!(read(&world.anyone, &id).await["author"]["fullName"], "Ann Example");
    world.auth.set_down(true);
    assert_eq!(
        read(&world.anyone, &id).await["author"]["fullName"],
        "Ann Example",
        "what is known still serves"
    );
}
