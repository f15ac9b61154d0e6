//! Data for a load test: users, posts, comments and likes, straight into the services' databases.
//!
//! The same number makes the same data, but for the hash of the password. Who writes, and what is liked and commented,
//! follows Zipf's law with exponent 1: the n-th most popular gets an n-th of what the first gets.

mod copy;
mod plan;
mod text;

use copy::Rows;
use plan::Plan;
use shared_stack::{Error, Result};
use std::env;
use tokio_postgres::{Client, NoTls, Transaction};

/// Every seeded user's password.
pub(crate) const PASSWORD: &str = "Bench-pass-1";
/// auth's own default.
const COST: u32 = 12;

/// How much of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    /// Users that can sign in.
    pub(crate) users: u32,
    /// Posts.
    pub(crate) posts: u32,
    /// Comments on them.
    pub(crate) comments: u32,
    /// Likes of them; a user likes a post once.
    pub(crate) likes: u32,
}

/// The databases that are filled.
#[derive(Debug, Clone)]
pub(crate) struct Databases {
    /// Of auth.
    pub(crate) auth: String,
    /// Of posts.
    pub(crate) posts: String,
    /// Of comments.
    pub(crate) comments: String,
}

/// What was written, for scenarios to use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seeded {
    /// The users.
    pub(crate) users: Vec<User>,
    /// The posts' ids, the most popular first.
    pub(crate) posts: Vec<i64>,
}

/// A user who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Id.
    pub(crate) id: i64,
    /// Unique name.
    pub(crate) username: String,
    /// What to sign in with.
    pub(crate) email: String,
    /// See [`PASSWORD`].
    pub(crate) password: &'static str,
}

impl User {
    fn new(id: i64) -> Self {
        let username = format!("bench{id}");
        let email = format!("{username}@bench.example");
        Self {
            id,
            username,
            email,
            password: PASSWORD,
        }
    }
}

/// The cost that auth hashes with: a sign-in then takes what a real one takes.
pub(crate) fn bcrypt_cost() -> u32 {
    let given = env::var("BCRYPT_COST").ok().and_then(|text| text.parse().ok());
    given.unwrap_or(COST)
}

/// Adds data to the databases, beside what is there. `number` decides all that chance would.
///
/// # Errors
/// Amounts that cannot be had together, or what PostgreSQL says.
pub(crate) async fn seed(databases: &Databases, amounts: &Amounts, number: u64, cost: u32) -> Result<Seeded> {
    let plan = Plan::new(amounts, number)?;
    let hash = bcrypt::hash(PASSWORD, cost).map_err(|error| Error::new(format!("cannot hash a password: {error}")))?;
    let mut auth = connect(&databases.auth).await?;
    let mut posts = connect(&databases.posts).await?;
    let mut comments = connect(&databases.comments).await?;
    // Three databases know no common transaction: nothing is committed before all three have everything.
    let in_auth = auth.transaction().await.map_err(refused)?;
    let in_posts = posts.transaction().await.map_err(refused)?;
    let in_comments = comments.transaction().await.map_err(refused)?;
    let first = Firsts {
        user: next_id(&in_auth, "users").await?,
        post: next_id(&in_posts, "posts").await?,
        comment: next_id(&in_comments, "comments").await?,
    };
    let users: Vec<User> = (0..amounts.users)
        .map(|n| User::new(first.user + i64::from(n)))
        .collect();
    let rows = Rows {
        plan: &plan,
        users: &users,
        first,
        number,
    };
    rows.users(&in_auth, &hash).await?;
    rows.posts(&in_posts).await?;
    rows.comments(&in_comments, &in_posts).await?;
    for transaction in [in_comments, in_posts, in_auth] {
        transaction.commit().await.map_err(refused)?;
    }
    // What the planner knows of a table that was empty would mislead it.
    for client in [&auth, &posts, &comments] {
        client.batch_execute("ANALYZE").await.map_err(refused)?;
    }
    let posts = plan.by_popularity.iter().map(|post| first.post + i64::from(*post));
    Ok(Seeded {
        posts: posts.collect(),
        users,
    })
}

/// The ids that begin the new rows.
#[derive(Debug, Clone, Copy)]
struct Firsts {
    user: i64,
    post: i64,
    comment: i64,
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(refused)?;
    tokio::spawn(async move {
        // What breaks it is told to whoever asks next.
        let _ = connection.await;
    });
    Ok(client)
}

async fn next_id(database: &Transaction<'_>, table: &str) -> Result<i64> {
    let question = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
    let row = database.query_one(&question, &[]).await.map_err(refused)?;
    row.try_get(0).map_err(refused)
}

#[allow(clippy::needless_pass_by_value, reason = "what `map_err` wants")]
fn refused(error: tokio_postgres::Error) -> Error {
    let said = error
        .as_db_error()
        .map_or_else(|| error.to_string(), |said| said.message().to_owned());
    Error::new(format!("the database cannot be filled: {said}"))
}

#[cfg(test)]
mod tests;
