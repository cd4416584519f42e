//! What a client that writes can know about what is stored.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Objects, name_of, revision_of};

/// A change of one object.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// The object is there and has this `spec`.
    Write(Value),
    Delete,
}

/// What was acknowledged, and what was asked for and never answered.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    acknowledged: Objects,
    unanswered: BTreeMap<String, Change>,
}

impl Ledger {
    /// Returns the object `name` as it was acknowledged last; nothing if it was not made or was deleted.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.acknowledged.get(name)
    }

    /// Notes what is about to be asked for.
    pub(crate) fn ask(&mut self, name: &str, change: Change) {
        self.unanswered.insert(name.to_owned(), change);
    }

    /// Notes the answer: the object as it was written, nothing if it was deleted.
    pub(crate) fn acknowledge(&mut self, name: &str, object: Option<Value>) {
        self.unanswered.remove(name);
        match object {
            Some(object) => self.acknowledged.insert(name.to_owned(), object),
            None => self.acknowledged.remove(name),
        };
    }

    /// Holds `stored` against what is known: what was acknowledged is there as it was acknowledged, and nothing
    /// else is. What was never answered may have happened, as a whole or not at all. Afterwards, what is stored
    /// is what is known.
    pub(crate) fn check(&mut self, stored: &Objects) {
        for (name, change) in std::mem::take(&mut self.unanswered) {
            let (before, after) = (self.acknowledged.get(&name), stored.get(&name));
            if before != after && has_happened(&change, before, after) {
                self.acknowledge(&name, after.cloned());
            }
        }
        self.check_nothing_else(stored);
    }

    /// As [`Ledger::check`], but what was never answered must not have happened.
    pub(crate) fn check_exactly(&mut self, stored: &Objects) {
        self.unanswered.clear();
        self.check_nothing_else(stored);
    }

    fn check_nothing_else(&self, stored: &Objects) {
        for (name, object) in &self.acknowledged {
            assert_eq!(stored.get(name), Some(object), "{name} is not as it was acknowledged");
        }
        let more: Vec<_> = stored.values().filter(|object| self.get(name_of(object)).is_none()).collect();
        assert!(more.is_empty(), "deleted or never written, and yet there: {more:#?}");
    }
}

fn has_happened(change: &Change, before: Option<&Value>, after: Option<&Value>) -> bool {
    match (change, after) {
        (Change::Delete, None) => true,
        (Change::Write(spec), Some(after)) => {
            let same = |before: &Value| {
                before["metadata"]["uid"] == after["metadata"]["uid"]
                    && revision_of(before) < revision_of(after)
            };
            after["spec"] == *spec && before.is_none_or(same)
        }
        _ => false,
    }
}
