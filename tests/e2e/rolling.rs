//! The servers are replaced, one after the other, while clients write and watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kube::api::{Api, DynamicObject, ListParams};
use tokio::task::JoinSet;

use crate::clients::{LAST, Written, create, patiently, seen, workflows};
use crate::kubectl::Kubectl;
use crate::namespace::Namespace;

const WRITERS: usize = 4;
const WATCHES: usize = 3;
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
