//! The bodies of answers: whole, made while they are sent, or endless.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use futures::Stream;
use http_body::{Frame, SizeHint};

use super::exchange::Attended;
use super::gzip::GzipBody;
use crate::cacher::{Convert, Object};
use crate::codec::{Encoded, Malformed};

/// How much of a list is encoded at a time, in bytes.
const CHUNK: usize = 128 << 10;

/// The body of an answer.
pub enum Body {
    /// Bytes that are there already.
    Full(Bytes),
    /// A list of cached objects.
    List(ListBody),
    /// Either of them, compressed.
    Gzip(Box<GzipBody>),
    /// Bytes that come when something happens.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
    /// One of the others, and somebody who wants to know how it ends.
    Attended(Box<Attended>),
}

/// A list that is put together from cached bytes while it is sent, so that it never stands in memory twice.
#[derive(Debug)]
pub struct ListBody {
    head: Bytes,
    items: Items,
    tail: &'static [u8],
    first: bool,
    left: u64,
}

/// The items of a list, in the version in which they are shown.
#[derive(Debug)]
pub(super) enum Items {
    Stored(VecDeque<Arc<Object>>),
    Converted(VecDeque<Encoded>),
}

impl Items {
    /// Takes over cached objects to show them in `version`; without one as they are stored.
    pub(super) fn new(objects: Vec<Arc<Object>>, version: Option<&dyn Convert>) -> Result<Self, Malformed> {
        let Some(version) = version else { return Ok(Self::Stored(objects.into())) };
        objects
            .iter()
            .map(|object| object.encoded_in(version).cloned())
            .collect::<Result<_, _>>()
            .map(Self::Converted)
    }

    fn is_empty(&self) -> bool {
        self.front().is_none()
    }

    /// Returns the bytes of the first item.
    fn front(&self) -> Option<&[u8]> {
        match self {
            Self::Stored(objects) => objects.front().map(|object| object.encoded().item()),
            Self::Converted(objects) => objects.front().map(Encoded::item),
        }
    }

    fn pop_front(&mut self) {
        match self {
            Self::Stored(objects) => drop(objects.pop_front()),
            Self::Converted(objects) => drop(objects.pop_front()),
        }
    }

    /// Returns the number of bytes that the items take as part of a list: each is sent as `{` and its bytes, with
    /// a comma between two.
    fn size(&self) -> usize {
        let size: usize = match self {
            Self::Stored(objects) => objects.iter().map(|object| object.encoded().item().len() + 2).sum(),
            Self::Converted(objects) => objects.iter().map(|object| object.item().len() + 2).sum(),
        };
        size.saturating_sub(usize::from(!self.is_empty()))
    }
}

impl ListBody {
    /// Returns the body of `head`, the items separated by commas, and `tail`.
    pub(super) fn new(head: Vec<u8>, items: Items, tail: &'static [u8]) -> Self {
        let left = (head.len() + items.size() + tail.len()) as u64;
        Self { head: head.into(), items, tail, first: true, left }
    }

    /// Returns all of the body at once.
    pub(super) fn into_whole(mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(usize::try_from(self.left).unwrap_or_default());
        while let Some(chunk) = self.next_chunk() {
            out.extend_from_slice(&chunk);
        }
        out
    }

    /// Returns how much is still to be sent, in bytes.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Returns the next bytes, about as many as are worth a write; none at the end.
    pub(super) fn next_chunk(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        let mut out = BytesMut::with_capacity(CHUNK.min(usize::try_from(self.left).unwrap_or(CHUNK)));
        out.put_slice(&std::mem::take(&mut self.head));
        while let Some(bytes) = self.items.front() {
            if !out.is_empty() && out.len() + bytes.len() > CHUNK {
                break;
            }
            out.put_slice(if self.first { b"{" } else { b",{" });
            out.put_slice(bytes);
            self.first = false;
            self.items.pop_front();
        }
        if self.items.is_empty() {
            out.put_slice(std::mem::take(&mut self.tail));
        }
        self.left = self.left.saturating_sub(out.len() as u64);
        Some(out.freeze())
    }
}

impl Body {
    /// Tells whether the body may take as long as it wants.
    pub(crate) fn lasts(&self) -> bool {
        match self {
            Self::Stream(_) => true,
            Self::Attended(attended) => attended.body().lasts(),
            Self::Full(_) | Self::List(_) | Self::Gzip(_) => false,
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Full(bytes.into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match self.get_mut() {
            Self::Full(bytes) if bytes.is_empty() => None,
            Self::Full(bytes) => Some(std::mem::take(bytes)),
            Self::List(list) => list.next_chunk(),
            Self::Gzip(gzip) => gzip.next_chunk(),
            Self::Stream(stream) => match stream.as_mut().poll_next(context) {
                Poll::Ready(next) => next,
                Poll::Pending => return Poll::Pending,
            },
            Self::Attended(attended) => return attended.poll_next(context),
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_empty(),
            Self::List(list) => list.left == 0,
            Self::Gzip(gzip) => gzip.is_over(),
            Self::Stream(_) => false,
            Self::Attended(attended) => attended.body().is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::List(list) => SizeHint::with_exact(list.left),
            Self::Gzip(_) | Self::Stream(_) => SizeHint::default(),
            Self::Attended(attended) => attended.body().size_hint(),
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::List(list) => write!(f, "List({} bytes)", list.left),
            Self::Gzip(_) => f.write_str("Gzip"),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Attended(attended) => attended.body().fmt(f),
        }
    }
}
