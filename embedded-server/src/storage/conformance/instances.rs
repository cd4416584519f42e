//! What several instances on one store promise together: they are one, whoever is asked; and what they keep lasts.

use std::sync::Arc;

use super::tools::{create, key, read, text, until, update, watch};
use super::writes::increment;
use super::{Open, Store};
use crate::storage::{Prefix, Revision, Write};

pub(super) async fn an_answered_write_is_seen_through_every_instance(open: Open, _: usize) {
    let stores = [open().await, open().await];
    for round in 0..100 {
        let (writer, reader) = (&stores[round % 2], &stores[(round + 1) % 2]);
        let revision = create(writer, &key(&round.to_string()), round).await;
        assert_eq!(reader.revision().await.unwrap(), revision, "`revision` sees the write");
        assert_eq!(read(reader, &key(&round.to_string())).await.revision, revision, "`get` sees the write");
        let listed = reader.list(&Prefix::all()).await.unwrap();
        assert_eq!((listed.revision, listed.items.len()), (revision, round + 1), "`list` sees the write");
    }
}

pub(super) async fn increments_through_several_instances_are_all_counted(open: Open, _: usize) {
    let stores = [open().await, open().await, open().await];
    create(&stores[0], &key("counter"), 0).await;
    let tasks = (0..12).map(|task| {
        let store = Arc::clone(&stores[task % 3]);
        tokio::spawn(async move {
            for _ in 0..10 {
                increment(Arc::clone(&store)).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    for store in &stores {
        assert_eq!(read(store, &key("counter")).await.value, text(120), "no increment is lost");
    }
}

pub(super) async fn racing_creates_through_several_instances_have_one_winner(open: Open, _: usize) {
    let stores = [open().await, open().await];
    for round in 0..20 {
        let key = key(&round.to_string());
        let race = stores.iter().map(|store| store.commit(&key, Write::Create(text(round))));
        let results = futures::future::join_all(race).await;
        let won: Vec<_> = results.into_iter().filter_map(Result::ok).collect();
        assert_eq!(won, [read(&stores[0], &key).await.revision], "exactly one create wins");
    }
}

pub(super) async fn every_instance_yields_the_same_history(open: Open, _: usize) {
    let stores = [open().await, open().await, open().await];
    let mut watches = Vec::new();
    for store in &stores {
        watches.push(watch(store, &Prefix::all(), Revision::FIRST).await);
    }
    let writers =
        stores.iter().enumerate().map(|(writer, store)| tokio::spawn(write(Arc::clone(store), writer)));
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let last = create(&stores[0], &key("last"), "last").await;
    let mut histories = Vec::new();
    for watch in &mut watches {
        histories.push(until(watch, last).await);
    }
    assert_eq!(histories[0].len(), 3 * 60 + 1, "every change is there");
    assert!(histories[0].is_sorted_by(|a, b| a.revision < b.revision), "changes come in their order");
    assert!(histories.iter().all(|history| *history == histories[0]), "it is the same for all");
}

/// Creates and updates a few keys.
async fn write(store: Store, writer: usize) {
    for round in 0..30 {
        let key = key(&format!("{writer}-{round}"));
        let created = create(&store, &key, round).await;
        update(&store, &key, created, round + 1).await;
    }
}

pub(super) async fn a_watch_goes_on_through_another_instance(open: Open, _: usize) {
    let stores = [open().await, open().await];
    let mut revisions = Vec::new();
    let mut seen = vec![Revision::FIRST];
    for round in 0..40 {
        revisions.push(create(&stores[round % 2], &key(&round.to_string()), round).await);
        let mut watch = watch(&stores[round / 2 % 2], &Prefix::all(), seen[seen.len() - 1]).await;
        seen.extend(until(&mut watch, revisions[round]).await.iter().map(|event| event.revision));
    }
    assert_eq!(seen[1..], revisions, "a revision means the same to every instance");
}

pub(super) async fn closing_an_instance_leaves_the_others(open: Open, _: usize) {
    let (closed, kept) = (open().await, open().await);
    let first = create(&closed, &key("a"), 1).await;
    let mut open_watch = watch(&kept, &Prefix::all(), first).await;
    closed.close().await;
    let second = update(&kept, &key("a"), first, 2).await;
    assert_eq!(until(&mut open_watch, second).await.len(), 1, "its watches go on");
}

pub(super) async fn everything_is_there_when_all_instances_were_closed(open: Open, _: usize) {
    let store = open().await;
    write(Arc::clone(&store), 0).await;
    let before = store.list(&Prefix::all()).await.unwrap();
    let history = until(&mut watch(&store, &Prefix::all(), before.oldest).await, before.revision).await;
    store.close().await;
    let store = open().await;
    let after = store.list(&Prefix::all()).await.unwrap();
    assert_eq!((before.revision, &before.items), (after.revision, &after.items), "the state is the same");
    let replayed = until(&mut watch(&store, &Prefix::all(), before.oldest).await, after.revision).await;
    assert_eq!(history, replayed, "so is the history");
    assert!(create(&store, &key("new"), 1).await > before.revision, "revisions go on growing");
}
