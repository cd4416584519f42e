//! What the head says of the history of a store, and where in etcd's own history to look.
//!
//! etcd counts the changes of all its users together. A store's revisions are those of its own changes among
//! them; what lies between does not concern it.

use bytes::Bytes;

use super::fault::Fault;
use super::wire::{self, KeyValue, RangeResponse};
use crate::storage::Revision;

/// How the value of a head begins: the format of all that is stored.
const FORMAT: &str = "wfctl/1 ";

/// The history of a store, as it was at one revision of etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The revision of etcd at which this was so.
    pub(super) seen_at: i64,
    /// etcd's revisions of the first and of the last change; none when there was none.
    changes: Option<(i64, i64)>,
}

/// Who made a change: a random number, told in the head.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct WriteId(String);

impl Head {
    /// Reads the answer to the question for the head.
    pub(super) fn of(answer: &RangeResponse, seen_at: i64) -> Result<Self, Fault> {
        let Some(head) = answer.kvs.first() else { return Ok(Self { seen_at, changes: None }) };
        WriteId::of(head)?;
        Ok(Self { seen_at, changes: Some((head.create_revision, head.mod_revision)) })
    }

    /// Reads an answer that came by itself.
    pub(super) fn answered(answer: &RangeResponse) -> Result<Self, Fault> {
        Self::of(answer, wire::revision(answer.header))
    }

    /// Returns the revision of the last change.
    pub(super) fn revision(&self) -> Revision {
        self.changes.map_or(Revision::FIRST, |(_, last)| from_etcd(last))
    }

    /// Returns the revisions of etcd to watch from in order to miss no change after `after`; each is good unless
    /// what was before it is compacted.
    pub(super) fn starts_after(&self, after: Revision) -> [Option<i64>; 2] {
        let now = self.seen_at + 1;
        let next = to_etcd(after).saturating_add(1).min(now);
        match self.changes {
            // What others did before the first change is of no interest.
            None if after <= Revision::FIRST => [Some(now), None],
            Some((first, _)) if after <= Revision::FIRST => [Some(first), None],
            // What others did after the last change is of no interest either.
            Some((_, last)) if to_etcd(after) >= last => [Some(next), Some(now)],
            _ => [Some(next), None],
        }
    }

    /// Returns the revision after which every change is known when etcd has compacted up to `compacted`.
    pub(super) fn oldest(&self, compacted: i64) -> Revision {
        match self.changes {
            Some((first, _)) if first > compacted => Revision::FIRST,
            Some((_, last)) => from_etcd(compacted.min(last)),
            None => Revision::FIRST,
        }
    }
}

impl WriteId {
    pub(super) fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// Returns what the head says after this write.
    pub(super) fn head(&self) -> Bytes {
        format!("{FORMAT}{}", self.0).into()
    }

    /// Reads it from a head.
    pub(super) fn of(head: &KeyValue) -> Result<Self, Fault> {
        let text = std::str::from_utf8(&head.value).ok().and_then(|text| text.strip_prefix(FORMAT));
        text.map(|id| Self(id.to_owned())).ok_or(Fault::Format)
    }
}

/// Returns a revision that etcd told.
pub(super) fn from_etcd(revision: i64) -> Revision {
    Revision(revision.try_into().unwrap_or_default())
}

/// Returns a revision as etcd takes it.
pub(super) fn to_etcd(revision: Revision) -> i64 {
    revision.0.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seen_at: i64, changes: (i64, i64)) -> Head {
        Head { seen_at, changes: Some(changes) }
    }

    #[test]
    fn a_store_without_changes_is_at_the_first_revision_whatever_etcd_is_at() {
        let empty = Head { seen_at: 5000, changes: None };
        assert_eq!(empty.revision(), Revision::FIRST);
        assert_eq!(empty.starts_after(Revision::FIRST), [Some(5001), None]);
        assert_eq!(empty.oldest(4000), Revision::FIRST);
    }

    #[test]
    fn what_was_before_the_first_change_does_not_count() {
        let head = head(900, (500, 800));
        assert_eq!(head.starts_after(Revision::FIRST), [Some(500), None]);
        assert_eq!(head.starts_after(Revision(600)), [Some(601), None]);
        assert_eq!(head.oldest(499), Revision::FIRST);
        assert_eq!(head.oldest(600), Revision(600));
    }

    #[test]
    fn what_came_after_the_last_change_does_not_count() {
        let head = head(900, (500, 800));
        assert_eq!(head.oldest(850), Revision(800), "nothing is missing after the last change");
        assert_eq!(head.starts_after(Revision(800)), [Some(801), Some(901)]);
        assert_eq!(head.starts_after(Revision(2000)), [Some(901), Some(901)], "the future begins now");
    }

    #[test]
    fn who_knew_a_store_that_is_gone_has_to_see_how_it_went() {
        let gone = Head { seen_at: 900, changes: None };
        assert_eq!(gone.starts_after(Revision(600)), [Some(601), None]);
        assert_eq!(head(900, (700, 800)).starts_after(Revision(600)), [Some(601), None]);
    }

    #[test]
    fn a_head_of_another_format_is_refused() {
        let stored = |value: &'static str| KeyValue { value: value.into(), ..KeyValue::default() };
        let id = WriteId::random();
        let written = KeyValue { value: id.head(), ..KeyValue::default() };
        assert_eq!(WriteId::of(&written).unwrap(), id);
        assert!(matches!(WriteId::of(&stored("wfctl/2 x")), Err(Fault::Format)));
    }
}
