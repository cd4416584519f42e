//! A disk that misbehaves: nothing is answered or seen before the barrier, and a failed one ends the store.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use futures::{FutureExt, StreamExt};

use super::super::{Sled, SledOptions};
use super::{create, key, open};
use crate::storage::conformance::events as events_of;
use crate::storage::{Backend, Prefix, Revision, StorageError, Write};

/// Opens a store whose barrier first does what `before` says.
fn open_with(
    path: &std::path::Path,
    mut before: impl FnMut() -> io::Result<()> + Send + 'static,
) -> Arc<Sled> {
    let wrap = |mut real: super::super::Barrier| -> super::super::Barrier {
        Box::new(move || before().and_then(|()| real()))
    };
    Arc::new(Sled::open_with(path, SledOptions::default(), wrap).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_or_seen_before_it_is_durable() {
    let directory = tempfile::tempdir().unwrap();
    let first = create(&open(directory.path(), 10), "a", "old").await;
    let (reached, at_barrier) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let store = open_with(directory.path(), move || {
        let _ = reached.send(());
        let _ = released.recv();
        Ok(())
    });
    let mut watch = events_of(store.watch(&Prefix::all(), first).await.unwrap());
    let write = Write::Update { expect: first, value: "new".into() };
    let update = { Arc::clone(&store) };
    let update = tokio::spawn(async move { update.commit(&key("a"), write).await });
    tokio::task::block_in_place(|| at_barrier.recv().unwrap());
    assert_eq!(store.revision().await.unwrap(), first);
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().value, "old");
    let snapshot = store.list(&Prefix::all()).await.unwrap();
    assert_eq!((snapshot.revision, &snapshot.items[0].value[..]), (first, &b"old"[..]));
    assert!(watch.next().now_or_never().is_none());
    assert!(!update.is_finished());
    drop(release);
    let second = update.await.unwrap().unwrap();
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().revision, second);
    assert_eq!(watch.next().await.unwrap().unwrap().revision, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_is_not_durable_is_not_seen() {
    let directory = tempfile::tempdir().unwrap();
    let first = create(&open(directory.path(), 10), "a", "old").await;
    let (reached, at_barrier) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let store = open_with(directory.path(), move || {
        let _ = reached.send(());
        let _ = released.recv();
        Ok(())
    });
    let writer = { Arc::clone(&store) };
    let delete = tokio::spawn(async move { writer.commit(&key("a"), Write::Delete { expect: first }).await });
    tokio::task::block_in_place(|| at_barrier.recv().unwrap());
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().revision, first);
    assert_eq!(store.list(&Prefix::all()).await.unwrap().items.len(), 1);
    drop(release);
    delete.await.unwrap().unwrap();
    assert_eq!(store.get(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_failed_barrier_ends_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let count = AtomicU32::new(0);
    let store = open_with(directory.path(), move || match count.fetch_add(1, Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(io::Error::from(io::ErrorKind::StorageFull)),
    });
    let first = create(&store, "a", 1).await;
    let mut watch = events_of(store.watch(&Prefix::all(), first).await.unwrap());
    let outcome = store.commit(&key("b"), Write::Create("2".into())).await;
    assert!(matches!(outcome, Err(StorageError::Unknown(_))), "{outcome:?}");
    let outcome = store.commit(&key("c"), Write::Create("3".into())).await;
    let Err(StorageError::Unavailable(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(reason.to_string().contains("needs a restart"), "{reason}");
    assert!(matches!(store.get(&key("a")).await, Err(StorageError::Unavailable(_))));
    assert!(matches!(store.list(&Prefix::all()).await, Err(StorageError::Unavailable(_))));
    assert!(matches!(watch.next().await, Some(Err(StorageError::Unavailable(_)))));
    store.close().await;
    let store = open(directory.path(), 10);
    assert!(store.revision().await.unwrap() >= first, "a restart finds what was acknowledged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_shares_a_barrier() {
    let directory = tempfile::tempdir().unwrap();
    let barriers = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&barriers);
    let (release, released) = mpsc::channel::<()>();
    let store = open_with(directory.path(), move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let _ = released.recv();
        Ok(())
    });
    let commits: Vec<_> = (0..100)
        .map(|name| {
            let mut commit = Box::pin({
                let store = Arc::clone(&store);
                async move { create(&store, name, name).await }
            });
            // Polled once, so that it is queued.
            assert!((&mut commit).now_or_never().is_none());
            commit
        })
        .collect();
    drop(release);
    let revisions = futures::future::join_all(commits).await;
    assert_eq!(revisions, (2..=101).map(Revision).collect::<Vec<_>>());
    assert!(barriers.load(Ordering::Relaxed) <= 2, "the first goes alone, the others together");
}

#[tokio::test]
async fn dropping_a_store_finishes_what_is_queued() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 1000);
    for name in 0..100 {
        let key = key(name);
        let mut commit = store.commit(&key, Write::Create("x".into()));
        assert!((&mut commit).now_or_never().is_none());
    }
    drop(store);
    let store = open(directory.path(), 1000);
    assert_eq!(store.list(&Prefix::all()).await.unwrap().items.len(), 100);
}
