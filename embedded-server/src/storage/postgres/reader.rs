//! What is read: one statement each, so that each sees one state of the store.

use std::collections::HashMap;
use std::ops::ControlFlow;

use bytes::Bytes;
use tokio_postgres::Row;

use super::fault::Fault;
use super::session::Session;
use crate::storage::{Event, Key, KeyValue, Prefix, Revision, Snapshot};

/// The last character of all: what begins with a prefix sorts between it and it with this behind.
const LAST: char = char::MAX;

const REVISION: &str = "SELECT revision FROM store";

const COMPACTED: &str = "SELECT compacted FROM horizon";

const GET: &str = "
    SELECT changes.revision, changes.value
    FROM heads JOIN changes USING (revision)
    WHERE heads.key = $1";

/// Reads what stands under several keys; [`by_key`] takes over its rows.
pub(super) const GET_MANY: &str = "
    SELECT heads.key, changes.revision, changes.value
    FROM heads JOIN changes USING (revision)
    WHERE heads.key = ANY ($1)";

const LIST: &str = "
    SELECT store.revision, horizon.compacted, heads.key, changes.revision, changes.value
    FROM store CROSS JOIN horizon
    LEFT JOIN (heads JOIN changes USING (revision)) ON heads.key >= $1 AND heads.key < $2";

const CHANGES: &str = "
    SELECT store.revision, horizon.compacted, next.revision, next.key, next.value, next.previous, replaced.value
    FROM store CROSS JOIN horizon
    LEFT JOIN LATERAL (
        SELECT * FROM changes WHERE changes.revision > $1 ORDER BY changes.revision LIMIT $2
    ) next ON true
    LEFT JOIN changes replaced ON replaced.revision = next.previous
    ORDER BY next.revision";

/// How much is read at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkLimit {
    pub(super) changes: i64,
    pub(super) bytes: usize,
}

/// A part of the history.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The changes, one for each revision.
    pub(super) events: Vec<Event>,
    /// The revision of the store.
    pub(super) head: i64,
    /// Changes up to this revision are forgotten.
    pub(super) compacted: i64,
}

/// Returns the revision of the store.
pub(super) async fn revision(session: &Session) -> Result<i64, Fault> {
    number(session, REVISION).await
}

/// Returns the revision up to which changes are forgotten.
pub(super) async fn compacted(session: &Session) -> Result<i64, Fault> {
    number(session, COMPACTED).await
}

async fn number(session: &Session, sql: &'static str) -> Result<i64, Fault> {
    let rows = session.query(sql, &[]).await?;
    let row =
        rows.first().ok_or(Fault::Malformed("the table that says how far the store has come is empty"))?;
    Ok(row.try_get(0)?)
}

/// Returns the value under `key`, or none.
pub(super) async fn get(session: &Session, key: &Key) -> Result<Option<KeyValue>, Fault> {
    let rows = session.query(GET, &[&key.as_str()]).await?;
    rows.first().map(|row| key_value(row, key.clone(), 0)).transpose()
}

/// Takes over the rows of [`GET_MANY`].
pub(super) fn by_key(rows: &[Row]) -> Result<HashMap<Key, KeyValue>, Fault> {
    let found = rows.iter().map(|row| {
        let key = Key::from_stored(row.try_get(0)?);
        Ok((key.clone(), key_value(row, key, 1)?))
    });
    found.collect()
}

/// Returns everything below `prefix`.
pub(super) async fn list(session: &Session, prefix: &Prefix) -> Result<Snapshot, Fault> {
    let (start, end) = (prefix.as_str(), format!("{}{LAST}", prefix.as_str()));
    let mut snapshot = Snapshot { revision: Revision::ZERO, oldest: Revision::ZERO, items: Vec::new() };
    let take = |row: &Row| {
        snapshot.revision = revision_of(row.try_get(0)?);
        snapshot.oldest = revision_of(row.try_get(1)?);
        if let Some(key) = row.try_get::<_, Option<&str>>(2)? {
            snapshot.items.push(key_value(row, Key::from_stored(key), 3)?);
        }
        Ok(ControlFlow::Continue(()))
    };
    session.read(LIST, &[&start, &end], take).await?;
    if snapshot.revision == Revision::ZERO {
        return Err(Fault::Malformed("the table that says how far the store has come is empty"));
    }
    snapshot.items.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(snapshot)
}

/// Returns changes after `after`, whatever their keys, unless some of them are forgotten: the chunk says so.
pub(super) async fn changes(session: &Session, after: i64, limit: ChunkLimit) -> Result<Chunk, Fault> {
    let mut chunk = Chunk::default();
    let mut room = limit.bytes;
    let take = |row: &Row| {
        (chunk.head, chunk.compacted) = (row.try_get(0)?, row.try_get(1)?);
        if chunk.compacted > after || row.try_get::<_, Option<i64>>(2)?.is_none() {
            return Ok(ControlFlow::Break(()));
        }
        let event = event(row)?;
        room = room.saturating_sub(event.size());
        chunk.events.push(event);
        Ok(if room == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    session.read(CHANGES, &[&after, &limit.changes], take).await?;
    let expected = (after + 1..).map(revision_of);
    if chunk.events.iter().zip(expected).any(|(event, revision)| event.revision != revision) {
        return Err(Fault::Malformed("the history has a gap"));
    }
    Ok(chunk)
}

fn event(row: &Row) -> Result<Event, Fault> {
    let previous = match (row.try_get::<_, Option<i64>>(5)?, bytes(row, 6)?) {
        (None, _) => None,
        (Some(revision), Some(value)) => Some((value, revision_of(revision))),
        (Some(_), None) => return Err(Fault::Malformed("the history lacks a value that was replaced")),
    };
    Ok(Event {
        key: Key::from_stored(row.try_get(3)?),
        revision: revision_of(row.try_get(2)?),
        value: bytes(row, 4)?,
        previous,
    })
}

/// Takes over the revision in column `at` and the value in the next.
fn key_value(row: &Row, key: Key, at: usize) -> Result<KeyValue, Fault> {
    let value = bytes(row, at + 1)?.ok_or(Fault::Malformed("what stands has no value"))?;
    Ok(KeyValue { key, value, revision: revision_of(row.try_get(at)?) })
}

fn bytes(row: &Row, at: usize) -> Result<Option<Bytes>, Fault> {
    Ok(row.try_get::<_, Option<&[u8]>>(at)?.map(Bytes::copy_from_slice))
}

/// Returns what a stored number means; those below zero are never stored.
pub(super) fn revision_of(number: i64) -> Revision {
    Revision(u64::try_from(number).unwrap_or_default())
}

/// Returns how a revision is stored; those that are too large for it are in the future.
pub(super) fn number_of(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

impl Event {
    /// Returns how many bytes its values have.
    pub(super) fn size(&self) -> usize {
        let value = self.value.as_ref().map_or(0, Bytes::len);
        value + self.previous.as_ref().map_or(0, |(previous, _)| previous.len())
    }
}
