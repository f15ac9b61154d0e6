//! Statements whose caller leaves, against a real database.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use diesel::sql_types::BigInt;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use shared_postgres::{AsyncConnection, DbError, Pool, RunQueryDsl, Settings, conn, connect_with, ping};
use shared_testkit::{TestDb, eventually};
use std::future::Future;
use std::time::{Duration, Instant};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");
const PATIENCE: Duration = Duration::from_secs(10);
/// After this nothing of the work may be left; a machine that is busy with other things is given three turns.
const SOON: Duration = Duration::from_millis(100);

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A pool of one connection, whose statements may take long.
fn one(db: &TestDb) -> Pool {
    let settings = Settings {
        statement_timeout: Duration::from_secs(60),
        ..Settings::new(db.url(), 1)
    };
    connect_with(&settings).unwrap()
}

async fn count(pool: &Pool, sql: &str) -> i64 {
    let mut conn = conn(pool).await.unwrap();
    diesel::sql_query(sql)
        .get_result::<Count>(&mut conn)
        .await
        .unwrap()
        .count
}

/// How many statements sleep in this database.
async fn asleep(watching: &Pool) -> i64 {
    let sql = "SELECT count(*) AS count FROM pg_stat_activity \
               WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(%' \
               AND pid <> pg_backend_pid()";
    count(watching, sql).await
}

/// How long after `leave` nothing of it runs any more; the best of three.
async fn stops<F: Future<Output = ()>>(watching: &Pool, leave: impl Fn() -> F) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        leave().await;
        let left = Instant::now();
        eventually(PATIENCE, || async { asleep(watching).await == 0 }).await;
        best = best.min(left.elapsed());
    }
    best
}

async fn sleep(pool: Pool) -> Result<usize, DbError> {
    let mut conn = conn(&pool).await?;
    Ok(diesel::sql_query("SELECT pg_sleep(30)").execute(&mut conn).await?)
}

#[tokio::test]
async fn a_deadline_ends_the_statement_at_the_server() {
    let db = TestDb::new(&[]).await;
    let (pool, watching) = (one(&db), db.pool());
    let waited = stops(&watching, || async {
        let late = tokio::time::timeout(Duration::from_millis(300), sleep(pool.clone())).await;
        assert!(late.is_err());
    });
    let waited = waited.await;
    assert!(waited < SOON, "{waited:?}");
    ping(&pool).await.expect("the only place in the pool is free again");
}

#[tokio::test]
async fn a_caller_that_leaves_ends_it_too() {
    let db = TestDb::new(&[]).await;
    let (pool, watching) = (one(&db), db.pool());
    let waited = stops(&watching, || async {
        let asking = tokio::spawn(sleep(pool.clone()));
        eventually(PATIENCE, || async { asleep(&watching).await == 1 }).await;
        asking.abort();
    });
    let waited = waited.await;
    assert!(waited < SOON, "{waited:?}");
    ping(&pool).await.expect("the only place in the pool is free again");
}

#[tokio::test]
async fn what_was_written_before_is_rolled_back_and_its_locks_are_free() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let (pool, watching) = (one(&db), db.pool());
    let work = async {
        let mut conn = conn(&pool).await?;
        conn.transaction::<_, DbError, _>(async |conn| {
            diesel::sql_query("INSERT INTO things (name) VALUES ('a')")
                .execute(conn)
                .await?;
            diesel::sql_query("SELECT pg_sleep(30)").execute(conn).await?;
            Ok(())
        })
        .await
    };
    assert!(tokio::time::timeout(Duration::from_millis(300), work).await.is_err());
    // The unique name would make this wait for as long as the transaction is open.
    let began = Instant::now();
    let mut conn = conn(&pool).await.unwrap();
    diesel::sql_query("INSERT INTO things (name) VALUES ('a')")
        .execute(&mut conn)
        .await
        .expect("the name is free");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(count(&watching, "SELECT count(*) AS count FROM things").await, 1);
}

#[tokio::test]
async fn a_connection_that_is_done_is_kept() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let pool = one(&db);
    let pid = "SELECT pg_backend_pid()::bigint AS count";
    let first = count(&pool, pid).await;
    let mut held = conn(&pool).await.unwrap();
    // Refusals and refused transactions are outcomes as well.
    diesel::sql_query("SELECT nothing")
        .execute(&mut held)
        .await
        .unwrap_err();
    let refused = held
        .transaction::<(), DbError, _>(async |_| Err(DbError::internal("changed my mind")))
        .await;
    refused.unwrap_err();
    drop(held);
    assert_eq!(count(&pool, pid).await, first);
}
