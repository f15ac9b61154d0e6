//! Whose quota a request is charged to.

use std::net::{IpAddr, Ipv6Addr};

/// What a limit is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyBy {
    /// The client's address; for IPv6 its /64, which is what one subscriber gets.
    ClientIp,
    /// The token's subject.
    JwtSub,
}

/// The address as a quota's subject.
pub(super) fn of_address(client: IpAddr) -> String {
    match client.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{}/64", network_64(v6)),
    }
}

/// The /64 an address lies in.
fn network_64(v6: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))
}

/// The token's subject as a quota's subject; prefixed, so that no subject can pose as an address.
pub(super) fn of_subject(sub: &str) -> String {
    format!("sub:{sub}")
}

/// The Redis key of a limit and a subject, without `REDIS_PREFIX`: `edge:rl:<limit>:<subject>`.
pub fn redis_key(limit: &str, subject: &str) -> String {
    format!("edge:rl:{limit}:{subject}")
}

/// The same for a limit that is leased: its buckets have a form of their own. `edge:lease:<limit>:<subject>`.
pub fn lease_key(limit: &str, subject: &str) -> String {
    format!("edge:lease:{limit}:{subject}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_bucket_for_an_address_however_it_is_written() {
        let of = |text: &str| of_address(text.parse().unwrap());
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        assert_eq!(
            of("::ffff:203.0.113.9"),
            "203.0.113.9",
            "the same host over a dual-stack socket"
        );
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(
            redis_key("anonymous_ip", &of("203.0.113.9")),
            "edge:rl:anonymous_ip:203.0.113.9"
        );
    }

    proptest! {
        #[test]
        fn a_64_is_one_subject(high: u64, a: u64, b: u64) {
            let ip = |low: u64| IpAddr::V6(Ipv6Addr::from_bits((u128::from(high) << 64) | u128::from(low)));
            // ::/64 holds the IPv4-mapped addresses, which are single hosts.
            prop_assume!(high != 0);
            prop_assert_eq!(of_address(ip(a)), of_address(ip(b)));
        }
    }
}
