//! A store that is away: what everybody is told meanwhile, and that nothing is left of it.

use futures::{StreamExt, TryStreamExt, stream};
use http::Request;
use kube::ResourceExt;
use kube::api::{ListParams, PostParams, WatchEvent, WatchParams};
use kube::client::Body;
use serde_json::json;

use super::fleet::{Answer, Fleet};
use super::storage::{Kind, Storage, on_every_storage};
use super::workers::workflow;

on_every_storage!(everybody_is_told_in_time_that_the_store_is_away_and_all_heals_by_itself);

const PATH: &str = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";

/// How many writes come while the store is away, how many at once, and how many bytes each has.
const WRITES: usize = 300;
const AT_ONCE: usize = 8;
const BYTES: usize = 128 << 10;

/// What they may leave behind, in KiB; they have more than that together.
const LEFT: u64 = 24 << 10;

async fn everybody_is_told_in_time_that_the_store_is_away_and_all_heals_by_itself(kind: Kind) {
    let storage = Storage::start(kind).await;
    let fleet = Fleet::start(2, &storage.direct_url()).await;
    let created = fleet.any().create(&PostParams::default(), &workflow("before", 0)).await.unwrap();
    let revision = created.resource_version().unwrap();
    let changes = WatchParams::default().disable_bookmarks();
    let mut events = fleet.workflows(0).watch(&changes, &revision).await.unwrap().boxed();

    storage.kill();
    for replica in 0..fleet.len() {
        let answer = fleet.until_ready_is(replica, 500).await;
        assert!(answer.text.contains("[-]storage-readiness failed"), "{answer:?}");
        everything_is_refused(&fleet, replica).await;
    }
    nothing_piles_up(&fleet).await;

    storage.restart();
    fleet.until_ready_is(0, 200).await;
    fleet.until_ready_is(1, 200).await;
    let after = fleet.workflows(1).create(&PostParams::default(), &workflow("after", 1)).await.unwrap();
    let Some(WatchEvent::Added(told)) = events.try_next().await.unwrap() else {
        panic!("the watch goes on with what was created");
    };
    assert_eq!(told.resource_version(), after.resource_version());
    let list = fleet.workflows(0).list(&ListParams::default()).await.unwrap();
    let names: Vec<_> = list.items.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["after", "before"], "what was refused did not happen");
    assert_eq!(list.items[1].resource_version().unwrap(), revision);
}

/// Fails unless whatever needs the store is refused, to be tried again, and what does not is answered.
async fn everything_is_refused(fleet: &Fleet, replica: usize) {
    let object = format!("{PATH}/before");
    let new = serde_json::to_vec(&workflow("new", 0)).unwrap();
    let replaced = serde_json::to_vec(&workflow("before", 1)).unwrap();
    let patch = br#"{"metadata":{"labels":{"a":"b"}}}"#.to_vec();
    for (method, path, body) in [
        ("GET", PATH, vec![]),
        ("GET", &*object, vec![]),
        ("POST", PATH, new),
        ("PUT", &*object, replaced),
        ("PATCH", &*object, patch),
        ("DELETE", &*object, vec![]),
        ("DELETE", PATH, vec![]),
    ] {
        let refused = send(fleet, replica, method, path, body).await;
        assert!(matches!(refused.code, 503 | 504) && refused.retry_after, "{method}: {refused:?}");
    }
    let known = fleet.get(replica, &format!("{object}?resourceVersion=0")).await;
    assert_eq!(known.code, 200, "what may be old is known: {known:?}");
}

/// Fails when writes that are refused leave more behind than a part of what they brought.
async fn nothing_piles_up(fleet: &Fleet) {
    let before = fleet.memory(0);
    let writes = stream::iter(0..WRITES).map(async |number| {
        let mut object = workflow(&format!("refused-{number}"), 0);
        object.data["spec"]["steps"][0]["env"] = json!({ "PADDING": "x".repeat(BYTES) });
        send(fleet, 0, "POST", PATH, serde_json::to_vec(&object).unwrap()).await
    });
    let answers: Vec<_> = writes.buffer_unordered(AT_ONCE).collect().await;
    for refused in &answers {
        assert!(matches!(refused.code, 429 | 503) && refused.retry_after, "{refused:?}");
    }
    let left = fleet.memory(0).saturating_sub(before);
    assert!(left < LEFT, "{left} KiB are left of {WRITES} writes");
}

async fn send(fleet: &Fleet, replica: usize, method: &str, path: &str, body: Vec<u8>) -> Answer {
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let request = Request::builder().method(method).uri(path).header("content-type", kind);
    fleet.send(replica, request.body(Body::from(body)).unwrap()).await
}
