//! Those who hold something open by a token, and have to end it when the token is revoked.
//!
//! Who opens a stream enters; requests that end by themselves do not. A revocation finds those it concerns by their names,
//! and not by a walk over all.

use super::Bearer;
use shared_contracts::revocation::Revoked;
use std::{
    collections::HashMap,
    future::poll_fn,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Poll, Waker},
};

const SHARDS: usize = 16;

/// By which of its names a token is found.
#[derive(Clone, Copy, Hash)]
enum Name<'n> {
    Sub(&'n str),
    Sid(&'n str),
    Jti(&'n str),
}

type Shard = HashMap<u64, Vec<Arc<Watched>>>;

/// All who watch, by the digests of their names.
#[derive(Default)]
pub(super) struct Watches {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// One who watches.
struct Watched {
    sub: Box<str>,
    sid: Box<str>,
    jti: Box<str>,
    iat: u64,
    ended: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Watched {
    fn names(&self) -> [Name<'_>; 3] {
        [Name::Sub(&self.sub), Name::Sid(&self.sid), Name::Jti(&self.jti)]
    }

    fn is_meant(&self, what: &Revoked) -> bool {
        match what {
            Revoked::Session { sid } => *sid == *self.sid,
            Revoked::Token { jti } => *jti == *self.jti,
            Revoked::User { sub, before } => *sub == *self.sub && self.iat < *before,
        }
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.ended.store(true, Release);
        if let Some(waker) = self.waker().take() {
            waker.wake();
        }
    }
}

impl Watches {
    fn at(&self, name: Name<'_>) -> (u64, MutexGuard<'_, Shard>) {
        let digest = self.hasher.hash_one(name);
        let shard = &self.shards[digest as usize % SHARDS];
        (digest, shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Enters one.
    pub(super) fn enter(self: &Arc<Self>, bearer: &Bearer<'_>) -> Watch {
        let watched = Arc::new(Watched {
            sub: bearer.sub.into(),
            sid: bearer.sid.into(),
            jti: bearer.jti.into(),
            iat: bearer.iat,
            ended: AtomicBool::new(false),
            waker: Mutex::default(),
        });
        for name in watched.names() {
            let (digest, mut shard) = self.at(name);
            shard.entry(digest).or_default().push(Arc::clone(&watched));
        }
        Watch {
            watches: Arc::clone(self),
            watched,
        }
    }

    /// Ends those that are meant.
    pub(super) fn tell(&self, what: &Revoked) {
        let name = match what {
            Revoked::Session { sid } => Name::Sid(sid),
            Revoked::Token { jti } => Name::Jti(jti),
            Revoked::User { sub, .. } => Name::Sub(sub),
        };
        let (digest, shard) = self.at(name);
        let candidates = shard.get(&digest).into_iter().flatten();
        candidates
            .filter(|watched| watched.is_meant(what))
            .for_each(|watched| watched.end());
    }

    fn leave(&self, watched: &Arc<Watched>) {
        for name in watched.names() {
            let (digest, mut shard) = self.at(name);
            if let Some(all) = shard.get_mut(&digest) {
                all.retain(|one| !Arc::ptr_eq(one, watched));
                if all.is_empty() {
                    shard.remove(&digest);
                }
            }
        }
    }
}

/// Learns of one token's end. Entered for as long as it is held.
pub struct Watch {
    watches: Arc<Watches>,
    watched: Arc<Watched>,
}

impl Watch {
    pub(super) fn end(&self) {
        self.watched.end();
    }

    /// Whether the token was revoked.
    pub fn has_ended(&self) -> bool {
        self.watched.ended.load(Acquire)
    }

    /// Returns once the token is revoked. One task at a time may wait.
    pub async fn ended(&mut self) {
        poll_fn(|context| {
            if self.has_ended() {
                return Poll::Ready(());
            }
            *self.watched.waker() = Some(context.waker().clone());
            // It may have ended between the look and the entry.
            if self.has_ended() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watches.leave(&self.watched);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revocations;
    use shared_contracts::revocation::Revocation;
    use std::{
        pin::pin,
        task::{Context, Wake},
    };

    const ANN: Bearer<'static> = Bearer {
        sub: "7",
        sid: "s1",
        jti: "j1",
        iat: 100,
    };

    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Release);
        }
    }

    #[test]
    fn whoever_is_meant_is_woken_and_nobody_else() {
        for (revocation, meant) in [
            (Revocation::session("s1", 200), true),
            (Revocation::token("j1", 200), true),
            (Revocation::user("7", 101, 200), true),
            (Revocation::user("7", 100, 200), false),
            (Revocation::session("s2", 200), false),
        ] {
            let view = Revocations::default();
            let (mut watch, _other) = (view.watch(&ANN), view.watch(&Bearer { sid: "s3", ..ANN }));
            let flag = Arc::new(Flag(AtomicBool::new(false)));
            let waker = Waker::from(Arc::clone(&flag));
            let mut context = Context::from_waker(&waker);
            {
                let mut ended = pin!(watch.ended());
                assert!(ended.as_mut().poll(&mut context).is_pending());
                view.add(&revocation);
                assert_eq!(flag.0.load(Acquire), meant, "{revocation:?}");
                assert_eq!(ended.as_mut().poll(&mut context).is_ready(), meant);
            }
            assert_eq!(watch.has_ended(), meant);
        }
    }

    #[test]
    fn who_comes_late_is_told_at_once_and_who_leaves_leaves_nothing() {
        let view = Revocations::default();
        drop((view.watch(&ANN), view.watch(&ANN)));
        assert!(view.watches.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
        view.add(&Revocation::user("7", 101, 200));
        assert!(view.watch(&ANN).has_ended());
        assert!(!view.watch(&Bearer { iat: 101, ..ANN }).has_ended());
    }
}
