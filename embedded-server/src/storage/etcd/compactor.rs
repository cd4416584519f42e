//! Compaction, where nobody else does it: etcd keeps every change until it is told to forget.
//!
//! The replicas agree through one key, whose value says at which revision etcd was when it was written. Who finds it
//! as it was an interval before writes it anew and compacts up to there, so that it happens once in an interval
//! however many replicas there are. It compacts all that etcd holds, for all its users; so whoever else compacts is
//! left to it for a day.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::fault::Fault;
use super::store::Store;
use super::wire::{self, Compare, PutRequest, RangeRequest, Request, TxnRequest};

/// For how long compaction is left to others once they have done it.
const LEFT_TO_OTHERS: Duration = Duration::from_hours(24);

/// What the replicas know of compaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Note {
    /// The revision of etcd when this was written.
    at: i64,
    /// How far was compacted, by whomever.
    compacted: i64,
    /// For how many intervals it is still left to others.
    left_to_others: u64,
}

/// A note, and the revision of etcd at which it was written; zero when it was not.
type Written = (i64, Note);

/// Compacts until the task is aborted.
pub(super) async fn run(store: Arc<Store>, interval: Duration) {
    let mut seen = None;
    loop {
        seen = match round(&store, interval, seen).await {
            Ok(seen) => Some(seen),
            Err(error) => {
                tracing::debug!(%error, "etcd cannot be compacted");
                seen
            }
        };
        sleep(interval).await;
    }
}

/// Does what is to be done an interval after `seen` was; returns what is seen now.
async fn round(store: &Store, interval: Duration, seen: Option<Written>) -> Result<Written, Fault> {
    let key = store.layout.compaction();
    let answer = store.client.range(&RangeRequest::one(key.clone())).await?;
    let written = answer
        .kvs
        .first()
        .map_or((0, Note::default()), |stored| (stored.mod_revision, Note::read(&stored.value)));
    if written.0 > 0 && seen != Some(written) {
        return Ok(written);
    }
    let (note, compact_to) = decide(
        written.1,
        wire::revision(answer.header),
        store.compacted().await?,
        intervals(LEFT_TO_OTHERS, interval),
    );
    let write = Request::Put(PutRequest { key: key.clone(), value: note.to_string().into() });
    let request = TxnRequest {
        compare: vec![Compare::changed_at(key, written.0)],
        success: vec![write.into()],
        ..TxnRequest::default()
    };
    let answer = store.client.txn(&request).await?;
    if !answer.succeeded {
        return Ok(written);
    }
    if let Some(revision) = compact_to {
        compact(store, revision).await?;
    }
    Ok((wire::revision(answer.header), note))
}

/// Returns what to write in place of `note`, and how far to compact.
fn decide(note: Note, now: i64, compacted: i64, day: u64) -> (Note, Option<i64>) {
    let next = Note { at: now, compacted, left_to_others: 0 };
    if compacted > note.compacted {
        return (Note { left_to_others: day, ..next }, None);
    }
    if note.left_to_others > 0 {
        return (Note { left_to_others: note.left_to_others - 1, ..next }, None);
    }
    match note.at {
        0 => (next, None),
        at => (Note { compacted: at, ..next }, Some(at)),
    }
}

async fn compact(store: &Store, revision: i64) -> Result<(), Fault> {
    match store.client.compact(revision).await {
        // Somebody else was faster.
        Err(Fault::Compacted) => Ok(()),
        compacted => compacted,
    }
}

fn intervals(long: Duration, interval: Duration) -> u64 {
    (long.as_secs() / interval.as_secs().max(1)).max(1)
}

impl Note {
    /// Reads a note; one that cannot be read says nothing.
    fn read(text: &[u8]) -> Self {
        let numbers = std::str::from_utf8(text).unwrap_or_default().split(' ').map(str::parse);
        let numbers: Vec<i64> = numbers.filter_map(Result::ok).collect();
        let [at, compacted, left_to_others] = numbers[..] else { return Self::default() };
        Self { at, compacted, left_to_others: left_to_others.try_into().unwrap_or_default() }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.at, self.compacted, self.left_to_others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 288;

    #[test]
    fn what_was_an_interval_ago_is_compacted() {
        let (first, nothing) = decide(Note::default(), 100, 0, DAY);
        assert_eq!((first.at, nothing), (100, None), "nothing is known of an interval ago");
        let (second, compact_to) = decide(first, 200, 0, DAY);
        assert_eq!(compact_to, Some(100));
        let (third, compact_to) = decide(second, 300, 100, DAY);
        assert_eq!((third.at, compact_to), (300, Some(200)));
    }

    #[test]
    fn who_else_compacts_is_left_to_it_for_a_day() {
        let ours = Note { at: 200, compacted: 100, left_to_others: 0 };
        let (mut note, nothing) = decide(ours, 300, 150, DAY);
        assert_eq!(nothing, None);
        for now in 0..DAY {
            let (next, nothing) = decide(note, 400 + i64::try_from(now).unwrap(), 150, DAY);
            assert_eq!(nothing, None, "after {now} intervals");
            note = next;
        }
        assert_eq!(decide(note, 1000, 150, DAY).1, Some(note.at), "nobody did it for a day");
        assert_eq!(decide(note, 1000, 160, DAY).0.left_to_others, DAY, "somebody did");
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let note = Note { at: 3, compacted: 2, left_to_others: 1 };
        assert_eq!(Note::read(note.to_string().as_bytes()), note);
        assert_eq!(Note::read(b"something else"), Note::default());
    }
}
