//! A session for one kind of work that is replaced when it breaks: at once, and then ever more slowly.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fault::Fault;
use super::session::{Endpoint, Purpose, Session};

/// How long not to connect again after a failure: doubled after each, from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// By how much a pause is longer at most, by chance, so that replicas that failed together do not return together.
const JITTER: f64 = 0.2;

/// Work of one kind shares a session. Whoever comes while it cannot be replaced fails as the last attempt did.
#[derive(Debug)]
pub(super) struct Lane {
    endpoint: Arc<Endpoint>,
    purpose: Purpose,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Arc<Session>>,
    failure: Option<Failure>,
    closed: bool,
}

/// The last attempt to connect.
#[derive(Debug)]
struct Failure {
    fault: Fault,
    pause: Duration,
    until: Instant,
}

impl Lane {
    pub(super) fn new(endpoint: Arc<Endpoint>, purpose: Purpose) -> Self {
        Self { endpoint, purpose, state: Mutex::default() }
    }

    /// Returns a session that was open a moment ago.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut state = self.state.lock().await;
        if state.closed {
            return Err(Fault::Closed);
        }
        if let Some(session) = state.session.as_ref().filter(|session| session.is_open()) {
            return Ok(Arc::clone(session));
        }
        state.session = None;
        if let Some(failure) = state.failure.as_ref().filter(|failure| Instant::now() < failure.until) {
            return Err(failure.fault.clone());
        }
        match self.endpoint.connect(&self.purpose).await {
            Ok(session) => Ok(state.succeeded(session)),
            Err(fault) => Err(state.failed(fault)),
        }
    }

    /// Asks something that changes nothing; once more when the session turns out to be broken.
    pub(super) async fn ask<T, F>(&self, question: impl Fn(Arc<Session>) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        match question(self.session().await?).await {
            Err(fault) if fault.is_of_the_connection() && !matches!(fault, Fault::Silent(_)) => {
                question(self.session().await?).await
            }
            answer => answer,
        }
    }

    /// Ends the session; there will be no other.
    pub(super) async fn close(&self) {
        let mut state = self.state.lock().await;
        state.closed = true;
        state.session = None;
    }
}

impl State {
    fn succeeded(&mut self, session: Session) -> Arc<Session> {
        self.failure = None;
        Arc::clone(self.session.insert(Arc::new(session)))
    }

    fn failed(&mut self, fault: Fault) -> Fault {
        let before = self.failure.as_ref().map_or(Duration::ZERO, |failure| failure.pause);
        let pause = (before * 2).clamp(PAUSES.0, PAUSES.1);
        let until = Instant::now() + pause.mul_f64(1.0 + JITTER * fastrand::f64());
        self.failure = Some(Failure { fault: fault.clone(), pause, until });
        fault
    }
}
