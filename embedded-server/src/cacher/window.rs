//! The recent changes of a resource, bounded by count, bytes and age.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::object::Object;
use crate::codec::EventType;
use crate::meta::Revision;

/// How much of the past is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most changes.
    pub changes: usize,
    /// The most bytes of objects that are kept only because of their change.
    pub bytes: usize,
    /// The age from which changes go.
    pub age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { changes: 100_000, bytes: 64 << 20, age: Duration::from_secs(300) }
    }
}

/// A change to one object.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) revision: Revision,
    pub(super) at: Instant,
    /// What the object became; none when it was deleted.
    pub(super) object: Option<Arc<Object>>,
    /// What the object was; none when it was created.
    pub(super) previous: Option<Arc<Object>>,
    /// The previous object with this change's revision, as those see it whom it leaves.
    pub(super) farewell: OnceLock<Bytes>,
}

impl Change {
    /// Returns the last state of the object with the revision of this change, as JSON, encoded once.
    pub(super) fn farewell(&self, previous: &Object) -> Bytes {
        self.farewell
            .get_or_init(|| EventType::Deleted.frame(&previous.encoded().json_at(self.revision)))
            .clone()
    }

    fn cost(&self) -> usize {
        let previous = self.previous.as_ref().map_or(0, |object| object.encoded().size());
        previous + size_of::<Self>()
    }
}

/// Changes in revision order, oldest first.
#[derive(Debug, Default)]
pub(super) struct Window {
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
    /// Every change after this revision is here.
    oldest: Revision,
}

impl Window {
    pub(super) fn starting_at(oldest: Revision) -> Self {
        Self { oldest, ..Self::default() }
    }

    pub(super) fn oldest(&self) -> Revision {
        self.oldest
    }

    pub(super) fn push(&mut self, change: Arc<Change>) {
        self.bytes += change.cost();
        self.changes.push_back(change);
    }

    /// Lets go of what is beyond the limits.
    pub(super) fn trim(&mut self, limits: Limits, now: Instant) {
        while let Some(first) = self.changes.front() {
            let too_much = self.changes.len() > limits.changes || self.bytes > limits.bytes;
            if !too_much && now.duration_since(first.at) <= limits.age {
                return;
            }
            self.oldest = first.revision;
            self.bytes -= first.cost();
            self.changes.pop_front();
        }
    }

    /// Returns up to `most` changes after `after`, which has to be known.
    pub(super) fn after(
        &self,
        after: Revision,
        most: usize,
    ) -> impl DoubleEndedIterator<Item = &Arc<Change>> {
        let start = self.changes.partition_point(|change| change.revision <= after);
        let end = self.changes.len().min(start.saturating_add(most));
        self.changes.range(start..end)
    }
}
