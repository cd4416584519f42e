//! What becomes of writes, reads and watches when the server, or the way to it, fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use embedded_server::storage::{Backend, Prefix, Revision, StorageError, Write};
use futures::StreamExt;
use futures::future::join_all;

use crate::relay::{Relay, Weather};
use crate::server::Server;
use crate::{create, key, open, schema, shared};

/// A store behind a network that fails when it is told to.
struct Stage {
    server: &'static Server,
    url: String,
    relay: Relay,
    store: Arc<dyn Backend>,
}

impl Stage {
    async fn new() -> Self {
        let server = shared();
        let url = server.empty();
        let relay = Relay::to(server.port()).await;
        let store = open(&relay.through(&url, server.port())).await;
        Self { server, url, relay, store }
    }

    async fn commit(&self, name: &str) -> Result<Revision, StorageError> {
        self.store.commit(&key(name), Write::Create(name.to_owned().into())).await
    }

    /// Returns the names of what stands, as another instance sees it.
    async fn stored(&self) -> Vec<String> {
        let other = open(&self.url).await;
        let items = other.list(&Prefix::all()).await.unwrap().items;
        items.iter().map(|item| item.key.as_str().rsplit('/').next().unwrap().to_owned()).collect()
    }
}

/// Creates again until the store is there.
async fn commit_at_last(store: &dyn Backend, name: &str) -> Result<Revision, StorageError> {
    loop {
        match store.commit(&key(name), Write::Create(name.to_owned().into())).await {
            Err(StorageError::Unavailable(_)) => tokio::task::yield_now().await,
            outcome => return outcome,
        }
    }
}

/// Asks until the answer is there; each question has its own bounds of time.
async fn until_answered(store: &dyn Backend) -> Revision {
    loop {
        if let Ok(revision) = store.revision().await {
            return revision;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_commit_whose_answer_is_lost_is_found_and_answered() {
    let stage = Stage::new().await;
    create(&*stage.store, "before", "1").await;
    stage.relay.set(Weather::LosesAnswer);
    let heal = async {
        stage.relay.becomes(Weather::Broken).await;
        stage.relay.set(Weather::Fair);
    };
    let (committed, ()) = tokio::join!(stage.commit("found"), heal);
    assert_eq!(stage.store.get(&key("found")).await.unwrap().unwrap().revision, committed.unwrap());
    assert_eq!(stage.stored().await, ["before", "found"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_commit_that_never_arrived_is_answered_as_not_made() {
    let stage = Stage::new().await;
    create(&*stage.store, "before", "1").await;
    stage.relay.set(Weather::LosesCommit);
    let lost = stage.commit("lost").await;
    assert!(matches!(lost, Err(StorageError::Unavailable(_))), "{lost:?}");
    assert_eq!(stage.stored().await, ["before"]);
    stage.commit("lost").await.unwrap();
    assert_eq!(stage.stored().await, ["before", "lost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_commit_is_unknown_only_when_nobody_can_be_asked_in_time() {
    let stage = Stage::new().await;
    stage.relay.set(Weather::LosesAnswer);
    let unknown = stage.commit("made").await;
    assert!(matches!(unknown, Err(StorageError::Unknown(_))), "{unknown:?}");
    assert_eq!(stage.stored().await, ["made"]);
    let refused = stage.commit("other").await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    stage.relay.set(Weather::Fair);
    let again = commit_at_last(&*stage.store, "made").await;
    assert!(matches!(again, Err(StorageError::Conflict { current: Some(_) })), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_watch_goes_on_when_connections_were_cut() {
    let stage = Stage::new().await;
    let mut watch = stage.store.watch(&Prefix::all(), Revision::FIRST).await.unwrap();
    for round in 0..5 {
        let other = open(&stage.url).await;
        let before = create(&*stage.store, &format!("before-{round}"), "1").await;
        assert_eq!(watch.next().await.unwrap().unwrap().up_to, before);
        stage.relay.set(Weather::Broken);
        let missed = create(&*other, &format!("missed-{round}"), "1").await;
        stage.relay.set(Weather::Fair);
        assert_eq!(watch.next().await.unwrap().unwrap().up_to, missed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_says_nothing_is_given_up_in_time_and_asked_again() {
    let stage = Stage::new().await;
    let first = create(&*stage.store, "a", "1").await;
    let mut watch = stage.store.watch(&Prefix::all(), first).await.unwrap();
    stage.relay.set(Weather::Silent);
    let keys = key("a");
    let reads = join_all((0..50).map(|_| stage.store.revision()));
    let (reads, get, commit) = tokio::join!(reads, stage.store.get(&keys), stage.commit("b"));
    assert!(reads.iter().all(|read| matches!(read, Err(StorageError::Unavailable(_)))), "{reads:?}");
    assert!(matches!(get, Err(StorageError::Unavailable(_))), "{get:?}");
    assert!(matches!(commit, Err(StorageError::Unavailable(_))), "{commit:?}");
    stage.relay.set(Weather::Fair);
    until_answered(&*stage.store).await;
    let second = commit_at_last(&*stage.store, "c").await.unwrap();
    let mut seen = first;
    while seen < second {
        seen = watch.next().await.unwrap().unwrap().up_to;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn changes_are_seen_without_a_notification() {
    let stage = Stage::new().await;
    let mut watch = stage.store.watch(&Prefix::all(), Revision::FIRST).await.unwrap();
    let schema = schema(&stage.url);
    stage.server.sql(&format!(
        "SET search_path TO {schema};
         BEGIN;
         UPDATE store SET revision = 2;
         INSERT INTO changes (revision, position, key, value) VALUES (2, 1, 'a', '1');
         INSERT INTO heads (key, revision) VALUES ('a', 2);
         COMMIT"
    ));
    assert_eq!(watch.next().await.unwrap().unwrap().up_to, Revision(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn watches_begin_anew_when_the_history_is_another() {
    let stage = Stage::new().await;
    let first = create(&*stage.store, "a", "1").await;
    let mut watch = stage.store.watch(&Prefix::all(), first).await.unwrap();
    let schema = schema(&stage.url);
    stage.server.sql(&format!(
        "SET search_path TO {schema};
         BEGIN;
         UPDATE store SET revision = 1;
         DELETE FROM changes;
         DELETE FROM heads;
         COMMIT"
    ));
    let end = watch.next().await.unwrap();
    assert!(matches!(end, Err(StorageError::Unavailable(_))), "{end:?}");
    assert!(watch.next().await.is_none());
    let snapshot = stage.store.list(&Prefix::all()).await.unwrap();
    assert_eq!((snapshot.revision, snapshot.items.len()), (Revision::FIRST, 0));
    let again = create(&*stage.store, "b", "1").await;
    let mut watch = stage.store.watch(&Prefix::all(), snapshot.revision).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().up_to, again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn what_was_answered_is_there_when_the_server_crashed_and_came_back() {
    let mut server = Server::start(None);
    let url = server.empty();
    let store = open(&url).await;
    let mut watch = store.watch(&Prefix::all(), Revision::FIRST).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..8).map(|writer| {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut answered = Vec::new();
            for round in 0.. {
                let name = format!("{writer}-{round}");
                answered.extend(store.commit(&key(&name), Write::Create("x".into())).await);
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            answered
        })
    });
    let writers: Vec<_> = writers.collect();
    while watch.next().await.unwrap().unwrap().up_to < Revision(100) {}
    let server = tokio::task::spawn_blocking(move || {
        server.stop("QUIT");
        server.resume();
        server
    });
    let server = server.await.unwrap();
    stop.store(true, Ordering::Relaxed);
    let answered: Vec<_> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
    until_answered(&*store).await;
    let listed = store.list(&Prefix::all()).await.unwrap().items;
    let stored: Vec<_> = listed.iter().map(|item| item.revision).collect();
    assert!(answered.iter().all(|revision| stored.contains(revision)), "an answered write is lost");
    let last = commit_at_last(&*store, "last").await.unwrap();
    let mut seen = Revision::FIRST;
    while seen < last {
        seen = watch.next().await.unwrap().unwrap().up_to;
    }
    store.close().await;
    drop(server);
}
