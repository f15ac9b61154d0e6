//! `POST /api/notifications/read` with `{"ids": […]}` or `{"all": true}`: marks one's own notifications as read.
//!
//! Ids that are unknown or another user's are passed over: the answer does not tell which of the two they are.

use crate::store::inbox;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared_postgres::Pool;
use shared_service::{ApiError, ApiJson, ApiResult, RequireUser, validate};

/// Most ids in one request.
const MAX_IDS: usize = 500;

/// The body: exactly one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    ids: Option<Vec<Id>>,
    all: Option<bool>,
}

/// An id as a number or as text.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "an id is a number or text")]
enum Id {
    Number(i64),
    Text(String),
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Marked {
    success: bool,
    unread_count: i64,
}

/// Marks, and answers how many are still unread.
pub(super) async fn read(
    State(pool): State<Pool>,
    RequireUser(user): RequireUser,
    ApiJson(body): ApiJson<Body>,
) -> ApiResult<Json<Marked>> {
    let ids = body.wanted()?;
    let mut conn = pool.get().await?;
    inbox::mark_read(&mut conn, user.id, ids.as_deref()).await?;
    let unread_count = inbox::unread(&mut conn, user.id).await?;
    Ok(Json(Marked {
        success: true,
        unread_count,
    }))
}

impl Body {
    /// The ids, or `None` for all.
    fn wanted(self) -> ApiResult<Option<Vec<i64>>> {
        match (self.ids, self.all) {
            (Some(ids), None) if ids.len() <= MAX_IDS => ids
                .iter()
                .enumerate()
                .map(|(at, id)| id.checked(at))
                .collect::<ApiResult<_>>()
                .map(Some),
            (Some(_), None) => Err(ApiError::invalid("ids", format!("ids must name at most {MAX_IDS}"))),
            (None, Some(true)) => Ok(None),
            (None, Some(false)) => Err(ApiError::invalid("all", "all must be true where it is given")),
            (None, None) => Err(ApiError::invalid("ids", "Give either ids or all")),
            (Some(_), Some(_)) => Err(ApiError::invalid("all", "Give either ids or all, not both")),
        }
    }
}

impl Id {
    fn checked(&self, at: usize) -> ApiResult<i64> {
        let field = format!("ids[{at}]");
        match self {
            Self::Number(id) if *id > 0 => Ok(*id),
            Self::Number(_) => Err(ApiError::invalid(
                &field,
                format!("{field} must be a positive whole number"),
            )),
            Self::Text(id) => validate::id(&field, id),
        }
    }
}
