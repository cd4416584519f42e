//! Answers that are shared: with those who ask the same at the same time, and with those who ask a little later.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, ready};
use parking_lot::Mutex;

use super::Failed;
use super::memory::Memory;
use crate::clock::Clock;

/// How many answers are remembered.
const REMEMBERED: usize = 8192;

/// For how long answers are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// How long a yes is good; zero asks every time.
    pub yes: Duration,
    /// How long a no is good; zero asks every time.
    pub no: Duration,
}

impl Default for Lifetimes {
    /// Ten seconds each.
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Self { yes: ten, no: ten }
    }
}

/// A question under way.
type Flight<V> = Shared<BoxFuture<'static, Result<V, Failed>>>;

/// The answers to questions `K`. Failures are not remembered.
pub(crate) struct Answers<K, V> {
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Memory<K, V>>>,
    under_way: Mutex<HashMap<K, Flight<V>>>,
}

impl<K, V> Answers<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Knows nothing yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let known = Arc::new(Mutex::new(Memory::new(REMEMBERED)));
        Self { clock, known, under_way: Mutex::default() }
    }

    /// Returns the answer that is known, or that somebody is waiting for already, or else that of `ask`, which is
    /// remembered for as long as `good_for` says. The question is dropped when nobody waits for it any more.
    pub(crate) async fn get(
        &self,
        question: K,
        good_for: impl FnOnce(&V) -> Duration + Send + 'static,
        ask: impl FnOnce() -> BoxFuture<'static, Result<V, Failed>>,
    ) -> Result<V, Failed> {
        if let Some(answer) = self.recall(&question) {
            return Ok(answer);
        }
        let _leave = Leave { answers: self, question: question.clone() };
        self.join(question, good_for, ask).await
    }

    fn recall(&self, question: &K) -> Option<V> {
        self.known.lock().get(question, self.clock.now()).cloned()
    }

    fn join(
        &self,
        question: K,
        good_for: impl FnOnce(&V) -> Duration + Send + 'static,
        ask: impl FnOnce() -> BoxFuture<'static, Result<V, Failed>>,
    ) -> Flight<V> {
        let mut under_way = self.under_way.lock();
        if let Some(answer) = self.recall(&question) {
            return ready(Ok(answer)).boxed().shared();
        }
        let flight = under_way.entry(question.clone());
        flight.or_insert_with(|| self.remembering(question, good_for, ask())).clone()
    }

    fn remembering(
        &self,
        question: K,
        good_for: impl FnOnce(&V) -> Duration + Send + 'static,
        answer: BoxFuture<'static, Result<V, Failed>>,
    ) -> Flight<V> {
        let (known, clock) = (Arc::clone(&self.known), Arc::clone(&self.clock));
        let answered = answer.map(move |outcome| {
            if let Ok(answer) = &outcome {
                known.lock().put(question, answer.clone(), clock.now(), good_for(answer));
            }
            outcome
        });
        answered.boxed().shared()
    }
}

/// Somebody who waits for an answer; the last to leave takes the question along.
struct Leave<'a, K: Eq + Hash, V: Clone> {
    answers: &'a Answers<K, V>,
    question: K,
}

impl<K: Eq + Hash, V: Clone> Drop for Leave<'_, K, V> {
    fn drop(&mut self) {
        let mut under_way = self.answers.under_way.lock();
        let left = under_way.get(&self.question).and_then(Shared::strong_count);
        if left == Some(1) {
            under_way.remove(&self.question);
        }
    }
}

impl<K, V> Debug for Answers<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use jiff::{SignedDuration, Timestamp};
    use tokio::sync::watch;

    use super::*;
    use crate::clock::ManualClock;

    const TEN: Duration = Duration::from_secs(10);

    /// Somebody who is asked, counts, and answers once the gate is open.
    struct Oracle {
        answers: Answers<&'static str, u32>,
        clock: ManualClock,
        asked: Arc<AtomicU32>,
        gate: watch::Sender<bool>,
    }

    impl Oracle {
        fn new() -> Self {
            let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
            let answers = Answers::new(Arc::new(clock.clone()));
            Self { answers, clock, asked: Arc::default(), gate: watch::Sender::new(true) }
        }

        async fn get(&self, question: &'static str, outcome: Result<u32, Failed>) -> Result<u32, Failed> {
            let ask = || {
                self.asked.fetch_add(1, Ordering::SeqCst);
                let mut gate = self.gate.subscribe();
                async move {
                    let _ = gate.wait_for(|open| *open).await;
                    outcome
                }
                .boxed()
            };
            self.answers.get(question, |_| TEN, ask).await
        }

        fn asked(&self) -> u32 {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn an_answer_is_remembered_for_its_time() {
        let oracle = Oracle::new();
        assert_eq!(oracle.get("a", Ok(1)).await, Ok(1));
        oracle.clock.advance(SignedDuration::from_secs(9));
        assert_eq!(oracle.get("a", Ok(2)).await, Ok(1));
        oracle.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(oracle.get("a", Ok(2)).await, Ok(2));
        assert_eq!(oracle.asked(), 2);
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let oracle = Oracle::new();
        let failed = Failed::lasting("no");
        assert_eq!(oracle.get("a", Err(failed.clone())).await, Err(failed));
        assert_eq!(oracle.get("a", Ok(1)).await, Ok(1));
    }

    #[tokio::test]
    async fn the_same_question_is_asked_once_at_a_time() {
        let oracle = Oracle::new();
        oracle.gate.send_replace(false);
        let open = async { oracle.gate.send_replace(true) };
        let (one, same, other, _) =
            tokio::join!(oracle.get("a", Ok(1)), oracle.get("a", Ok(2)), oracle.get("b", Ok(3)), open);
        assert_eq!((one, same, other), (Ok(1), Ok(1), Ok(3)));
        assert_eq!(oracle.asked(), 2);
    }

    #[tokio::test]
    async fn who_leaves_does_not_end_the_question_of_others() {
        let oracle = Oracle::new();
        oracle.gate.send_replace(false);
        let mut first = Box::pin(oracle.get("a", Ok(1)));
        let mut second = Box::pin(oracle.get("a", Ok(2)));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(first);
        oracle.gate.send_replace(true);
        assert_eq!(second.await, Ok(1));
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_question_when_all_have_left() {
        let oracle = Oracle::new();
        oracle.gate.send_replace(false);
        let mut asking = Box::pin(oracle.get("a", Ok(1)));
        assert!(futures::poll!(&mut asking).is_pending());
        drop(asking);
        assert!(oracle.answers.under_way.lock().is_empty());
        oracle.gate.send_replace(true);
        assert_eq!(oracle.get("b", Ok(2)).await, Ok(2));
        assert!(oracle.answers.under_way.lock().is_empty());
    }
}
