//! One consistent state of the cache. Taking one costs a clone of a pointer.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use super::object::{Filter, Object};
use crate::meta::Revision;

/// The objects of a resource, by key.
pub(super) type Objects = OrdMap<Arc<str>, Arc<Object>>;

/// The objects of a resource as they were at one revision.
#[derive(Clone, Debug)]
pub struct View {
    objects: Objects,
    revision: Revision,
    /// Which of the store's histories the revision is of.
    epoch: u64,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The objects, in order of their keys.
    pub items: Vec<Arc<Object>>,
    /// The key of the last object, when there are more after it.
    pub last: Option<Arc<str>>,
    /// How many objects there are after it, when that is known without looking at them.
    pub remaining: Option<usize>,
}

impl View {
    pub(super) fn new(objects: Objects, revision: Revision, epoch: u64) -> Self {
        Self { objects, revision, epoch }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Tells whether two states are one, in the same memory.
    #[cfg(test)]
    pub(super) fn is(&self, other: &Self) -> bool {
        self.objects.ptr_eq(&other.objects)
    }

    /// Returns the revision of the state.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the object with `key`, or none.
    pub fn get(&self, key: &str) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// Returns up to `limit` matching objects whose keys are not before `start`.
    pub fn page(&self, filter: &Filter, start: Option<&str>, limit: Option<usize>) -> Page {
        let mut matching = self.matching(filter, start);
        let limit = limit.unwrap_or(usize::MAX);
        let items: Vec<_> = matching.by_ref().take(limit).map(Arc::clone).collect();
        let more = if items.len() < limit { 0 } else { Self::count_more(matching, filter) };
        let last = items.last().filter(|_| more > 0).map(|object| Arc::clone(object.shared_key()));
        Page { items, last, remaining: (more > 0 && filter.takes_all()).then_some(more) }
    }

    /// Counts what is left; when the number is not shown, whether there is any suffices.
    fn count_more<'v>(mut rest: impl Iterator<Item = &'v Arc<Object>>, filter: &Filter) -> usize {
        if filter.takes_all() { rest.count() } else { usize::from(rest.next().is_some()) }
    }

    /// Returns the matching objects whose keys are not before `start`, in order.
    pub(super) fn matching<'v>(
        &'v self,
        filter: &'v Filter,
        start: Option<&str>,
    ) -> impl Iterator<Item = &'v Arc<Object>> {
        let start = start.filter(|start| *start >= filter.prefix()).unwrap_or(filter.prefix());
        self.objects
            .range::<_, str>((Bound::Included(start), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(filter.prefix()))
            .map(|(_, object)| object)
            .filter(|object| filter.takes_all() || filter.matches(object))
    }
}
