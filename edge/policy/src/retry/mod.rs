//! Whether a request that failed may be sent again, and when.

mod backoff;
mod budget;

pub use backoff::backoff;
pub use budget::Budget;

use http::Method;

/// How a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No connection could be made: no byte of the request reached a target.
    NotConnected,
    /// The connection was lost before an answer began.
    Reset,
    /// No answer began in the time that one try may take.
    Timeout,
    /// An answer with this status came, and nothing of it has gone to the client.
    Status(u16),
    /// The answer broke off after its head had gone to the client.
    Answered,
}

/// Statuses from 500 to 599.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statuses(u128);

impl Statuses {
    /// Whether it is one of them.
    pub fn has(self, status: u16) -> bool {
        bit(status).is_some_and(|bit| self.0 & bit != 0)
    }
}

impl FromIterator<u16> for Statuses {
    /// Those that are from 500 to 599.
    fn from_iter<I: IntoIterator<Item = u16>>(statuses: I) -> Self {
        Self(statuses.into_iter().filter_map(bit).fold(0, |all, bit| all | bit))
    }
}

fn bit(status: u16) -> Option<u128> {
    (500..600).contains(&status).then(|| 1 << (status - 500))
}

/// What a route allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Tries in all, the first included; at least 1.
    pub attempts: u32,
    /// After [`Cause::NotConnected`].
    pub on_connect: bool,
    /// After [`Cause::Reset`].
    pub on_reset: bool,
    /// After [`Cause::Timeout`].
    pub on_timeout: bool,
    /// After these.
    pub on_status: Statuses,
    /// Methods that are repeated once something was sent.
    pub methods: Vec<Method>,
}

/// A failed try.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// How it failed.
    pub cause: Cause,
    /// Whether the whole request can be sent again: it has no body, or the body is still at hand.
    pub replayable: bool,
    /// Tries so far, this one included.
    pub tries: u32,
}

impl Terms {
    /// Whether to try once more, where there may be so many `attempts`. What might have been carried out is repeated only if its method is one of those listed.
    pub fn allow(&self, failure: &Failure<'_>, attempts: u32) -> bool {
        let is_wanted = match failure.cause {
            Cause::NotConnected => self.on_connect,
            Cause::Reset => self.on_reset,
            Cause::Timeout => self.on_timeout,
            Cause::Status(status) => self.on_status.has(status),
            Cause::Answered => false,
        };
        let is_harmless = failure.cause == Cause::NotConnected || self.methods.contains(failure.method);
        failure.tries < attempts && failure.replayable && is_wanted && is_harmless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(attempts: u32) -> Terms {
        Terms {
            attempts,
            on_connect: true,
            on_reset: true,
            on_timeout: true,
            on_status: [503, 200, 599].into_iter().collect(),
            methods: vec![Method::GET, Method::PUT],
        }
    }

    fn failure(method: &Method, cause: Cause, tries: u32) -> Failure<'_> {
        Failure {
            method,
            cause,
            replayable: true,
            tries,
        }
    }

    const CAUSES: [Cause; 5] = [
        Cause::NotConnected,
        Cause::Reset,
        Cause::Timeout,
        Cause::Status(503),
        Cause::Answered,
    ];

    #[test]
    fn a_post_is_never_sent_twice() {
        let allowed = |method: &Method| CAUSES.map(|cause| terms(3).allow(&failure(method, cause, 1), 3));
        assert_eq!(allowed(&Method::POST), [true, false, false, false, false]);
        assert_eq!(allowed(&Method::GET), [true, true, true, true, false]);
    }

    #[test]
    fn what_the_route_does_not_name_is_not_repeated() {
        let none = Terms {
            on_connect: false,
            on_reset: false,
            on_timeout: false,
            on_status: Statuses::default(),
            ..terms(3)
        };
        assert!(
            CAUSES
                .iter()
                .all(|cause| !none.allow(&failure(&Method::GET, *cause, 1), 3))
        );
        let status = |status| terms(3).allow(&failure(&Method::GET, Cause::Status(status), 1), 3);
        assert_eq!([503, 599, 500, 200, 429].map(status), [true, true, false, false, false]);
        let body_gone = Failure {
            replayable: false,
            ..failure(&Method::PUT, Cause::Reset, 1)
        };
        assert!(!terms(3).allow(&body_gone, 3));
    }

    proptest! {
        /// Law: nothing is tried more often than the route allows.
        #[test]
        fn tries_end(attempts in 1u32..6, cause in 0usize..5) {
            let mut tries = 1;
            while terms(attempts).allow(&failure(&Method::GET, CAUSES[cause], tries), attempts) { tries += 1; }
            prop_assert!(tries <= attempts);
        }
    }
}
