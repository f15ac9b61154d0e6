//! Whether a request that failed may be sent again.

use http::Method;

/// How far a try came before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No byte of the request reached the target (refused, connect timeout).
    Nothing,
    /// Something did, and no answer has begun.
    Something,
    /// The answer's head has gone to the client.
    Answered,
}

/// A failed try.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// How far it came.
    pub sent: Sent,
    /// Whether the whole request can be sent again: it has no body, or the body is still at hand.
    pub replayable: bool,
    /// Tries so far, this one included.
    pub tries: u32,
}

/// Whether to try once more. Where something was sent, only methods that RFC 9110 (section 9.2.2) calls idempotent are
/// repeated: a POST might have been carried out.
pub fn may_retry(failure: &Failure<'_>, attempts: u32) -> bool {
    if failure.tries >= attempts || !failure.replayable {
        return false;
    }
    match failure.sent {
        Sent::Nothing => true,
        Sent::Something => failure.method.is_idempotent(),
        Sent::Answered => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_never_sent_twice() {
        let post = Failure {
            method: &Method::POST,
            sent: Sent::Something,
            replayable: true,
            tries: 1,
        };
        assert!(!may_retry(&post, 3));
        assert!(may_retry(
            &Failure {
                sent: Sent::Nothing,
                ..post
            },
            3
        ));
        let get = Failure {
            method: &Method::GET,
            ..post
        };
        assert!(may_retry(&get, 2));
        assert!(!may_retry(&Failure { tries: 2, ..get }, 2), "no attempts left");
        assert!(!may_retry(
            &Failure {
                replayable: false,
                ..get
            },
            2
        ));
        assert!(!may_retry(
            &Failure {
                sent: Sent::Answered,
                ..get
            },
            2
        ));
        assert!(!may_retry(&get, 1));
    }
}
