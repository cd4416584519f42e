//! The changes of a store as etcd tells them, from a revision on.

use super::client::Told;
use super::fault::Fault;
use super::head::{WriteId, from_etcd};
use super::layout::Span;
use super::store::Store;
use super::wire::{self, EventType, WatchCreateRequest, WatchResponse};
use crate::storage::{Changes, Event, Result, Revision, StorageError};

/// An open watch on all of a store.
#[derive(Debug)]
pub(super) struct Story {
    told: Told,
    /// Up to where it was told.
    after: Revision,
    /// Changes of a revision that may have more of them.
    held: Vec<Event>,
}

/// What is told at once.
#[derive(Debug, Default)]
pub(super) struct Chapter {
    /// All changes of some revisions; none when nothing is complete yet.
    pub(super) changes: Changes,
    /// Who made them.
    pub(super) writes: Vec<(WriteId, Revision)>,
}

impl Story {
    /// Begins after `after`, unless some of what came then is forgotten.
    pub(super) async fn after(store: &Store, after: Revision) -> Result<Self> {
        let start_revision = start(store, after).await?;
        let Span { begin: key, end: range_end } = store.layout.watched();
        let create = WatchCreateRequest { key, range_end, start_revision, prev_kv: true, fragment: true };
        Ok(Self { told: store.client.watch(&create).await?, after, held: Vec::new() })
    }

    /// Returns what is told next.
    pub(super) async fn next(&mut self, store: &Store) -> Result<Chapter> {
        let response = self.told.message().await.map_err(Fault::from)?;
        let response = response.ok_or_else(|| Fault::Ended("without a word".to_owned()))?;
        check(&response)?;
        self.chapter(store, response)
    }

    fn chapter(&mut self, store: &Store, response: WatchResponse) -> Result<Chapter> {
        let mut writes = Vec::new();
        let (mut last, mut complete) = (self.after, self.after);
        for event in response.events {
            let change = event.kv.ok_or(Fault::Malformed { missing: "key" })?;
            let revision = from_etcd(change.mod_revision);
            if revision <= self.after {
                continue;
            }
            last = revision;
            if let Some(key) = store.layout.key(&change.key) {
                let previous = previous(event.kind, &change, event.prev_kv)?;
                let value = (event.kind != EventType::Delete as i32).then_some(change.value);
                self.held.push(Event { key, revision, value, previous });
            } else if event.kind == EventType::Put as i32 {
                // The head is what a write changes last, so nothing more of this revision follows.
                complete = revision;
                writes.push((WriteId::of(&change)?, revision));
            }
        }
        self.after = if response.fragment { complete } else { last };
        Ok(Chapter { changes: self.take_complete(), writes })
    }

    /// Takes out what will not get more.
    fn take_complete(&mut self) -> Changes {
        let complete = self.held.partition_point(|event| event.revision <= self.after);
        Changes { events: self.held.drain(..complete).collect(), up_to: self.after }
    }
}

/// Returns the revision of etcd to begin at.
async fn start(store: &Store, after: Revision) -> Result<i64> {
    let head = store.head().await?;
    for start in head.starts_after(after).into_iter().flatten() {
        if start > head.seen_at || !store.is_compacted(start - 1).await? {
            return Ok(start);
        }
    }
    Err(StorageError::Compacted { oldest: head.oldest(store.compacted().await?) })
}

/// Fails when etcd has ended the watch.
fn check(response: &WatchResponse) -> Result<()> {
    if response.compact_revision > 0 {
        return Err(StorageError::Compacted { oldest: from_etcd(response.compact_revision) });
    }
    if response.canceled {
        return Err(Fault::Ended(response.cancel_reason.clone()).into());
    }
    Ok(())
}

/// Returns what stood there before a change. etcd says nothing of it once that is compacted, which is not the same
/// as nothing having been there.
fn previous(
    kind: i32,
    change: &wire::KeyValue,
    previous: Option<wire::KeyValue>,
) -> Result<Option<(bytes::Bytes, Revision)>> {
    let created = kind == EventType::Put as i32 && change.create_revision == change.mod_revision;
    match previous {
        _ if created => Ok(None),
        Some(previous) => Ok(Some((previous.value, from_etcd(previous.mod_revision)))),
        None => Err(StorageError::Compacted { oldest: from_etcd(change.mod_revision) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(created: i64, changed: i64) -> wire::KeyValue {
        wire::KeyValue { create_revision: created, mod_revision: changed, ..Default::default() }
    }

    #[test]
    fn a_value_that_was_compacted_is_not_taken_for_none() {
        let put = EventType::Put as i32;
        assert_eq!(previous(put, &change(5, 5), None).unwrap(), None, "it was created");
        for (kind, change) in [(put, change(5, 7)), (EventType::Delete as i32, change(0, 7))] {
            let lost = previous(kind, &change, None);
            assert!(matches!(lost, Err(StorageError::Compacted { oldest: Revision(7) })), "{lost:?}");
        }
    }
}
