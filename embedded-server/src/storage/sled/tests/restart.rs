//! What a store is after it was closed, and which directories it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bytes::Bytes;
use futures::StreamExt;

use super::super::record::{COMPACTED_KEY, Change, FORMAT, FORMAT_KEY, Head, Record, head_key, record_key};
use super::super::{OpenError, Sled, SledOptions};
use super::{create, key, open};
use crate::storage::conformance::events as events_of;
use crate::storage::{Backend, Event, Prefix, Revision, StorageError, Write};

async fn events(store: &Sled, after: Revision) -> Vec<Event> {
    let count = store.revision().await.unwrap().0 - after.0;
    let watch = events_of(store.watch(&Prefix::all(), after).await.unwrap());
    watch.take(usize::try_from(count).unwrap()).map(Result::unwrap).collect().await
}

async fn delete(store: &Sled, name: impl ToString, expect: Revision) -> Revision {
    store.commit(&key(name), Write::Delete { expect }).await.unwrap()
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 1000);
    for name in 0..50 {
        let revision = create(&store, name, name).await;
        if name % 3 == 0 {
            delete(&store, name, revision).await;
        }
    }
    let before = store.list(&Prefix::all()).await.unwrap();
    let history = events(&store, Revision::FIRST).await;
    drop(store);
    let store = open(directory.path(), 1000);
    let after = store.list(&Prefix::all()).await.unwrap();
    assert_eq!((before.revision, before.oldest, before.items), (after.revision, after.oldest, after.items));
    assert_eq!(events(&store, Revision::FIRST).await, history);
    assert_eq!(store.get(&key(1)).await.unwrap().unwrap().value, "1");
}

#[tokio::test]
async fn a_watch_resumes_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 1000);
    create(&store, "a", 1).await;
    let seen = create(&store, "b", 2).await;
    let missed = create(&store, "c", 3).await;
    store.close().await;
    let store = open(directory.path(), 1000);
    let mut watch = events_of(store.watch(&Prefix::all(), seen).await.unwrap());
    assert_eq!(watch.next().await.unwrap().unwrap().revision, missed);
    let live = create(&store, "d", 4).await;
    assert_eq!(watch.next().await.unwrap().unwrap().revision, live);
}

#[tokio::test]
async fn revisions_go_on_when_all_changes_were_deletions_and_are_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 0);
    let created = create(&store, "a", 1).await;
    let deleted = delete(&store, "a", created).await;
    drop(store);
    let store = open(directory.path(), 0);
    assert_eq!(store.revision().await.unwrap(), deleted);
    assert!(create(&store, "a", 2).await > deleted);
}

#[tokio::test]
async fn the_log_is_bounded_by_events_and_forgets_what_was_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 10);
    let kept = create(&store, "kept", "old").await;
    for name in 0..100 {
        let revision = create(&store, name, name).await;
        delete(&store, name, revision).await;
    }
    store.close().await;
    let store = open(directory.path(), 10);
    let snapshot = store.list(&Prefix::all()).await.unwrap();
    assert!(snapshot.revision.0 - snapshot.oldest.0 <= 11, "{snapshot:?}");
    assert_eq!(snapshot.items.iter().map(|item| item.revision).collect::<Vec<_>>(), [kept]);
    let behind = store.watch(&Prefix::all(), Revision::FIRST).await;
    assert!(matches!(behind, Err(StorageError::Compacted { oldest }) if oldest == snapshot.oldest));
    drop(store);
    let engine = engine(directory.path());
    assert!(engine.scan_prefix(b"r").count() <= 12, "forgotten records are removed");
    assert!(engine.scan_prefix(b"k").count() <= 7, "forgotten tombstones are removed");
}

#[tokio::test]
async fn the_log_is_bounded_by_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let options = SledOptions { log_bytes: 100_000, ..SledOptions::default() };
    let store = Sled::open(directory.path(), options).unwrap();
    for name in 0..50 {
        create(&store, name, "x".repeat(10_000)).await;
    }
    let snapshot = store.list(&Prefix::all()).await.unwrap();
    assert!((8..=11).contains(&(snapshot.revision.0 - snapshot.oldest.0)), "{:?}", snapshot.oldest);
    assert_eq!(snapshot.items.len(), 50);
}

#[tokio::test]
async fn a_smaller_bound_takes_effect_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 5000);
    futures::future::join_all((0..2000).map(|name| create(&store, name, name))).await;
    drop(store);
    drop(open(directory.path(), 100));
    let store = open(directory.path(), 100);
    let snapshot = store.list(&Prefix::all()).await.unwrap();
    assert!(snapshot.oldest > Revision::FIRST, "an idle store forgets, too");
    assert_eq!(snapshot.items.len(), 2000);
}

#[tokio::test]
async fn a_store_of_an_earlier_version_keeps_its_revisions() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine_of_an_earlier_version(directory.path());
    let (key, value) = (key("a"), Bytes::from_static(b"x"));
    let position = Record::length(&key, &value);
    let record = Record { change: Change::Created, previous: 0, position, key: key.clone(), value };
    engine.insert(record_key(1), record.encode().unwrap()).unwrap();
    engine.insert(head_key(&key), &Head { revision: 1, live: true }.encode()).unwrap();
    drop(engine);
    let store = open(directory.path(), 10);
    assert_eq!(store.revision().await.unwrap(), Revision(1));
    assert_eq!(store.get(&key).await.unwrap().unwrap().revision, Revision(1));
    assert_eq!(create(&store, "b", 2).await, Revision(2));
    let revisions: Vec<_> =
        events(&store, Revision::ZERO).await.iter().map(|event| event.revision.0).collect();
    assert_eq!(revisions, [1, 2]);
}

#[tokio::test]
async fn an_empty_store_of_an_earlier_version_begins_as_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    drop(engine_of_an_earlier_version(directory.path()));
    for _ in 0..2 {
        assert_eq!(open(directory.path(), 10).revision().await.unwrap(), Revision::FIRST);
    }
    let first = create(&open(directory.path(), 10), "a", 1).await;
    assert!(first > Revision::FIRST);
    assert_eq!(events(&open(directory.path(), 10), Revision::FIRST).await[0].revision, first);
}

#[test]
fn a_new_directory_is_for_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b");
    drop(open(&path, 10));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn an_open_directory_is_locked() {
    let directory = tempfile::tempdir().unwrap();
    let _store = open(directory.path(), 10);
    let error = Sled::open(directory.path(), SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("locked by another process"), "{error}");
}

#[test]
fn a_newer_format_is_refused_naming_both_versions() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path(), 10));
    let engine = engine(directory.path());
    engine.insert(FORMAT_KEY, &(FORMAT + 1).to_be_bytes()).unwrap();
    drop(engine);
    let error = Sled::open(directory.path(), SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::NewerFormat { found: 2, supported: 1, .. }), "{error:?}");
    assert!(
        error.to_string().contains("format version 2") && error.to_string().contains("at most 1"),
        "{error}"
    );
}

#[test]
fn a_file_is_not_a_directory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), file.path().join("below")] {
        let error = Sled::open(&path, SledOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::NotADirectory { .. }), "{error:?}");
    }
}

#[test]
fn damage_is_named_and_never_taken_for_an_empty_store() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("an empty database file", |path| fs::write(path.join("db"), b"").unwrap()),
        ("an overwritten database file", |path| {
            let length = usize::try_from(fs::metadata(path.join("db")).unwrap().len()).unwrap();
            fs::write(path.join("db"), vec![0x5a; length]).unwrap();
        }),
        ("a missing database file", |path| fs::remove_file(path.join("db")).unwrap()),
        ("a store of something else", |path| {
            let engine = engine(path);
            engine.remove(FORMAT_KEY).unwrap();
        }),
    ];
    for (name, damage) in damages {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path(), 10);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(create(&store, "a", "x".repeat(1000)));
        drop(store);
        damage(directory.path());
        let error = Sled::open(directory.path(), SledOptions::default()).err();
        assert!(matches!(error, Some(OpenError::Damaged { .. })), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_damaged_record_fails_what_needs_it_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 10);
    let damaged = create(&store, "a", 1).await;
    create(&store, "b", 2).await;
    drop(store);
    let engine = engine(directory.path());
    engine.insert(record_key(damaged.0), b"\x01short").unwrap();
    drop(engine);
    let store = open(directory.path(), 10);
    assert!(matches!(store.get(&key("a")).await, Err(StorageError::Corrupt(_))));
    assert_eq!(store.get(&key("b")).await.unwrap().unwrap().value, "2");
    let mut watch = events_of(store.watch(&Prefix::all(), Revision::FIRST).await.unwrap());
    assert!(matches!(watch.next().await, Some(Err(StorageError::Corrupt(_)))));
}

/// Opens the engine below an empty store that does not say where its log begins.
fn engine_of_an_earlier_version(path: &Path) -> ::sled::Db {
    let engine = engine(path);
    engine.remove(COMPACTED_KEY).unwrap();
    engine
}

/// Opens the engine below a store.
fn engine(path: &Path) -> ::sled::Db {
    super::super::open::open(path, &SledOptions::default()).unwrap().db
}
