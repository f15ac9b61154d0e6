//! Rows on their way into PostgreSQL by `COPY`: ids are given, sequences moved behind them.

use super::{Firsts, User, plan::Plan, refused, text};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta};
use futures::SinkExt;
use rand::{SeedableRng, rngs::StdRng};
use shared_stack::Result;
use std::{fmt::Write, pin::pin};
use tokio_postgres::Transaction;

/// When the newest post was written: 2025-06-01T12:00:00.123457Z, in microseconds of the Unix epoch.
const NEWEST: i64 = 1_748_779_200_123_457;
/// From one post to the next, microseconds.
const APART: i64 = 61_000_003;
/// Bytes that are sent at a time.
const CHUNK: usize = 64 << 10;

/// Everything the rows are made of.
pub(super) struct Rows<'a> {
    pub(super) plan: &'a Plan,
    pub(super) users: &'a [User],
    pub(super) first: Firsts,
    pub(super) number: u64,
}

impl Rows<'_> {
    /// The users; all with the same hash.
    pub(super) async fn users(&self, auth: &Transaction<'_>, hash: &str) -> Result<()> {
        let rows = self.users.iter().map(
            |User {
                 id, username, email, ..
             }| {
                let picture = if id % 2 == 0 {
                    format!("https://media.example/{id}.jpg")
                } else {
                    r"\N".to_owned()
                };
                format!("{id}\t{username}\t{email}\t{hash}\tBench User {id}\t{picture}\n")
            },
        );
        let columns = "users (id, username, email, password_hash, full_name, avatar_url)";
        copy(auth, columns, rows).await?;
        advance(auth, "users").await
    }

    /// The posts and their likes.
    pub(super) async fn posts(&self, posts: &Transaction<'_>) -> Result<()> {
        let mut chance = StdRng::seed_from_u64(self.number);
        let count = self.plan.authors.len() as i64;
        let rows = (0_i64..).zip(&self.plan.authors).map(|(n, author)| {
            let User {
                id: author, username, ..
            } = &self.users[*author as usize];
            let (id, index) = (self.first.post + n, n as usize);
            let content = text::sentence(&mut chance, 40..280);
            // One in ten shows a picture.
            let (kind, media) = match n % 10 {
                3 => ("IMAGE", format!("{{https://media.example/{id}.jpg}}")),
                _ => ("TEXT", "{}".to_owned()),
            };
            let (likes, comments) = (self.plan.likes_of[index], self.plan.comments_of[index]);
            let at = moment(NEWEST - (count - 1 - n) * APART);
            format!("{id}\t{author}\t{username}\t{content}\t{kind}\t{media}\t{likes}\t{comments}\t{at}\t{at}\n")
        });
        let columns = "posts (id, author_id, author_name, content, post_type, media_urls, like_count, comment_count, \
                       created_at, updated_at)";
        copy(posts, columns, rows).await?;
        let likes = self.plan.likes.iter().map(|(post, user)| {
            let (post, user) = (self.first.post + i64::from(*post), self.users[*user as usize].id);
            format!("{post}\t{user}\n")
        });
        copy(posts, "likes (post_id, user_id)", likes).await?;
        advance(posts, "posts").await
    }

    /// The comments, and what posts knows of them.
    pub(super) async fn comments(&self, comments: &Transaction<'_>, posts: &Transaction<'_>) -> Result<()> {
        let mut chance = StdRng::seed_from_u64(!self.number);
        let ids = self.first.comment..;
        let rows = ids.clone().zip(&self.plan.comments).map(|(id, (post, author))| {
            let of = &self.users[self.plan.authors[*post as usize] as usize];
            let User {
                id: author, username, ..
            } = &self.users[*author as usize];
            let content = text::sentence(&mut chance, 10..120);
            let post = self.first.post + i64::from(*post);
            format!("{id}\t{post}\t{}\t{author}\t{username}\t{content}\n", of.id)
        });
        let columns = "comments (id, post_id, post_author_id, author_id, author_name, content)";
        copy(comments, columns, rows).await?;
        let refs = ids
            .zip(&self.plan.comments)
            .map(|(id, (post, _))| format!("{id}\t{}\tt\n", self.first.post + i64::from(*post)));
        copy(posts, "comment_refs (comment_id, post_id, live)", refs).await?;
        advance(comments, "comments").await
    }
}

fn moment(micros: i64) -> String {
    let at = DateTime::UNIX_EPOCH + TimeDelta::microseconds(micros);
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Writes lines of PostgreSQL's text format into `table (columns)`.
async fn copy(database: &Transaction<'_>, columns: &str, rows: impl Iterator<Item = String>) -> Result<()> {
    let statement = format!("COPY {columns} FROM STDIN");
    let mut sink = pin!(database.copy_in::<_, Bytes>(&statement).await.map_err(refused)?);
    let mut chunk = String::with_capacity(CHUNK + 4096);
    for row in rows {
        // Writing into a string cannot fail.
        let _ = chunk.write_str(&row);
        if chunk.len() >= CHUNK {
            sink.send(Bytes::from(std::mem::take(&mut chunk)))
                .await
                .map_err(refused)?;
        }
    }
    sink.send(Bytes::from(chunk)).await.map_err(refused)?;
    sink.finish().await.map_err(refused)?;
    Ok(())
}

/// The next id that the service itself gives comes after those that are there.
async fn advance(database: &Transaction<'_>, table: &str) -> Result<()> {
    let sql =
        format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table} HAVING max(id) > 0");
    database.execute(&sql, &[]).await.map_err(refused)?;
    Ok(())
}
