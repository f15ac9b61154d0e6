//! What the edge lacks itself when a connection cannot be made: descriptors, or memory for a socket. That is no target's fault: whoever is
//! blamed for it would be away once the crowd has left.

use pingora_error::{Error, ErrorType};
use rustix::io::Errno;
use std::io;

/// Marks a connection that was not made for want of something of the edge's own.
pub(crate) const LACKING: ErrorType = ErrorType::Custom("Lacking");

const OURS: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];

/// Whether the edge itself lacks something.
pub(crate) fn is_ours(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    number.is_some_and(|number| OURS.iter().any(|ours| ours.raw_os_error() == number))
}

/// The same of what Pingora says of a connection that it could not make.
pub(crate) fn is_lack(error: &Error) -> bool {
    error.root_cause().downcast_ref::<io::Error>().is_some_and(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pingora_error::ErrorType::{ConnectError, SocketError};

    #[test]
    fn descriptors_are_ours_and_a_refusal_is_the_target_s() {
        for (number, ours) in [(Errno::MFILE, true), (Errno::NFILE, true), (Errno::CONNREFUSED, false)] {
            let error = || io::Error::from_raw_os_error(number.raw_os_error());
            assert_eq!(is_ours(&error()), ours, "{number}");
            let inner = Error::because(SocketError, "failed to create socket", error());
            assert_eq!(
                is_lack(&Error::because(ConnectError, "fail to connect", inner)),
                ours,
                "{number}"
            );
        }
    }
}
