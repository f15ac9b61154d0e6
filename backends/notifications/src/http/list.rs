//! `GET /api/notifications?limit=&cursor=`: one's own notifications, newest first.

use crate::store::inbox::{self, Row};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared_postgres::Pool;
use shared_service::{ApiError, ApiQuery, ApiResult, Cursor, RequireUser, validate};

const KIND: &str = "notifications";
const DEFAULT_LIMIT: i64 = 20;
const MAX_LIMIT: i64 = 100;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    limit: Option<i32>,
    cursor: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    success: bool,
    notifications: Vec<Item>,
    unread_count: i64,
    page_info: PageInfo,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    message: String,
    data: serde_json::Value,
    created_at: DateTime<Utc>,
    read: bool,
}

impl From<Row> for Item {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind,
            message: row.message,
            data: row.data,
            created_at: row.created_at,
            read: row.read_at.is_some(),
        }
    }
}

/// Answers one page and how many notifications are unread in all.
pub(super) async fn list(
    State(pool): State<Pool>,
    RequireUser(user): RequireUser,
    ApiQuery(parameters): ApiQuery<Parameters>,
) -> ApiResult<Json<Page>> {
    let limit = validate::limit(parameters.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = parameters.cursor.filter(|cursor| !cursor.is_empty());
    let before = before.map(|cursor| Cursor::decode(KIND, &cursor)).transpose()?;
    let mut conn = pool.get().await?;
    // One snapshot, so that the page and the count agree.
    let (mut rows, unread_count) = conn
        .build_transaction()
        .read_only()
        .repeatable_read()
        .run::<_, ApiError, _>(async |conn| {
            // One more than asked for tells whether there is a next page.
            let rows = inbox::page(conn, user.id, before.map(|cursor| cursor.id), limit + 1).await?;
            Ok((rows, inbox::unread(conn, user.id).await?))
        })
        .await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_next_page = rows.len() > size;
    rows.truncate(size);
    let end_cursor = rows.last().map(|row| Cursor { id: row.id }.encode(KIND));
    Ok(Json(Page {
        success: true,
        notifications: rows.into_iter().map(Item::from).collect(),
        unread_count,
        page_info: PageInfo {
            has_next_page,
            end_cursor,
        },
    }))
}
