//! What the checks are written with.

use std::any::Any;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::Store;
use crate::meta::Descriptor;
use crate::storage::{Changes, Event, Key, KeyValue, Prefix, Result, Revision, StorageError, Write};

/// An open watch.
pub(super) type Watch = BoxStream<'static, Result<Event>>;

/// Returns the prefix `a/<plural>/`.
pub(super) fn prefix(plural: &'static str) -> Prefix {
    Prefix::of_resource(&Descriptor {
        group: "a",
        version: "v1",
        kind: "Thing",
        plural,
        singular: "thing",
        definition_prefix: "a.v1",
        ..Descriptor::NAMESPACED
    })
}

/// Returns the key `a/b/ns/<name>`.
pub(super) fn key(name: &str) -> Key {
    prefix("b").object("ns", name)
}

pub(super) fn text(value: impl ToString) -> Bytes {
    value.to_string().into()
}

pub(super) async fn create(store: &Store, key: &Key, value: impl ToString) -> Revision {
    store.commit(key, Write::Create(text(value))).await.unwrap()
}

pub(super) async fn update(store: &Store, key: &Key, expect: Revision, value: impl ToString) -> Revision {
    store.commit(key, Write::Update { expect, value: text(value) }).await.unwrap()
}

pub(super) async fn delete(store: &Store, key: &Key, expect: Revision) -> Revision {
    store.commit(key, Write::Delete { expect }).await.unwrap()
}

/// Returns what stands under `key`, which has to be something.
pub(super) async fn read(store: &Store, key: &Key) -> KeyValue {
    store.get(key).await.unwrap().unwrap_or_else(|| panic!("{key} is not stored"))
}

/// Makes a write that has to conflict, and returns what is said to be stored.
pub(super) async fn conflict(store: &Store, key: &Key, write: Write) -> Option<KeyValue> {
    match store.commit(key, write.clone()).await {
        Err(StorageError::Conflict { current }) => current,
        other => panic!("{write:?} of {key} has to conflict, but gave {other:?}"),
    }
}

pub(super) async fn watch(store: &Store, prefix: &Prefix, after: Revision) -> Watch {
    let changes = store.watch(prefix, after).await;
    events(changes.unwrap_or_else(|error| panic!("cannot watch after {after}: {error}")))
}

/// Takes the events out of a stream of changes, one by one.
pub(in crate::storage) fn events(changes: BoxStream<'static, Result<Changes>>) -> Watch {
    let one_by_one = |batch: Result<Changes>| match batch {
        Ok(batch) => stream::iter(batch.events.into_iter().map(Ok).collect::<Vec<_>>()),
        Err(error) => stream::iter(vec![Err(error)]),
    };
    changes.flat_map(one_by_one).boxed()
}

/// Returns the next event, which has to come.
pub(super) async fn next(watch: &mut Watch) -> Event {
    watch.next().await.expect("the watch ended").expect("the watch failed")
}

/// Returns the events up to and including the one of `last`.
pub(super) async fn until(watch: &mut Watch, last: Revision) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    while events.last().is_none_or(|event| event.revision < last) {
        events.push(next(watch).await);
    }
    events
}

/// Returns what a panic said.
pub(super) fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
