//! Reading the tree at a cut. Everything here blocks on the disk.

use ::sled::Tree;
use bytes::Bytes;

use super::fault::Fault;
use super::horizon::Cut;
use super::record::{Change, Head, Record, head_key, head_name, head_prefix, record_key, record_revision};
use crate::storage::{Event, Key, KeyValue, Prefix, Revision};

/// A run of the log: what of it was asked for, and how far it goes.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The changes below the wanted prefix.
    pub(super) events: Vec<Event>,
    /// The revision of the last change that was looked at.
    pub(super) last: u64,
}

/// How much of the log is read at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkLimit {
    /// Changes looked at.
    pub(super) records: usize,
    /// Bytes of values returned, exceeded by at most one event.
    pub(super) bytes: usize,
}

/// How many records are stepped over before the next one is looked up.
const NEAR: usize = 16;

/// Returns the value that stood under `key` at the cut.
pub(super) fn get(tree: &Tree, cut: &Cut<'_>, key: &Key) -> Result<Option<KeyValue>, Fault> {
    match head(tree, key)? {
        Some(head) => value_at(tree, head, cut, key.clone()),
        None => Ok(None),
    }
}

/// Returns the values that stood below `prefix` at the cut, in order of their keys.
pub(super) fn list(tree: &Tree, cut: &Cut<'_>, prefix: &Prefix) -> Result<Vec<KeyValue>, Fault> {
    let mut items = Vec::new();
    for entry in tree.scan_prefix(head_prefix(prefix)) {
        let (key, head) = entry?;
        if let Some(revision) = standing_at(tree, Head::decode(&head)?, cut.revision)? {
            let (key, revision) = (head_name(&key)?, Revision(revision));
            items.push(KeyValue { key, value: Bytes::new(), revision });
        }
    }
    fill_in(tree, &mut items)?;
    Ok(items)
}

/// Reads the values of `items` in the order in which they lie on the disk, which is not that of their keys.
fn fill_in(tree: &Tree, items: &mut [KeyValue]) -> Result<(), Fault> {
    let mut by_revision: Vec<&mut KeyValue> = items.iter_mut().collect();
    by_revision.sort_unstable_by_key(|item| item.revision);
    let mut records = tree.range(record_key(0)..);
    for item in by_revision {
        item.value = walk_to(tree, &mut records, item.revision.0)?.value;
    }
    Ok(())
}

/// Goes on to the record of `revision`: step by step where it is near, which costs less than to look it up.
fn walk_to(tree: &Tree, records: &mut ::sled::Iter, revision: u64) -> Result<Record, Fault> {
    let wanted = record_key(revision);
    for _ in 0..NEAR {
        match records.next().transpose()? {
            Some((key, bytes)) if key == wanted => return Record::decode(&bytes),
            Some((key, _)) if *key < wanted[..] => {}
            _ => break,
        }
    }
    *records = tree.range(wanted..);
    match records.next().transpose()? {
        Some((key, bytes)) if key == wanted => Record::decode(&bytes),
        _ => Err(Fault::Missing { revision }),
    }
}

/// Returns the changes after the cut and up to `upto` that are below `prefix`, or the first of them.
pub(super) fn replay(
    tree: &Tree,
    cut: &Cut<'_>,
    upto: u64,
    prefix: &Prefix,
    limit: ChunkLimit,
) -> Result<Chunk, Fault> {
    let mut chunk = Chunk { events: Vec::new(), last: cut.revision };
    let mut room = limit.bytes;
    for entry in tree.range(record_key(cut.revision + 1)..=record_key(upto)).take(limit.records) {
        let (key, bytes) = entry?;
        let revision = record_revision(&key)?;
        if revision != chunk.last + 1 {
            return Err(Fault::Missing { revision: chunk.last + 1 });
        }
        chunk.last = revision;
        let record = Record::decode(&bytes)?;
        if prefix.contains(&record.key) {
            let event = event(tree, revision, record)?;
            room = room.saturating_sub(size(&event));
            chunk.events.push(event);
        }
        if room == 0 {
            break;
        }
    }
    if chunk.last == cut.revision { Err(Fault::Missing { revision: chunk.last + 1 }) } else { Ok(chunk) }
}

/// Returns the last change of `key`, durable or not.
pub(super) fn head(tree: &Tree, key: &Key) -> Result<Option<Head>, Fault> {
    tree.get(head_key(key))?.map(|bytes| Head::decode(&bytes)).transpose()
}

/// Returns the record of `revision`, which has to be there.
pub(super) fn record(tree: &Tree, revision: u64) -> Result<Record, Fault> {
    let bytes = tree.get(record_key(revision))?.ok_or(Fault::Missing { revision })?;
    Record::decode(&bytes)
}

fn value_at(tree: &Tree, head: Head, cut: &Cut<'_>, key: Key) -> Result<Option<KeyValue>, Fault> {
    let Some(revision) = standing_at(tree, head, cut.revision)? else { return Ok(None) };
    let value = record(tree, revision)?.value;
    Ok(Some(KeyValue { key, value, revision: Revision(revision) }))
}

/// Goes back from a key's last change to the one that stood at `cut`; none when no value did.
fn standing_at(tree: &Tree, head: Head, cut: u64) -> Result<Option<u64>, Fault> {
    let Head { mut revision, mut live } = head;
    while revision > cut {
        let record = record(tree, revision)?;
        revision = record.previous;
        live = record.change != Change::Created;
    }
    Ok(live.then_some(revision))
}

fn event(tree: &Tree, revision: u64, change: Record) -> Result<Event, Fault> {
    let previous = match change.change {
        Change::Created => None,
        Change::Updated | Change::Deleted => {
            Some((record(tree, change.previous)?.value, Revision(change.previous)))
        }
    };
    let value = (change.change != Change::Deleted).then_some(change.value);
    Ok(Event { key: change.key, revision: Revision(revision), value, previous })
}

fn size(event: &Event) -> usize {
    let previous = event.previous.as_ref().map_or(0, |(value, _)| value.len());
    previous + event.value.as_ref().map_or(0, Bytes::len)
}
