//! The types of the schema; `conf/graphql/comments.graphql` is their contract.

use crate::domain;
use async_graphql::{ID, InputObject, Object, SimpleObject};
use shared_service::graphql::{Authors, Moment, Outcome, PageInfo, User};

/// A comment.
#[derive(Debug)]
pub(super) struct Comment {
    row: domain::Comment,
    authors: Authors,
}

impl Comment {
    /// A comment whose author is among these.
    pub(super) fn new(row: domain::Comment, authors: &Authors) -> Self {
        let authors = authors.clone();
        Self { row, authors }
    }
}

/// A comment on a post.
#[Object]
impl Comment {
    async fn id(&self) -> ID {
        ID::from(self.row.id)
    }

    async fn post_id(&self) -> ID {
        ID::from(self.row.post_id)
    }

    async fn content(&self) -> &str {
        &self.row.content
    }

    async fn author(&self) -> User {
        self.authors.user(self.row.author_id, &self.row.author_name)
    }

    async fn created_at(&self) -> Moment {
        Moment(self.row.created_at)
    }

    async fn updated_at(&self) -> Moment {
        Moment(self.row.updated_at)
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
