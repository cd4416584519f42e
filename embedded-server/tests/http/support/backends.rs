//! Stores that misbehave.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use embedded_server::storage::{
    Backend, Changes, Key, KeyValue, Memory, Prefix, Result, Revision, Snapshot, StorageError, Write,
};
use futures::stream::BoxStream;

/// Says of a number of creates that their key is taken.
#[derive(Debug)]
pub(crate) struct RefuseCreates {
    store: Memory,
    left: AtomicUsize,
}

impl RefuseCreates {
    pub(crate) fn times(times: usize) -> Self {
        Self { store: Memory::new(), left: AtomicUsize::new(times) }
    }

    /// Returns how many creates would still be refused.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Backend for RefuseCreates {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.store.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.list(prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let refuse = |left: usize| left.checked_sub(1);
        if matches!(write, Write::Create(_))
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuse).is_ok()
        {
            return Err(StorageError::Conflict { current: None });
        }
        self.store.commit(key, write).await
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

/// Never answers a commit.
#[derive(Debug, Default)]
pub(crate) struct Hang(Memory);

#[async_trait]
impl Backend for Hang {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.0.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.0.list(prefix).await
    }

    async fn commit(&self, _: &Key, _: Write) -> Result<Revision> {
        std::future::pending().await
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.0.watch(prefix, after).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.0.revision().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
