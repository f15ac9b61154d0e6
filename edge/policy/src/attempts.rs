//! How many tokens a client may show in vain. Each that is not known costs a signature, and whoever makes them up makes them
//! for nothing; so a client that fails often is not listened to for a while. Its good tokens that are known are not asked here.

use crate::client_ip::subscriber;
use foldhash::quality::RandomState;
use std::{
    hash::BuildHasher,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Tokens in vain that a client may show at once.
pub const AT_ONCE: u64 = 30;
/// The time in which it regains one of them.
pub const REGAINED_IN: Duration = Duration::from_secs(1);

/// Clients that share a lock.
const WAYS: usize = 8;
/// Locks: some 16,000 clients at once are remembered.
const PIECES: usize = 2048;

/// The failures of clients, bounded. A client is an IPv4 address or an IPv6 /64, which is what one subscriber gets. Of
/// clients beyond the bound those whose failures are longest ago are forgotten.
pub struct Attempts {
    hasher: RandomState,
    began: Instant,
    pieces: Box<[Mutex<[Client; WAYS]>]>,
}

#[derive(Clone, Copy, Default)]
struct Client {
    /// Its name, 0 where there is none.
    name: u64,
    /// When all its failures are forgiven, milliseconds since the beginning.
    clear: u64,
}

impl Attempts {
    /// Nobody has failed yet.
    pub fn new(now: Instant) -> Self {
        Self {
            hasher: RandomState::default(),
            began: now,
            pieces: (0..PIECES).map(|_| Mutex::default()).collect(),
        }
    }

    /// Whether a token of this client that is not known may be looked at.
    pub fn allows(&self, client: IpAddr, now: Instant) -> bool {
        let name = self.name(client);
        let piece = self.piece(name);
        let known = piece.iter().find(|known| known.name == name);
        known.is_none_or(|known| known.clear <= self.at(now) + (AT_ONCE - 1) * millis(REGAINED_IN))
    }

    /// Such a token was bad.
    pub fn failed(&self, client: IpAddr, now: Instant) {
        let (name, now) = (self.name(client), self.at(now));
        let mut piece = self.piece(name);
        let place = piece.iter().position(|known| known.name == name);
        let longest_ago = || (0..WAYS).min_by_key(|place| piece[*place].clear).unwrap_or_default();
        let place = place.unwrap_or_else(longest_ago);
        let before = if piece[place].name == name {
            piece[place].clear
        } else {
            0
        };
        // Many that fail at the same time are one crowd: what is regained never takes longer than from the whole budget.
        let clear = (before.max(now) + millis(REGAINED_IN)).min(now + AT_ONCE * millis(REGAINED_IN));
        piece[place] = Client { name, clear };
    }

    fn name(&self, client: IpAddr) -> u64 {
        self.hasher.hash_one(subscriber(client)).max(1)
    }

    fn piece(&self, name: u64) -> MutexGuard<'_, [Client; WAYS]> {
        let piece = usize::try_from(name % PIECES as u64).unwrap_or_default();
        self.pieces[piece].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.began))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_its_budget_and_regains_it() {
        let began = Instant::now();
        let attempts = Attempts::new(began);
        let (one, other) = (address("203.0.113.9"), address("203.0.113.10"));
        for _ in 0..AT_ONCE {
            assert!(attempts.allows(one, began));
            attempts.failed(one, began);
        }
        assert!(!attempts.allows(one, began));
        assert!(attempts.allows(other, began), "it is the other's alone");
        assert!(!attempts.allows(one, began + REGAINED_IN / 2));
        assert!(attempts.allows(one, began + REGAINED_IN));
        attempts.failed(one, began + REGAINED_IN);
        assert!(!attempts.allows(one, began + REGAINED_IN));
    }

    #[test]
    fn a_crowd_that_fails_at_once_waits_no_longer() {
        let began = Instant::now();
        let attempts = Attempts::new(began);
        for _ in 0..100 * AT_ONCE {
            attempts.failed(address("203.0.113.9"), began);
        }
        assert!(attempts.allows(address("203.0.113.9"), began + REGAINED_IN));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_client() {
        let now = Instant::now();
        let attempts = Attempts::new(now);
        for host in 0..AT_ONCE {
            attempts.failed(address(&format!("2001:db8:0:1::{host:x}")), now);
        }
        assert!(!attempts.allows(address("2001:db8:0:1:ffff::1"), now));
        assert!(attempts.allows(address("2001:db8:0:2::1"), now));
        for _ in 0..AT_ONCE {
            attempts.failed(address("::ffff:203.0.113.9"), now);
        }
        assert!(!attempts.allows(address("203.0.113.9"), now), "however it is written");
    }

    #[test]
    fn many_clients_do_not_make_it_grow_and_the_latest_stay() {
        let now = Instant::now();
        let attempts = Attempts::new(now);
        for _ in 0..AT_ONCE {
            attempts.failed(address("203.0.113.9"), now);
        }
        for host in 0..100_000_u32 {
            attempts.failed(IpAddr::from(host.to_be_bytes()), now);
        }
        assert!(
            !attempts.allows(address("203.0.113.9"), now),
            "whoever failed once is forgotten first"
        );
    }
}
