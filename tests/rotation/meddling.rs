//! What others do in the middle of a rotation.

use serde_json::Value;

use super::installation::*;
use super::running::Running;
use super::standin::Cluster;

/// Somebody's authority.
fn stranger() -> String {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
}

async fn ends_well(cluster: &Cluster, rotating: Running) {
    let output = rotating.end().await.expect(0);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["requests"]["failed"], 0, "{report}");
    is_well(cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_that_are_deleted_in_between_are_made_again() {
    let cluster = installed().await;
    let witness = witness(&cluster);
    let mut switch = cluster.hold("patch secrets workflow-apiserver-certs", 0);
    let mut forget = cluster.hold("patch secrets workflow-apiserver-ca", 1);
    let rotating = Running::start(&cluster, "-o json");
    switch.reached().await.unwrap();
    delete(&cluster, SERVING).await;
    switch.release();
    forget.reached().await.unwrap();
    delete(&cluster, AUTHORITIES).await;
    forget.release();
    ends_well(&cluster, rotating).await;
    was_trusted(witness).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_changes_the_bundle_in_between_is_named_and_it_is_put_right() {
    let cluster = installed().await;
    let mut rotating = Running::start(&cluster, "");
    rotating.says("waiting until every kube-apiserver").await;
    publish(&cluster, Some(&stranger())).await;
    rotating.says("publishing 3 authorities in the caBundle: kubectl-edit at ").await;
    // Requests that failed meanwhile are told of, by the exit status too.
    let output = rotating.end().await;
    let failed = output.stderr.contains("requests failed while certificates were rotated");
    assert_eq!(output.code, Some(i32::from(failed)), "{output:?}");
    is_well(&cluster).await;
}
