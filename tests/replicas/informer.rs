//! Informers: stores of kube that lists and watches keep, each request of them at any of the servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use http::Request;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::client::Body;
use kube::runtime::reflector::{ObjectRef, store::Writer};
use kube::runtime::watcher::Config;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fleet::Fleet;
use super::follower::END;
use super::support::{PATIENCE, Soon, Workflows, workflows};

/// Objects by their names.
pub(crate) type Objects = BTreeMap<String, Value>;

/// An informer that follows until the end.
pub(crate) struct Informer(JoinHandle<Objects>);

impl Informer {
    /// Starts one for each way to begin: with the newest list, with any, with one in pages, and with a watch.
    pub(crate) fn of_every_kind(fleet: &Arc<Fleet>) -> Vec<Self> {
        let list = Config::default;
        let kinds = [list(), list().any_semantic(), list().page_size(3), list().streaming_lists()];
        let start = |config| Self(tokio::spawn(follow(roaming(Arc::clone(fleet)), config)));
        kinds.map(start).into()
    }

    /// Returns what is in the store at the end.
    pub(crate) async fn kept(self) -> Objects {
        timeout(PATIENCE, self.0).await.expect("the end in time").unwrap()
    }
}

/// Returns what a list shows.
pub(crate) async fn listed(workflows: &Workflows) -> Objects {
    let list = workflows.list(&ListParams::default()).await.unwrap();
    list.items.iter().map(shown).collect()
}

/// Returns a client whose requests go to any of the servers, whatever becomes of the one before.
fn roaming(fleet: Arc<Fleet>) -> Client {
    let send = move |request: Request<Body>| {
        let client = fleet.any_client();
        async move { client.send(request).await }
    };
    Client::new(tower::service_fn(send), "default")
}

async fn follow(client: Client, config: Config) -> Objects {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("workflow.example.com", "v1alpha1", "Workflow"));
    let writer = Writer::new(kind.clone());
    let store = writer.as_reader();
    let end = ObjectRef::new_with(END, kind).within("default");
    let events = reflector(writer, watcher(workflows(client), config).backoff(Soon));
    let mut events = std::pin::pin!(events);
    while store.get(&end).is_none() {
        // What fails is tried again.
        let _ = events.next().await.expect("an informer never gives up");
    }
    store.state().iter().map(|object| shown(object)).collect()
}

/// Returns all of an object but its kind and version, which lists leave out.
fn shown(object: &DynamicObject) -> (String, Value) {
    (object.name_any(), json!([object.metadata, object.data]))
}
