//! Header fields that may be set and removed.

use super::{Report, is_token};
use crate::{Headers, diagnose::code};
use http::HeaderValue;
use shared_contracts::header::{IDENTITY, REQUEST_ID};

/// Fields that say how a message is framed and to whom it goes: the edge's own business.
const OWN: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn check(path: &[&str], headers: &Headers, report: &mut Report<'_>) {
    for (side, changes) in [("request", &headers.request), ("response", &headers.response)] {
        let mut before: Vec<&str> = Vec::new();
        for (field, value) in &changes.set {
            let path = [path, &[side, "set", field]].concat();
            if let Err(words) = name(field, side) {
                report.bad_key(&path, words);
            }
            if side == "request" && IDENTITY.contains(&field.to_ascii_lowercase().as_str()) {
                let words = format!("`{field}` tells services who asks, which is the edge's own word; take it out");
                report.bad_key(&path, words);
            }
            if let Some(twin) = before.iter().find(|twin| twin.eq_ignore_ascii_case(field)) {
                let words = format!("`{field}` and `{twin}` are one field: names of fields have no case; keep one");
                report.bad_key(&path, words);
            }
            before.push(field);
            if HeaderValue::from_str(value).is_err() {
                // Without the value: it may be a secret.
                report.bad_value(
                    &path,
                    "its value holds a character that no header may; take line breaks out",
                );
            }
        }
        for (index, field) in changes.remove.iter().enumerate() {
            let index = index.to_string();
            let path = [path, &[side, "remove", &index]].concat();
            super::judge(report, &path, name(field, side));
            if before.iter().any(|set| set.eq_ignore_ascii_case(field)) {
                let words = format!("`{field}` is set too, and setting it replaces what was there; take it out here");
                report.add(code::CONTRADICTION, &path, words);
            }
        }
    }
}

fn name(field: &str, side: &str) -> Result<(), String> {
    if side == "response" && field.eq_ignore_ascii_case(REQUEST_ID) {
        Err(format!("`{field}` is the edge's own on every answer; take it out"))
    } else if field.contains('*') {
        Err(format!("`{field}`: `*` stands for nothing; name each field"))
    } else if !is_token(field) {
        Err(format!(
            "`{field}` is not a header's name; write it like `x-frame-options`"
        ))
    } else if is_own(&field.to_ascii_lowercase()) {
        Err(format!(
            "`{field}` says how messages are framed and where they go, which is the edge's own; take it out"
        ))
    } else {
        Ok(())
    }
}

/// Whether a field, in lower case, is the edge's own business.
pub(super) fn is_own(field: &str) -> bool {
    OWN.contains(&field) || field.starts_with("sec-websocket-")
}
