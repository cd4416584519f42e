//! Runs the requests of an HTTP/2 connection, each in a task of its own that it does not outlive its time in.
//!
//! A client that takes no bytes of an answer stops that one stream, so it is the stream that has to be given up:
//! the connection carries the requests of others.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::sleep;

tokio::task_local! {
    static LASTS: Cell<bool>;
}

/// Runs streams, and resets those that take too long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    /// How long a request and its answer may take together.
    pub(super) limit: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(LASTS.scope(Cell::new(false), bounded(self.limit, stream)));
    }
}

/// Lets the stream that this is called from take as long as it wants.
pub(super) fn lasts() {
    // Connections of HTTP/1.1 have no streams.
    let _ = LASTS.try_with(|lasts| lasts.set(true));
}

async fn bounded(limit: Duration, stream: impl Future<Output = ()>) {
    let mut stream = pin!(stream);
    tokio::select! {
        biased;
        () = stream.as_mut() => return,
        () = sleep(limit) => {}
    }
    if LASTS.with(Cell::get) {
        stream.await;
    } else {
        tracing::debug!("a stream took too long and is reset");
    }
}
