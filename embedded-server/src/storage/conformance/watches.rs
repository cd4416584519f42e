//! Promises 4 and 5: a watch misses nothing or says so, and futures and watches can be dropped.

use std::pin::Pin;
use std::sync::Arc;

use futures::{FutureExt, StreamExt};

use super::Store;
use super::tools::{Watch, create, delete, events, key, next, prefix, text, until, update, watch};
use crate::storage::{Event, Prefix, Revision, Snapshot, StorageError, Write};

pub(super) async fn a_watch_yields_what_came_after_its_revision(store: Store, _: usize) {
    let mut revisions = Vec::new();
    for name in 0..20 {
        revisions.push(create(&store, &key(&name.to_string()), name).await);
    }
    let mut whole = watch(&store, &Prefix::all(), Revision::FIRST).await;
    assert_eq!(seen(&until(&mut whole, revisions[19]).await), revisions, "from the beginning");
    let mut half = watch(&store, &Prefix::all(), revisions[9]).await;
    assert_eq!(seen(&until(&mut half, revisions[19]).await), revisions[10..], "from the past");
    let mut live = watch(&store, &Prefix::all(), revisions[19]).await;
    assert!(live.next().now_or_never().is_none(), "nothing has come yet");
    let revision = create(&store, &key("live"), "live").await;
    for watch in [&mut whole, &mut half, &mut live] {
        let expected = Event { key: key("live"), revision, value: Some(text("live")), previous: None };
        assert_eq!(next(watch).await, expected, "live");
    }
}

pub(super) async fn a_watch_from_the_empty_store_sees_the_first_write(store: Store, _: usize) {
    let empty = store.list(&Prefix::all()).await.unwrap();
    assert_eq!(empty.revision, Revision::FIRST, "an empty store is at the first revision");
    assert!(empty.oldest <= empty.revision, "an empty store can be watched");
    let mut early = watch(&store, &Prefix::all(), empty.revision).await;
    assert!(early.next().now_or_never().is_none(), "nothing has come yet");
    let revision = create(&store, &key("x"), 1).await;
    let mut late = watch(&store, &Prefix::all(), empty.revision).await;
    for watch in [&mut early, &mut late] {
        assert_eq!(next(watch).await.revision, revision, "the first write is seen");
    }
}

pub(super) async fn a_watch_from_the_future_waits_for_it(store: Store, _: usize) {
    let first = create(&store, &key("0"), 0).await;
    let mut watch = watch(&store, &Prefix::all(), Revision(first.0 + 3)).await;
    let mut last = first;
    while last.0 <= first.0 + 3 {
        last = create(&store, &key(&last.next().to_string()), 1).await;
    }
    assert_eq!(next(&mut watch).await.revision, last, "only what came after the revision is yielded");
}

pub(super) async fn a_watch_stays_below_its_prefix(store: Store, _: usize) {
    let mut below = watch(&store, &prefix("b"), Revision::FIRST).await;
    for plural in ["bc", "b", "c", "b"] {
        let name = store.revision().await.unwrap().to_string();
        create(&store, &prefix(plural).object("ns", &name), plural).await;
    }
    for _ in 0..2 {
        let event = next(&mut below).await;
        assert_eq!(event.value, Some(text("b")), "{} is not below the prefix", event.key);
    }
    assert!(below.next().now_or_never().is_none(), "nothing else is below the prefix");
}

pub(super) async fn events_tell_what_stood_before(store: Store, _: usize) {
    let created = create(&store, &key("x"), 1).await;
    let updated = update(&store, &key("x"), created, 2).await;
    let deleted = delete(&store, &key("x"), updated).await;
    let recreated = create(&store, &key("x"), 3).await;
    let event = |revision, value: Option<u32>, previous: Option<(u32, Revision)>| Event {
        key: key("x"),
        revision,
        value: value.map(text),
        previous: previous.map(|(value, revision)| (text(value), revision)),
    };
    let expected = [
        event(created, Some(1), None),
        event(updated, Some(2), Some((1, created))),
        event(deleted, None, Some((2, updated))),
        event(recreated, Some(3), None),
    ];
    assert_eq!(until(&mut watch(&store, &Prefix::all(), Revision::FIRST).await, recreated).await, expected);
    assert_eq!(until(&mut watch(&store, &Prefix::all(), created).await, recreated).await, expected[1..]);
}

pub(super) async fn a_watch_has_no_gaps_under_parallel_writers(store: Store, _: usize) {
    let live = watch(&store, &Prefix::all(), Revision::FIRST).await;
    let writers = (0..16).map(|writer| tokio::spawn(write_some(Arc::clone(&store), writer)));
    let mut answered: Vec<_> = futures::future::join_all(writers.collect::<Vec<_>>())
        .await
        .into_iter()
        .flat_map(|written| {
            let written = written.unwrap();
            assert!(written.is_sorted_by(|a, b| a < b), "one writer's revisions grow");
            written
        })
        .collect();
    answered.sort_unstable();
    let last = answered[answered.len() - 1];
    let replayed = watch(&store, &Prefix::all(), Revision::FIRST).await;
    for mut watch in [live, replayed] {
        assert_eq!(seen(&until(&mut watch, last).await), answered, "every change once, in order");
    }
}

async fn write_some(store: Store, writer: u32) -> Vec<Revision> {
    let mut revisions = Vec::new();
    for round in 0..30 {
        revisions.push(create(&store, &key(&format!("{writer}-{round}")), round).await);
    }
    revisions
}

pub(super) async fn a_list_and_a_watch_from_it_miss_nothing(store: Store, _: usize) {
    let writer = tokio::spawn(write_some(Arc::clone(&store), 0));
    let mut watches: Vec<(usize, Watch)> = Vec::new();
    while !writer.is_finished() {
        let snapshot = store.list(&Prefix::all()).await.unwrap();
        watches.push((snapshot.items.len(), watch(&store, &Prefix::all(), snapshot.revision).await));
        tokio::task::yield_now().await;
    }
    let written = writer.await.unwrap();
    let last = create(&store, &key("last"), "last").await;
    for (listed, mut watch) in watches {
        let watched = until(&mut watch, last).await.len();
        assert_eq!(listed + watched, written.len() + 1, "what is not in the list comes in the watch");
    }
}

pub(super) async fn a_dropped_watch_disturbs_nobody(store: Store, _: usize) {
    let mut kept = watch(&store, &Prefix::all(), Revision::FIRST).await;
    let mut last = Revision::FIRST;
    for round in 0..20 {
        let mut dropped = watch(&store, &Prefix::all(), Revision::FIRST).await;
        // Polled once, so that it has begun, and then dropped.
        let _ = dropped.next().now_or_never();
        drop(dropped);
        last = create(&store, &key(&round.to_string()), round).await;
    }
    assert_eq!(until(&mut kept, last).await.len(), 20);
}

pub(super) async fn a_watch_behind_the_window_is_told(store: Store, window: usize) {
    let mut behind = watch(&store, &Prefix::all(), Revision::FIRST).await;
    let oldest = outrun(&store, window).await;
    assert!(oldest > Revision::FIRST, "`Compacted` names the oldest known revision");
    let end = loop {
        match behind.next().await {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(end, Some(Err(StorageError::Compacted { .. }))), "an open watch is told, too: {end:?}");
    assert!(behind.next().await.is_none(), "the error is the watch's last item");
    let (snapshot, mut known) = list_and_watch_all_known(&store).await;
    assert!(snapshot.oldest >= oldest, "a list names the oldest known revision");
    assert_eq!(snapshot.items.len(), 1, "what stands is not forgotten");
    let events = until(&mut known, snapshot.revision).await;
    let whole =
        events.windows(2).all(|pair| pair[1].previous.as_ref().map(|p| p.1) == Some(pair[0].revision));
    assert!(whole, "nothing is missing after the oldest known revision");
}

/// Opens a watch from the oldest revision that a list names, which may grow in between while the store still
/// compacts.
async fn list_and_watch_all_known(store: &Store) -> (Snapshot, Watch) {
    for _ in 0..1000 {
        let snapshot = store.list(&Prefix::all()).await.unwrap();
        let mut watch = match store.watch(&Prefix::all(), snapshot.oldest).await {
            Err(StorageError::Compacted { .. }) => continue,
            opened => events(opened.unwrap()).peekable(),
        };
        match Pin::new(&mut watch).peek().await {
            Some(Err(StorageError::Compacted { .. })) => {}
            _ => return (snapshot, watch.boxed()),
        }
    }
    panic!("the oldest revision of a list is never known")
}

/// Writes until the first revision is forgotten, and returns the oldest that is known.
async fn outrun(store: &Store, window: usize) -> Revision {
    let mut revision = create(store, &key("x"), "").await;
    for round in 0..20 * window {
        revision = update(store, &key("x"), revision, round).await;
        if round % 100 == 0
            && let Err(error) = store.watch(&Prefix::all(), Revision::FIRST).await
        {
            let StorageError::Compacted { oldest } = error else { panic!("unexpected error: {error}") };
            return oldest;
        }
    }
    panic!("the first revision is still known after {} events", 20 * window)
}

pub(super) async fn closing_ends_everything(store: Store, _: usize) {
    let revision = create(&store, &key("x"), 1).await;
    let mut open = watch(&store, &Prefix::all(), revision).await;
    store.close().await;
    let write = store.commit(&key("y"), Write::Create(text(2))).await;
    assert!(matches!(write, Err(StorageError::Unavailable(_))), "a commit after the end: {write:?}");
    let read = store.get(&key("x")).await;
    assert!(matches!(read, Err(StorageError::Unavailable(_))), "a get after the end: {read:?}");
    assert!(
        matches!(store.list(&Prefix::all()).await, Err(StorageError::Unavailable(_))),
        "a list after the end"
    );
    assert!(matches!(store.revision().await, Err(StorageError::Unavailable(_))), "a revision after the end");
    let again = store.watch(&Prefix::all(), revision).await;
    assert!(matches!(again, Err(StorageError::Unavailable(_))), "a watch after the end");
    while let Some(item) = open.next().await {
        assert!(
            matches!(item, Err(StorageError::Unavailable(_))),
            "the watch went on after the end: {item:?}"
        );
    }
    store.close().await;
}

fn seen(events: &[Event]) -> Vec<Revision> {
    events.iter().map(|event| event.revision).collect()
}
