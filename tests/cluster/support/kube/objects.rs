//! The objects of one kind, with the history that watches are told from.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Objects by name, and all that ever happened to them.
#[derive(Default)]
pub(crate) struct Objects {
    now: BTreeMap<String, Value>,
    history: Vec<(u64, Value)>,
    revision: u64,
    /// The first revision that can be watched from.
    oldest: u64,
}

impl Objects {
    /// Makes or changes an object.
    pub(crate) fn put(&mut self, name: &str, mut object: Value) {
        let kind = if self.now.contains_key(name) { "MODIFIED" } else { "ADDED" };
        self.revision += 1;
        object["metadata"]["name"] = name.into();
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        self.now.insert(name.to_owned(), object.clone());
        self.history.push((self.revision, json!({"type": kind, "object": object})));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.revision += 1;
        let mut object = self.now.remove(name).expect("an object to remove");
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        self.history.push((self.revision, json!({"type": "DELETED", "object": object})));
    }

    /// Does something that no watch is told of; all watches end with 410.
    pub(crate) fn behind_the_back_of_watches(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        self.history.clear();
        self.oldest = self.revision;
    }

    pub(super) fn get(&self, name: &str) -> Option<Value> {
        self.now.get(name).cloned()
    }

    pub(super) fn list(&self, kind: &str) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"resourceVersion": self.revision.to_string()},
            "items": self.now.values().collect::<Vec<_>>(),
        })
    }

    /// Returns what happened after a revision; none when that is no longer known.
    pub(super) fn since(&self, revision: u64) -> Option<Vec<(u64, Value)>> {
        let after = self.history.iter().filter(|(at, _)| *at > revision).cloned().collect();
        (revision >= self.oldest).then_some(after)
    }
}
