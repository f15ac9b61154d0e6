//! What ends before its time: a token, a session, or all that a user had.

use serde::{Deserialize, Serialize};

/// Redis channel on which revocations are pushed; the payload is a JSON [`Revocation`].
pub const REVOKED_CHANNEL: &str = "auth.revoked";
/// What the Redis keys (database 0) that remember revocations begin with, whatever they revoke; see [`Revocation::entry`].
///
/// A key lives as long as a token that it concerns can, so that a verifier which starts later loads a whole view by `SCAN`.
pub const REVOKED_KEYS: &str = "auth:revoked";
/// Prefix of the keys of ended sessions: `auth:revoked:<sid>`, whose value is the bare `until`.
pub const REVOKED_KEY_PREFIX: &str = "auth:revoked:";
/// Path at which auth lists revocations to services: what verifiers ask while nothing reaches them over Redis.
pub const REVOCATIONS_PATH: &str = "/internal/revocations";
/// Most revocations of a kind that one answer lists: the latest ones.
pub const MAX_REVOCATIONS: usize = 10_000;

/// Tokens that are refused before they expire.
///
/// As JSON it is one flat object: `{"sid": …, "until": …}`, `{"jti": …, "until": …}` or `{"sub": …, "before": …, "until": …}`.
/// Readers pass over fields they do not know: whoever adds one must not mean less by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Which ones.
    #[serde(flatten)]
    pub what: Revoked,
    /// When the last of them expires (seconds since the Unix epoch); the entry may be forgotten then.
    pub until: u64,
}

/// Which tokens are refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Revoked {
    /// Those of a session: it has ended.
    Session {
        /// The session.
        sid: String,
    },
    /// One.
    Token {
        /// Its id.
        jti: String,
    },
    /// All that a user had been given: signed out everywhere, or another password.
    User {
        /// The user.
        sub: String,
        /// Tokens issued earlier are refused (seconds since the Unix epoch, compared with `iat`).
        before: u64,
    },
}

impl Revocation {
    /// The end of a session.
    pub fn session(sid: impl Into<String>, until: u64) -> Self {
        let what = Revoked::Session { sid: sid.into() };
        Self { what, until }
    }

    /// The end of one token, which expires at `until`.
    pub fn token(jti: impl Into<String>, until: u64) -> Self {
        let what = Revoked::Token { jti: jti.into() };
        Self { what, until }
    }

    /// The end of all that a user was given before that second.
    pub fn user(sub: impl Into<String>, before: u64, until: u64) -> Self {
        let what = Revoked::User {
            sub: sub.into(),
            before,
        };
        Self { what, until }
    }

    /// The Redis key and value that remember it. A later one of the same user takes the earlier one's place.
    pub fn entry(&self) -> (String, String) {
        match &self.what {
            Revoked::Session { sid } => (format!("{REVOKED_KEY_PREFIX}{sid}"), self.until.to_string()),
            Revoked::Token { jti } => (format!("{REVOKED_KEYS}-token:{jti}"), self.json()),
            Revoked::User { sub, .. } => (format!("{REVOKED_KEYS}-user:{sub}"), self.json()),
        }
    }

    /// What such a key and value say; nothing where they are of a kind not known here.
    pub fn from_entry(key: &str, value: &str) -> Option<Self> {
        match key.strip_prefix(REVOKED_KEY_PREFIX) {
            Some(sid) => Some(Self::session(sid, value.parse().ok()?)),
            None => serde_json::from_str(value).ok(),
        }
    }

    /// As it is published.
    pub fn json(&self) -> String {
        // Text and numbers: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The answer of [`REVOCATIONS_PATH`]: what concerns tokens that have not expired yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationsAnswer {
    /// Ended sessions, at most [`MAX_REVOCATIONS`].
    pub revocations: Vec<Revocation>,
    /// Users and tokens, each at most [`MAX_REVOCATIONS`]. Apart from the sessions, which older readers expect alone.
    #[serde(default)]
    pub others: Vec<Revocation>,
}

impl RevocationsAnswer {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Revocation> {
        self.revocations.iter().chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_flat_form_and_an_entry_that_reads_back() {
        let kinds = [
            (
                Revocation::session("s:1", 9),
                r#"{"sid":"s:1","until":9}"#,
                "auth:revoked:s:1",
            ),
            (
                Revocation::token("j1", 9),
                r#"{"jti":"j1","until":9}"#,
                "auth:revoked-token:j1",
            ),
            (
                Revocation::user("7", 5, 9),
                r#"{"sub":"7","before":5,"until":9}"#,
                "auth:revoked-user:7",
            ),
        ];
        for (revocation, json, key) in kinds {
            assert_eq!(revocation.json(), json);
            assert_eq!(
                serde_json::from_str::<Revocation>(json).ok().as_ref(),
                Some(&revocation)
            );
            let entry = revocation.entry();
            assert_eq!(entry.0, key);
            assert_eq!(Revocation::from_entry(&entry.0, &entry.1), Some(revocation));
        }
    }

    #[test]
    fn a_later_version_s_words_are_read_or_passed_over() {
        let more = r#"{"sid":"s1","until":9,"reason":"password"}"#;
        assert_eq!(serde_json::from_str(more).ok(), Some(Revocation::session("s1", 9)));
        assert_eq!(
            Revocation::from_entry("auth:revoked-device:d1", r#"{"device":"d1","until":9}"#),
            None
        );
        let older: RevocationsAnswer = serde_json::from_str(r#"{"revocations":[]}"#).unwrap();
        assert_eq!(older.all().count(), 0);
    }
}
