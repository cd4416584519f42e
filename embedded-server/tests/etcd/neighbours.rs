//! A store beside others in one etcd, which count and forget together.

use embedded_server::storage::{Backend, Prefix, Revision};
use futures::FutureExt;

use super::gateway::Gateway;
use super::server::{Server, unused};
use super::tools::{Events, create, key, update};

#[tokio::test]
#[ignore = "needs etcd"]
async fn what_others_write_moves_nothing_here() {
    let server = Server::shared();
    let (ours, theirs) = (server.store(&unused()).await, server.store(&unused()).await);
    assert_eq!(ours.revision().await.unwrap(), Revision::FIRST);
    let first = create(&*ours, "a").await;
    let mut events = Events::after(&*ours, first).await;
    for name in 0..20 {
        create(&*theirs, name).await;
        Gateway::of(&server.address).put("/somebody/else", "x").await;
    }
    assert_eq!(ours.revision().await.unwrap(), first);
    let listed = ours.list(&Prefix::all()).await.unwrap();
    assert_eq!((listed.revision, listed.items.len()), (first, 1));
    assert!(events.next().now_or_never().is_none(), "nothing has happened here");
    let second = update(&*ours, "a", first).await;
    assert_eq!(events.next().await.revision, second);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_store_whose_name_begins_like_another_is_another() {
    let server = Server::shared();
    let name = unused();
    let (short, long) = (server.store(&name).await, server.store(&format!("{name}er")).await);
    create(&*long, "a").await;
    assert_eq!(short.list(&Prefix::all()).await.unwrap().items, []);
    assert_eq!(short.revision().await.unwrap(), Revision::FIRST);
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn objects_can_be_read_by_people_under_their_names() {
    let server = Server::shared();
    let prefix = unused();
    create(&*server.store(&prefix).await, "a").await;
    let stored = Gateway::of(&server.address).get(&format!("/{prefix}/objects/{}", key("a"))).await;
    assert_eq!(stored.as_deref(), Some("1"));
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn what_somebody_changes_by_hand_is_seen() {
    let server = Server::shared();
    let prefix = unused();
    let store = server.store(&prefix).await;
    let first = create(&*store, "a").await;
    let mut events = Events::after(&*store, first).await;
    Gateway::of(&server.address).put(&format!("/{prefix}/objects/{}", key("a")), "by hand").await;
    let event = events.next().await;
    assert_eq!(event.value.as_deref(), Some(&b"by hand"[..]));
    assert_eq!(event.previous, Some(("1".into(), first)));
    Gateway::of(&server.address).delete_all_below(&format!("/{prefix}/")).await;
    assert_eq!(events.next().await.value, None);
    assert_eq!(store.revision().await.unwrap(), Revision::FIRST, "the store is as if it were new");
    let again = create(&*store, "a").await;
    assert_eq!(events.next().await.revision, again);
}
