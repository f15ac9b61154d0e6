//! Whether the sides say the same.

use super::{Side, asking::Asking};
use bytes::Bytes;
use chrono::DateTime;
use serde_json::Value;
use shared_stack::{Error, Result};

const POSTS: usize = 10;

/// Each side's answer, after all were found to say the same: posts, order, authors, counts and moments.
///
/// # Errors
/// A side does not answer, or another thing than the first.
pub(super) fn alike(sides: &[Side], signed_in: bool, runtime: &tokio::runtime::Runtime) -> Result<Vec<Bytes>> {
    let mut bodies = Vec::new();
    let mut first = None;
    for side in sides {
        let asking = Asking::new(side, signed_in, None);
        let body = asking.and_then(|asking| runtime.block_on(asking.once()));
        let body = body.map_err(|failure| Error::new(format!("{}: {failure}", side.name)))?;
        let said = meaning(&body).ok_or_else(|| {
            let shown: String = String::from_utf8_lossy(&body).chars().take(300).collect();
            Error::new(format!("{} gives no page of {POSTS} posts: {shown}", side.name))
        })?;
        if *first.get_or_insert_with(|| said.clone()) != said {
            return Err(Error::new(format!(
                "{} does not answer as {} does",
                side.name, sides[0].name
            )));
        }
        bodies.push(body);
    }
    Ok(bodies)
}

/// What an answer says, whatever way it writes its moments; `None` where it is no whole page.
fn meaning(body: &[u8]) -> Option<Value> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let page = &mut answer["data"]["getPosts"];
    if page["success"] != true {
        return None;
    }
    let posts = page["posts"].as_array_mut().filter(|posts| posts.len() == POSTS)?;
    for post in posts {
        let at = DateTime::parse_from_rfc3339(post["createdAt"].as_str()?).ok()?;
        post["createdAt"] = at.timestamp_micros().into();
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(posts: usize, at: &str, likes: u32) -> Option<Value> {
        let post = serde_json::json!({ "id": "1", "likeCount": likes, "createdAt": at });
        let answer = serde_json::json!({ "data": { "getPosts": { "success": true, "posts": vec![post; posts] } } });
        meaning(answer.to_string().as_bytes())
    }

    #[test]
    fn moments_may_be_written_differently_and_nothing_else() {
        let one = page(10, "2025-06-01T12:00:00.120Z", 3).unwrap();
        assert_eq!(page(10, "2025-06-01T12:00:00.12+00:00", 3), Some(one.clone()));
        assert_ne!(page(10, "2025-06-01T12:00:00.120001Z", 3), Some(one.clone()));
        assert_ne!(page(10, "2025-06-01T12:00:00.120Z", 4), Some(one));
    }

    #[test]
    fn less_than_a_page_is_no_answer() {
        assert_eq!(page(9, "2025-06-01T12:00:00Z", 3), None);
        assert_eq!(meaning(b"{}"), None);
    }
}
