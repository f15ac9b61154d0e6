//! Refresh tokens: how they are made, kept and judged.
//!
//! Each is used once and replaced by another (RFC 9700, section 4.14.2). The replaced one keeps its successor, sealed
//! under the replaced token itself, so that a request which raced the replacing one can be given the *same* successor:
//! a session never has two living refresh tokens, and two holders of one token always meet at a reuse later on.

use crate::domain::seal::Sealer;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// How long a refresh token lasts from its making; each refresh makes a new one.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::days(30);
/// How long the tabs of one browser may go on showing a token that one of them has just replaced.
pub(crate) const TABS_GRACE: TimeDelta = TimeDelta::seconds(10);

const SECRET_BYTES: usize = 32;
const SUCCESSOR: &str = "successor";

/// A refresh token: 256 random bits, as base64url. It has no `Debug`, so that it cannot reach a log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken(String);

impl RefreshToken {
    /// A fresh one.
    pub(crate) fn generate() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>()))
    }

    /// One that a client shows; whether it was ever made, the database knows.
    pub(crate) fn shown(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text for the client.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of it. The token is random, so an unsalted hash gives nothing away.
    pub(crate) fn digest(&self) -> Vec<u8> {
        Sha256::digest(&self.0).to_vec()
    }

    /// `successor`, so that only a holder of this token can read it.
    pub(crate) fn seal_successor(&self, successor: &Self) -> Option<Vec<u8>> {
        self.sealer().seal(SUCCESSOR, successor.0.as_bytes())
    }

    /// Reads what [`RefreshToken::seal_successor`] made.
    pub(crate) fn open_successor(&self, sealed: &[u8]) -> Option<Self> {
        String::from_utf8(self.sealer().open(SUCCESSOR, sealed)?).ok().map(Self)
    }

    fn sealer(&self) -> Sealer {
        // Another input than `digest` hashes: what is stored must not be the key.
        Sealer::new(
            &Sha256::new()
                .chain_update(SUCCESSOR)
                .chain_update(&self.0)
                .finalize()
                .into(),
        )
    }
}

/// What is known when a refresh token is shown. All times are the database's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// Now.
    pub(crate) now: DateTime<Utc>,
    /// When the request arrived here.
    pub(crate) arrived: DateTime<Utc>,
    /// Whether a browser sent it from its cookie jar, on behalf of a page of this site.
    pub(crate) by_browser: bool,
    /// When the token expires.
    pub(crate) expires_at: DateTime<Utc>,
    /// When it was replaced.
    pub(crate) used_at: Option<DateTime<Utc>>,
    /// Whether the token that replaced it is still unused.
    pub(crate) successor_waits: bool,
    /// Whether the session has ended.
    pub(crate) session_ended: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Replace it.
    Replace,
    /// Answer with the token that replaced it.
    Repeat,
    /// Somebody kept an old token: end the session.
    Reused,
    /// It is worth nothing any more.
    Refuse,
}

/// Judges a refresh token that was found.
///
/// A used token is a reuse, but for two cases in which its successor was never used: the request was under way when the
/// token was replaced, so its sender could not know the successor; or it comes from a browser, whose tabs share one jar
/// and cannot agree who refreshes, within [`TABS_GRACE`].
pub(crate) fn judge(shown: &Shown) -> Verdict {
    if shown.session_ended || shown.expires_at <= shown.now {
        return Verdict::Refuse;
    }
    let Some(used_at) = shown.used_at else {
        return Verdict::Replace;
    };
    let raced = shown.arrived <= used_at;
    let another_tab = shown.by_browser && shown.now - used_at <= TABS_GRACE;
    if shown.successor_waits && (raced || another_tab) {
        Verdict::Repeat
    } else {
        Verdict::Reused
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_successor_is_readable_with_its_predecessor_alone() {
        let (old, new) = (RefreshToken::generate(), RefreshToken::generate());
        let sealed = old.seal_successor(&new).unwrap();
        assert!(old.open_successor(&sealed).unwrap() == new);
        assert!(new.open_successor(&sealed).is_none());
        assert!(old.digest() != new.digest() && old.digest().len() == 32);
    }

    #[test]
    fn only_races_and_tabs_are_forgiven() {
        let now = Utc::now();
        let fresh = Shown {
            now,
            arrived: now - TimeDelta::milliseconds(5),
            by_browser: false,
            expires_at: now + LIFETIME,
            used_at: None,
            successor_waits: false,
            session_ended: false,
        };
        let used = |ago: i64| Shown {
            used_at: Some(now - TimeDelta::milliseconds(ago)),
            successor_waits: true,
            ..fresh
        };
        let cases = [
            (fresh, Verdict::Replace),
            (
                Shown {
                    expires_at: now,
                    ..fresh
                },
                Verdict::Refuse,
            ),
            (
                Shown {
                    session_ended: true,
                    ..fresh
                },
                Verdict::Refuse,
            ),
            (
                Shown {
                    session_ended: true,
                    ..used(1)
                },
                Verdict::Refuse,
            ),
            (used(5), Verdict::Repeat),
            (used(6), Verdict::Reused),
            (
                Shown {
                    successor_waits: false,
                    ..used(1)
                },
                Verdict::Reused,
            ),
            (
                Shown {
                    by_browser: true,
                    ..used(10_000)
                },
                Verdict::Repeat,
            ),
            (
                Shown {
                    by_browser: true,
                    ..used(10_001)
                },
                Verdict::Reused,
            ),
            (
                Shown {
                    by_browser: true,
                    successor_waits: false,
                    ..used(6)
                },
                Verdict::Reused,
            ),
        ];
        for (number, (shown, verdict)) in cases.into_iter().enumerate() {
            assert_eq!(judge(&shown), verdict, "case {number}");
        }
    }
}
