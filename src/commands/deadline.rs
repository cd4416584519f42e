//! How long is waited: once for all stages together.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, anyhow};
use embedded_server::meta::duration::human;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::printer::Step;

/// How long between two looks at the cluster.
const EVERY: Duration = Duration::from_millis(500);
/// How much longer a stage has to say itself what kept it.
const MOMENT: Duration = Duration::from_secs(5);

/// When waiting ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    after: Duration,
}

/// What a look showed.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// What was waited for.
    There(T),
    /// Not yet, and why.
    NotYet(String),
    /// It will not come, and why.
    Never(String),
}

impl Deadline {
    /// Ends `after` from now.
    pub(crate) fn after(after: Duration) -> Self {
        Self { at: Instant::now() + after, after }
    }

    /// Waits until nobody has the time to explain himself any more.
    pub(crate) async fn with_a_moment_more(&self) {
        sleep_until(self.at + MOMENT).await;
    }

    /// Looks again and again until what is waited for is there, and lets `step` say why it is not.
    ///
    /// # Errors
    ///
    /// It will not come, the time is over, or the last look before that failed: with the last reason.
    pub(crate) async fn until<T>(
        &self,
        step: &Step,
        title: &str,
        mut look: impl AsyncFnMut() -> anyhow::Result<Look<T>>,
    ) -> anyhow::Result<T> {
        let mut reason = anyhow!("the cluster did not answer");
        while let Ok(looked) = timeout_at(self.at, look()).await {
            match looked {
                Ok(Look::There(found)) => return Ok(found),
                Ok(Look::Never(why)) => return Err(anyhow!(why)).with_context(|| format!("{title} failed")),
                Ok(Look::NotYet(why)) => reason = anyhow!(why),
                Err(error) => reason = error,
            }
            step.say(format!("{title}: {reason:#}"));
            sleep(EVERY).await;
            if Instant::now() >= self.at {
                break;
            }
        }
        Err(reason).with_context(|| format!("{title} was not done in {self}"))
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after.try_into().map_or_else(|_| format!("{:?}", self.after), human);
        formatter.write_str(&after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ColorWhen;
    use crate::printer::Printer;

    async fn wait(looks: &mut Vec<anyhow::Result<Look<u8>>>) -> anyhow::Result<u8> {
        let printer = Printer::new(ColorWhen::Never);
        let step = printer.step("Waiting");
        let again = |looks: &mut Vec<_>| looks.pop().unwrap_or(Ok(Look::NotYet("nobody comes".to_owned())));
        Deadline::after(Duration::from_secs(60)).until(&step, "Waiting", async || again(looks)).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_look_is_no_end_but_a_lost_cause_is() {
        let found = wait(&mut vec![Ok(Look::There(7)), Err(anyhow!("busy"))]).await;
        assert_eq!(found.unwrap(), 7);
        let lost = wait(&mut vec![Ok(Look::Never("no such image".to_owned()))]).await.unwrap_err();
        assert_eq!(format!("{lost:#}"), "Waiting failed: no such image");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_time_comes_with_the_last_reason() {
        let late = wait(&mut Vec::new()).await.unwrap_err();
        assert_eq!(format!("{late:#}"), "Waiting was not done in 60s: nobody comes");
    }
}
