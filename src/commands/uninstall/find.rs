//! What is there: whatever has wfctl's labels, of this version or another, and whatever is called as if it had.

use std::time::Duration;

use anyhow::Context;
use futures::future::{join_all, try_join_all};
use serde_json::Value;
use tokio::time::timeout;
use tokio::{join, try_join};

use super::inhabitants;
use crate::cluster::{Cluster, ClusterError, Id, Kind, Reason};
use crate::manifest;
use crate::uninstall::{Found, LABELS, is_ours};

/// Longer than kube-apiserver takes to find out that nobody answers.
const PATIENCE: Duration = Duration::from_secs(15);
const WORKFLOWS: &str = "/apis/workflow.example.com/v1alpha1/workflows?limit=1";
/// How many objects of a kind are looked at for their owners.
const PAGE: u16 = 500;

const OUTSIDE: [&Kind; 2] = [Kind::CLUSTER_ROLE_BINDING, Kind::CLUSTER_ROLE];
const AMONG_KUBERNETES: [&Kind; 2] = [Kind::ROLE_BINDING, Kind::ROLE];
const INSIDE: [&Kind; 12] = [
    Kind::SERVICE,
    Kind::DEPLOYMENT,
    Kind::CRON_JOB,
    Kind::CERTIFICATE,
    Kind::SECRET,
    Kind::CONFIG_MAP,
    Kind::POD_DISRUPTION_BUDGET,
    Kind::NETWORK_POLICY,
    Kind::ROLE_BINDING,
    Kind::ROLE,
    Kind::SERVICE_ACCOUNT,
    Kind::PERSISTENT_VOLUME_CLAIM,
];
/// What is most likely to be made for a Workflow.
const OWNED: [&Kind; 4] = [Kind::JOB, Kind::POD, Kind::CONFIG_MAP, Kind::PERSISTENT_VOLUME_CLAIM];

/// Looks at everything that decides what becomes of the installation in `namespace`. Workflows are asked for by `api`,
/// which takes the first answer: there may be nobody behind it.
pub(super) async fn find(cluster: &Cluster, api: &Cluster, namespace: &str) -> anyhow::Result<Found> {
    let (labelled, registrations, named) = try_join!(
        labelled(cluster, namespace),
        cluster.objects.list(Kind::API_SERVICE, None, ""),
        named(cluster, namespace),
    )
    .context("cannot look at what is installed")?;
    let (others, workflows, dependents) = join!(
        Box::pin(inhabitants::of(cluster, namespace)),
        workflows(api),
        join_all(OWNED.map(|kind| dependents(cluster, kind))),
    );
    let ours = registrations.iter().filter(|registration| is_ours(registration)).cloned();
    Ok(Found {
        namespace: namespace.to_owned(),
        objects: each_once(ours.chain(labelled).chain(named)),
        registrations,
        others: others.ok(),
        workflows,
        dependents: dependents.into_iter().flatten().collect(),
    })
}

async fn labelled(cluster: &Cluster, namespace: &str) -> Result<Vec<Value>, ClusterError> {
    let outside = OUTSIDE.iter().map(|kind| (*kind, None));
    let among = AMONG_KUBERNETES.iter().map(|kind| (*kind, Some("kube-system")));
    let inside = INSIDE.iter().map(|kind| (*kind, Some(namespace)));
    let places = outside.chain(among).chain(inside);
    let lists =
        places.map(async |(kind, namespace)| match cluster.objects.list(kind, namespace, LABELS).await {
            Err(error) if error.reason == Reason::UnknownKind => Ok(Vec::new()),
            listed => listed,
        });
    Ok(try_join_all(lists).await?.into_iter().flatten().collect())
}

/// Returns what has the names of wfctl's objects, whoever made it.
async fn named(cluster: &Cluster, namespace: &str) -> Result<Vec<Value>, ClusterError> {
    let identities = manifest::identities(namespace).unwrap_or_default();
    let ids = identities.iter().filter_map(|identity| Id::of(identity).ok());
    let found = try_join_all(ids.map(async |id| match cluster.objects.get(&id).await {
        Err(error) if error.reason == Reason::UnknownKind => Ok(None),
        found => found,
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

fn each_once(objects: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut once: Vec<Value> = Vec::new();
    for object in objects {
        let is_it = |known: &Value| known["metadata"]["uid"] == object["metadata"]["uid"];
        if !once.iter().any(is_it) {
            once.push(object);
        }
    }
    once
}

/// Returns how many Workflows there are, if anybody tells.
async fn workflows(cluster: &Cluster) -> Option<u64> {
    let list = timeout(PATIENCE, cluster.json(WORKFLOWS)).await.ok()?.ok()?;
    let first = list["items"].as_array()?.len() as u64;
    Some(first + list["metadata"]["remainingItemCount"].as_u64().unwrap_or(0))
}

/// Says how many of the first objects of a kind are owned by Workflows.
async fn dependents(cluster: &Cluster, kind: &'static Kind) -> Option<String> {
    let path = format!("{}?limit={PAGE}", kind.path(None));
    let objects = cluster.metadata(&path).await.ok()?;
    match objects.iter().filter(|object| is_owned(object)).count() {
        0 => None,
        1 => Some(format!("1 {}", kind.kind)),
        count => Some(format!("{count} {}s", kind.kind)),
    }
}

fn is_owned(object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| {
        owner["apiVersion"].as_str().is_some_and(|version| version.starts_with("workflow.example.com/"))
    })
}
