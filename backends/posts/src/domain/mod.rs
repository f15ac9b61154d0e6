//! Pure rules and types: what a post is and what may be written into one.

mod draft;
mod kind;
mod post;

pub use draft::{Change, Draft};
pub use kind::PostType;
pub use post::Post;

/// The name under which the feed's cursors are made; a cursor of another list is refused.
pub const FEED: &str = "posts";
/// Posts on a page where the client does not say.
pub const DEFAULT_PAGE: i64 = 20;
/// Most posts on a page.
pub const MAX_PAGE: i64 = 100;
