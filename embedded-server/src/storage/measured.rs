//! A backend whose calls are measured.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::time::Instant;

use super::{Backend, Changes, Key, KeyValue, Prefix, Result, Revision, Snapshot, StorageError, Write};
use crate::metrics::Metrics;

/// Does what another backend does, and measures how long that takes.
#[derive(Debug)]
pub struct Measured {
    backend: Arc<dyn Backend>,
    metrics: Metrics,
}

impl Measured {
    /// Measures `backend`.
    pub fn new(backend: Arc<dyn Backend>, metrics: Metrics) -> Self {
        Self { backend, metrics }
    }

    async fn measure<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let began = Instant::now();
        let result = call.await;
        let failed = matches!(&result, Err(error) if !matches!(error, StorageError::Conflict { .. }));
        self.metrics.storage().called(operation, began.elapsed(), failed);
        result
    }
}

#[async_trait]
impl Backend for Measured {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.measure("get", self.backend.get(key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.measure("list", self.backend.list(prefix)).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let operation = match write {
            Write::Create(_) => "create",
            Write::Update { .. } => "update",
            Write::Delete { .. } => "delete",
        };
        self.measure(operation, self.backend.commit(key, write)).await
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.measure("watch", self.backend.watch(prefix, after)).await
    }

    /// Is not measured: a number that is asked for with every read, and that costs less than a measurement.
    async fn revision(&self) -> Result<Revision> {
        self.backend.revision().await
    }

    async fn close(&self) {
        self.backend.close().await;
    }
}
