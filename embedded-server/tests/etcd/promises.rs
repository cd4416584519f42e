//! The contract of backends, with etcd compacting now and then as it does by itself.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::storage::{
    Backend, Changes, Etcd, Key, KeyValue, Prefix, Result, Revision, Snapshot, StorageError, Write,
    conformance,
};
use futures::FutureExt;
use futures::stream::BoxStream;

use super::gateway::Gateway;
use super::server::{Server, unused};
use super::tools::{create, key};

/// A store in an etcd that keeps a number of changes, as with `--auto-compaction-mode=revision`, but to the point.
#[derive(Debug)]
struct Compacted {
    store: Arc<Etcd>,
    gateway: Gateway,
    window: u64,
}

impl Compacted {
    /// Lets etcd forget, now and then, what is more than the window before `revision`.
    async fn compact(&self, revision: Revision) {
        let oldest = revision.0.saturating_sub(self.window);
        if oldest > 0 && oldest.is_multiple_of(100) {
            self.gateway.compact(Revision(oldest)).await;
        }
    }
}

#[async_trait]
impl Backend for Compacted {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.store.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.list(prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let revision = self.store.commit(key, write).await?;
        self.compact(revision).await;
        Ok(revision)
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs etcd"]
async fn etcd_keeps_every_promise() {
    let server = Server::start(&[]);
    let make = async || {
        let (store, gateway) = (server.store(&unused()).await, Gateway::of(&server.address));
        let window = conformance::WINDOW.try_into().unwrap();
        Arc::new(Compacted { store, gateway, window }) as Arc<dyn Backend>
    };
    conformance::run(conformance::WINDOW, make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs etcd"]
async fn several_instances_keep_every_promise_together() {
    let server = Server::shared();
    let make = async || {
        let (server, prefix) = (Arc::clone(&server), unused());
        let open: conformance::Open = Arc::new(move || {
            let (server, prefix) = (Arc::clone(&server), prefix.clone());
            async move { server.store(&prefix).await as Arc<dyn Backend> }.boxed()
        });
        open
    };
    conformance::run_shared(conformance::WINDOW, make).await;
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn values_are_as_large_as_etcd_is_set_to_take() {
    let server = Server::start_as_it_comes(&[]);
    let store = server.store(&unused()).await;
    let value = |kibibytes: usize| vec![b'x'; kibibytes << 10].into();
    let revision = store.commit(&key("fits"), Write::Create(value(1400))).await.unwrap();
    for kibibytes in [1600, 2500, 3100] {
        for write in
            [Write::Create(value(kibibytes)), Write::Update { expect: revision, value: value(kibibytes) }]
        {
            let refused = store.commit(&key("large"), write).await;
            assert!(matches!(refused, Err(StorageError::TooLarge)), "{kibibytes} KiB: {refused:?}");
        }
    }
    assert_eq!(store.revision().await.unwrap(), revision, "nothing was written");
    create(&*store, "next").await;
}
