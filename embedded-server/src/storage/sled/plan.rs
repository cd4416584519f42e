//! What a group of writes does to the tree: decided in order, applied as one batch.

use std::collections::HashMap;

use ::sled::{Batch, Tree};
use bytes::Bytes;

use super::fault::Fault;
use super::reader;
use super::record::{COMPACTED_KEY, Change, Head, Place, Record, head_key, record_key};
use crate::storage::{Key, KeyValue, Result as StorageResult, Revision, StorageError, Write};

/// A batch in the making.
#[derive(Debug)]
pub(super) struct Plan<'t> {
    tree: &'t Tree,
    batch: Batch,
    empty: bool,
    /// The end of the log once the batch is applied.
    end: Place,
    /// What the batch makes of the keys it touches.
    overlay: HashMap<Key, Standing>,
}

/// The state of a key after a change of this batch.
#[derive(Debug)]
struct Standing {
    head: Head,
    value: Bytes,
}

/// A change of the log that is to be forgotten.
#[derive(Debug)]
pub(super) struct Forgotten {
    /// Where the log begins afterwards.
    pub(super) place: Place,
    record: Record,
}

impl<'t> Plan<'t> {
    /// Begins a batch on a log that ends at `end`.
    pub(super) fn new(tree: &'t Tree, end: Place) -> Self {
        Self { tree, batch: Batch::default(), empty: true, end, overlay: HashMap::new() }
    }

    /// Adds a write if the key is in the state it assumes after the writes before it, and returns its answer.
    pub(super) fn write(&mut self, key: &Key, write: &Write) -> Result<StorageResult<Revision>, Fault> {
        let head = self.head(key)?;
        let live = head.filter(|head| head.live).map(|head| head.revision);
        let before = head.map_or(0, |head| head.revision);
        match write {
            Write::Create(value) if live.is_none() => self.append(key, Change::Created, before, value),
            Write::Update { expect, value } if live == Some(expect.0) => {
                self.append(key, Change::Updated, before, value)
            }
            Write::Delete { expect } if live == Some(expect.0) => {
                self.append(key, Change::Deleted, before, &Bytes::new())
            }
            _ => return Ok(Err(StorageError::Conflict { current: self.current(key, live)? })),
        }
        .map(Ok)
    }

    /// Returns the end of the log once the batch is applied.
    pub(super) fn end(&self) -> Place {
        self.end
    }

    /// Adds the removal of what only a forgotten change needed.
    pub(super) fn forget(&mut self, forgotten: &Forgotten) -> Result<(), Fault> {
        let Forgotten { place, record } = forgotten;
        if record.change != Change::Created {
            self.batch.remove(&record_key(record.previous));
        }
        if record.change == Change::Deleted {
            self.batch.remove(&record_key(place.revision));
            let tombstone = Head { revision: place.revision, live: false };
            if self.head(&record.key)? == Some(tombstone) {
                self.batch.remove(head_key(&record.key));
            }
        }
        Ok(())
    }

    /// Adds the new beginning of the log.
    pub(super) fn begin_log_at(&mut self, place: Place) {
        self.batch.insert(COMPACTED_KEY, &place.encode());
        self.empty = false;
    }

    /// Returns the batch and the end of the log after it, or none when there is nothing to apply.
    pub(super) fn finish(self) -> Option<(Batch, Place)> {
        (!self.empty).then_some((self.batch, self.end))
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Fault> {
        match self.overlay.get(key) {
            Some(standing) => Ok(Some(standing.head)),
            None => reader::head(self.tree, key),
        }
    }

    fn current(&self, key: &Key, live: Option<u64>) -> Result<Option<KeyValue>, Fault> {
        let Some(revision) = live else { return Ok(None) };
        let value = match self.overlay.get(key) {
            Some(standing) => standing.value.clone(),
            None => reader::record(self.tree, revision)?.value,
        };
        Ok(Some(KeyValue { key: key.clone(), value, revision: Revision(revision) }))
    }

    fn append(&mut self, key: &Key, change: Change, previous: u64, value: &Bytes) -> Result<Revision, Fault> {
        let position = self.end.position + Record::length(key, value);
        let end = Place { revision: self.end.revision + 1, position };
        let record = Record { change, previous, position, key: key.clone(), value: value.clone() };
        let head = Head { revision: end.revision, live: change != Change::Deleted };
        self.batch.insert(&record_key(end.revision), record.encode()?);
        self.batch.insert(head_key(key), &head.encode());
        self.overlay.insert(key.clone(), Standing { head, value: value.clone() });
        self.end = end;
        self.empty = false;
        Ok(Revision(end.revision))
    }
}

impl Forgotten {
    /// Reads the change of `revision`.
    pub(super) fn read(tree: &Tree, revision: u64) -> Result<Self, Fault> {
        let record = reader::record(tree, revision)?;
        Ok(Self { place: Place { revision, position: record.position }, record })
    }
}
