//! What a group of writes does to the store: decided in order, written as one transaction.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::reader::{number_of, revision_of};
use crate::storage::{Key, Revision, Write};

/// The end of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) revision: i64,
    /// How many bytes have been written up to it.
    pub(super) position: i64,
}

/// A change to be written.
#[derive(Debug)]
pub(super) struct Change {
    /// The end of the history with this change.
    pub(super) place: Place,
    pub(super) key: Key,
    /// None for a deletion.
    pub(super) value: Option<Bytes>,
    /// The revision of what it replaces.
    pub(super) previous: Option<i64>,
}

/// The changes of a transaction.
#[derive(Debug)]
pub(super) struct Plan {
    place: Place,
    /// What stands under each key that is written to, after the changes.
    heads: HashMap<Key, i64>,
    changes: Vec<Change>,
}

impl Plan {
    /// Begins with a history that ends at `place`, and with what stands there.
    pub(super) fn new(place: Place, heads: HashMap<Key, i64>) -> Self {
        Self { place, heads, changes: Vec::new() }
    }

    /// Adds a write and returns its revision; none when the key is not in the state that the write assumes after
    /// those before it.
    pub(super) fn write(&mut self, key: &Key, write: &Write) -> Option<Revision> {
        let standing = self.heads.get(key).copied();
        let assumed = match write {
            Write::Create(_) => None,
            Write::Update { expect, .. } | Write::Delete { expect } => Some(number_of(*expect)),
        };
        (standing == assumed).then(|| self.append(key, write.value().cloned(), standing))
    }

    fn append(&mut self, key: &Key, value: Option<Bytes>, previous: Option<i64>) -> Revision {
        let size = key.as_str().len() + value.as_ref().map_or(0, Bytes::len);
        self.place.revision += 1;
        self.place.position += i64::try_from(size).unwrap_or(i64::MAX);
        match value {
            Some(_) => self.heads.insert(key.clone(), self.place.revision),
            None => self.heads.remove(key),
        };
        self.changes.push(Change { place: self.place, key: key.clone(), value, previous });
        revision_of(self.place.revision)
    }

    /// Returns the changes in order.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the end of the history after the changes.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Returns the revisions of the changes that still stand after all of them.
    pub(super) fn standing(&self) -> Vec<i64> {
        self.touched().into_iter().filter_map(|key| self.heads.get(key).copied()).collect()
    }

    /// Returns the keys under which nothing is left.
    pub(super) fn gone(&self) -> Vec<&str> {
        let gone = self.touched().into_iter().filter(|key| !self.heads.contains_key(key));
        gone.map(Key::as_str).collect()
    }

    fn touched(&self) -> HashSet<&Key> {
        self.changes.iter().map(|change| &change.key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::from_stored(name)
    }

    fn plan() -> Plan {
        Plan::new(Place { revision: 7, position: 100 }, HashMap::from([(key("a"), 3)]))
    }

    #[test]
    fn a_write_that_assumes_another_state_is_refused() {
        let mut plan = plan();
        assert_eq!(plan.write(&key("a"), &Write::Create(Bytes::new())), None);
        assert_eq!(plan.write(&key("a"), &Write::Delete { expect: Revision(4) }), None);
        assert_eq!(plan.write(&key("b"), &Write::Delete { expect: Revision(3) }), None);
        assert!(plan.changes().is_empty());
    }

    #[test]
    fn a_write_sees_those_before_it() {
        let mut plan = plan();
        assert_eq!(
            plan.write(&key("a"), &Write::Update { expect: Revision(3), value: Bytes::from_static(b"x") }),
            Some(Revision(8))
        );
        assert_eq!(plan.write(&key("a"), &Write::Delete { expect: Revision(3) }), None);
        assert_eq!(plan.write(&key("a"), &Write::Delete { expect: Revision(8) }), Some(Revision(9)));
        assert_eq!(plan.write(&key("a"), &Write::Create(Bytes::new())), Some(Revision(10)));
        let previous: Vec<_> = plan.changes().iter().map(|change| change.previous).collect();
        assert_eq!(previous, [Some(3), Some(8), None]);
        assert_eq!(plan.place(), Place { revision: 10, position: 104 });
    }

    #[test]
    fn only_what_is_left_at_the_end_stands() {
        let mut plan = plan();
        plan.write(&key("a"), &Write::Delete { expect: Revision(3) });
        plan.write(&key("b"), &Write::Create(Bytes::new()));
        plan.write(&key("b"), &Write::Update { expect: Revision(9), value: Bytes::new() });
        assert_eq!(plan.standing(), [10]);
        assert_eq!(plan.gone(), ["a"]);
    }
}
