//! A post goes, and its comments with it.

use super::{id, publish};
use crate::app::App;
use crate::live::Change;
use crate::store::{comments, deleted_posts};
use shared_contracts::event::{PostDeleted, key};
use shared_event_bus::{After, HandlerError, Incoming};
use shared_postgres::AsyncPgConnection;

/// `post.deleted`.
pub(super) async fn deleted(conn: &mut AsyncPgConnection, app: &App, event: &Incoming) -> Result<After, HandlerError> {
    let data: PostDeleted = event.data()?;
    let post_id = id(&data.post_id)?;
    deleted_posts::add(conn, post_id).await?;
    let gone = comments::delete_of_post(conn, post_id).await?;
    for comment in &gone {
        let (actor, trace) = (data.author.clone(), event.traceparent.clone());
        publish::say(conn, key::COMMENT_DELETED, actor, comment, comment.to_wire(None), trace).await?;
    }
    let app = app.clone();
    Ok(After::run(async move {
        app.bus.wake();
        for comment in &gone {
            app.live.tell(&Change::deleted(comment.to_wire(None))).await;
        }
    }))
}
