//! The bus's own tables.

use crate::support::{Recorder, SOON, World};
use shared_testkit::{TestDb, eventually};

const UP: &str =
    include_str!("../../../../migrations/event_bus/2026-11-22-000000_create_outbox_and_processed_events/up.sql");
const DOWN: &str =
    include_str!("../../../../migrations/event_bus/2026-11-22-000000_create_outbox_and_processed_events/down.sql");

#[tokio::test]
async fn the_migration_can_be_undone_and_done_again() {
    let world = World::new().await;
    TestDb::execute(&world.db, DOWN).await;
    TestDb::execute(&world.db, UP).await;
    world.say("a").await;
    assert_eq!(world.backlog().await, 1);
}

#[tokio::test]
async fn old_notes_are_pruned() {
    let world = World::new().await;
    let sql = "INSERT INTO processed_events (consumer, event_id, processed_at) VALUES
               ('things', gen_random_uuid(), now() - interval '8 days'),
               ('things', gen_random_uuid(), now() - interval '6 days'),
               ('others', gen_random_uuid(), now() - interval '8 days')";
    TestDb::execute(&world.db, sql).await;
    assert_eq!(world.processed().await, 3);
    let _consumer = world.consumer(Recorder::default()).await;
    eventually(SOON, || async { world.processed().await == 2 }).await;
}
