//! What the database knows of files.

mod schema;

use crate::domain::PublicId;
use diesel::prelude::*;
use schema::files;
use shared_postgres::{AsyncPgConnection, DbError, RunQueryDsl};

/// A file's row.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = files)]
pub(crate) struct FileRow {
    /// The name, as text.
    pub(crate) public_id: String,
    /// The extension of its format.
    pub(crate) extension: String,
    /// Who uploaded it.
    pub(crate) owner_id: i64,
}

/// Remembers a stored file.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: &PublicId,
    extension: &str,
    owner_id: i64,
    bytes: i64,
) -> Result<(), DbError> {
    let row = (
        files::public_id.eq(id.as_str()),
        files::extension.eq(extension),
        files::owner_id.eq(owner_id),
        files::bytes.eq(bytes),
    );
    diesel::insert_into(files::table).values(row).execute(conn).await?;
    Ok(())
}

/// The row of `id`, locked until the transaction ends.
pub(crate) async fn find_for_update(conn: &mut AsyncPgConnection, id: &PublicId) -> Result<Option<FileRow>, DbError> {
    let query = files::table
        .filter(files::public_id.eq(id.as_str()))
        .select(FileRow::as_select())
        .for_update();
    Ok(query.first(conn).await.optional()?)
}

/// Forgets a file.
pub(crate) async fn delete(conn: &mut AsyncPgConnection, id: &PublicId) -> Result<(), DbError> {
    diesel::delete(files::table.filter(files::public_id.eq(id.as_str())))
        .execute(conn)
        .await?;
    Ok(())
}
