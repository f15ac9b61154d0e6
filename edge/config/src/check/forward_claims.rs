//! Headers that tell services of a token.

use super::{Report, headers::is_own, is_token};
use crate::Jwt;
use shared_contracts::header::{IDENTITY, REQUEST_ID, SERVICE_TOKEN, STRIPPED_FROM_CLIENTS, TRACEPARENT};

/// Fields by which services are spoken to, and which hold more than one claim could say.
const TAKEN: [&str; 10] = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-encoding",
    "content-type",
    "cookie",
    "origin",
    "range",
    "tracestate",
    "via",
];

pub(super) fn check(name: &str, jwt: &Jwt, report: &mut Report<'_>) {
    let mut before: Vec<(&str, &str)> = Vec::new();
    for (claim, header) in &jwt.forward_claims {
        let path = ["jwt", name, "forward_claims", claim];
        if claim.split('.').any(str::is_empty) {
            let words =
                format!("`{claim}` leads nowhere: a step between its dots is empty; write it like `realm.roles`");
            report.bad_key(&path, words);
        }
        if let Err(words) = judge(header) {
            report.bad_value(&path, words);
        }
        if let Some((twin, _)) = before.iter().find(|(_, other)| other.eq_ignore_ascii_case(header)) {
            let words = format!("`{header}` tells `{twin}` already, and a header tells one claim; name another");
            report.bad_value(&path, words);
        }
        before.push((claim, header));
    }
}

fn judge(header: &str) -> Result<(), String> {
    let field = header.to_ascii_lowercase();
    let field = field.as_str();
    if !is_token(header) {
        return Err(format!("`{header}` is not a header's name; write it like `X-User-Id`"));
    }
    // What only the edge says is what clients may not, less the names of who asks.
    let is_edges = STRIPPED_FROM_CLIENTS.contains(&field) && !IDENTITY.contains(&field);
    if is_edges || [REQUEST_ID, TRACEPARENT, SERVICE_TOKEN].contains(&field) {
        return Err(format!(
            "`{header}` is the edge's own word; write another, like `X-User-Id`"
        ));
    }
    if is_own(field) || TAKEN.contains(&field) {
        return Err(format!(
            "`{header}` says how a message is to be read, and no claim; write another, like `X-User-Id`"
        ));
    }
    Ok(())
}
