//! The body of a watch: events as they happen, bookmarks in between, until its time is over.
//!
//! Source: `apiserver/pkg/endpoints/handlers/watch.go`, `apiserver/pkg/storage/cacher/cache_watcher.go`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use serde_json::{Map, json};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::response::status_json;
use super::table::{Row, Tables};
use crate::cacher::{CacheError, Delivery, WatchEvent, Watcher};
use crate::codec::{EventType, Target, partial_object_metadata};
use crate::meta::{ApiError, Revision};
use crate::registry::{Rest, WatchOutcome};

/// How often a watch that wants bookmarks gets one.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long before its end a watch gets its last bookmark.
const BEFORE_END: Duration = Duration::from_secs(2);
/// How long a watch lasts at least when the client does not say; at most it is twice as long.
const SHORTEST: Duration = Duration::from_secs(1800);

/// How long a watch lasts at most, so that its end is a moment that can be told.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// What an event shows of its object.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) rest: Arc<dyn Rest>,
    pub(super) target: Target,
    pub(super) tables: Tables,
}

impl Picture {
    /// Returns an event as a line in the version of the request.
    fn frame(&self, event: &WatchEvent) -> Result<Bytes, ApiError> {
        match self.rest.conversion() {
            None => Ok(event.frame()),
            Some(version) => event.frame_in(&**version).map_err(ApiError::internal),
        }
    }

    /// Returns the object of an event in the version of the request.
    fn shown(&self, event: &WatchEvent) -> Result<Bytes, ApiError> {
        match self.rest.conversion() {
            None => Ok(event.object()),
            Some(version) => event.object_in(&**version).map_err(ApiError::internal),
        }
    }

    fn row<'e>(&self, event: &'e WatchEvent) -> Result<Row<'e>, ApiError> {
        let cells = event.cells(self.rest.describe()).map_err(ApiError::internal)?;
        self.shown(event).map(|shown| Row { cells, shown })
    }
}

/// A watch that is being sent.
#[derive(Debug)]
struct Sending {
    watcher: Watcher,
    picture: Picture,
    bookmarks: bool,
    mark_initial_end: bool,
    end: Instant,
    /// Wakes at the next bookmark or at the end, whichever comes first.
    alarm: Pin<Box<Sleep>>,
    /// Set once the stream has to end after what was said last.
    over: bool,
    stop: watch::Receiver<bool>,
}

/// What a watch was waiting for.
enum Happened {
    Delivery(Delivery),
    BookmarkTime,
    End,
}

/// Returns the lines of a watch. It ends when its time is over, when `stop` turns true and when the client is
/// too slow.
pub(super) fn lines(
    outcome: WatchOutcome,
    picture: Picture,
    stop: watch::Receiver<bool>,
) -> impl Stream<Item = Bytes> + Send {
    let now = Instant::now();
    let lasts = outcome.timeout.unwrap_or_else(|| SHORTEST + SHORTEST.mul_f64(fastrand::f64())).min(LONGEST);
    let start = match outcome.watcher {
        Err(error) => Err(Some(error_line(&error))),
        Ok(watcher) => Ok(Box::new(Sending {
            watcher,
            picture,
            bookmarks: outcome.bookmarks,
            mark_initial_end: outcome.mark_initial_end,
            end: now + lasts,
            alarm: Box::pin(sleep_until(next_alarm(now, now + lasts))),
            over: false,
            stop,
        })),
    };
    unfold(start, |state| async move {
        match state {
            Err(line) => line.map(|line| (line, Err(None))),
            Ok(mut sending) => sending.next().await.map(|line| (line, Ok(sending))),
        }
    })
}

/// When the next bookmark is due, a minute from now but not so late that the last one would be missed; the end
/// when there is none left to send.
fn next_alarm(now: Instant, end: Instant) -> Instant {
    let last = end - BEFORE_END;
    if now < last { (now + BOOKMARK_EVERY).min(last) } else { end }
}

impl Sending {
    async fn next(&mut self) -> Option<Bytes> {
        while !self.over {
            let line = match self.wait().await {
                Happened::Delivery(delivery) => self.deliver(delivery),
                Happened::BookmarkTime => self.periodic_bookmark(),
                Happened::End => return None,
            };
            if line.is_some() {
                return line;
            }
        }
        None
    }

    async fn wait(&mut self) -> Happened {
        // Asked first, so that a watch ends on time however much happens.
        if *self.stop.borrow() || Instant::now() >= self.end {
            return Happened::End;
        }
        tokio::select! {
            biased;
            delivery = self.watcher.next() => delivery.map_or(Happened::End, Happened::Delivery),
            () = &mut self.alarm => match self.alarm.deadline() < self.end {
                true => Happened::BookmarkTime,
                false => Happened::End,
            },
            _ = self.stop.wait_for(|stop| *stop) => Happened::End,
        }
    }

    fn periodic_bookmark(&mut self) -> Option<Bytes> {
        self.alarm.as_mut().reset(next_alarm(Instant::now(), self.end));
        self.bookmarks.then(|| self.bookmark(self.watcher.revision(), false))
    }

    fn deliver(&mut self, delivery: Delivery) -> Option<Bytes> {
        match delivery {
            Delivery::Event(event) => Some(self.event(&event)),
            Delivery::InitialEnd(revision) if self.mark_initial_end => Some(self.bookmark(revision, true)),
            Delivery::InitialEnd(_) => None,
            Delivery::Expired(error) => {
                self.over = true;
                Some(error_line(&expired(&error)))
            }
        }
    }

    fn event(&mut self, event: &WatchEvent) -> Bytes {
        let rendered = match self.picture.target {
            Target::Object => {
                let frame = self.picture.frame(event);
                return self.or_end(frame);
            }
            Target::Metadata(version) => self.picture.shown(event).and_then(|object| {
                partial_object_metadata(&object, version.as_str()).map_err(ApiError::internal)
            }),
            Target::Table(version) => {
                let tables = self.next_table().with_version(version);
                let metadata = json!({ "resourceVersion": event.revision().to_string() });
                tables.render(&*self.picture.rest, &metadata, std::iter::once(self.picture.row(event)))
            }
        };
        self.framed(event.kind(), rendered)
    }

    fn framed(&mut self, kind: EventType, rendered: Result<Vec<u8>, ApiError>) -> Bytes {
        self.or_end(rendered.map(|object| kind.frame(&object)))
    }

    /// Returns a line, or the one that says why there is none, which is the last.
    fn or_end(&mut self, line: Result<Bytes, ApiError>) -> Bytes {
        line.unwrap_or_else(|error| {
            self.over = true;
            error_line(&error)
        })
    }

    /// Only the first table of a stream has headings.
    fn next_table(&mut self) -> Tables {
        let table = self.picture.tables;
        self.picture.tables = table.without_headers();
        table
    }

    fn bookmark(&mut self, revision: Revision, initial_end: bool) -> Bytes {
        let resource = self.picture.rest.descriptor();
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
        if initial_end {
            metadata.insert("annotations".to_owned(), json!({ "k8s.io/initial-events-end": "true" }));
        }
        let (kind, version) = (resource.kind, resource.api_version());
        let object = json!({ "kind": kind, "apiVersion": version, "metadata": metadata }).to_string();
        let rendered = match self.picture.target {
            Target::Object => Ok(object.into_bytes()),
            Target::Metadata(version) => {
                partial_object_metadata(object.as_bytes(), version.as_str()).map_err(ApiError::internal)
            }
            Target::Table(version) => {
                let mut tables = self.next_table().with_version(version);
                if initial_end {
                    tables = tables.with_metadata();
                }
                tables.render_bookmark(&*self.picture.rest, object.into())
            }
        };
        self.framed(EventType::Bookmark, rendered)
    }
}

fn expired(error: &CacheError) -> ApiError {
    ApiError::expired(error.to_string())
}

/// The line that tells a client why its watch ends.
fn error_line(error: &ApiError) -> Bytes {
    EventType::Error.frame(&status_json(error.status()))
}
