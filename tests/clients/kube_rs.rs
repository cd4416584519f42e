//! kube: its watcher in both modes, with its reflector's store.

use std::fmt::Debug;

use futures::StreamExt;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta, Resource};
use kube::core::DynamicResourceScope;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::follower::{Follower, MARKED, Reports, name_of};
use super::picture::{Picture, to_values};
use super::selection::{ALL, LABELLED, NAMESPACE, RUNNING, Selection, resource};
use super::stage::Stage;
use super::story;
use super::support::{Protocol, Soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_of_kube_stay_the_same_as_a_list() {
    let (list, watch) = (Config::default, || Config::default().streaming_lists());
    let mut stage = Stage::open().await;
    let mut followers = [
        whole(&stage, Protocol::Http1, ALL, list()).await,
        whole(&stage, Protocol::Http2, ALL, list().any_semantic()).await,
        whole(&stage, Protocol::Http1, NAMESPACE, list().page_size(7)).await,
        whole(&stage, Protocol::Http2, LABELLED, list().page_size(7)).await,
        whole(&stage, Protocol::Http1, RUNNING, list().disable_bookmarks()).await,
        whole(&stage, Protocol::Http1, ALL, watch()).await,
        whole(&stage, Protocol::Http2, NAMESPACE, watch()).await,
        whole(&stage, Protocol::Http1, LABELLED, watch()).await,
        whole(&stage, Protocol::Http2, RUNNING, watch()).await,
        metadata(&stage, Protocol::Http1, LABELLED, list()).await,
        metadata(&stage, Protocol::Http2, ALL, watch()).await,
    ];
    story::play(&mut stage, &mut followers).await;
}

async fn whole(stage: &Stage, protocol: Protocol, selection: Selection, config: Config) -> Follower {
    store::<DynamicObject>(stage.client(protocol).await, selection, config, Picture::Whole)
}

async fn metadata(stage: &Stage, protocol: Protocol, selection: Selection, config: Config) -> Follower {
    store::<PartialObjectMeta>(stage.client(protocol).await, selection, config, Picture::Metadata)
}

fn store<K>(client: Client, selection: Selection, config: Config, picture: Picture) -> Follower
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let config = config.labels(selection.labels).fields(selection.fields);
    let name = format!("a store of {config:?}");
    Follower::start(&name, selection, picture, |reports| keep::<K>(client, selection, config, reports))
}

async fn keep<K>(client: Client, selection: Selection, config: Config, reports: Reports)
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let writer = reflector::store::Writer::new(resource());
    let store = writer.as_reader();
    let events = watcher(selection.api::<K>(client), config).backoff(Soon);
    let mut events = std::pin::pin!(reflector(writer, events));
    let (name, marked) = (name_of(MARKED), NAMESPACE.namespace);
    let (marked, mut seen) = (ObjectRef::new_with(name, resource()).within(marked), None);
    while events.next().await.is_some() {
        let version = store.get(&marked).and_then(|object| object.resource_version());
        if version != seen {
            seen = version;
            reports.tell(&to_values(store.state().iter().map(|object| &**object)));
        }
    }
}
