//! The view of what was revoked before it expired, and of who has to be told of it at once.

mod shards;
mod watch;

pub use watch::Watch;

use shards::Shards;
use shared_contracts::revocation::{Revocation, Revoked};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use watch::Watches;

/// Most entries of a kind; one of a session takes some 100 bytes. Beyond it those go that would have ended soonest.
const CAPACITY: usize = 500_000;

/// By what a token can be revoked. An empty part is not there, and cannot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bearer<'c> {
    /// The user (`sub`).
    pub sub: &'c str,
    /// The session (`sid`).
    pub sid: &'c str,
    /// The token (`jti`).
    pub jti: &'c str,
    /// When it was issued (`iat`), seconds since the Unix epoch; 0, and so before all, where it does not say.
    pub iat: u64,
}

/// All that a user had been given.
#[derive(Debug, Clone, Copy)]
struct Since {
    before: u64,
    until: u64,
}

/// Revoked sessions, tokens and users, in shards, so that readers on the request path do not meet writers.
pub struct Revocations {
    sessions: Shards<u64>,
    tokens: Shards<u64>,
    users: Shards<Since>,
    watches: Arc<Watches>,
    dropped: AtomicU64,
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            sessions: Shards::new(CAPACITY),
            tokens: Shards::new(CAPACITY),
            users: Shards::new(CAPACITY),
            watches: Arc::default(),
            dropped: AtomicU64::new(0),
        }
    }
}

impl Revocations {
    /// Adds one, and ends every [`Watch`] that it concerns. Entries are never taken back before their time, so a late snapshot
    /// cannot undo a push. Tells whether it refuses more than before.
    pub fn add(&self, revocation: &Revocation) -> bool {
        let until = revocation.until;
        let put = match &revocation.what {
            Revoked::Session { sid } => self.sessions.put(sid, until, latest, |until| *until),
            Revoked::Token { jti } => self.tokens.put(jti, until, latest, |until| *until),
            Revoked::User { sub, before } => {
                let since = Since { before: *before, until };
                let both = |old: &mut Since, new: Since| {
                    let is_news = new.before > old.before;
                    old.before = old.before.max(new.before);
                    old.until = old.until.max(new.until);
                    is_news
                };
                self.users.put(sub, since, both, |since| since.until)
            }
        };
        self.dropped.fetch_add(put.dropped, Relaxed);
        if put.is_news {
            self.watches.tell(&revocation.what);
        }
        put.is_news
    }

    /// Whether such a token is refused. Where nothing of a kind is revoked, that kind costs one load.
    pub fn concern(&self, bearer: &Bearer<'_>) -> bool {
        self.sessions.get(bearer.sid).is_some()
            || self.tokens.get(bearer.jti).is_some()
            || self
                .users
                .get(bearer.sub)
                .is_some_and(|since| bearer.iat < since.before)
    }

    /// Learns when such a token is revoked, also if it is already.
    pub fn watch(&self, bearer: &Bearer<'_>) -> Watch {
        let watch = self.watches.enter(bearer);
        // After it was entered: whatever is added from here on is told.
        if self.concern(bearer) {
            watch.end();
        }
        watch
    }

    /// Forgets what no unexpired token can name any more; `now` in seconds since the Unix epoch.
    pub fn prune(&self, now: u64) {
        self.sessions.retain(|until| *until > now);
        self.tokens.retain(|until| *until > now);
        self.users.retain(|since| since.until > now);
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.sessions.len() + self.tokens.len() + self.users.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were forgotten before their time, as there were too many: tokens that are good again.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

/// The later end counts. That a session has ended is no news then.
fn latest(old: &mut u64, new: u64) -> bool {
    *old = new.max(*old);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Bearer<'static> = Bearer {
        sub: "7",
        sid: "s1",
        jti: "j1",
        iat: 100,
    };

    fn all(revocations: &[Revocation]) -> Revocations {
        let view = Revocations::default();
        for revocation in revocations {
            view.add(revocation);
        }
        view
    }

    #[test]
    fn remembers_until_the_last_token_is_gone() {
        let view = all(&[Revocation::session("s1", 20), Revocation::session("s1", 10)]);
        view.prune(15);
        assert!(view.concern(&ANN));
        assert!(!view.concern(&Bearer { sid: "s2", ..ANN }));
        view.prune(20);
        assert!(view.is_empty() && !view.concern(&ANN));
    }

    #[test]
    fn a_token_is_refused_by_each_of_its_names_and_by_no_other_s() {
        for (revoked, concerns) in [
            (Revocation::session("s1", 200), true),
            (Revocation::token("j1", 200), true),
            (Revocation::user("7", 101, 200), true),
            (Revocation::user("7", 100, 200), false),
            (Revocation::user("8", 101, 200), false),
            (Revocation::session("7", 200), false),
            (Revocation::token("s1", 200), false),
            (Revocation::user("j1", 101, 200), false),
        ] {
            assert_eq!(
                all(std::slice::from_ref(&revoked)).concern(&ANN),
                concerns,
                "{revoked:?}"
            );
        }
        // What a token does not have names nobody.
        let odd = all(&[Revocation::session("", 200), Revocation::user("", 200, 200)]);
        assert!(!odd.concern(&Bearer {
            sub: "",
            sid: "",
            ..ANN
        }));
    }

    #[test]
    fn of_two_for_a_user_the_later_moment_and_the_later_end_count() {
        let view = all(&[Revocation::user("7", 150, 900), Revocation::user("7", 50, 1000)]);
        view.prune(950);
        assert!(view.concern(&ANN));
        assert!(!view.concern(&Bearer { iat: 150, ..ANN }));
    }
}
