//! Replicas that come, and one that does not listen.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};

use super::installation::*;
use super::running::Running;
use super::standin::Cluster;
use super::transcript::Transcript;

const STUBBORN: &str = "workflow-apiserver-0-stubborn";

/// A replica that serves from files, which nobody ever writes again.
fn stubborn(contents: &Contents) -> Value {
    let template = &contents[&format!("apps/deployments/{NAMESPACE}/workflow-apiserver")]["spec"]["template"];
    let (labels, mut spec) = (&template["metadata"]["labels"], template["spec"].clone());
    let args = ["serve", "--storage=memory:", "--secure-port=8443"];
    let files = ["--tls-cert-file=/certs/tls.crt", "--tls-private-key-file=/certs/tls.key"];
    let container = &mut spec["containers"][0];
    container["args"] = json!([args.as_slice(), &files].concat());
    container["volumeMounts"] = json!([{"name": "certs", "mountPath": "/certs"}]);
    spec["volumes"] = json!([{"name": "certs", "secret": {"secretName": SERVING}}]);
    json!({"metadata": {"name": STUBBORN, "labels": labels}, "spec": spec})
}

fn pods(cluster: &Cluster) -> Api<Pod> {
    Api::namespaced(cluster.client(), NAMESPACE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_does_not_reload_is_named_and_keeps_its_trust() {
    let cluster = installed().await;
    let pod = serde_json::from_value(stubborn(&cluster.contents().await)).unwrap();
    pods(&cluster).create(&PostParams::default(), &pod).await.unwrap();
    cluster.until(|contents| ready(contents) == 2).await;
    let (witness, mut transcript) = (witness(&cluster), Transcript::default());

    let mut rotating = Running::start(&cluster, "");
    rotating.says(&format!("served by {STUBBORN} (it serves ")).await;
    let output = rotating.interrupt().await.expect(130);
    transcript.note("one replica does not reload");
    transcript.add("certs rotate", &output);
    let output = rotate(&cluster, "--if-needed --timeout 12s").await.expect(1);
    transcript.add("certs rotate --if-needed --timeout 12s", &output);
    assert_eq!(writes(&cluster), [AUTHORITIES, TRUST, SERVING]);
    assert_eq!(trusted(&cluster).await, 2);

    pods(&cluster).delete(STUBBORN, &DeleteParams::default()).await.unwrap();
    let key = format!("/pods/{NAMESPACE}/{STUBBORN}");
    cluster.until(|contents| !contents.contains_key(&key) && ready(contents) == 1).await;
    transcript.note("it is gone");
    transcript.add("certs rotate --if-needed", &rotate(&cluster, "--if-needed").await.expect(0));
    was_trusted(witness).await;
    is_well(&cluster).await;
    transcript.check("stubborn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_come_in_between_are_waited_for() {
    let cluster = installed().await;
    let witness = witness(&cluster);
    let mut switch = cluster.hold("patch secrets workflow-apiserver-certs", 0);
    let mut forget = cluster.hold("patch secrets workflow-apiserver-ca", 1);
    let rotating = Running::start(&cluster, "-o json");
    switch.reached().await.unwrap();
    scale(&cluster, 2).await;
    switch.release();
    forget.reached().await.unwrap();
    scale(&cluster, 3).await;
    forget.release();
    let output = rotating.end().await.expect(0);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["requests"]["failed"], 0, "{report}");
    was_trusted(witness).await;
    is_well(&cluster).await;
}
