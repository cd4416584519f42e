//! The cache against a store that is written to, loses its watchers and forgets.

mod following;
mod invariant;
mod limits;
mod past;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::Value;
use tokio::sync::watch;

use super::*;
use crate::codec::{Cells, Malformed};
use crate::meta::selector::LabelSelector;
use crate::meta::{Descriptor, Selector};
use crate::storage::{Changes, Key, KeyValue, Memory, Result, Snapshot, Write};

/// A store whose watches can be made to fail.
#[derive(Debug)]
struct Flaky {
    store: Memory,
    cuts: watch::Sender<u32>,
    silent: AtomicBool,
}

impl Flaky {
    /// Returns an empty store that remembers the last `events` events.
    fn remembering(events: usize) -> Arc<Self> {
        let (store, cuts) = (Memory::with_window(events), watch::Sender::new(0));
        Arc::new(Self { store, cuts, silent: AtomicBool::new(false) })
    }

    /// Fails every open watch.
    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Makes the store say, or not say, where it stands.
    fn is_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// Stores an object with a label, over the one that may be there.
    async fn put(&self, name: &str, label: &str) -> Revision {
        let value = Bytes::from(format!(
            r#"{{"apiVersion":"a/v1","kind":"Thing","metadata":{{"name":"{name}","labels":{{"app":"{label}"}}}}}}"#
        ));
        let write = match self.get(&key(name)).await.unwrap() {
            Some(there) => Write::Update { expect: there.revision, value },
            None => Write::Create(value),
        };
        self.commit(&key(name), write).await.unwrap()
    }

    /// Removes an object, if it is there.
    async fn remove(&self, name: &str) {
        if let Some(there) = self.get(&key(name)).await.unwrap() {
            self.commit(&key(name), Write::Delete { expect: there.revision }).await.unwrap();
        }
    }
}

#[async_trait]
impl Backend for Flaky {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.store.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.list(prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        self.store.commit(key, write).await
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        let mut cuts = self.cuts.subscribe();
        let cut = async move { cuts.changed().await.unwrap_or_default() };
        let failure = async { Err(StorageError::Unavailable("the watch was cut".into())) };
        let changes = self.store.watch(prefix, after).await?;
        Ok(changes.take_until(cut).chain(stream::once(failure)).boxed())
    }

    async fn revision(&self) -> Result<Revision> {
        if self.silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.store.revision().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

#[derive(Debug)]
struct Labels;

impl Describe for Labels {
    fn selectable(&self, object: &[u8]) -> Selectable {
        let object: Value = serde_json::from_slice(object).unwrap();
        let labels = serde_json::from_value(object["metadata"]["labels"].clone()).unwrap();
        Selectable { labels, fields: Vec::new() }
    }

    fn cells(&self, _: &[u8]) -> std::result::Result<Cells, Malformed> {
        Ok(Cells::new("", std::iter::empty()))
    }
}

fn prefix() -> Prefix {
    Prefix::of_resource(&Descriptor {
        group: "a",
        version: "v1",
        kind: "Thing",
        plural: "things",
        singular: "thing",
        definition_prefix: "a.v1",
        ..Descriptor::NAMESPACED
    })
}

fn key(name: &str) -> Key {
    prefix().object("ns", name)
}

/// Returns a cache of `store` that remembers a number of changes.
async fn cache(store: &Arc<Flaky>, changes: usize) -> Cacher {
    let limits = Limits { changes, ..Limits::default() };
    Cacher::start(store.clone(), prefix(), Arc::new(Labels), limits).await.unwrap()
}

/// Returns the filter for what a label selector selects.
fn selecting(labels: &str) -> Filter {
    let selector = Selector { labels: LabelSelector::parse(labels).unwrap(), ..Selector::default() };
    Filter::new(Place::default(), selector, Arc::new(Labels))
}

/// Returns the objects of a state as `name@revision`.
fn spelled(view: &View, filter: &Filter) -> Vec<String> {
    let name = |object: &Arc<Object>| format!("{}@{}", object.key().replace("ns/", ""), object.revision());
    view.matching(filter, None).map(name).collect()
}

/// Returns what a watcher says next, as `TYPE name@revision`.
async fn said(watcher: &mut Watcher) -> String {
    match watcher.next().await {
        Some(Delivery::Event(event)) => {
            let object: Value = serde_json::from_slice(&event.object()).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap();
            let version = object["metadata"]["resourceVersion"].as_str().unwrap();
            assert_eq!(version, event.revision().to_string());
            format!("{} {name}@{version}", event.kind().as_str())
        }
        Some(Delivery::InitialEnd(revision)) => format!("END @{revision}"),
        Some(Delivery::Expired(error)) => error.to_string(),
        None => "OVER".to_owned(),
    }
}
