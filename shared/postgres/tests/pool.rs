//! The pool against a real database, with and without a proxy that fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use shared_postgres::{AsyncConnection, DbError, RunQueryDsl, Settings, conn, connect, connect_with, migrate, ping};
use shared_testkit::{FaultProxy, TestDb, eventually};
use std::time::{Duration, Instant};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");
const SOON: Duration = Duration::from_secs(10);

async fn insert(pool: &shared_postgres::Pool, sql: &str) -> Result<usize, DbError> {
    let mut conn = conn(pool).await?;
    Ok(diesel::sql_query(sql).execute(&mut conn).await?)
}

#[tokio::test]
async fn names_the_violated_constraint() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let pool = db.pool();
    insert(&pool, "INSERT INTO things (name) VALUES ('a')").await.unwrap();
    for (sql, name) in [
        ("INSERT INTO things (name) VALUES ('a')", "things_name_key"),
        (
            "INSERT INTO things (name, parent_id) VALUES ('b', 99)",
            "things_parent_id_fkey",
        ),
        ("INSERT INTO things (name) VALUES ('far too long')", "things_name_check"),
    ] {
        let error = insert(&pool, sql).await.unwrap_err();
        assert_eq!(error.constraint(), Some(name), "{error:?}");
    }
    let error = insert(&pool, "INSERT INTO nothing VALUES (1)").await.unwrap_err();
    assert!(matches!(error, DbError::Internal(_)), "{error:?}");
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing_and_its_connection_is_good() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let pool = connect(db.url(), 1).unwrap();
    let mut held = conn(&pool).await.unwrap();
    let outcome = held
        .transaction::<(), DbError, _>(async |conn| {
            diesel::sql_query("INSERT INTO things (name) VALUES ('a')")
                .execute(conn)
                .await?;
            Err(DbError::internal("changed my mind"))
        })
        .await;
    assert!(outcome.is_err());
    drop(held);
    insert(&pool, "INSERT INTO things (name) VALUES ('a')")
        .await
        .expect("the name is free");
}

#[tokio::test]
async fn a_cut_is_unavailable_and_then_over() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let proxy = FaultProxy::new(db.url()).await;
    let pool = connect(proxy.url(), 3).unwrap();
    ping(&pool).await.unwrap();

    proxy.cut();
    let error = eventually(SOON, || async { ping(&pool).await.err() }).await;
    assert!(error.is_unavailable(), "{error:?}");
    // Once it is known to be away, callers do not wait for long.
    let start = Instant::now();
    for _ in 0..3 {
        assert!(ping(&pool).await.unwrap_err().is_unavailable());
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());

    proxy.resume();
    eventually(SOON, || ping(&pool)).await;
}

#[tokio::test]
async fn a_restart_costs_no_error_once_it_is_noticed() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let pool = connect(db.url(), 1).unwrap();
    ping(&pool).await.unwrap();
    db.disconnect_all().await;
    eventually(SOON, || ping(&pool)).await;
    let mut held = conn(&pool).await.unwrap();
    db.disconnect_all().await;
    let lost = diesel::sql_query("SELECT 1")
        .execute(&mut held)
        .await
        .map_err(DbError::from)
        .unwrap_err();
    assert!(lost.is_unavailable(), "{lost:?}");
}

#[tokio::test]
async fn a_connection_lost_within_a_transaction_is_unavailable() {
    let db = TestDb::new(&[MIGRATIONS]).await;
    let pool = connect(db.url(), 1).unwrap();
    let mut held = conn(&pool).await.unwrap();
    let outcome = held
        .transaction::<(), DbError, _>(async |conn| {
            diesel::sql_query("INSERT INTO things (name) VALUES ('a')")
                .execute(conn)
                .await?;
            db.disconnect_all().await;
            diesel::sql_query("INSERT INTO things (name) VALUES ('b')")
                .execute(conn)
                .await?;
            Ok(())
        })
        .await;
    assert!(outcome.as_ref().unwrap_err().is_unavailable(), "{outcome:?}");
    drop(held);
    eventually(SOON, || insert(&pool, "INSERT INTO things (name) VALUES ('a')")).await;
}

#[tokio::test]
async fn waits_are_bounded() {
    let db = TestDb::new(&[]).await;
    let settings = Settings {
        wait: Duration::from_millis(300),
        statement_timeout: Duration::from_millis(200),
        ..Settings::new(db.url(), 1)
    };
    let pool = connect_with(&settings).unwrap();
    let mut held = conn(&pool).await.unwrap();
    let start = Instant::now();
    assert!(
        conn(&pool).await.err().is_some_and(|error| error.is_unavailable()),
        "the only connection is taken"
    );
    let slow = diesel::sql_query("SELECT pg_sleep(20)")
        .execute(&mut held)
        .await
        .map_err(DbError::from)
        .unwrap_err();
    assert!(slow.is_unavailable(), "{slow:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_silent_database_is_unavailable() {
    let db = TestDb::new(&[]).await;
    let proxy = FaultProxy::new(db.url()).await;
    let settings = Settings {
        wait: Duration::from_millis(300),
        ..Settings::new(proxy.url(), 2)
    };
    let pool = connect_with(&settings).unwrap();
    ping(&pool).await.unwrap();
    proxy.stall();
    assert!(ping(&pool).await.unwrap_err().is_unavailable());
    proxy.resume();
    eventually(SOON, || ping(&pool)).await;
}

#[tokio::test]
async fn starts_without_the_database_but_not_without_a_url() {
    let pool = connect("postgres://nobody@127.0.0.1:1/none", 2).unwrap();
    assert!(ping(&pool).await.unwrap_err().is_unavailable());
    assert!(connect("mysql://127.0.0.1/none", 2).is_err());
}

#[tokio::test]
async fn many_instances_migrate_at_once() {
    let db = TestDb::new(&[]).await;
    let runs = (0..4).map(|_| {
        let url = db.url().to_owned();
        tokio::spawn(async move { migrate(&url, &[MIGRATIONS]).await })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap().unwrap();
    }
    insert(&db.pool(), "INSERT INTO things (name) VALUES ('a')")
        .await
        .unwrap();
}

#[tokio::test]
async fn migrating_waits_for_the_database_within_a_bound() {
    let db = TestDb::new(&[]).await;
    let proxy = FaultProxy::new(db.url()).await;
    proxy.cut();
    let start = Instant::now();
    let away = shared_postgres::migrate_within(Duration::from_millis(600), proxy.url(), &[MIGRATIONS]).await;
    assert!(away.unwrap_err().is_unavailable());
    assert!(start.elapsed() >= Duration::from_millis(600));
    let url = proxy.url().to_owned();
    let waiting = tokio::spawn(async move { migrate(&url, &[MIGRATIONS]).await });
    proxy.resume();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn migrations_of_one_version_are_refused() {
    let db = TestDb::new(&[]).await;
    let error = migrate(db.url(), &[MIGRATIONS, MIGRATIONS]).await.unwrap_err();
    assert!(error.to_string().contains("same version"), "{error}");
}
