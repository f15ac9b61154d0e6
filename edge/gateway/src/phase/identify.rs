//! Identify: who shows this token. Most requests bring one that is known, and cost a digest and a look-up; what is not known
//! costs a signature, and those are bounded for each client.

use crate::{
    edge::Edge,
    generation::Gate,
    store::{Fetched, Issuer},
};
use edge_policy::identity::{Identity, Token};
use shared_contracts::Code;
use shared_identity::{Digest, MAX_TOKEN_BYTES, TokenError, Verified};
use std::{net::IpAddr, sync::Arc, time::Instant};

/// Judges a token, and waits a little for a key that is not known yet.
pub(crate) async fn identify(edge: &Edge, gate: &Gate, token: Token<'_, '_>, client: IpAddr) -> Identity {
    if token.text.len() > MAX_TOKEN_BYTES {
        return Identity::Rejected(Code::TokenInvalid);
    }
    let digest = Digest::of(token.text);
    if let Some((issuer, verdict)) = recall(gate, token, digest) {
        return judged(issuer, verdict);
    }
    let now = Instant::now();
    if !edge.attempts.allows(client, now) {
        edge.metrics.tokens_unread.add();
        return Identity::Rejected(Code::TooManyBadTokens);
    }
    let Some(issuer) = gate.judge(token) else {
        edge.attempts.failed(client, now);
        return Identity::Rejected(Code::TokenInvalid);
    };
    edge.metrics.tokens_judged.add();
    let mut verdict = issuer.verifier.judge(token.text, digest);
    // A key that is not known may be a new one: one look at the issuer, shared by all who wait.
    if verdict == Err(TokenError::UnknownKey) {
        match issuer.fetched_anew().await {
            Fetched::Anew => verdict = issuer.verifier.judge(token.text, digest),
            Fetched::Failed => return unknown(),
            Fetched::Never => {}
        }
    }
    if verdict.as_ref().is_err_and(|error| error.is_suspect()) {
        edge.attempts.failed(client, now);
    }
    judged(issuer, verdict)
}

/// What [`identify`] would say, found out without a trace.
pub(crate) fn look(edge: &Edge, gate: &Gate, token: Token<'_, '_>, client: IpAddr) -> Identity {
    let is_known = recall(gate, token, Digest::of(token.text)).is_some();
    if !is_known && !edge.attempts.allows(client, Instant::now()) {
        return Identity::Rejected(Code::TooManyBadTokens);
    }
    match gate.judge(token) {
        Some(issuer) => judged(issuer, issuer.verifier.peek(token.text).map(Arc::new)),
        None => Identity::Rejected(Code::TokenInvalid),
    }
}

/// What a token says of itself, where no key is at hand.
pub(crate) fn believe(gate: &Gate, token: Token<'_, '_>) -> Identity {
    match gate.judge(token) {
        Some(issuer) => judged(issuer, issuer.verifier.unverified(token.text).map(Arc::new)),
        None => Identity::Rejected(Code::TokenInvalid),
    }
}

type Verdict = Result<Arc<Verified>, TokenError>;

/// A verdict that one of the issuers remembers: each token has one issuer, which alone has judged it.
fn recall<'g>(gate: &'g Gate, token: Token<'_, '_>, digest: Digest) -> Option<(&'g Issuer, Verdict)> {
    let mut issuers = gate.issuers_at(token.source);
    issuers.find_map(|issuer| Some((&**issuer, issuer.verifier.recall(digest)?)))
}

/// What a token's verdict makes of its bearer.
fn judged(issuer: &Issuer, verdict: Verdict) -> Identity {
    match verdict {
        Ok(verified) => Identity::User(verified),
        Err(TokenError::UnknownKey) if !issuer.verifier.has_keys() => unknown(),
        Err(error) => Identity::Rejected(error.code()),
    }
}

/// Without its key a token cannot be told good from bad; a 401 would sign its bearer out.
fn unknown() -> Identity {
    Identity::Rejected(Code::ServiceUnavailable)
}
