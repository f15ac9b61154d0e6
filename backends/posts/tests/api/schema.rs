//! What is written down and what the program does are the same.

use crate::world::{World, write};
use std::path::Path;

const DOWN: &str = include_str!("../../../../migrations/posts/2026-11-22-100000_create_posts/down.sql");
const UP: &str = include_str!("../../../../migrations/posts/2026-11-22-100000_create_posts/up.sql");

#[test]
fn the_committed_schema_is_the_programs_own() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conf/graphql/posts.graphql");
    let committed = std::fs::read_to_string(&path).unwrap();
    let cure = "run `cargo run -p posts --example posts-schema > conf/graphql/posts.graphql`";
    assert!(
        committed == posts::graphql::sdl(),
        "{} is out of date: {cure}",
        path.display()
    );
}

#[tokio::test]
async fn the_migration_can_be_taken_back_and_done_again() {
    let world = World::new().await;
    write(&world.ann(), "a").await;
    world.db.execute(DOWN).await;
    world.db.execute(UP).await;
    assert_eq!(write(&world.ann(), "a").await, "1");
}
