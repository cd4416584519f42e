//! Promise 1: a commit is atomic, and refused when the key is not in the state it assumes.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;

use super::Store;
use super::tools::{conflict, create, delete, key, prefix, read, text, until, update, watch};
use crate::storage::{Event, KeyValue, Prefix, Revision, StorageError, Write};

pub(super) async fn create_stores_only_where_nothing_is(store: Store, _: usize) {
    assert_eq!(store.revision().await.unwrap(), Revision::FIRST, "an empty store is at the first revision");
    assert_eq!(store.get(&key("x")).await.unwrap(), None, "nothing is stored at first");
    let revision = create(&store, &key("x"), 1).await;
    assert!(revision > Revision::FIRST, "the first write has a later revision than the empty store");
    assert_eq!(read(&store, &key("x")).await, KeyValue { key: key("x"), value: text(1), revision });
    conflict(&store, &key("x"), Write::Create(text(2))).await;
    assert_eq!(read(&store, &key("x")).await.value, text(1), "the second create changed nothing");
}

pub(super) async fn update_replaces_only_the_expected_revision(store: Store, _: usize) {
    let first = create(&store, &key("x"), 1).await;
    let second = update(&store, &key("x"), first, 2).await;
    assert!(second > first, "revisions grow");
    for expect in [first, Revision::ZERO, second.next()] {
        conflict(&store, &key("x"), Write::Update { expect, value: text(3) }).await;
    }
    let stored = read(&store, &key("x")).await;
    assert_eq!((stored.value, stored.revision), (text(2), second));
}

pub(super) async fn delete_removes_only_the_expected_revision(store: Store, _: usize) {
    let first = create(&store, &key("x"), 1).await;
    let second = update(&store, &key("x"), first, 2).await;
    conflict(&store, &key("x"), Write::Delete { expect: first }).await;
    let third = delete(&store, &key("x"), second).await;
    assert!(third > second, "a deletion has a revision of its own");
    assert_eq!(store.get(&key("x")).await.unwrap(), None);
    assert!(create(&store, &key("x"), 4).await > third, "a deleted key can be created again");
}

pub(super) async fn a_conflict_tells_what_is_stored(store: Store, _: usize) {
    let stale = Write::Update { expect: Revision(77), value: text(0) };
    assert_eq!(conflict(&store, &key("x"), stale.clone()).await, None, "nothing was ever stored");
    let revision = create(&store, &key("x"), 1).await;
    let current = KeyValue { key: key("x"), value: text(1), revision };
    for write in [Write::Create(text(2)), stale.clone(), Write::Delete { expect: Revision(77) }] {
        assert_eq!(conflict(&store, &key("x"), write).await, Some(current.clone()));
    }
    delete(&store, &key("x"), revision).await;
    for write in [stale, Write::Delete { expect: revision }] {
        assert_eq!(conflict(&store, &key("x"), write).await, None, "what was stored is deleted");
    }
}

pub(super) async fn a_refused_write_leaves_no_trace(store: Store, _: usize) {
    let first = create(&store, &key("x"), 1).await;
    conflict(&store, &key("x"), Write::Create(text(2))).await;
    conflict(&store, &key("y"), Write::Delete { expect: first }).await;
    assert_eq!(store.revision().await.unwrap(), first, "a refused write moved the revision");
    let second = create(&store, &key("z"), 3).await;
    let events = until(&mut watch(&store, &Prefix::all(), Revision::FIRST).await, second).await;
    assert_eq!(events.len(), 2, "a refused write made an event: {events:?}");
}

pub(super) async fn parallel_increments_are_all_counted(store: Store, _: usize) {
    create(&store, &key("counter"), 0).await;
    let tasks: Vec<_> = (0..50).map(|_| tokio::spawn(increment(Arc::clone(&store)))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(read(&store, &key("counter")).await.value, text(50));
}

/// Adds one to the counter, again and again until nobody comes between.
pub(super) async fn increment(store: Store) {
    loop {
        let stored = read(&store, &key("counter")).await;
        let count: u32 = std::str::from_utf8(&stored.value).unwrap().parse().unwrap();
        let write = Write::Update { expect: stored.revision, value: text(count + 1) };
        match store.commit(&key("counter"), write).await {
            Ok(_) => return,
            Err(StorageError::Conflict { current }) => {
                let current = current.expect("the counter is never deleted");
                assert!(current.revision > stored.revision, "what conflicts is newer than what was read");
            }
            Err(error) => panic!("cannot increment: {error}"),
        }
    }
}

pub(super) async fn racing_creates_have_one_winner(store: Store, _: usize) {
    for round in 0..10 {
        let key = key(&round.to_string());
        let race = (0..16).map(|racer| {
            let (store, key) = (Arc::clone(&store), key.clone());
            tokio::spawn(async move { store.commit(&key, Write::Create(text(racer))).await })
        });
        let results = futures::future::join_all(race.collect::<Vec<_>>()).await;
        let won: Vec<_> = results.into_iter().filter_map(|result| result.unwrap().ok()).collect();
        assert_eq!(won, [read(&store, &key).await.revision], "exactly one create wins");
    }
}

pub(super) async fn any_bytes_can_be_stored(store: Store, _: usize) {
    let large: Bytes = (0..3_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let binary: Bytes = (0..=u8::MAX).collect();
    for (name, value) in [("large", large), ("empty", Bytes::new()), ("binary", binary)] {
        let revision = store.commit(&key(name), Write::Create(value.clone())).await.unwrap();
        let expected = KeyValue { key: key(name), value: value.clone(), revision };
        assert!(read(&store, &key(name)).await == expected, "the {name} value reads back");
        let mut watch = watch(&store, &Prefix::all(), Revision(revision.0 - 1)).await;
        let events = until(&mut watch, revision).await;
        assert!(events[0].value.as_ref() == Some(&value), "the {name} value is in its event");
    }
    let listed = store.list(&Prefix::all()).await.unwrap().items;
    let lengths: Vec<_> = listed.iter().map(|item| item.value.len()).collect();
    assert_eq!(lengths, [256, 0, 3 << 20], "all values are listed");
}

pub(super) async fn a_dropped_commit_happens_wholly_or_not_at_all(store: Store, _: usize) {
    for name in 0..50 {
        let key = key(&name.to_string());
        let mut commit = store.commit(&key, Write::Create(text("whole")));
        // Polled once, so that it has begun, and then dropped.
        let _ = (&mut commit).now_or_never();
    }
    let last = create(&store, &key("last"), "whole").await;
    let events = until(&mut watch(&store, &prefix("b"), Revision::FIRST).await, last).await;
    assert!(events.iter().all(|event| event.value == Some(text("whole"))));
    let listed = store.list(&prefix("b")).await.unwrap();
    assert!(listed.revision >= last, "the store goes on after dropped commits");
    let created = |item: &KeyValue| events.iter().any(|event: &Event| event.key == item.key);
    assert!(
        listed.items.iter().filter(|item| item.revision <= last).all(created),
        "each value has its event"
    );
}
