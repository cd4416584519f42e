//! Somebody who follows everything, at one server after the other, and keeps all that he is told.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use kube::ResourceExt;
use kube::api::{DynamicObject, ListParams, WatchEvent, WatchParams};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fleet::Fleet;
use super::linearizable::Value;
use super::support::PATIENCE;
use super::workers::{value, workflow};

/// The object whose creation is the end.
pub(crate) const END: &str = "the-end";

/// A change, as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) revision: u64,
    pub(crate) name: String,
    /// The value after it.
    pub(crate) value: Value,
}

/// Somebody who follows until the end.
pub(crate) struct Follower(JoinHandle<Vec<Seen>>);

impl Follower {
    /// Begins to follow, where nothing is stored yet.
    pub(crate) async fn start(fleet: &Arc<Fleet>) -> Self {
        let list = fleet.any().list(&ListParams::default()).await.unwrap();
        assert!(list.items.is_empty(), "nothing is stored");
        Self(tokio::spawn(follow(Arc::clone(fleet), list.metadata.resource_version.unwrap())))
    }

    /// Returns everything up to the end.
    pub(crate) async fn seen(self) -> Vec<Seen> {
        timeout(PATIENCE, self.0).await.expect("the end in time").unwrap()
    }
}

/// Lets those who follow come to their end.
pub(crate) async fn end(fleet: &Fleet) {
    fleet.any().create(&Default::default(), &workflow(END, 0)).await.unwrap();
}

/// Follows from a revision on; goes on elsewhere when a server goes away.
async fn follow(fleet: Arc<Fleet>, mut revision: String) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    loop {
        let parameters = WatchParams::default().timeout(30);
        let Ok(events) = fleet.any().watch(&parameters, &revision).await else { continue };
        let mut events = events.boxed();
        while let Ok(Some(event)) = events.try_next().await {
            let (object, gone) = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
                WatchEvent::Deleted(object) => (object, true),
                WatchEvent::Bookmark(bookmark) => {
                    revision = bookmark.metadata.resource_version;
                    continue;
                }
                WatchEvent::Error(status) => panic!("the watch after {revision} has a gap: {status:?}"),
            };
            revision = object.resource_version().unwrap();
            if object.name_any() == END {
                return seen;
            }
            take(&mut seen, &object, gone);
        }
    }
}

fn take(seen: &mut Vec<Seen>, object: &DynamicObject, gone: bool) {
    let revision = object.resource_version().unwrap().parse().unwrap();
    let last = seen.last().map_or(0, |last| last.revision);
    assert!(last < revision, "{revision} was told after {last}");
    let value = if gone { None } else { value(object) };
    seen.push(Seen { revision, name: object.name_any(), value });
}
