//! An installation whose certificates are replaced, and what can be seen of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::clock::Clock;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::standin::{ADMIN, Cluster, Output, Witness};

pub(crate) const NAMESPACE: &str = "workflow-system";
pub(crate) const API_SERVICE: &str = "v1alpha1.workflow.example.com";
/// The objects that a rotation writes, as a test names them.
pub(crate) const AUTHORITIES: &str = "workflow-apiserver-ca";
pub(crate) const SERVING: &str = "workflow-apiserver-certs";
pub(crate) const TRUST: &str = API_SERVICE;

pub(crate) type Contents = BTreeMap<String, Value>;

/// Installs one server that remembers nothing.
pub(crate) async fn installed() -> Cluster {
    with_server(Cluster::start().await).await
}

/// Does so in a cluster with a clock of its own.
pub(crate) async fn installed_at(clock: Arc<dyn Clock>) -> Cluster {
    with_server(Cluster::at(clock).await).await
}

async fn with_server(cluster: Cluster) -> Cluster {
    cluster.run("install --storage memory:").await.expect(0);
    cluster.clear_journal();
    cluster
}

/// Lets so many replicas run, and waits until all are ready.
pub(crate) async fn scale(cluster: &Cluster, replicas: usize) {
    let deployments: Api<Deployment> = Api::namespaced(cluster.client(), NAMESPACE);
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    deployments.patch("workflow-apiserver", &PatchParams::default(), &patch).await.unwrap();
    cluster.until(|contents| ready(contents) == replicas).await;
}

/// Returns how many addresses the Service leads to.
pub(crate) fn ready(contents: &Contents) -> usize {
    let slices = contents.iter().filter(|(key, _)| key.starts_with("discovery.k8s.io/endpointslices/"));
    let endpoints = slices.flat_map(|(_, slice)| slice["endpoints"].as_array().cloned().unwrap_or_default());
    endpoints.filter(|endpoint| endpoint["conditions"]["ready"] == true).count()
}

/// The arguments of a rotation that does not wait for long.
pub(crate) fn rotation(flags: &str) -> Vec<String> {
    let line = format!("certs rotate --settle 1s --grace 1s {flags}");
    line.split_whitespace().map(ToOwned::to_owned).collect()
}

/// Rotates to the end.
pub(crate) async fn rotate(cluster: &Cluster, flags: &str) -> Output {
    Output::of(cluster.wfctl(rotation(flags)).spawn().unwrap()).await
}

/// Rotates to the end, and returns the report.
pub(crate) async fn report(cluster: &Cluster, flags: &str, code: i32) -> Value {
    let output = rotate(cluster, &format!("{flags} -o json")).await.expect(code);
    serde_json::from_str(&output.stdout).unwrap()
}

/// Returns what a person wrote of what a rotation writes, in order.
pub(crate) fn writes(cluster: &Cluster) -> Vec<String> {
    let journal = cluster.journal().into_iter();
    let landed = journal.filter(|entry| !entry.dry_run && entry.code < 400 && entry.user == ADMIN);
    landed.map(|entry| entry.ask.name).collect()
}

/// Expects that every certificate is well, and that no authority is left over.
pub(crate) async fn is_well(cluster: &Cluster) {
    let output = cluster.run("certs list --fail-within 50d").await.expect(0);
    let lines = |word: &str| output.stdout.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!([lines("authority"), lines("trusted")], [1, 1], "{}", output.stdout);
}

pub(crate) fn witness(cluster: &Cluster) -> Witness {
    cluster.witness("workflow.example.com", "v1alpha1")
}

/// Expects that everybody was trusted all the time.
pub(crate) async fn was_trusted(witness: Witness) {
    let seen = witness.testify().await;
    assert_eq!(seen.failures, Vec::<String>::new());
    assert!(seen.trusted > 10, "only {} handshakes", seen.trusted);
}

/// Returns an object.
pub(crate) async fn object(cluster: &Cluster, name: &str) -> Value {
    let key = match name {
        TRUST => format!("apiregistration.k8s.io/apiservices/{name}"),
        name => format!("/secrets/{NAMESPACE}/{name}"),
    };
    cluster.contents().await.remove(&key).unwrap_or_default()
}

/// Returns what is trusted, as PEM.
pub(crate) async fn bundle(cluster: &Cluster) -> String {
    decoded(&object(cluster, TRUST).await["spec"]["caBundle"])
}

/// Returns how many authorities are trusted.
pub(crate) async fn trusted(cluster: &Cluster) -> usize {
    bundle(cluster).await.matches("BEGIN CERTIFICATE").count()
}

pub(crate) async fn certificate(cluster: &Cluster, secret: &str) -> String {
    decoded(&object(cluster, secret).await["data"]["tls.crt"])
}

fn decoded(value: &Value) -> String {
    String::from_utf8(BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap()).unwrap()
}

/// Deletes a Secret.
pub(crate) async fn delete(cluster: &Cluster, secret: &str) {
    let secrets: Api<Secret> = Api::namespaced(cluster.client(), NAMESPACE);
    secrets.delete(secret, &DeleteParams::default()).await.unwrap();
}

/// Lets somebody merge into the Secret.
pub(crate) async fn meddle(cluster: &Cluster, secret: &str, patch: &Value) {
    let secrets: Api<Secret> = Api::namespaced(cluster.client(), NAMESPACE);
    secrets.patch(secret, &by_hand(), &Patch::Merge(patch)).await.unwrap();
}

/// Lets somebody publish other trust.
pub(crate) async fn publish(cluster: &Cluster, bundle: Option<&str>) {
    let services: Api<APIService> = Api::all(cluster.client());
    let patch = json!({"spec": {"caBundle": bundle.map(|bundle| BASE64_STANDARD.encode(bundle))}});
    services.patch(API_SERVICE, &by_hand(), &Patch::Merge(&patch)).await.unwrap();
}

fn by_hand() -> PatchParams {
    PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() }
}
