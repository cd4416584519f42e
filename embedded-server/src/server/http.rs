//! HTTP/1.1 and HTTP/2 over a connection, whatever it is made of: requests until either side ends it.
//!
//! A connection ends in two steps. It is told to take no more requests, which a client learns in the words of its
//! protocol; and it is cut once it should have ended by itself.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};

use super::activity::Activity;
use super::heard::Heard;
use super::stack::Stack;
use super::streams::Streams;
use super::{BoxError, limits};
use crate::authentication::Peer;

/// How requests are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1, and HTTP/1.0.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Serves HTTP over any connection.
#[derive(Clone, Debug)]
pub(super) struct Http {
    http1: auto::Builder<Streams>,
    http2: auto::Builder<Streams>,
    stack: Stack,
    /// How long a request and its answer may take together.
    answer: Duration,
}

impl Http {
    /// Returns what serves HTTP with up to `streams` requests at once over one connection of HTTP/2.
    pub(super) fn new(stack: Stack, answer: Duration, streams: u32) -> Self {
        let builder = auto::Builder::new(Streams { limit: answer });
        Self { http1: http1(builder.clone()), http2: http2(builder, streams), stack, answer }
    }

    /// Serves a connection until either side ends it. Once `stop` turns true, it takes no more requests.
    pub(super) async fn serve<IO>(
        &self,
        io: IO,
        protocol: Protocol,
        peer: Peer,
        stop: watch::Receiver<bool>,
    ) -> Result<(), BoxError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let serving = self.requests(io, protocol, peer, stop, &activity);
        if protocol == Protocol::Http2 {
            return serving.await;
        }
        tokio::select! {
            biased;
            ended = serving => ended,
            () = activity.until_overdue(self.answer) => Err("the client took too long".into()),
        }
    }

    async fn requests<IO>(
        &self,
        io: IO,
        protocol: Protocol,
        peer: Peer,
        mut stop: watch::Receiver<bool>,
        activity: &Activity,
    ) -> Result<(), BoxError>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let retire = Arc::new(Notify::new());
        let service = self.stack.service(Arc::new(peer), activity.clone(), Arc::clone(&retire));
        let io = TokioIo::new(Heard::new(io, activity.clone()));
        let builder = if protocol == Protocol::Http2 { &self.http2 } else { &self.http1 };
        let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            ended = connection.as_mut() => return ended,
            () = retire.notified() => {}
            () = activity.until_idle() => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = activity.until_lingering() => Err("the client did not end the connection".into()),
        }
    }
}

/// The time for the head of a request is kept by the [`Activity`], which knows it from the time between requests.
fn http1(mut builder: auto::Builder<Streams>) -> auto::Builder<Streams> {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(limits::HEADERS)
        .max_buf_size(limits::HEAD_SIZE as usize);
    builder.http1_only()
}

fn http2(mut builder: auto::Builder<Streams>, streams: u32) -> auto::Builder<Streams> {
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .max_header_list_size(limits::HEAD_SIZE)
        .max_frame_size(limits::FRAME)
        .max_pending_accept_reset_streams(limits::PENDING_RESETS)
        .max_local_error_reset_streams(limits::CAUSED_RESETS)
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .keep_alive_interval(limits::PING)
        .keep_alive_timeout(limits::PONG);
    builder.http2_only()
}
