//! ReplicaSets: as many pods as they say.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::conditions;
use crate::standin::hub::{Hub, is_owned_by, owned_by};

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    for set in hub.list::<ReplicaSet>("").await {
        if set.metadata.deletion_timestamp.is_none() {
            replicate(&hub, &set).await?;
        }
    }
    Ok(())
}

async fn replicate(hub: &Hub, set: &ReplicaSet) -> kube::Result<()> {
    let namespace = set.namespace().unwrap_or_default();
    let mut pods: Vec<Pod> = hub.list(&namespace).await;
    pods.retain(|pod| is_owned_by(pod, set) && pod.metadata.deletion_timestamp.is_none());
    let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default();
    let wanted = usize::try_from(wanted).unwrap_or_default();
    for superfluous in pods.iter().skip(wanted) {
        hub.delete(superfluous).await?;
    }
    let mut failure = None;
    for _ in pods.len()..wanted {
        failure = hub.create::<Pod>(pod_of(set)).await.err().or(failure);
    }
    tell(hub, set, &pods, failure).await
}

fn pod_of(set: &ReplicaSet) -> Value {
    let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
    let metadata = template.metadata.unwrap_or_default();
    json!({
        "metadata": {
            "generateName": format!("{}-", set.name_any()), "namespace": set.namespace(),
            "labels": metadata.labels, "annotations": metadata.annotations, "ownerReferences": owned_by(set),
        },
        "spec": template.spec,
    })
}

async fn tell(hub: &Hub, set: &ReplicaSet, pods: &[Pod], failure: Option<kube::Error>) -> kube::Result<()> {
    let ready = pods.iter().filter(|pod| conditions::holds(pod.status.as_ref(), "Ready")).count();
    let mut status = json!({
        "observedGeneration": set.metadata.generation,
        "replicas": pods.len(), "readyReplicas": ready, "availableReplicas": ready,
        "conditions": [],
    });
    if let Some(kube::Error::Api(why)) = failure {
        status["conditions"] = conditions::of(set.status.as_ref());
        // The name of the pod is another each time, which is no news.
        let message = format!("pods \"{}-\" is forbidden: {}", set.name_any(), after_name(&why.message));
        if !conditions::holds(set.status.as_ref(), "ReplicaFailure") {
            hub.event(set, "Warning", "FailedCreate", &format!("Error creating: {message}")).await;
        }
        conditions::set(hub, &mut status, "ReplicaFailure", ("True", "FailedCreate", &message));
    }
    hub.patch_status(set, status).await
}

fn after_name(message: &str) -> &str {
    message.split_once("is forbidden: ").map_or(message, |(_, why)| why)
}
