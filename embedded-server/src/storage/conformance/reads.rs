//! Promises 2 and 3: reads see every answered write, and a list is one cut through the history.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Store;
use super::tools::{create, delete, key, prefix, read, text, until, update, watch};
use crate::storage::{Event, Prefix, Revision, Snapshot};

pub(super) async fn an_answered_write_is_seen_by_every_read(store: Store, _: usize) {
    for round in 0..50 {
        let revision = create(&store, &key(&round.to_string()), round).await;
        assert_eq!(store.revision().await.unwrap(), revision, "`revision` sees the write");
        assert_eq!(read(&store, &key(&round.to_string())).await.revision, revision, "`get` sees the write");
        let snapshot = store.list(&Prefix::all()).await.unwrap();
        assert_eq!(snapshot.revision, revision, "`list` sees the write");
        assert!(snapshot.items.iter().any(|item| item.revision == revision), "the write is listed");
    }
}

pub(super) async fn a_list_is_ordered_and_stays_below_its_prefix(store: Store, _: usize) {
    for plural in ["bc", "b", "c", "B"] {
        for name in ["x", "a", "a-b", "é"] {
            create(&store, &prefix(plural).object("ns", name), name).await;
        }
    }
    let gone = create(&store, &key("gone"), "gone").await;
    delete(&store, &key("gone"), gone).await;
    let listed = store.list(&prefix("b")).await.unwrap().items;
    let keys: Vec<_> = listed.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["a/b/ns/a", "a/b/ns/a-b", "a/b/ns/x", "a/b/ns/é"]);
    let all = store.list(&Prefix::all()).await.unwrap().items;
    assert_eq!(all.len(), 16, "the empty prefix holds everything");
    assert!(all.is_sorted_by(|a, b| a.key < b.key), "keys are in byte order");
}

pub(super) async fn a_list_is_one_cut_through_the_history(store: Store, _: usize) {
    let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(churn(Arc::clone(&store), writer))).collect();
    let mut snapshots = Vec::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        snapshots.push(store.list(&Prefix::all()).await.unwrap());
        tokio::task::yield_now().await;
    }
    snapshots.push(store.list(&Prefix::all()).await.unwrap());
    for writer in writers {
        writer.await.unwrap();
    }
    let last = store.revision().await.unwrap();
    let history = until(&mut watch(&store, &Prefix::all(), Revision::FIRST).await, last).await;
    for snapshot in &snapshots {
        assert_eq!(contents(snapshot), replay(&history, snapshot.revision), "at {}", snapshot.revision);
    }
}

/// Creates, updates and deletes a few keys, again and again.
async fn churn(store: Store, writer: u32) {
    for round in 0..25 {
        let key = key(&format!("{writer}-{}", round % 3));
        let first = create(&store, &key, round).await;
        let second = update(&store, &key, first, round + 1).await;
        delete(&store, &key, second).await;
        create(&store, &key, round + 2).await;
        let stored = read(&store, &key).await;
        assert_eq!(stored.value, text(round + 2));
        delete(&store, &key, stored.revision).await;
    }
}

/// What a list says: the revision under each key.
fn contents(snapshot: &Snapshot) -> BTreeMap<&str, Revision> {
    snapshot.items.iter().map(|item| (item.key.as_str(), item.revision)).collect()
}

/// What the history says: the revision under each key at `revision`.
fn replay(history: &[Event], revision: Revision) -> BTreeMap<&str, Revision> {
    let mut contents = BTreeMap::new();
    for event in history.iter().take_while(|event| event.revision <= revision) {
        match event.value {
            Some(_) => contents.insert(event.key.as_str(), event.revision),
            None => contents.remove(event.key.as_str()),
        };
    }
    contents
}
