//! What etcd forgets, and who lets it.

use std::sync::Arc;
use std::time::Duration;

use embedded_server::storage::{Backend, Etcd, EtcdConfig, Prefix, Revision, StorageError};
use futures::StreamExt;
use tokio::time::timeout;

use super::gateway::Gateway;
use super::relay::Relay;
use super::server::{Server, store_at, unused};
use super::tools::{Events, PATIENCE, create, update};

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_store_that_rests_forgets_nothing_while_others_go_on() {
    let server = Server::start(&[]);
    let (prefix, gateway) = (unused(), Gateway::of(&server.address));
    let store = server.store(&prefix).await;
    let first = create(&*store, "a").await;
    let last = update(&*store, "a", first).await;
    gateway.put("/somebody/else", "x").await;
    gateway.compact(gateway.revision().await).await;
    let again = server.store(&prefix).await;
    let listed = again.list(&Prefix::all()).await.unwrap();
    assert_eq!((listed.revision, listed.oldest), (last, last));
    let mut events = Events::after(&*again, last).await;
    let next = create(&*store, "b").await;
    assert_eq!(events.next().await.revision, next, "nothing was missed");
    for before in [Revision::FIRST, first] {
        let refused = again.watch(&Prefix::all(), before).await.map(drop);
        assert!(matches!(refused, Err(StorageError::Compacted { oldest }) if oldest >= last), "{refused:?}");
    }
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_store_that_began_after_a_compaction_knows_its_whole_history() {
    let server = Server::start(&[]);
    let gateway = Gateway::of(&server.address);
    for _ in 0..10 {
        gateway.put("/somebody/else", "x").await;
    }
    gateway.compact(gateway.revision().await).await;
    let prefix = unused();
    let first = create(&*server.store(&prefix).await, "a").await;
    let store = server.store(&prefix).await;
    assert_eq!(store.list(&Prefix::all()).await.unwrap().oldest, Revision::FIRST);
    assert_eq!(Events::after(&*store, Revision::FIRST).await.next().await.revision, first);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn who_was_away_while_etcd_forgot_is_told() {
    let server = Server::start(&[]);
    let (relay, prefix) = (Relay::to(&server.address).await, unused());
    let (near, far) = (server.store(&prefix).await, store_at(&relay.address.to_string(), &prefix).await);
    let first = create(&*near, "a").await;
    let mut changes = far.watch(&Prefix::all(), first).await.unwrap();
    relay.close();
    let second = update(&*near, "a", first).await;
    let third = update(&*near, "a", second).await;
    Gateway::of(&server.address).compact(third).await;
    relay.open();
    let told = timeout(PATIENCE, changes.next()).await.expect("an answer in time");
    assert!(matches!(told, Some(Err(StorageError::Compacted { .. }))), "{told:?}");
    assert!(changes.next().await.is_none());
    let listed = far.list(&Prefix::all()).await.unwrap();
    assert_eq!(listed.revision, third);
    let mut events = Events::after(&*far, listed.revision).await;
    let fourth = update(&*near, "a", third).await;
    assert_eq!(events.next().await.revision, fourth);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn replicas_let_etcd_forget_where_nobody_else_does() {
    let server = Server::start(&[]);
    let prefix = unused();
    let config: EtcdConfig = format!("etcd://{}/{prefix}", server.address).parse().unwrap();
    let config = EtcdConfig { compaction: Some(Duration::from_millis(50)), ..config };
    let replicas = [Etcd::open(config.clone()).await.unwrap(), Etcd::open(config).await.unwrap()];
    let mut revision = create(&replicas[0], "a").await;
    for _ in 0..10 {
        revision = update(&replicas[0], "a", revision).await;
    }
    let fresh = server.store(&prefix).await;
    timeout(PATIENCE, forgotten(fresh)).await.expect("etcd to forget");
}

/// Waits until the beginning is no longer known.
async fn forgotten(store: Arc<Etcd>) {
    loop {
        match store.list(&Prefix::all()).await {
            Ok(listed) if listed.oldest == Revision::FIRST => tokio::task::yield_now().await,
            listed => return drop(listed.unwrap()),
        }
    }
}
