//! The one node: runs pods, each as a process on an address of its own.

mod life;
mod process;

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::life::Life;
use super::hub::Hub;
use super::object::POD_FINALIZER;

/// Runs the pods until the task is aborted, and with it the pods.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut changes = hub.changes.subscribe();
    let mut lives = JoinSet::new();
    let mut leaving: HashMap<String, watch::Sender<bool>> = HashMap::new();
    loop {
        for pod in hub.list::<Pod>("").await {
            let ends = pod.metadata.deletion_timestamp.is_some();
            match leaving.get(&pod.uid().unwrap_or_default()) {
                Some(leave) => leave.send_if_modified(|leave| !std::mem::replace(leave, ends) && ends),
                None => {
                    let (leave, told) = watch::channel(ends);
                    leaving.insert(pod.uid().unwrap_or_default(), leave);
                    lives.spawn(live(Arc::clone(&hub), pod, told));
                    true
                }
            };
        }
        while lives.try_join_next().is_some() {}
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Lets a pod run until it is deleted, and then lets it go.
async fn live(hub: Arc<Hub>, pod: Pod, mut leave: watch::Receiver<bool>) {
    let uid = pod.uid();
    let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
    Life::of(Arc::clone(&hub), pod).lead(&mut leave).await;
    let mut changes = hub.changes.subscribe();
    while let Some(pod) = hub.find::<Pod>(&namespace, &name).await.filter(|pod| pod.uid() == uid) {
        if hub.let_go(&pod, POD_FINALIZER).await.is_err() && changes.changed().await.is_err() {
            return;
        }
    }
}
