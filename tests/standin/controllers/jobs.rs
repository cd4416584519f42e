//! Jobs: one pod, once. CronJobs wait for a test to say that it is time.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::conditions;
use crate::standin::hub::{Hub, is_owned_by, owned_by};

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    for job in hub.list::<Job>("").await {
        if job.metadata.deletion_timestamp.is_none() {
            work(&hub, &job).await?;
        }
    }
    Ok(())
}

/// Makes the Job that a CronJob makes when it is time.
pub(in crate::standin) async fn trigger(hub: &Hub, of: &CronJob) -> kube::Result<Job> {
    let template = of.spec.job_template.clone();
    let labels = template.metadata.and_then(|metadata| metadata.labels);
    hub.create(json!({
        "metadata": {
            "generateName": format!("{}-", of.name_any()), "namespace": of.namespace(),
            "labels": labels, "ownerReferences": owned_by(of),
        },
        "spec": template.spec,
    }))
    .await
}

async fn work(hub: &Hub, job: &Job) -> kube::Result<()> {
    let pods: Vec<Pod> = hub.list(&job.namespace().unwrap_or_default()).await;
    let Some(pod) = pods.into_iter().find(|pod| is_owned_by(pod, job)) else {
        return hub.create::<Pod>(pod_of(job)).await.map(drop);
    };
    let phase = pod.status.and_then(|status| status.phase).unwrap_or_default();
    let (kind, count) = match phase.as_str() {
        "Succeeded" => ("Complete", json!({"succeeded": 1, "active": 0})),
        "Failed" => ("Failed", json!({"failed": 1, "active": 0})),
        _ => return hub.patch_status(job, json!({"active": 1})).await,
    };
    let mut status = count;
    status["conditions"] = conditions::with(hub, job.status.as_ref(), kind, ("True", kind, ""));
    hub.patch_status(job, status).await
}

fn pod_of(job: &Job) -> Value {
    let template = job.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let metadata = template.metadata.unwrap_or_default();
    json!({
        "metadata": {
            "generateName": format!("{}-", job.name_any()), "namespace": job.namespace(),
            "labels": metadata.labels, "ownerReferences": owned_by(job),
        },
        "spec": template.spec,
    })
}
