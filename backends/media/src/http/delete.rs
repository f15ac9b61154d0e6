//! `DELETE /api/media/{public_id}`: by the owner.

use crate::{
    app::Context,
    domain::{Format, PublicId},
    store::{self, FileRow},
};
use axum::{Json, extract::State};
use serde_json::{Value, json};
use shared_contracts::event::{MediaDeleted, key};
use shared_event_bus::{EventDraft, outbox};
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiPath, ApiResult, Caller, RequireUser};

pub(super) async fn delete(
    State(context): State<Context>,
    RequireUser(user): RequireUser,
    caller: Caller,
    ApiPath(public_id): ApiPath<String>,
) -> ApiResult<Json<Value>> {
    // The address of a file ends in an extension; clients may pass either.
    let bare = public_id.split_once('.').map_or(public_id.as_str(), |(id, _)| id);
    let id = PublicId::parse(bare).ok_or_else(|| ApiError::not_found("File"))?;
    let mut conn = shared_postgres::conn(&context.pool).await?;
    let row = conn
        .transaction::<FileRow, ApiError, _>(async |conn| {
            let row = store::find_for_update(conn, &id)
                .await?
                .ok_or_else(|| ApiError::not_found("File"))?;
            if row.owner_id != user.id {
                return Err(ApiError::forbidden("This file belongs to somebody else"));
            }
            store::delete(conn, &id).await?;
            outbox::enqueue(conn, deleted(&row, caller.traceparent.clone())?).await?;
            Ok(row)
        })
        .await?;
    context.bus.wake();
    if let Some(format) = Format::of_extension(&row.extension) {
        // The row is gone, so the file is unreachable by its owner either way; a leftover is for the log.
        if let Err(error) = context.storage.remove(&id, format).await {
            tracing::error!(%error, public_id = %id, "a deleted file could not be removed");
        }
    }
    Ok(Json(json!({ "success": true })))
}

fn deleted(row: &FileRow, traceparent: Option<String>) -> ApiResult<EventDraft> {
    let data = MediaDeleted {
        public_id: row.public_id.clone(),
        url: format!("/media/{}.{}", row.public_id, row.extension),
        owner_id: row.owner_id.to_string(),
    };
    let draft = EventDraft::new(key::MEDIA_DELETED, format!("media/{}", row.public_id), &data)?;
    Ok(draft.traceparent(traceparent))
}
