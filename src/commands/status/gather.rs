//! What is known of an installation: asked side by side, because a status that takes long is not looked at.

use embedded_server::metrics::Metrics;
use futures::future::join_all;
use jiff::Timestamp;
use k8s_openapi::api::authorization::v1::SubjectAccessReviewStatus;
use k8s_openapi::api::core::v1::Secret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::join;
use tokio::time::Instant;

use crate::cluster::{self, Cluster, Id, Kind};
use crate::names::{AUTHORITY_SECRET, SERVING_SECRET};
use crate::pki::SERVICE;
use crate::pki::bundle::Bundle;
use crate::pods;
use crate::proof::{self, Expectation, Question, Seen};
use crate::status::facts::{Asked, Facts, Objects, Replica, RoundTrip, Stored, Unknown};
use crate::status::permissions::{self, Permission};
use crate::status::registration;

const SERVER: &str = "app.kubernetes.io/name=workflow-apiserver,app.kubernetes.io/component=apiserver";
const RENEWAL: &str = "app.kubernetes.io/name=workflow-apiserver,app.kubernetes.io/component=renewal";
const TERMINATING: &str = "/api/v1/namespaces?fieldSelector=status.phase%3DTerminating";
const FRONT_PROXY: &str = "extension-apiserver-authentication";

/// Asks for all that is judged. `now` is the time of the cluster.
pub(super) async fn facts(cluster: &Cluster, namespace: &str, kubernetes: String, now: Timestamp) -> Facts {
    let (objects, front_proxy, terminating, permissions, pods, renewals, round_trip, replicas) = join!(
        Box::pin(objects(cluster, namespace)),
        get(cluster, Id::namespaced(Kind::CONFIG_MAP, "kube-system", FRONT_PROXY)),
        terminating(cluster),
        join_all(permissions::NEEDED.map(|permission| allowed(cluster, permission, namespace))),
        list(cluster, Kind::POD, namespace, SERVER),
        list(cluster, Kind::JOB, namespace, RENEWAL),
        Box::pin(round_trip(cluster)),
        proof::replicas(&cluster.client, namespace),
    );
    let evidence = pods::evidence(cluster, namespace, pods.as_deref().unwrap_or_default()).await;
    let trust = trust(&objects);
    let replicas = replicas.unwrap_or_default();
    let replicas = Box::pin(ask_replicas(cluster, namespace, replicas, &trust, now)).await;
    Facts {
        namespace: namespace.to_owned(),
        kubernetes,
        front_proxy,
        terminating,
        objects,
        permissions,
        pods,
        evidence,
        renewals,
        replicas,
        round_trip,
    }
}

async fn objects(cluster: &Cluster, namespace: &str) -> Objects {
    let here = |kind, name: &str| Id::namespaced(kind, namespace, name);
    let role = |name: &str| Id::cluster(Kind::CLUSTER_ROLE, name);
    let (
        namespace,
        account,
        deployment,
        service,
        admin,
        viewer,
        authority,
        serving,
        renewal,
        registration,
        claim,
    ) = join!(
        get(cluster, Id::cluster(Kind::NAMESPACE, namespace)),
        get(cluster, here(Kind::SERVICE_ACCOUNT, SERVICE)),
        get(cluster, here(Kind::DEPLOYMENT, SERVICE)),
        get(cluster, here(Kind::SERVICE, SERVICE)),
        get(cluster, role("workflow-admin")),
        get(cluster, role("workflow-viewer")),
        stored(cluster, here(Kind::SECRET, AUTHORITY_SECRET)),
        stored(cluster, here(Kind::SECRET, SERVING_SECRET)),
        get(cluster, here(Kind::CRON_JOB, "workflow-apiserver-renewal")),
        get(cluster, Id::cluster(Kind::API_SERVICE, registration::NAME)),
        get(cluster, here(Kind::PERSISTENT_VOLUME_CLAIM, "workflow-apiserver-data")),
    );
    Objects {
        namespace,
        account,
        deployment,
        service,
        admin,
        viewer,
        authority,
        serving,
        renewal,
        registration,
        claim,
    }
}

async fn get<T: DeserializeOwned>(cluster: &Cluster, id: Id) -> Asked<Option<T>> {
    cluster.objects.get(&id).await?.map(read).transpose()
}

async fn stored(cluster: &Cluster, id: Id) -> Asked<Option<Stored>> {
    Ok(get::<Secret>(cluster, id).await?.map(Stored::from))
}

async fn list<T: DeserializeOwned>(
    cluster: &Cluster,
    kind: &'static Kind,
    namespace: &str,
    labels: &str,
) -> Asked<Vec<T>> {
    cluster.objects.list(kind, Some(namespace), labels).await?.into_iter().map(read).collect()
}

/// Of thousands of namespaces only those are of interest that are on their way out.
async fn terminating<T: DeserializeOwned>(cluster: &Cluster) -> Asked<Vec<T>> {
    let mut list = cluster.json(TERMINATING).await?;
    let items = list["items"].as_array_mut().map(std::mem::take);
    items.unwrap_or_default().into_iter().map(read).collect()
}

fn read<T: DeserializeOwned>(object: Value) -> Asked<T> {
    serde_json::from_value(object).map_err(|error| Unknown::Failed(error.to_string()))
}

async fn allowed(cluster: &Cluster, permission: Permission, namespace: &str) -> (Permission, Asked<bool>) {
    let reviews = cluster::access_reviews(cluster.client.clone(), Metrics::default());
    let reviewed = reviews.review(permissions::review(permission, namespace)).await;
    let said = |status: SubjectAccessReviewStatus| status.allowed;
    (permission, reviewed.map(said).map_err(|failed| unknown(failed.to_string())))
}

fn unknown(why: String) -> Unknown {
    if why.contains(" is forbidden: ") { Unknown::Forbidden(why) } else { Unknown::Failed(why) }
}

async fn round_trip(cluster: &Cluster) -> RoundTrip {
    let timed = async {
        let began = Instant::now();
        (proof::ask(&cluster.client, Question::Workflows).await, began.elapsed())
    };
    let (resources, (workflows, took)) = join!(proof::ask(&cluster.client, Question::Resources), timed);
    RoundTrip { resources, workflows, took }
}

/// Returns whom kube-apiserver trusts; nobody where that cannot be read.
fn trust(objects: &Objects) -> Bundle {
    let registration = objects.registration.as_ref().ok().and_then(Option::as_ref);
    let pem = registration.and_then(registration::ca_bundle);
    pem.and_then(|pem| Bundle::from_pem(pem).ok()).unwrap_or_default()
}

async fn ask_replicas(
    cluster: &Cluster,
    namespace: &str,
    replicas: Vec<proof::Replica>,
    trust: &Bundle,
    now: Timestamp,
) -> Vec<Replica> {
    let expectation = Expectation { trust, host: &proof::host(namespace), now };
    let asked = join_all(replicas.iter().map(|replica| readiness(cluster, namespace, replica.name.clone())));
    let shaken = proof::shake_hands(&cluster.client, namespace, replicas.clone(), &expectation);
    let (readiness, seen) = join!(asked, shaken);
    seen.into_iter().zip(readiness).map(|(seen, readiness)| told(seen, readiness)).collect()
}

fn told(seen: Seen, readiness: Asked<String>) -> Replica {
    let shown = seen.shown.map_err(|error| format!("{error:#}"));
    Replica { name: seen.replica.name, shown, readiness }
}

/// A server that is not ready says why with status 500.
async fn readiness(cluster: &Cluster, namespace: &str, pod: String) -> Asked<String> {
    let path = format!("/api/v1/namespaces/{namespace}/pods/https:{pod}:8443/proxy/readyz?verbose");
    let (status, text) = cluster.text(&path).await?;
    let told = text.contains("readyz check");
    told.then_some(text).ok_or_else(|| Unknown::Failed(format!("it answers {status}")))
}
