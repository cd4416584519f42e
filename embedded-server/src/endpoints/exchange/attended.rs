//! A body that is sent while the exchange that it belongs to looks on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame};

use super::{End, Exchange};
use crate::endpoints::body::Body;
use crate::metrics::Events;

/// The body of an answer that takes a while.
#[derive(Debug)]
pub struct Attended {
    body: Body,
    exchange: Exchange,
    events: Option<Events>,
    sent: u64,
}

impl Attended {
    pub(super) fn new(body: Body, exchange: Exchange) -> Self {
        Self { body, events: exchange.events(), exchange, sent: 0 }
    }

    /// Returns the body itself.
    pub(in crate::endpoints) fn body(&self) -> &Body {
        &self.body
    }

    /// Yields what the body yields.
    pub(in crate::endpoints) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &next {
            self.count(frame.data_ref().map_or(0, Bytes::len));
        }
        let ended = matches!(next, Poll::Ready(None)) || (next.is_ready() && self.body.is_end_stream());
        if ended && !self.exchange.over {
            self.exchange.end(End::Whole(self.sent));
        }
        next
    }

    fn count(&mut self, size: usize) {
        self.sent += size as u64;
        if let Some(events) = &self.events {
            events.sent(size);
        }
    }
}
