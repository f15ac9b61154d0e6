//! The types of the schema; `conf/graphql/comments.graphql` is their contract.

use crate::domain;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use shared_service::graphql::{Authors, Moment, Outcome, PageInfo, User};

/// A comment.
#[derive(Debug)]
pub(super) struct Comment(pub(super) domain::Comment);

/// A comment on a post.
#[Object]
impl Comment {
    async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    async fn post_id(&self) -> ID {
        ID::from(self.0.post_id)
    }

    async fn content(&self) -> &str {
        &self.0.content
    }

    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        Authors::user(ctx, self.0.author_id, &self.0.author_name).await
    }

    async fn created_at(&self) -> Moment {
        Moment(self.0.created_at)
    }

    async fn updated_at(&self) -> Moment {
        Moment(self.0.updated_at)
    }
}

/// One comment, or why there is none.
#[derive(Debug, SimpleObject)]
pub(super) struct CommentPayload {
    /// How it ended.
    #[graphql(flatten)]
    pub(super) outcome: Outcome,
    /// The comment.
    pub(super) comment: Option<Comment>,
}

/// A page of comments.
#[derive(Debug, SimpleObject)]
pub(super) struct CommentsPayload {
    /// How it ended.
    #[graphql(flatten)]
    pub(super) outcome: Outcome,
    /// The comments, newest first.
    pub(super) comments: Vec<Comment>,
    /// Where the page ends.
    pub(super) page_info: PageInfo,
}

/// A new comment.
#[derive(Debug, InputObject)]
pub(super) struct CreateCommentInput {
    /// The post to comment on.
    pub(super) post_id: ID,
    /// 1 to 2,000 characters.
    pub(super) content: String,
}

/// A change of a comment.
#[derive(Debug, InputObject)]
pub(super) struct UpdateCommentInput {
    /// The new text.
    pub(super) content: String,
}
