//! Names of rooms, and who may be in them.

use super::{Adapter, SocketUser};
use serde_json::Value;
use shared_contracts::Code;
use shared_service::{ApiError, validate};
use socketioxide::extract::SocketRef;

/// Most rooms a socket may have joined by subscribing.
pub(super) const MAX_ROOMS: usize = 500;

/// Where notifications for a user go.
pub(super) fn user(id: i64) -> String {
    format!("user:{id}")
}

/// Where news about a post goes.
pub(super) fn post(id: i64) -> String {
    format!("post:{id}")
}

/// All sockets of a user.
pub(super) fn own(id: i64) -> String {
    format!("self:{id}")
}

/// All sockets of a session.
pub(super) fn session(id: &str) -> String {
    format!("session:{id}")
}

/// The room a client means by a `userId`: its own alone.
pub(super) fn of_user(who: Option<&SocketUser>, id: &Value) -> Result<String, ApiError> {
    let id = checked("userId", id)?;
    match who {
        Some(who) if who.id == id => Ok(user(id)),
        Some(_) => Err(ApiError::forbidden("You may subscribe to your own notifications only")),
        None => Err(ApiError::unauthenticated()),
    }
}

/// The room a client means by a `postId`.
pub(super) fn of_post(id: &Value) -> Result<String, ApiError> {
    checked("postId", id).map(post)
}

/// Joins, unless the socket is in too many rooms already.
pub(super) fn join(socket: &SocketRef<Adapter>, room: String) -> Result<(), ApiError> {
    let rooms = socket.rooms();
    if rooms.len() >= MAX_ROOMS && !rooms.iter().any(|joined| *joined == room) {
        let detail = format!("A connection may have at most {MAX_ROOMS} subscriptions");
        return Err(ApiError::new(Code::RateLimited, detail));
    }
    socket.join(room);
    Ok(())
}

/// An id as a number or as text.
fn checked(field: &str, id: &Value) -> Result<i64, ApiError> {
    match id {
        Value::String(text) => validate::id(field, text),
        Value::Number(number) => match number.as_i64() {
            Some(id) if id > 0 => Ok(id),
            _ => Err(ApiError::invalid(
                field,
                format!("{field} must be a positive whole number"),
            )),
        },
        _ => Err(ApiError::invalid(field, format!("{field} must be a number or text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_user_subscribes_to_itself_alone() {
        let ann = SocketUser {
            id: 7,
            session: "s".into(),
            token: String::new(),
            since: 0,
        };
        assert_eq!(of_user(Some(&ann), &json!(7)).unwrap(), "user:7");
        assert_eq!(of_user(Some(&ann), &json!("7")).unwrap(), "user:7");
        assert_eq!(of_user(Some(&ann), &json!(8)).unwrap_err().code, Code::Forbidden);
        assert_eq!(of_user(None, &json!(7)).unwrap_err().code, Code::Unauthenticated);
    }

    #[test]
    fn odd_ids_are_refused() {
        let odd = [
            json!(null),
            json!(true),
            json!([1]),
            json!({"id": 1}),
            json!(0),
            json!(-1),
            json!(1.5),
            json!("x"),
        ];
        for id in odd {
            assert_eq!(of_post(&id).unwrap_err().code, Code::ValidationFailed, "{id}");
            assert_eq!(of_user(None, &id).unwrap_err().code, Code::ValidationFailed, "{id}");
        }
        assert_eq!(of_post(&json!("12")).unwrap(), "post:12");
    }
}
