//! How long somebody waits for an answer, and that nothing works on it any longer.

use crate::ApiError;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use shared_contracts::{Code, header};
use std::{
    future::Future,
    time::{Duration, Instant},
};
use tracing::Instrument;

/// When nobody waits any more for the answer to this head, as whoever sent it says; it can shorten the work alone.
pub(crate) fn of(headers: &HeaderMap, began: Instant) -> Option<Instant> {
    let text = headers.get(header::REQUEST_TIMEOUT)?.to_str().ok()?;
    began.checked_add(Duration::from_millis(text.parse().ok()?))
}

/// What is left until then, for whoever is asked in turn; whole milliseconds, at least 1.
pub(crate) fn left(deadline: Instant) -> u64 {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
    u64::try_from(left).unwrap_or(u64::MAX).max(1)
}

/// The answer, or 504 once its time is over; the work is dropped then, and what it asked of the database ends with it.
/// The body of an answer that has begun is not bounded.
pub(crate) async fn bound(deadline: Option<Instant>, answer: impl Future<Output = Response>) -> Response {
    let Some(deadline) = deadline else {
        return answer.await;
    };
    let in_time = tokio::time::timeout_at(deadline.into(), answer).await;
    in_time.unwrap_or_else(|_| {
        tracing::debug!("the time for the answer is over");
        ApiError::new(Code::DeadlineExceeded, "The answer was not ready in time").into_response()
    })
}

/// Does what has to follow a commit, whether or not somebody still waits for it.
///
/// A request's own work ends when its client leaves or its time is over. What others must be told of a change that stands
/// already goes on.
pub async fn regardless(work: impl Future<Output = ()> + Send + 'static) {
    if let Err(error) = tokio::spawn(work.in_current_span()).await {
        tracing::error!(%error, "what follows a commit broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_whole_milliseconds_and_anything_else_is_none() {
        let began = Instant::now();
        let deadline = |text: &str| {
            let headers = [(header::REQUEST_TIMEOUT.parse().unwrap(), text.parse().unwrap())];
            of(&headers.into_iter().collect(), began)
        };
        assert_eq!(deadline("300"), Some(began + Duration::from_millis(300)));
        assert_eq!(deadline("0"), Some(began));
        for none in ["", "-1", "1.5", "soon", "99999999999999999999999"] {
            assert_eq!(deadline(none), None, "{none:?}");
        }
        // Far beyond what a clock can tell.
        let _ = deadline(&u64::MAX.to_string());
        assert_eq!(of(&HeaderMap::new(), began), None);
    }

    #[tokio::test]
    async fn what_follows_a_commit_outlives_whoever_waits() {
        let (told, hear) = tokio::sync::oneshot::channel();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
        let request = tokio::spawn(regardless(async move {
            begun.send(()).unwrap();
            waits.await.unwrap();
            told.send(()).unwrap();
        }));
        begins.await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        go_on.send(()).unwrap();
        hear.await.expect("the work goes on");
    }
}
