//! Clients that write and watch, and do not try again by themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::TryStreamExt;
use kube::api::{Api, DynamicObject, PostParams, WatchEvent, WatchParams};
use kube::config::KubeConfigOptions;
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config, ResourceExt};

use crate::workflow;

/// The Workflow that is made when all others are.
pub(crate) const LAST: &str = "last";

/// A write, by the name and the resourceVersion that it was answered with.
pub(crate) type Written = BTreeSet<(String, String)>;

/// Returns the Workflows of a namespace, for a client that does not try again by itself.
pub(crate) async fn workflows(namespace: &str) -> Api<DynamicObject> {
    let mut config = Config::from_kubeconfig(&KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    let kind = GroupVersionKind::gvk("workflow.example.com", "v1alpha1", "Workflow");
    Api::namespaced_with(Client::try_from(config).unwrap(), namespace, &ApiResource::from_gvk(&kind))
}

/// Makes a Workflow, and returns its resourceVersion.
pub(crate) async fn create(api: &Api<DynamicObject>, name: &str) -> String {
    let object: DynamicObject = serde_json::from_value(workflow(name)).unwrap();
    let created = patiently(|| async {
        match api.create(&PostParams::default(), &object).await {
            // An earlier attempt was carried out, though not answered.
            Err(kube::Error::Api(status)) if status.is_already_exists() => api.get(name).await,
            created => created,
        }
    });
    created.await.resource_version().unwrap()
}

/// Asks again when told to, and only then.
pub(crate) async fn patiently<T, F: Future<Output = kube::Result<T>>>(ask: impl Fn() -> F) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(kube::Error::Api(status)) if matches!(status.code, 429 | 503 | 504) => {
                let after = status.details.as_ref().map_or(1, |details| details.retry_after_seconds.max(1));
                tokio::time::sleep(Duration::from_secs(after.into())).await;
            }
            Err(error) => panic!("a request failed: {error:?}"),
        }
    }
}

/// Watches from a revision on, goes on where a watch ended, and returns what was made before the last.
pub(crate) async fn seen(api: Api<DynamicObject>, mut revision: String) -> Written {
    let (mut seen, all) = (Written::new(), WatchParams::default());
    loop {
        let mut events = Box::pin(patiently(|| api.watch(&all, &revision)).await);
        // A watch that breaks is one that ends.
        while let Ok(Some(event)) = events.try_next().await {
            match event {
                WatchEvent::Added(object) if object.name_any() == LAST => return seen,
                WatchEvent::Added(object) => {
                    revision = object.resource_version().unwrap();
                    seen.insert((object.name_any(), revision.clone()));
                }
                WatchEvent::Bookmark(bookmark) => revision = bookmark.metadata.resource_version,
                other => panic!("nothing else happens: {other:?}"),
            }
        }
    }
}
