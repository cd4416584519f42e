//! How long and how often is asked.
//!
//! Source of the figures: `apiserver/pkg/server/options/authentication.go`.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Failed;

const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// By how much each pause is longer than the one before.
const GROWTH: f64 = 1.5;
/// How much of a pause is added to it at most, by chance, so that those who failed together do not return together.
const JITTER: f64 = 0.2;

/// Attempts something up to five times, as long as it fails in ways that may pass; returns how the last attempt
/// went.
pub(crate) async fn persistently<T, F>(attempt: impl Fn() -> F) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(failed) if failed.passing => tracing::debug!(%failed, "asking again in a moment"),
            outcome => return outcome,
        }
        sleep(pause.mul_f64(1.0 + JITTER * fastrand::f64())).await;
        pause = pause.mul_f64(GROWTH);
    }
    attempt().await
}

/// Gives up after `most`; that failure is lasting.
pub(crate) async fn within<T>(
    most: Duration,
    answer: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    match timeout(most, answer).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failed::lasting(format!("no answer within {} seconds", most.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn attempts(outcome: impl Fn(u32) -> Result<u32, Failed>) -> (u32, Result<u32, Failed>) {
        let made = Cell::new(0);
        let outcome = persistently(|| {
            made.set(made.get() + 1);
            let outcome = outcome(made.get());
            async { outcome }
        });
        let outcome = outcome.await;
        (made.get(), outcome)
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_attempted_five_times() {
        let busy = Failed::passing("busy");
        assert_eq!(attempts(|_| Err(busy.clone())).await, (5, Err(busy.clone())));
        assert_eq!(attempts(|n| if n < 3 { Err(busy.clone()) } else { Ok(n) }).await, (3, Ok(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_lasts_is_attempted_once() {
        let refused = Failed::lasting("no");
        assert_eq!(attempts(|_| Err(refused.clone())).await, (1, Err(refused)));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends() {
        let outcome: Result<(), _> = within(Duration::from_secs(10), std::future::pending()).await;
        assert_eq!(outcome, Err(Failed::lasting("no answer within 10 seconds")));
    }
}
