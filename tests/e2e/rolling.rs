//! The servers are replaced, one after the other, while clients write and watch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use kube::api::{Api, DynamicObject, ListParams, PostParams, WatchEvent, WatchParams};
use kube::config::KubeConfigOptions;
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config, ResourceExt};
use tokio::task::JoinSet;

use crate::kubectl::Kubectl;
use crate::namespace::Namespace;
use crate::workflow;

const WRITERS: usize = 4;
const WATCHES: usize = 3;
/// The Workflow that is made when all others are.
const LAST: &str = "last";

/// A write, by the name and the resourceVersion that it was answered with.
type Written = BTreeSet<(String, String)>;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster, and storage that servers share: make e2e STORAGE=…"]
async fn a_rolling_restart_fails_no_request_and_loses_no_event() {
    let namespace = tokio::task::spawn_blocking(|| Namespace::new("rolling")).await.unwrap();
    let api = workflows(namespace.name()).await;
    let begin = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let watches: JoinSet<_> = (0..WATCHES).map(|_| seen(api.clone(), begin.clone())).collect();
    let load = Arc::new(Load { api: api.clone(), over: AtomicBool::new(false), writes: AtomicUsize::new(0) });
    let writers: JoinSet<_> = (0..WRITERS).map(|writer| Arc::clone(&load).write(writer)).collect();
    load.goes_on().await;
    tokio::task::spawn_blocking(restart).await.unwrap();
    load.goes_on().await;
    load.over.store(true, Ordering::SeqCst);
    let written: Written = writers.join_all().await.into_iter().flatten().collect();
    create(&api, LAST).await;
    for seen in watches.join_all().await {
        let lost: Vec<_> = written.difference(&seen).collect();
        assert!(lost.is_empty(), "of {} writes a watch missed {lost:?}", written.len());
    }
}

/// Replaces every server, and waits until the new ones are ready and the old ones gone.
fn restart() {
    let system = Kubectl::admin().to_namespace("workflow-system");
    let old = system.ok("get pods -l app.kubernetes.io/component=apiserver -o name");
    system.ok("rollout restart deployment/workflow-apiserver");
    system.ok("rollout status deployment/workflow-apiserver --timeout=5m");
    for pod in old.lines() {
        system.ok(&format!("wait --for=delete {pod} --timeout=180s"));
    }
}

/// Returns the Workflows of a namespace, for a client that does not try again by itself.
async fn workflows(namespace: &str) -> Api<DynamicObject> {
    let mut config = Config::from_kubeconfig(&KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    let kind = GroupVersionKind::gvk("workflow.example.com", "v1alpha1", "Workflow");
    Api::namespaced_with(Client::try_from(config).unwrap(), namespace, &ApiResource::from_gvk(&kind))
}

/// Clients that write.
struct Load {
    api: Api<DynamicObject>,
    over: AtomicBool,
    writes: AtomicUsize,
}

impl Load {
    /// Makes Workflows until it is over, and reads each.
    async fn write(self: Arc<Self>, writer: usize) -> Written {
        let mut written = Written::new();
        for number in 0.. {
            if self.over.load(Ordering::SeqCst) {
                break;
            }
            let name = format!("w{writer}-{number}");
            written.insert((name.clone(), create(&self.api, &name).await));
            patiently(|| self.api.get(&name)).await;
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        written
    }

    /// Waits until some writes more were answered.
    async fn goes_on(&self) {
        let enough = self.writes.load(Ordering::SeqCst) + 50;
        while self.writes.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
    }
}

async fn create(api: &Api<DynamicObject>, name: &str) -> String {
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
async fn patiently<T, F: Future<Output = kube::Result<T>>>(ask: impl Fn() -> F) -> T {
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
async fn seen(api: Api<DynamicObject>, mut revision: String) -> Written {
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
