//! From what the store yields to what the cache keeps.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::object::Object;
use super::view::Objects;
use super::window::Change;
use crate::codec::EventType;
use crate::meta::Revision;
use crate::storage::{Event, KeyValue, Prefix, StorageError};

/// Makes changes of events, sharing each object between the change that made it and the one that ended it.
#[derive(Debug)]
pub(super) struct Historian {
    prefix: Prefix,
    /// The newest object that a past event made, by key.
    recent: HashMap<Arc<str>, Arc<Object>>,
}

impl Historian {
    pub(super) fn new(prefix: Prefix) -> Self {
        Self { prefix, recent: HashMap::new() }
    }

    /// Makes the state of what was stored.
    pub(super) fn state(&self, items: Vec<KeyValue>) -> Result<Objects, StorageError> {
        items
            .into_iter()
            .map(|item| {
                let key = self.key(item.key.as_str());
                let object = Object::new(Arc::clone(&key), &item.value, item.revision, EventType::Added);
                object.map(|object| (key, Arc::new(object))).map_err(corrupt)
            })
            .collect()
    }

    /// Makes a change that is already part of `state`.
    pub(super) fn past(&mut self, event: &Event, state: &Objects) -> Result<Change, StorageError> {
        let key = self.key(event.key.as_str());
        let previous = match &event.previous {
            Some((bytes, at)) => Some(self.find(&key, bytes, *at, state)?),
            None => None,
        };
        let object = match &event.value {
            Some(bytes) => Some(self.find(&key, bytes, event.revision, state)?),
            None => None,
        };
        match &object {
            Some(object) => self.recent.insert(key, Arc::clone(object)),
            None => self.recent.remove(&key),
        };
        Ok(Change::now(event.revision, object, previous))
    }

    fn find(
        &self,
        key: &Arc<str>,
        bytes: &[u8],
        at: Revision,
        state: &Objects,
    ) -> Result<Arc<Object>, StorageError> {
        let known = [state.get(key), self.recent.get(key)];
        if let Some(known) = known.into_iter().flatten().find(|object| object.revision() == at) {
            return Ok(Arc::clone(known));
        }
        Object::new(Arc::clone(key), bytes, at, EventType::Modified).map(Arc::new).map_err(corrupt)
    }

    /// Makes a change that comes after `state`.
    pub(super) fn next(&self, event: &Event, previous: Option<Arc<Object>>) -> Result<Change, StorageError> {
        let kind = if previous.is_some() { EventType::Modified } else { EventType::Added };
        let key = match &previous {
            Some(previous) => Arc::clone(previous.shared_key()),
            None => self.key(event.key.as_str()),
        };
        let object = match &event.value {
            Some(bytes) => Some(Arc::new(Object::new(key, bytes, event.revision, kind).map_err(corrupt)?)),
            None => None,
        };
        Ok(Change::now(event.revision, object, previous))
    }

    /// Forgets the past once it has been made.
    pub(super) fn finish(&mut self) {
        self.recent = HashMap::new();
    }

    pub(super) fn key(&self, key: &str) -> Arc<str> {
        key.strip_prefix(self.prefix.as_str()).unwrap_or(key).into()
    }
}

impl Change {
    fn now(revision: Revision, object: Option<Arc<Object>>, previous: Option<Arc<Object>>) -> Self {
        Self { revision, at: Instant::now(), object, previous, farewell: OnceLock::new() }
    }
}

fn corrupt(error: crate::codec::Malformed) -> StorageError {
    StorageError::Corrupt(error.into())
}
