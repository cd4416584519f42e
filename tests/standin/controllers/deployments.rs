//! Deployments: a ReplicaSet for each template they ever had, and as many pods of the newest as are wanted.
//!
//! Source of names and words: `pkg/controller/deployment`.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::conditions;
use crate::standin::hub::{Hub, is_owned_by, owned_by};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    for deployment in hub.list::<Deployment>("").await {
        if deployment.metadata.deletion_timestamp.is_none() {
            roll_out(&hub, &deployment).await?;
        }
    }
    Ok(())
}

async fn roll_out(hub: &Hub, deployment: &Deployment) -> kube::Result<()> {
    let namespace = deployment.namespace().unwrap_or_default();
    let mut sets: Vec<ReplicaSet> = hub.list(&namespace).await;
    sets.retain(|set| is_owned_by(set, deployment));
    let name = format!("{}-{}", deployment.name_any(), template_hash(deployment));
    let (new, old): (Vec<_>, Vec<_>) = sets.into_iter().partition(|set| set.name_any() == name);
    match new.first() {
        None => create(hub, deployment, &name, &old).await,
        Some(new) => {
            scale(hub, deployment, new, &old).await?;
            tell(hub, deployment, new, &old).await
        }
    }
}

/// Names a template by what is in it.
fn template_hash(deployment: &Deployment) -> String {
    let template = deployment.spec.as_ref().map(|spec| json!(spec.template)).unwrap_or_default();
    Sha256::digest(template.to_string())[..5].iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn create(hub: &Hub, deployment: &Deployment, name: &str, old: &[ReplicaSet]) -> kube::Result<()> {
    let Some(spec) = &deployment.spec else { return Ok(()) };
    let hash = template_hash(deployment);
    let (mut template, mut selector) = (json!(spec.template), json!(spec.selector));
    template["metadata"]["labels"][HASH] = json!(hash);
    selector["matchLabels"][HASH] = json!(hash);
    let revision = old.iter().map(revision).max().unwrap_or_default() + 1;
    let set = json!({
        "metadata": {
            "name": name, "namespace": deployment.namespace(), "ownerReferences": owned_by(deployment),
            "labels": template["metadata"]["labels"], "annotations": {REVISION: revision.to_string()},
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    });
    hub.create::<ReplicaSet>(set).await.map(drop)
}

fn revision(set: &ReplicaSet) -> u32 {
    set.annotations().get(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

fn ready(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default()
}

/// Starts the new pods, after the old ones are gone where two at once cannot be.
async fn scale(hub: &Hub, deployment: &Deployment, new: &ReplicaSet, old: &[ReplicaSet]) -> kube::Result<()> {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    let recreate = strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate");
    let missing = if recreate { 0 } else { wanted(deployment) - ready(new) };
    for set in old {
        resize(hub, set, missing.clamp(0, replicas(set))).await?;
    }
    let pods: Vec<Pod> = hub.list(&deployment.namespace().unwrap_or_default()).await;
    let old_pods = pods.iter().any(|pod| old.iter().any(|set| is_owned_by(pod, set)));
    if !(recreate && old_pods) {
        resize(hub, new, wanted(deployment)).await?;
    }
    Ok(())
}

fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default()
}

async fn resize(hub: &Hub, set: &ReplicaSet, count: i32) -> kube::Result<()> {
    match replicas(set) == count {
        true => Ok(()),
        false => hub.patch(set, &json!({"spec": {"replicas": count}})).await,
    }
}

async fn tell(hub: &Hub, deployment: &Deployment, new: &ReplicaSet, old: &[ReplicaSet]) -> kube::Result<()> {
    let made = |set: &ReplicaSet| set.status.as_ref().map_or(0, |status| status.replicas);
    let ready_now: i32 = old.iter().map(ready).sum::<i32>() + ready(new);
    let all: i32 = old.iter().map(made).sum::<i32>() + made(new);
    let wanted = wanted(deployment);
    let mut status = json!({
        "observedGeneration": deployment.metadata.generation,
        "replicas": all, "updatedReplicas": made(new), "readyReplicas": ready_now,
        "availableReplicas": ready_now, "unavailableReplicas": (wanted - ready_now).max(0),
        "conditions": conditions::of(deployment.status.as_ref()),
    });
    conditions::set(hub, &mut status, "Available", availability(ready_now >= wanted));
    let done = ready(new) >= wanted && all == made(new) && made(new) == wanted;
    let message = progress(&new.name_any(), done);
    let reason = if done { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" };
    conditions::set(hub, &mut status, "Progressing", ("True", reason, &message));
    pass_on_failure(hub, &mut status, new);
    hub.patch(deployment, &json!({"metadata": {"annotations": {REVISION: revision(new).to_string()}}}))
        .await?;
    hub.patch_status(deployment, status).await
}

fn availability(enough: bool) -> (&'static str, &'static str, &'static str) {
    match enough {
        true => ("True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        false => ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    }
}

fn progress(set: &str, done: bool) -> String {
    match done {
        true => format!("ReplicaSet \"{set}\" has successfully progressed."),
        false => format!("ReplicaSet \"{set}\" is progressing."),
    }
}

/// Says of the Deployment why its ReplicaSet cannot make pods.
fn pass_on_failure(hub: &Hub, status: &mut Value, new: &ReplicaSet) {
    let failure = new.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let failure = failure.into_iter().find(|condition| condition.type_ == "ReplicaFailure");
    match failure {
        Some(failure) => {
            let message = failure.message.clone().unwrap_or_default();
            conditions::set(hub, status, "ReplicaFailure", ("True", "FailedCreate", &message));
        }
        None => {
            if let Some(all) = status["conditions"].as_array_mut() {
                all.retain(|condition| condition["type"] != "ReplicaFailure");
            }
        }
    }
}
