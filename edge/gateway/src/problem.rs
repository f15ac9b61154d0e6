//! The one place where what went wrong becomes an answer: RFC 9457 problem details with a stable code.
//!
//! [`ClientError`] is all that a client may learn; [`InternalError`] is for the log. There is no way from the text of
//! the second into the first.

use crate::{front::refusal, upstream::LACKING};
use edge_policy::{breaker::Refusal, wire};
use pingora_error::{Error, ErrorSource, ErrorType};
use shared_contracts::{Code, Problem};
use std::{sync::Arc, time::Duration};

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientError {
    /// The stable code; it carries the status.
    pub(crate) code: Code,
    /// One sentence for a person.
    pub(crate) detail: &'static str,
    /// When to come again.
    pub(crate) retry_after: Option<Duration>,
    /// Value of `Allow`, with a 405.
    pub(crate) allow: Option<Arc<str>>,
    /// Whether the connection must not be used again, because what follows on it is in doubt.
    pub(crate) close: bool,
}

impl ClientError {
    /// An error after which the connection may go on.
    pub(crate) const fn new(code: Code, detail: &'static str) -> Self {
        Self {
            code,
            detail,
            retry_after: None,
            allow: None,
            close: false,
        }
    }

    /// The same, but the connection ends with it.
    #[must_use]
    pub(crate) const fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The same, with the time to wait.
    #[must_use]
    pub(crate) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same, with the methods that are allowed.
    #[must_use]
    pub(crate) fn allow(mut self, methods: Arc<str>) -> Self {
        self.allow = Some(methods);
        self
    }

    /// `Retry-After` in whole seconds, rounded up: one that comes a moment early would be refused again.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after
            .map(|wait| (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// The body.
    pub(crate) fn body(&self, request_id: &str) -> Vec<u8> {
        let problem = Problem::new(self.code, self.detail).request_id(request_id);
        serde_json::to_vec(&problem).unwrap_or_default()
    }
}

/// What the operator is told. Its text may name addresses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InternalError {
    /// An exchange with an upstream failed.
    #[error("upstream `{upstream}`: {source}")]
    Upstream {
        /// Its name.
        upstream: Arc<str>,
        /// What failed.
        source: Box<Error>,
    },
    /// No target is known for an upstream.
    #[error("upstream `{0}` has no target that may be tried")]
    NoTarget(Arc<str>),
    /// The target that held a client's session is away, and no other one knows it.
    #[error("upstream `{0}`: the target that held the session is away")]
    SessionOver(Arc<str>),
    /// Requests are kept away from an upstream.
    #[error("upstream `{0}`: its breaker lets nobody pass: {1:?}")]
    CircuitOpen(Arc<str>, Refusal),
    /// An upstream has as much to do as it can.
    #[error("upstream `{0}` has too much to do")]
    Overloaded(Arc<str>),
    /// A defect of the edge itself.
    #[error("{0}")]
    Defect(Box<Error>),
}

/// The waiting time told while an upstream is away: it is probed every second.
const COME_AGAIN: Duration = Duration::from_secs(1);

impl InternalError {
    /// What a client may know of it.
    pub(crate) fn to_client(&self) -> ClientError {
        match self {
            Self::NoTarget(_) => ClientError::new(
                Code::NoTarget,
                "No instance of the service takes requests at the moment.",
            )
            .retry_after(COME_AGAIN),
            Self::SessionOver(_) => ClientError::new(
                Code::NoTarget,
                "The instance that held the session is away: begin a new one.",
            )
            .retry_after(COME_AGAIN),
            Self::CircuitOpen(_, refusal) => {
                let (detail, wait) = match refusal {
                    Refusal::Open(wait) => ("The service is being spared for a while.", *wait),
                    Refusal::Full => ("The service has as much to do as it may.", COME_AGAIN),
                };
                ClientError::new(Code::CircuitOpen, detail).retry_after(wait)
            }
            Self::Overloaded(_) => ClientError::new(
                Code::Overloaded,
                "The service has more to do than it can; nothing was passed on to it.",
            )
            .retry_after(COME_AGAIN),
            Self::Upstream { source, .. } if *source.etype() == LACKING => no_room(),
            Self::Upstream { source, .. } => match source.etype() {
                ErrorType::ConnectTimedout
                | ErrorType::ConnectRefused
                | ErrorType::ConnectNoRoute
                | ErrorType::ConnectError
                | ErrorType::SocketError
                | ErrorType::BindError => unavailable(),
                ErrorType::ReadTimedout | ErrorType::WriteTimedout => {
                    ClientError::new(Code::UpstreamTimeout, "The service did not answer in time.")
                }
                _ => ClientError::new(Code::UpstreamFailed, "The service's answer broke off or made no sense."),
            },
            Self::Defect(_) => {
                ClientError::new(Code::Internal, "Something broke; the request id finds it in the logs.")
            }
        }
    }
}

/// The edge holds as much as it can.
pub(crate) const fn no_room() -> ClientError {
    ClientError::new(Code::EdgeFull, "The edge has no room for it at the moment.").retry_after(COME_AGAIN)
}

fn unavailable() -> ClientError {
    ClientError::new(
        Code::UpstreamUnavailable,
        "The service cannot be reached at the moment.",
    )
    .retry_after(COME_AGAIN)
}

/// What Pingora ran into, sorted by whose fault it is.
pub(crate) enum Fault {
    /// The client is gone: nobody to answer.
    ClientGone,
    /// The client did something wrong.
    Client(ClientError),
    /// Something of ours failed.
    Internal(InternalError),
}

/// Sorts an error that ended a request. `fault` is what was wrong with the client's bytes.
pub(crate) fn sort(error: &Error, fault: Option<wire::Fault>, upstream: Option<&Arc<str>>) -> Fault {
    let copy = || Error::explain(error.etype().clone(), error.to_string());
    match error.esource() {
        ErrorSource::Downstream if fault == Some(wire::Fault::TooSlow) => Fault::Client(refusal::too_slow()),
        ErrorSource::Downstream if fault.is_some() => Fault::Client(refusal::ambiguous()),
        ErrorSource::Downstream => match error.etype() {
            ErrorType::ReadTimedout => Fault::Client(refusal::too_slow()),
            ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed | ErrorType::WriteTimedout => {
                Fault::ClientGone
            }
            _ => Fault::Client(ClientError::new(Code::BadRequest, "The request breaks the rules of HTTP.").closing()),
        },
        ErrorSource::Upstream => {
            let upstream = upstream.map_or_else(|| "?".into(), Arc::clone);
            Fault::Internal(InternalError::Upstream {
                upstream,
                source: copy(),
            })
        }
        ErrorSource::Internal | ErrorSource::Unset => Fault::Internal(InternalError::Defect(copy())),
    }
}

/// Why a request ends before Pingora takes it on to a service.
pub(crate) enum Stop {
    /// The client is told why.
    Refused(ClientError),
    /// Something of ours failed.
    Failed(InternalError),
    /// It waits for news at a place that it has to leave, and is told to come again.
    Leaving,
    /// An exchange broke off: with a service if the error says so, else with the client.
    Broken(Box<Error>),
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::Refused(error)
    }
}

impl From<InternalError> for Stop {
    fn from(error: InternalError) -> Self {
        Self::Failed(error)
    }
}

impl From<Box<Error>> for Stop {
    fn from(error: Box<Error>) -> Self {
        Self::Broken(error)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn internal_text_stays_inside() {
        let secret = Error::explain(ErrorType::ConnectRefused, "Peer: 10.9.8.7:3001");
        let error = InternalError::Upstream {
            upstream: "auth".into(),
            source: secret,
        };
        assert!(error.to_string().contains("10.9.8.7"));
        let client = error.to_client();
        let body = String::from_utf8(client.body("r-1")).unwrap();
        assert!(!body.contains("10.9.8.7") && !body.contains("auth"), "{body}");
        assert_eq!(
            (client.code, client.retry_after_seconds()),
            (Code::UpstreamUnavailable, Some(1))
        );
    }

    #[test]
    fn each_failure_has_its_code() {
        let code = |kind: ErrorType| {
            let error = Error::explain(kind, "").into_up();
            match sort(&error, None, None) {
                Fault::Internal(error) => error.to_client().code,
                _ => unreachable!("the upstream's fault"),
            }
        };
        assert_eq!(code(ErrorType::ConnectTimedout), Code::UpstreamUnavailable);
        assert_eq!(code(ErrorType::ReadTimedout), Code::UpstreamTimeout);
        assert_eq!(code(ErrorType::ConnectionClosed), Code::UpstreamFailed);
        assert_eq!(code(ErrorType::InvalidHTTPHeader), Code::UpstreamFailed);
        let gone = Error::explain(ErrorType::ConnectionClosed, "").into_down();
        assert!(matches!(sort(&gone, None, None), Fault::ClientGone));
    }

    #[test]
    fn waiting_times_are_rounded_up() {
        let wait = |ms| {
            ClientError::new(Code::RateLimited, "")
                .retry_after(Duration::from_millis(ms))
                .retry_after_seconds()
        };
        assert_eq!(
            (wait(0), wait(1), wait(1000), wait(1001)),
            (Some(1), Some(1), Some(1), Some(2))
        );
    }
}
