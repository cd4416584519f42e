//! One question for all who ask at the same time, and never an answer from before they asked.
//!
//! A fresh read has to know how far the store has come at some moment after the read began. Where the store is far
//! away that is a question over the network; many reads can share one, but none may take the answer to a question
//! that was on its way already when it came.

use std::fmt::{self, Debug};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;

/// A question that is about to be asked, or under way.
type Flight<T> = Shared<BoxFuture<'static, T>>;

/// Shares the answers to one question, as backends do for `Backend::revision`. At most one is under way; whoever
/// comes meanwhile waits for the next.
pub struct Barrier<T: Clone> {
    boarding: Arc<Boarding<T>>,
}

struct Boarding<T: Clone> {
    /// The question that is not asked yet: who comes now may still share it.
    next: Mutex<Option<Flight<T>>>,
    /// Held while a question is under way.
    turn: tokio::sync::Mutex<()>,
}

impl<T: Clone + Send + Sync + 'static> Barrier<T> {
    /// Returns the answer to a question that was asked after this call. Calls that come before it is asked share
    /// it, and only the `ask` of the first of them is called; it is dropped when nobody waits for it any more.
    pub async fn pass<F>(&self, ask: impl FnOnce() -> F + Send + 'static) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        let flight = self.boarding.next.lock().get_or_insert_with(|| self.flight(ask)).clone();
        flight.await
    }

    fn flight<F>(&self, ask: impl FnOnce() -> F + Send + 'static) -> Flight<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let boarding = Arc::clone(&self.boarding);
        let flight = async move {
            let _turn = boarding.turn.lock().await;
            // The flight that is taken out is this one: there is no other before it has its turn.
            boarding.next.lock().take();
            ask().await
        };
        flight.boxed().shared()
    }
}

impl<T: Clone> Default for Barrier<T> {
    fn default() -> Self {
        let boarding = Boarding { next: Mutex::new(None), turn: tokio::sync::Mutex::default() };
        Self { boarding: Arc::new(boarding) }
    }
}

impl<T: Clone> Debug for Barrier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barrier")
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Somebody far away who numbers the questions, and answers each when it is let.
    struct Oracle {
        barrier: Barrier<u32>,
        asked: Arc<AtomicU32>,
        answers: Arc<Semaphore>,
    }

    impl Oracle {
        fn new() -> Self {
            Self { barrier: Barrier::default(), asked: Arc::default(), answers: Arc::new(Semaphore::new(0)) }
        }

        /// Asks, and polls once, so that the call has come.
        fn ask(&self) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
            let (asked, answers) = (Arc::clone(&self.asked), Arc::clone(&self.answers));
            let question = move || async move {
                let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
                answers.acquire().await.unwrap().forget();
                number
            };
            let mut call = Box::pin(self.barrier.pass(question));
            assert!((&mut call).now_or_never().is_none());
            call
        }

        fn answer(&self, questions: usize) {
            self.answers.add_permits(questions);
        }
    }

    #[tokio::test]
    async fn who_comes_while_a_question_is_under_way_waits_for_the_next() {
        let oracle = Oracle::new();
        let first = oracle.ask();
        let (second, third) = (oracle.ask(), oracle.ask());
        oracle.answer(2);
        assert_eq!(tokio::join!(first, second, third), (1, 2, 2));
        let later = oracle.ask();
        oracle.answer(1);
        assert_eq!(later.await, 3);
    }

    #[tokio::test]
    async fn one_question_is_under_way_at_a_time() {
        let oracle = Oracle::new();
        let calls: Vec<_> = (0..100).map(|_| oracle.ask()).collect();
        assert_eq!(oracle.asked.load(Ordering::SeqCst), 1);
        oracle.answer(2);
        assert_eq!(join_all(calls).await[99], 2);
        assert_eq!(oracle.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_leaves_takes_the_answer_from_nobody() {
        let oracle = Oracle::new();
        let (first, same) = (oracle.ask(), oracle.ask());
        let next = oracle.ask();
        drop(first);
        drop(same);
        oracle.answer(2);
        assert_eq!(next.await, 2, "the question that all have left is dropped, and the next one is asked");
    }

    #[tokio::test]
    async fn a_question_that_all_have_left_before_it_was_asked_is_asked_by_who_comes_next() {
        let oracle = Oracle::new();
        let first = oracle.ask();
        drop(oracle.ask());
        oracle.answer(1);
        assert_eq!(first.await, 1);
        let next = oracle.ask();
        oracle.answer(1);
        assert_eq!(next.await, 2);
    }
}
