//! An etcd that is lost, hangs and comes back: nothing that was answered is lost, nothing that happened is denied, and
//! everything goes on by itself.

use std::sync::Arc;

use embedded_server::storage::{Backend, Etcd, Prefix, Revision, StorageError, Write};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::relay::Relay;
use super::server::{Server, store_at, unused};
use super::tools::{Events, PATIENCE, create, key, update};

/// A store that is seen from near, and from far through a relay.
struct Pair {
    _server: Arc<Server>,
    relay: Relay,
    near: Arc<Etcd>,
    far: Arc<Etcd>,
}

impl Pair {
    async fn open() -> Self {
        let (server, prefix) = (Server::shared(), unused());
        let relay = Relay::to(&server.address).await;
        let near = server.store(&prefix).await;
        let far = store_at(&relay.address.to_string(), &prefix).await;
        Self { _server: server, relay, near, far }
    }

    /// Begins a write from afar.
    fn write(&self, name: &str, write: Write) -> JoinHandle<Result<Revision, StorageError>> {
        let (store, key) = (Arc::clone(&self.far), key(name));
        tokio::spawn(async move { store.commit(&key, write).await })
    }
}

async fn outcome(write: JoinHandle<Result<Revision, StorageError>>) -> Result<Revision, StorageError> {
    timeout(PATIENCE, write).await.expect("an answer in time").unwrap()
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_write_that_happened_is_found_again_when_its_answer_was_lost() {
    let pair = Pair::open().await;
    let first = create(&*pair.near, "a").await;
    let mut events = Events::after(&*pair.near, first).await;
    let writes = [
        ("b", Write::Create("1".into())),
        ("a", Write::Update { expect: first, value: "2".into() }),
        ("b", Write::Delete { expect: Revision::ZERO }),
    ];
    let mut created = Revision::ZERO;
    for (name, write) in writes {
        let write = match write {
            Write::Delete { .. } => Write::Delete { expect: created },
            other => other,
        };
        pair.relay.deafen();
        let sent = pair.write(name, write);
        let happened = events.next().await.revision;
        pair.relay.cut();
        assert_eq!(outcome(sent).await.unwrap(), happened, "{name}");
        created = if name == "b" { happened } else { created };
    }
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_write_whose_answer_was_lost_is_told_from_what_others_wrote_afterwards() {
    let pair = Pair::open().await;
    let first = create(&*pair.near, "a").await;
    let mut events = Events::after(&*pair.near, first).await;
    pair.relay.deafen();
    let sent = pair.write("a", Write::Update { expect: first, value: "far".into() });
    let happened = events.next().await.revision;
    let last = update(&*pair.near, "a", happened).await;
    pair.relay.cut();
    assert_eq!(outcome(sent).await.unwrap(), happened, "it happened before the last one");
    assert_eq!(pair.far.get(&key("a")).await.unwrap().unwrap().revision, last);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_write_that_cannot_be_sent_did_not_happen() {
    let (server, prefix) = (Server::start(&[]), unused());
    let store = server.store(&prefix).await;
    let first = create(&*store, "a").await;
    server.kill();
    // The connection that was cut may be noticed by this.
    let _ = store.revision().await;
    let refused = store.commit(&key("b"), Write::Create("1".into())).await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    server.restart();
    assert_eq!(server.store(&prefix).await.revision().await.unwrap(), first);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_watch_goes_on_without_a_gap_through_broken_connections() {
    let pair = Pair::open().await;
    let mut events = Events::after(&*pair.far, Revision::FIRST).await;
    let mut written = Vec::new();
    for round in 0..60 {
        written.push(create(&*pair.near, round).await);
        if round % 10 == 5 {
            pair.relay.cut();
        }
    }
    assert_eq!(events.until(written[59]).await, written);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn everything_goes_on_when_etcd_comes_back() {
    let (server, prefix) = (Server::start(&[]), unused());
    let store = server.store(&prefix).await;
    let mut events = Events::after(&*store, Revision::FIRST).await;
    let first = create(&*store, "a").await;
    server.kill();
    let down = store.revision().await;
    assert!(matches!(down, Err(StorageError::Unavailable(_))), "{down:?}");
    assert!(matches!(store.get(&key("a")).await, Err(StorageError::Unavailable(_))));
    assert!(matches!(store.list(&Prefix::all()).await, Err(StorageError::Unavailable(_))));
    server.restart();
    let second = update(&*store, "a", first).await;
    assert_eq!(store.revision().await.unwrap(), second);
    assert_eq!(events.until(second).await, [first, second]);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn an_etcd_that_hangs_is_given_up_in_time() {
    let (server, prefix) = (Server::start(&[]), unused());
    let store = server.store(&prefix).await;
    let mut events = Events::after(&*store, Revision::FIRST).await;
    let first = create(&*store, "a").await;
    server.signal("STOP");
    let hanging = timeout(PATIENCE, store.revision()).await.expect("an answer in time");
    assert!(matches!(hanging, Err(StorageError::Unavailable(_))), "{hanging:?}");
    let write = Write::Update { expect: first, value: "2".into() };
    let unknown = timeout(PATIENCE, store.commit(&key("a"), write)).await.expect("an answer in time");
    assert!(matches!(unknown, Err(StorageError::Unknown(_))), "{unknown:?}");
    server.signal("CONT");
    let stored = store.get(&key("a")).await.unwrap().unwrap();
    let last = update(&*store, "a", stored.revision).await;
    assert_eq!(events.until(last).await.last(), Some(&last));
}
