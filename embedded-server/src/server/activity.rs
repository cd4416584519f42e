//! What a connection is busy with, and since when. Knows no sockets: who serves the connection acts on it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use super::limits;
use crate::endpoints;

/// What a connection is busy with; clones are of the same connection.
#[derive(Clone, Debug)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    doing: Doing,
    since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// Nothing: the client has not begun another request.
    Waiting,
    /// Receiving the head of a request.
    Listening,
    /// Answering so many requests.
    Answering(usize),
    /// Answering a request over HTTP/1.1 that may take as long as it wants.
    Following,
}

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
pub(super) struct Answering(Activity);

/// The body of an answer; its request is being answered until the body is gone.
#[derive(Debug)]
pub(super) struct Answer {
    body: endpoints::Body,
    _answering: Answering,
}

impl Activity {
    /// Returns the activity of a connection from which a first request is expected.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { doing: Doing::Listening, since: Instant::now() })))
    }

    /// Notes that something came from the client.
    pub(super) fn heard(&self) {
        let mut state = self.0.lock();
        if state.doing == Doing::Waiting {
            state.begin(Doing::Listening);
        }
    }

    /// Notes that a request has arrived.
    pub(super) fn begin(&self) -> Answering {
        let mut state = self.0.lock();
        let others = state.answering();
        state.begin(Doing::Answering(others + 1));
        Answering(self.clone())
    }

    /// Returns when nothing has been answered for as long as a connection may be idle.
    pub(super) async fn until_idle(&self) {
        self.until(|state| state.has_lasted(!state.is_answering(), limits::IDLE)).await;
    }

    /// Returns when nothing has been answered for so long that nothing is to be expected any more.
    pub(super) async fn until_lingering(&self) {
        self.until(|state| state.has_lasted(!state.is_answering(), limits::LINGER)).await;
    }

    /// Returns when the client takes too long over the head of a request, or over taking an answer that it was
    /// given `answer` for. For connections with one request at a time.
    pub(super) async fn until_overdue(&self, answer: Duration) {
        self.until(|state| match state.doing {
            Doing::Listening => state.has_lasted(true, limits::HEAD),
            Doing::Answering(_) => state.has_lasted(true, answer),
            Doing::Waiting | Doing::Following => state.has_lasted(false, limits::HEAD),
        })
        .await;
    }

    /// Waits for a state that has lasted; sleeps until the moment at which it has at the earliest, but not so long
    /// that one with a shorter limit could pass by.
    async fn until(&self, check: impl Fn(&State) -> Option<Instant>) {
        loop {
            let next = check(&self.0.lock());
            match next {
                Some(moment) => sleep_until(moment.min(Instant::now() + limits::HEAD)).await,
                None => return,
            }
        }
    }
}

impl State {
    fn begin(&mut self, doing: Doing) {
        (self.doing, self.since) = (doing, Instant::now());
    }

    fn answering(&self) -> usize {
        match self.doing {
            Doing::Waiting | Doing::Listening => 0,
            Doing::Answering(count) => count,
            Doing::Following => 1,
        }
    }

    fn is_answering(&self) -> bool {
        self.answering() > 0
    }

    /// Returns nothing when what is `asked` for has lasted as long as `limit`, else when to look again.
    fn has_lasted(&self, asked: bool, limit: Duration) -> Option<Instant> {
        let now = Instant::now();
        let end = if asked { self.since + limit } else { now + limit };
        (end > now).then_some(end)
    }
}

impl Answering {
    /// Notes that the answer may take as long as it wants.
    pub(super) fn lasts(&self) {
        let mut state = self.0.0.lock();
        if state.doing == Doing::Answering(1) {
            state.doing = Doing::Following;
        }
    }

    /// Keeps the request under way as long as `body` is.
    pub(super) fn with(self, body: endpoints::Body) -> Answer {
        Answer { body, _answering: self }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        match state.answering().saturating_sub(1) {
            0 => state.begin(Doing::Waiting),
            others => state.doing = Doing::Answering(others),
        }
    }
}

impl Body for Answer {
    type Data = <endpoints::Body as Body>::Data;
    type Error = <endpoints::Body as Body>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
