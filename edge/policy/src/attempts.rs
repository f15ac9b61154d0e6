//! How many tokens a client may show in vain. Each that is not known costs a signature, and whoever makes them up makes them
//! for nothing; so a client that fails often is not listened to for a while. Its good tokens that are known are not asked here.

use crate::{
    client_ip::subscriber,
    rate_limit::{Algorithm, Gcra, Limit, OnStoreFailure, Part, Rate},
    shards::Shards,
};
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// Tokens in vain that a client may show at once.
pub const AT_ONCE: u32 = 30;
/// The time in which it regains one of them.
pub const REGAINED_IN: Duration = Duration::from_secs(1);
/// Clients that are remembered.
const CAPACITY: usize = 16_384;

/// The failures of clients: a quota of this edge alone, charged afterwards. A client is an IPv4 address or an IPv6 /64, which is
/// what one subscriber gets. Of clients beyond the bound those are forgotten whose failures would be forgiven soonest.
pub struct Attempts {
    limit: Limit,
    failures: Shards<IpAddr, Gcra>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            limit: Limit {
                name: "attempts".into(),
                key: Part::ClientIp.into(),
                when: None,
                cost: 1,
                rate: Rate {
                    count: 1,
                    per: REGAINED_IN,
                },
                burst: AT_ONCE,
                algorithm: Algorithm::Gcra,
                on_store_failure: OnStoreFailure::Local,
            },
            failures: Shards::new(CAPACITY),
        }
    }
}

impl Attempts {
    /// Whether a token of this client that is not known may be looked at.
    pub fn allows(&self, client: IpAddr, now: Instant) -> bool {
        Gcra::hit(&mut self.failures.get(&subscriber(client)), &self.limit, now).allowed
    }

    /// Such a token was bad. Many that fail at the same time are one crowd: what is regained never takes longer than from the whole
    /// budget, since what is over it is not counted.
    pub fn failed(&self, client: IpAddr, now: Instant) {
        self.failures.with(&subscriber(client), now, |failures| {
            Gcra::hit(failures, &self.limit, now);
            (failures.map_or(now, |failures| failures.ends()), ())
        });
    }
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
        let attempts = Attempts::default();
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
        let attempts = Attempts::default();
        for _ in 0..100 * AT_ONCE {
            attempts.failed(address("203.0.113.9"), began);
        }
        assert!(attempts.allows(address("203.0.113.9"), began + REGAINED_IN));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_client() {
        let now = Instant::now();
        let attempts = Attempts::default();
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
        let attempts = Attempts::default();
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
