//! A load of requests in the background, and how many of them were answered.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::answer::Answer;

/// Requests that are sent until this is dropped or finished.
#[derive(Debug)]
pub(crate) struct Load {
    tally: Arc<Mutex<Tally>>,
    stop: watch::Sender<bool>,
    askers: JoinSet<()>,
}

/// The requests so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// Those that were answered.
    pub(crate) answered: u64,
    /// Those that were not.
    pub(crate) failed: u64,
    /// What the last one of those came to.
    pub(crate) failure: Option<Answer>,
}

impl Tally {
    /// Returns how many there were.
    pub(crate) fn all(&self) -> u64 {
        self.answered + self.failed
    }

    /// Returns what came after `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let failed = self.failed - before.failed;
        let failure = self.failure.clone().filter(|_| failed > 0);
        Self { answered: self.answered - before.answered, failed, failure }
    }

    fn count(&mut self, answer: Answer) {
        match answer {
            Answer::Answered => self.answered += 1,
            failure => {
                self.failed += 1;
                self.failure = Some(failure);
            }
        }
    }
}

impl Load {
    /// Lets each of `askers` ask once in every `pace`, and never again before it was answered.
    pub(crate) fn start<A, F>(askers: impl IntoIterator<Item = A>, pace: Duration) -> Self
    where
        A: Fn() -> F + Send + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let mut load = Self { tally: Arc::default(), stop, askers: JoinSet::new() };
        for asker in askers {
            load.askers.spawn(go_on(asker, pace, Arc::clone(&load.tally), stopped.clone()));
        }
        load
    }

    /// Returns the requests so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally.lock().clone()
    }

    /// Waits for the answers that are still to come, and returns all.
    pub(crate) async fn finish(mut self) -> Tally {
        self.stop.send_replace(true);
        while self.askers.join_next().await.is_some() {}
        self.tally()
    }
}

async fn go_on<A, F>(ask: A, pace: Duration, tally: Arc<Mutex<Tally>>, mut stopped: watch::Receiver<bool>)
where
    A: Fn() -> F,
    F: Future<Output = Answer>,
{
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            _ = ticks.tick() => {}
        }
        let answer = ask().await;
        tally.lock().count(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const PACE: Duration = Duration::from_millis(100);

    fn after(
        seconds: u64,
        answer: &Answer,
    ) -> impl Fn() -> futures::future::BoxFuture<'static, Answer> + use<> {
        let answer = answer.clone();
        move || {
            let answer = answer.clone();
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                answer
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_asker_asks_at_its_pace() {
        let load = Load::start([after(0, &Answer::Answered), after(0, &Answer::TimedOut)], PACE);
        tokio::time::sleep(10 * PACE + PACE / 2).await;
        let expected = Tally { answered: 11, failed: 11, failure: Some(Answer::TimedOut) };
        assert_eq!(load.tally(), expected);
        assert_eq!(load.tally().since(&expected), Tally::default());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_waited_for() {
        let load = Load::start([after(5, &Answer::Answered)], PACE);
        tokio::time::sleep(PACE).await;
        assert_eq!(load.tally().all(), 0);
        assert_eq!(load.finish().await.all(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_asks_again_before_he_was_answered() {
        let asked = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&asked);
        let load = Load::start(
            [move || {
                counter.fetch_add(1, Ordering::Relaxed);
                std::future::pending()
            }],
            PACE,
        );
        tokio::time::sleep(10 * PACE).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        drop(load);
    }
}
