//! Addresses of this machine, one for each client.

use std::net::{IpAddr, Ipv4Addr};

/// The first one. 127.0.0.0/8 is this machine (RFC 1122, section 3.2.1.3); its first half is left to servers.
const FIRST: u32 = u32::from_be_bytes([127, 128, 0, 0]);
/// How many there are, without the first and the last one.
const ADDRESSES: u32 = (1 << 23) - 2;

/// The address of client `number`.
pub(super) fn of(number: u32) -> IpAddr {
    Ipv4Addr::from(FIRST + 1 + number % ADDRESSES).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another_one_of_this_machine() {
        let all: std::collections::HashSet<_> = (0..70_000).map(of).collect();
        assert_eq!(all.len(), 70_000);
        for number in [0, 1, 255, 256, ADDRESSES - 1, ADDRESSES, u32::MAX] {
            let address = of(number);
            assert!(
                address.is_loopback() && address > IpAddr::from([127, 128, 0, 0]),
                "{address}"
            );
        }
        assert_eq!(of(0), IpAddr::from([127, 128, 0, 1]));
    }
}
