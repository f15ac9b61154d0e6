//! The sentence a person reads.

/// For the author of a post.
pub fn commented(actor: &str) -> String {
    format!("{actor} commented on your post")
}

/// For the author of a post (`yours`), or for those who follow it.
pub fn liked(actor: &str, yours: bool) -> String {
    if yours {
        format!("{actor} liked your post")
    } else {
        format!("{actor} liked a post you follow")
    }
}

/// For who was named.
pub fn mentioned_you(actor: &str) -> String {
    format!("{actor} mentioned you")
}
