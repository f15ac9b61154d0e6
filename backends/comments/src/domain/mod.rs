//! Pure rules and types.

mod comment;

pub use comment::{COMMENTS, Comment, DEFAULT_PAGE, MAX_PAGE, content};
