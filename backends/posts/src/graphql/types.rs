//! The types of the schema; `conf/graphql/posts.graphql` is their contract.

use super::post_type::PostType;
use crate::domain;
use async_graphql::{ID, InputObject, Object, SimpleObject};
use shared_service::graphql::{Authors, Moment, Outcome, PageInfo, User};

/// A post, as one viewer sees it; made by [`super::ahead`].
#[derive(Debug)]
pub(super) struct Post {
    row: domain::Post,
    liked: bool,
    authors: Authors,
}

impl Post {
    /// A post whose viewer likes it or not, and whose author is among these.
    pub(super) fn new(row: domain::Post, liked: bool, authors: &Authors) -> Self {
        Self {
            row,
            liked,
            authors: authors.clone(),
        }
    }
}

/// A post.
#[Object]
impl Post {
    async fn id(&self) -> ID {
        ID::from(self.row.id)
    }

    async fn content(&self) -> &str {
        &self.row.content
    }

    async fn post_type(&self) -> PostType {
        PostType(self.row.post_type.clone())
    }

    async fn media_urls(&self) -> &[String] {
        &self.row.media_urls
    }

    async fn author(&self) -> User {
        self.authors.user(self.row.author_id, &self.row.author_name)
    }

    async fn like_count(&self) -> i64 {
        self.row.like_count
    }

    async fn liked_by_me(&self) -> bool {
        self.liked
    }

    async fn comment_count(&self) -> i64 {
        self.row.comment_count
    }

    async fn created_at(&self) -> Moment {
        Moment(self.row.created_at)
    }

    async fn updated_at(&self) -> Moment {
        Moment(self.row.updated_at)
    }
}

/// One post, or why there is none.
#[derive(Debug, SimpleObject)]
pub(super) struct PostPayload {
    /// How it ended.
    #[graphql(flatten)]
    pub(super) outcome: Outcome,
    /// The post.
    pub(super) post: Option<Post>,
}

/// A page of posts.
#[derive(Debug, SimpleObject)]
pub(super) struct PostsPayload {
    /// How it ended.
    #[graphql(flatten)]
    pub(super) outcome: Outcome,
    /// The posts, newest first.
    pub(super) posts: Vec<Post>,
    /// Where the page ends.
    pub(super) page_info: PageInfo,
}

/// A new post.
#[derive(Debug, InputObject)]
pub(super) struct CreatePostInput {
    /// 1 to 5,000 characters; may be empty beside media.
    pub(super) content: String,
    /// TEXT where nothing is said.
    pub(super) post_type: Option<PostType>,
    /// At most 10 addresses.
    pub(super) media_urls: Option<Vec<String>>,
}

/// A change of a post: what is left out stays.
#[derive(Debug, InputObject)]
pub(super) struct UpdatePostInput {
    /// The new text.
    pub(super) content: Option<String>,
    /// The new kind.
    pub(super) post_type: Option<PostType>,
    /// The new media, in place of all old ones.
    pub(super) media_urls: Option<Vec<String>>,
}

/// Which page of the feed.
#[derive(Debug, Default, InputObject)]
pub(super) struct GetPostsInput {
    /// 1 to 100; 20 where nothing is said.
    pub(super) limit: Option<i32>,
    /// The `endCursor` of the page before; the newest posts without it.
    pub(super) cursor: Option<String>,
}
