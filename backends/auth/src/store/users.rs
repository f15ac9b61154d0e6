//! Accounts.

use super::schema::users;
use crate::domain::account::{Email, Username};
use diesel::prelude::*;
use shared_contracts::user::PublicUser;
use shared_postgres::{AsyncPgConnection, DbError, RunQueryDsl};

/// An account, as its owner and the token need it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) avatar_url: Option<String>,
    pub(crate) role: String,
}

/// Who already has what a new account wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Email,
    Username,
}

impl Taken {
    /// The meaning of a violated constraint.
    pub(crate) fn by(error: &DbError) -> Option<Self> {
        match error.constraint()? {
            "users_email_key" => Some(Self::Email),
            "users_username_key" => Some(Self::Username),
            _ => None,
        }
    }
}

/// Whether the address or the name has an account. A later insert may still find it taken.
pub(crate) async fn taken(
    conn: &mut AsyncPgConnection,
    email: &Email,
    username: &Username,
) -> Result<Option<Taken>, DbError> {
    let found: Vec<bool> = users::table
        .filter(
            users::email
                .eq(email.as_str())
                .or(users::username_key.eq(username.key())),
        )
        .select(users::email.eq(email.as_str()))
        .load(conn)
        .await?;
    Ok(match found.as_slice() {
        [] => None,
        by_email if by_email.contains(&true) => Some(Taken::Email),
        _ => Some(Taken::Username),
    })
}

/// Adds an account. A violated constraint is for [`Taken::by`] to read.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    username: &Username,
    email: &Email,
    password_hash: &str,
    full_name: &str,
) -> Result<User, DbError> {
    let values = (
        users::username.eq(username.as_str()),
        users::email.eq(email.as_str()),
        users::password_hash.eq(password_hash),
        users::full_name.eq(full_name),
    );
    let query = diesel::insert_into(users::table)
        .values(values)
        .returning(User::as_returning());
    Ok(query.get_result(conn).await?)
}

/// The account with this address, and its password's hash.
pub(crate) async fn by_email(conn: &mut AsyncPgConnection, email: &Email) -> Result<Option<(User, String)>, DbError> {
    let query = users::table
        .filter(users::email.eq(email.as_str()))
        .select((User::as_select(), users::password_hash));
    Ok(query.first(conn).await.optional()?)
}

/// The account with this id.
pub(crate) async fn by_id(conn: &mut AsyncPgConnection, id: i64) -> Result<Option<User>, DbError> {
    Ok(users::table
        .find(id)
        .select(User::as_select())
        .first(conn)
        .await
        .optional()?)
}

#[derive(Queryable)]
struct PublicRow {
    id: i64,
    username: String,
    full_name: String,
    avatar_url: Option<String>,
}

impl From<PublicRow> for PublicUser {
    fn from(row: PublicRow) -> Self {
        Self {
            id: row.id.to_string(),
            username: row.username,
            full_name: row.full_name,
            avatar_url: row.avatar_url,
        }
    }
}

const PUBLIC: (users::id, users::username, users::full_name, users::avatar_url) =
    (users::id, users::username, users::full_name, users::avatar_url);

/// What everybody may know of those with these ids.
pub(crate) async fn public_by_ids(conn: &mut AsyncPgConnection, ids: &[i64]) -> Result<Vec<PublicUser>, DbError> {
    let rows: Vec<PublicRow> = users::table
        .filter(users::id.eq_any(ids))
        .select(PUBLIC)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// What everybody may know of those with these names.
pub(crate) async fn public_by_usernames(
    conn: &mut AsyncPgConnection,
    names: &[Username],
) -> Result<Vec<PublicUser>, DbError> {
    let keys: Vec<String> = names.iter().map(Username::key).collect();
    let rows: Vec<PublicRow> = users::table
        .filter(users::username_key.eq_any(keys))
        .select(PUBLIC)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
