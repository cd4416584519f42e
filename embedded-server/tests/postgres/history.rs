//! How much of the past is kept.

use std::time::Duration;

use embedded_server::storage::{Backend, Postgres, PostgresOptions, Prefix, Revision, StorageError, Write};

use crate::{create, key, schema, shared};

/// Writes a while, opens the store again, and waits until it has forgotten what `options` let it.
async fn forgets_everything(options: PostgresOptions) {
    let server = shared();
    let url = server.empty();
    let store = Postgres::open(url.parse().unwrap(), PostgresOptions::default()).await.unwrap();
    let kept = create(&store, "kept", "old").await;
    for name in ["a", "b"] {
        let first = create(&store, name, "1").await;
        let write = Write::Update { expect: first, value: "2".into() };
        let second = store.commit(&key(name), write).await.unwrap();
        store.commit(&key(name), Write::Delete { expect: second }).await.unwrap();
    }
    store.close().await;
    let store = Postgres::open(url.parse().unwrap(), options).await.unwrap();
    let snapshot = loop {
        let snapshot = store.list(&Prefix::all()).await.unwrap();
        if snapshot.oldest == snapshot.revision {
            break snapshot;
        }
    };
    assert_eq!(snapshot.items.iter().map(|item| item.revision).collect::<Vec<_>>(), [kept]);
    let behind = store.watch(&Prefix::all(), Revision::FIRST).await.err();
    assert!(matches!(behind, Some(StorageError::Compacted { oldest }) if oldest == snapshot.oldest));
    let rows = server.sql(&format!("SELECT string_agg(revision::text, ',') FROM {}.changes", schema(&url)));
    assert_eq!(rows, kept.to_string(), "what was replaced or deleted is gone from the table");
    assert!(create(&store, "new", "1").await > snapshot.revision, "revisions go on growing");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn the_history_is_bounded_by_its_changes() {
    forgets_everything(PostgresOptions { log_events: 0, ..PostgresOptions::default() }).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn the_history_is_bounded_by_its_bytes() {
    forgets_everything(PostgresOptions { log_bytes: 0, ..PostgresOptions::default() }).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn the_history_is_bounded_by_its_age() {
    forgets_everything(PostgresOptions { log_age: Duration::ZERO, ..PostgresOptions::default() }).await;
}
