//! Following a resource. A watcher has no queue of its own: it keeps its place in the shared window, and ends
//! when the window has moved past it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::CacheError;
use super::converted::Convert;
use super::object::{Describe, Filter, Object};
use super::state::Shared;
use super::view::View;
use super::window::Change;
use crate::codec::{Cells, Encoded, EventType, Malformed};
use crate::meta::Revision;

/// How many changes are looked at before others get their turn.
const BATCH: usize = 128;

/// Yields what happens to the objects that a filter lets through.
#[derive(Debug)]
pub struct Watcher {
    shared: Arc<Shared>,
    progress: watch::Receiver<Revision>,
    filter: Filter,
    epoch: u64,
    /// The objects to begin with, and the key from which on they are still to be sent.
    initial: Option<(View, Option<String>)>,
    cursor: Revision,
    ready: VecDeque<WatchEvent>,
}

/// What a watcher has to say.
#[derive(Debug)]
pub enum Delivery {
    /// Something happened to an object.
    Event(WatchEvent),
    /// The objects to begin with have all been sent; they are of this revision.
    InitialEnd(Revision),
    /// The watcher can not go on: what follows is no longer known.
    Expired(CacheError),
}

/// Something that happened to an object.
#[derive(Clone, Debug)]
pub struct WatchEvent {
    kind: EventType,
    object: Arc<Object>,
    change: Option<Arc<Change>>,
}

impl Watcher {
    pub(super) fn new(
        shared: Arc<Shared>,
        progress: watch::Receiver<Revision>,
        filter: Filter,
        initial: Option<View>,
        cursor: Revision,
    ) -> Self {
        let epoch = shared.epoch();
        let initial = initial.map(|view| (view, None));
        Self { shared, progress, filter, epoch, initial, cursor, ready: VecDeque::new() }
    }

    /// Returns the revision up to which everything has been delivered.
    pub fn revision(&self) -> Revision {
        self.cursor
    }

    /// Waits for the next thing to deliver; none when the store went back in time or is gone, and the client has
    /// to ask again. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Delivery::Event(event));
            }
            if let Some(end) = self.fill_initial() {
                return Some(Delivery::InitialEnd(end));
            }
            if !self.ready.is_empty() {
                continue;
            }
            if self.shared.epoch() != self.epoch {
                return None;
            }
            self.progress.borrow_and_update();
            match self.fill() {
                Err(expired) => {
                    self.shared.count_expired();
                    return Some(Delivery::Expired(expired));
                }
                Ok(true) => tokio::task::consume_budget().await,
                Ok(false) => self.progress.changed().await.ok()?,
            }
        }
    }

    /// Queues the next objects to begin with; returns their revision when there are no more.
    fn fill_initial(&mut self) -> Option<Revision> {
        let (view, start) = self.initial.as_mut()?;
        let next: Vec<_> =
            view.matching(&self.filter, start.as_deref()).take(BATCH).map(Arc::clone).collect();
        let Some(last) = next.last() else {
            let revision = view.revision();
            self.initial = None;
            return Some(revision);
        };
        *start = Some(format!("{}\0", last.key()));
        let event = |object| WatchEvent { kind: EventType::Added, object, change: None };
        self.ready.extend(next.into_iter().map(event));
        None
    }

    /// Queues what happened since, and tells whether there was anything to look at.
    fn fill(&mut self) -> Result<bool, CacheError> {
        let (changes, reached) = self.shared.changes_after(self.cursor, BATCH)?;
        let any = !changes.is_empty();
        self.ready.extend(changes.into_iter().filter_map(|change| see(&self.filter, change)));
        self.cursor = reached;
        Ok(any)
    }
}

/// Turns a change into what somebody sees who sees only matching objects.
fn see(filter: &Filter, change: Arc<Change>) -> Option<WatchEvent> {
    let now = change.object.as_ref().filter(|object| filter.matches(object)).map(Arc::clone);
    let before = change.previous.as_ref().filter(|object| filter.matches(object)).map(Arc::clone);
    let (kind, object) = match (now, before) {
        (Some(object), None) => (EventType::Added, object),
        (Some(object), Some(_)) => (EventType::Modified, object),
        (None, Some(previous)) => (EventType::Deleted, previous),
        (None, None) => return None,
    };
    Some(WatchEvent { kind, object, change: Some(change) })
}

impl WatchEvent {
    /// Returns what happened.
    pub fn kind(&self) -> EventType {
        self.kind
    }

    /// Returns the event as a line of JSON; shared by all watchers that see the same.
    pub fn frame(&self) -> Bytes {
        match (&self.change, self.kind) {
            (Some(change), EventType::Deleted) => change.farewell(&self.object),
            _ => self.object.encoded().event_as(self.kind),
        }
    }

    /// Returns the event as a line of JSON, with the object in another version.
    ///
    /// # Errors
    /// When the object cannot be converted.
    pub fn frame_in(&self, version: &dyn Convert) -> Result<Bytes, Malformed> {
        let encoded = self.object.encoded_in(version)?;
        Ok(match self.kind {
            EventType::Deleted => self.kind.frame(&self.json(encoded)),
            kind => encoded.event_as(kind),
        })
    }

    /// Returns the object as JSON, as it is in the event.
    pub fn object(&self) -> Bytes {
        self.json(self.object.encoded())
    }

    /// Returns the object's row in tables.
    ///
    /// # Errors
    /// When the object cannot be read.
    pub fn cells(&self, describe: &dyn Describe) -> Result<&Cells, Malformed> {
        self.object.cells(describe)
    }

    /// Returns the object as JSON in another version.
    ///
    /// # Errors
    /// When the object cannot be converted.
    pub fn object_in(&self, version: &dyn Convert) -> Result<Bytes, Malformed> {
        self.object.encoded_in(version).map(|encoded| self.json(encoded))
    }

    /// An object that leaves carries the revision at which it does.
    fn json(&self, encoded: &Encoded) -> Bytes {
        match (&self.change, self.kind) {
            (Some(change), EventType::Deleted) => encoded.json_at(change.revision),
            _ => encoded.json(),
        }
    }

    /// Returns the revision the event stands for.
    pub fn revision(&self) -> Revision {
        self.change.as_ref().map_or(self.object.revision(), |change| change.revision)
    }
}
