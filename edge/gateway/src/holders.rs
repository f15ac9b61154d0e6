//! How much that stays open one user, and all together, may hold: WebSockets and event streams. How much one instance holds is bounded by
//! its upstream's circuit breaker.

use crate::metrics::Metrics;
use edge_policy::{client_ip::subscriber, identity::Identity};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

const SHARDS: usize = 32;

/// Bounds, at least 1 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most {
    /// Over all.
    pub(crate) all: u32,
    /// Of one user, or of one address that nobody is signed in from.
    pub(crate) one: u32,
}

/// Which bound is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// That of all.
    All,
    /// That of one.
    One,
}

/// What is open, by who holds it.
#[derive(Default)]
pub(crate) struct Holders {
    metrics: Arc<Metrics>,
    hasher: RandomState,
    all: AtomicU32,
    shards: [Mutex<HashMap<u64, u32>>; SHARDS],
}

impl Holders {
    /// Nothing is open.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            ..Self::default()
        }
    }

    /// Counts one more, until the hold is dropped.
    ///
    /// # Errors
    /// A bound is met.
    pub(crate) fn hold(self: &Arc<Self>, who: &Identity, client: IpAddr, most: Most) -> Result<Hold, Full> {
        let one_more = |all: u32| (all < most.all).then(|| all + 1);
        if self.all.fetch_update(Relaxed, Relaxed, one_more).is_err() {
            self.metrics.tunnels_refused.add();
            return Err(Full::All);
        }
        let who = self.key(who, client);
        let mut shard = self.shard(who).lock().unwrap_or_else(PoisonError::into_inner);
        let held = shard.entry(who).or_default();
        if *held >= most.one {
            self.all.fetch_sub(1, Relaxed);
            self.metrics.tunnels_refused_to_one.add();
            return Err(Full::One);
        }
        *held += 1;
        Ok(Hold {
            holders: Arc::clone(self),
            who,
        })
    }

    /// What [`Holders::hold`] would say. Nothing is counted.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn peek(&self, who: &Identity, client: IpAddr, most: Most) -> Result<(), Full> {
        let who = self.key(who, client);
        let shard = self.shard(who).lock().unwrap_or_else(PoisonError::into_inner);
        let held = shard.get(&who).copied().unwrap_or_default();
        match (self.all.load(Relaxed) >= most.all, held >= most.one) {
            (true, _) => Err(Full::All),
            (false, true) => Err(Full::One),
            (false, false) => Ok(()),
        }
    }

    /// A number that stands for whoever it is, and for nobody else: it is keyed, so that nobody can choose another's.
    fn key(&self, who: &Identity, client: IpAddr) -> u64 {
        match who.claims() {
            Some(user) => self.hasher.hash_one((&user.iss, &user.sub)),
            None => self.hasher.hash_one(subscriber(client)),
        }
    }

    fn shard(&self, who: u64) -> &Mutex<HashMap<u64, u32>> {
        &self.shards[who as usize % SHARDS]
    }
}

/// One that is open.
pub(crate) struct Hold {
    holders: Arc<Holders>,
    who: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.holders.all.fetch_sub(1, Relaxed);
        let shard = self.holders.shard(self.who);
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = shard.get_mut(&self.who) {
            *held -= 1;
            if *held == 0 {
                shard.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use shared_identity::Verified;

    fn user(iss: &str, sub: &str) -> Identity {
        Identity::User(Arc::new(Verified {
            iss: iss.into(),
            sub: sub.to_owned(),
            ..Verified::default()
        }))
    }

    #[test]
    fn one_holds_no_more_than_its_share_and_all_no_more_than_theirs() {
        let metrics = Arc::<Metrics>::default();
        let holders = Arc::new(Holders::new(Arc::clone(&metrics)));
        let most = Most { all: 5, one: 2 };
        let (here, there): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let ann = user("a", "1");
        let first = holders.hold(&ann, here, most).unwrap();
        let _second = holders.hold(&ann, there, most).unwrap();
        assert_eq!(
            holders.hold(&ann, there, most).err(),
            Some(Full::One),
            "wherever she is"
        );
        assert_eq!(holders.peek(&ann, there, most), Err(Full::One));
        // The same name of another issuer, and those who are not signed in, are others.
        let _other = holders.hold(&user("b", "1"), here, most).unwrap();
        let _nobody = holders.hold(&Identity::Anonymous, here, most).unwrap();
        let _refused = holders.hold(&Identity::Rejected(shared_contracts::Code::TokenExpired), here, most);
        let last = holders.hold(&Identity::Anonymous, there, most);
        assert_eq!(last.err(), Some(Full::All));
        assert_eq!(holders.peek(&Identity::Anonymous, there, most), Err(Full::All));
        drop(first);
        assert_eq!(holders.peek(&ann, here, most), Ok(()));
        assert!(holders.hold(&ann, here, most).is_ok());
        assert_eq!(
            (metrics.tunnels_refused.get(), metrics.tunnels_refused_to_one.get()),
            (1, 1)
        );
    }
}
