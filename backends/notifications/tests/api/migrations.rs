//! The migrations can be undone.

use notifications::MIGRATIONS;
use shared_testkit::TestDb;

#[tokio::test]
async fn down_undoes_up() {
    let db = TestDb::new(MIGRATIONS).await;
    db.execute(include_str!(
        "../../../../migrations/notifications/2026-11-22-100000_create_notifications/down.sql"
    ))
    .await;
    db.execute(include_str!(
        "../../../../migrations/notifications/2026-11-22-100000_create_notifications/up.sql"
    ))
    .await;
}
