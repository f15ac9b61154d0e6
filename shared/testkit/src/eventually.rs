//! Waiting for a condition instead of for a time.

use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What a look may answer.
pub trait Outcome {
    /// What [`eventually`] gives back.
    type Value;

    /// The value, if the condition is met.
    fn value(self) -> Option<Self::Value>;
}

impl Outcome for bool {
    type Value = ();

    fn value(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Outcome for Option<T> {
    type Value = T;

    fn value(self) -> Option<T> {
        self
    }
}

impl<T, E> Outcome for Result<T, E> {
    type Value = T;

    fn value(self) -> Option<T> {
        self.ok()
    }
}

/// Looks until the answer is `true`, `Some` or `Ok`.
///
/// # Panics
/// If it is not by the deadline.
pub async fn eventually<F, O>(deadline: Duration, mut look: impl FnMut() -> F) -> O::Value
where
    F: Future<Output = O>,
    O: Outcome,
{
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = look().await.value() {
            return value;
        }
        assert!(Instant::now() < end, "the condition was not met within {deadline:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
