//! Stores and objects for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use embedded_server::storage::{
    Backend, Changes, Key, KeyValue, Memory, Prefix, Result, Revision, Snapshot, StorageError, Write,
};
use futures::stream::BoxStream;

/// Returns a Workflow as it is stored.
pub(super) fn workflow(name: &str) -> String {
    format!(
        concat!(
            r#"{{"apiVersion":"workflow.example.com/v1alpha1","kind":"Workflow","metadata":{{"#,
            r#""creationTimestamp":"2024-01-15T10:00:00Z","name":"{name}","namespace":"default","uid":"u-{name}"}},"#,
            r#""spec":{{"steps":[{{"name":"build","image":"golang"}}]}},"status":{{}}}}"#,
        ),
        name = name
    )
}

/// Returns what a store says of a value.
pub(super) fn item(key: &str, value: &str) -> KeyValue {
    let value = Bytes::from(value.to_owned());
    KeyValue { key: Key::from_stored(key), value, revision: Revision(2) }
}

/// Returns the key of a Workflow.
pub(super) fn key(name: &str) -> Key {
    Key::from_stored(&format!("workflow.example.com/workflows/default/{name}"))
}

/// Returns a store with Workflows of these names.
pub(super) async fn store_of(names: &[&str]) -> Arc<Memory> {
    let store = Arc::new(Memory::new());
    for name in names {
        store.commit(&key(name), Write::Create(workflow(name).into())).await.unwrap();
    }
    store
}

/// A store that takes so many writes, and is then out of reach.
#[derive(Debug)]
pub(super) struct Failing {
    store: Arc<Memory>,
    left: AtomicUsize,
    written: bool,
}

impl Failing {
    /// Returns a store that fails after so many writes; `written` says whether those that fail happen all the same.
    pub(super) fn after(writes: usize, written: bool, store: &Arc<Memory>) -> Self {
        Self { store: Arc::clone(store), left: AtomicUsize::new(writes), written }
    }
}

#[async_trait]
impl Backend for Failing {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.store.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.list(prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let one_less = |left: usize| left.checked_sub(1);
        let fails = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err();
        let committed = match fails && !self.written {
            true => Ok(Revision::ZERO),
            false => self.store.commit(key, write).await,
        };
        match fails {
            true => Err(StorageError::Unavailable("out of reach".into())),
            false => committed,
        }
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.store.watch(prefix, after).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.store.revision().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
