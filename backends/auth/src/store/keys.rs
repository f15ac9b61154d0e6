//! Signing keys, shared by all instances through the database.

use super::schema::signing_keys;
use crate::{
    domain::{
        keys::{KeyRing, LEAD, StoredKey, retirement},
        seal::Sealer,
    },
    error::StartError,
};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{prelude::*, sql_types::BigInt};
use shared_postgres::{AsyncConnection, AsyncPgConnection, DbError, RunQueryDsl};

/// Key of the advisory lock that whoever makes a key holds; PostgreSQL scopes it to the database.
const LOCK: i64 = 0x6e66_6b65_7973;

type Row = (String, Vec<u8>, Vec<u8>, DateTime<Utc>, DateTime<Utc>);

/// When a key has to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// When the youngest has signed for this long (or there is none).
    Due(TimeDelta),
    /// Now, unless one waits for its time already.
    Now,
}

/// All published keys, opened.
pub(crate) async fn load(conn: &mut AsyncPgConnection, sealer: &Sealer) -> Result<KeyRing, StartError> {
    Ok(KeyRing::open(published(conn).await?, sealer)?)
}

async fn published(conn: &mut AsyncPgConnection) -> Result<Vec<StoredKey>, DbError> {
    let alive = signing_keys::retired_at
        .is_null()
        .or(signing_keys::retired_at.gt(Utc::now()));
    let rows: Vec<Row> = signing_keys::table
        .filter(alive)
        .select((
            signing_keys::kid,
            signing_keys::public_key,
            signing_keys::sealed_seed,
            signing_keys::created_at,
            signing_keys::active_from,
        ))
        .order(signing_keys::active_from.desc())
        .load(conn)
        .await?;
    let key = |(kid, public_key, sealed_seed, created_at, active_from)| StoredKey {
        kid,
        public_key,
        sealed_seed,
        created_at,
        active_from,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Makes a key if it is time to; its `kid`. The first key signs at once, each later one a [`LEAD`] after it was made.
pub(crate) async fn rotate(
    conn: &mut AsyncPgConnection,
    sealer: &Sealer,
    when: When,
) -> Result<Option<String>, StartError> {
    conn.transaction(async |conn| {
        // Instances start together and look at the same time; one makes the key, the others find it.
        let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK);
        lock.execute(conn).await?;
        let now = Utc::now();
        let youngest = published(conn).await?.into_iter().next();
        let active_from = match (&youngest, when) {
            (None, _) => now,
            (Some(key), When::Due(period)) if key.active_from + period <= now => now + LEAD,
            (Some(key), When::Now) if key.active_from <= now => now + LEAD,
            _ => return Ok(None),
        };
        let key = StoredKey::generate(sealer, now, active_from)?;
        diesel::update(signing_keys::table.filter(signing_keys::retired_at.is_null()))
            .set(signing_keys::retired_at.eq(retirement(active_from)))
            .execute(conn)
            .await?;
        insert(conn, &key).await?;
        Ok(Some(key.kid))
    })
    .await
}

async fn insert(conn: &mut AsyncPgConnection, key: &StoredKey) -> Result<(), DbError> {
    let values = (
        signing_keys::kid.eq(&key.kid),
        signing_keys::public_key.eq(&key.public_key),
        signing_keys::sealed_seed.eq(&key.sealed_seed),
        signing_keys::created_at.eq(key.created_at),
        signing_keys::active_from.eq(key.active_from),
    );
    diesel::insert_into(signing_keys::table)
        .values(values)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets retired keys, their sealed seeds with them.
pub(crate) async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize, DbError> {
    Ok(
        diesel::delete(signing_keys::table.filter(signing_keys::retired_at.lt(now)))
            .execute(conn)
            .await?,
    )
}
