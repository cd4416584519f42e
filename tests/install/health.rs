//! What `wfctl status` tells of an installation that is well, or has a trouble of its own.

use std::sync::Arc;

use embedded_server::clock::{Clock, ManualClock, SystemClock};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::NAMESPACE;
use super::hands::{self, delete, deployment, here, patch, until_ready, until_told};
use super::standin::{Cluster, Trouble};
use super::transcript::{Transcript, run};

pub(crate) async fn installed() -> Cluster {
    let cluster = Cluster::start().await;
    cluster.run("install --storage memory:").await.expect(0);
    cluster
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_that_is_well_is_said_to_be() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    told.run(&cluster, "status", 1).await;
    told.run(&cluster, "status -o json", 1).await;
    cluster.run("install").await.expect(0);
    told.note("it is installed");
    told.run(&cluster, "status", 0).await;
    told.run(&cluster, "status -o json", 0).await;
    told.run(&cluster, "status --wait", 0).await;
    told.check("status-healthy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_told_of_before_they_end_and_after() {
    let clock = ManualClock::at(SystemClock.now());
    let cluster = Cluster::at(Arc::new(clock.clone())).await;
    cluster.run("install --storage memory:").await.expect(0);
    let mut told = Transcript::new();
    clock.advance(SignedDuration::from_hours(70 * 24));
    told.note("70 days later");
    told.run(&cluster, "status", 0).await;
    clock.advance(SignedDuration::from_hours(30 * 24));
    told.note("30 days later");
    told.run(&cluster, "status", 1).await;
    told.note("wfctl certs rotate --if-needed");
    cluster.run("certs rotate --if-needed").await.expect(0);
    told.run(&cluster, "status", 0).await;
    told.check("status-expiring");
}

/// A replica that was left behind, by whatever: it shows what another Secret holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_replica_among_good_ones_is_found() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    patch(&cluster, &deployment(), &json!({"spec": {"replicas": 2}})).await;
    until_ready(&cluster, 2).await;
    let theirs = hands::strangers_certificate();
    hands::create(&cluster, &here("v1", "secrets", ""), &theirs).await;
    hands::let_servers_follow(&cluster, "theirs").await;
    let contents = cluster.contents().await;
    let model = contents.iter().find(|(key, _)| key.starts_with(&format!("/pods/{NAMESPACE}/"))).unwrap().1;
    let mut spec = model["spec"].clone();
    spec["containers"][0]["args"][3] = json!(format!("--tls-secret={NAMESPACE}/theirs"));
    let labels = model["metadata"]["labels"].clone();
    let pod = json!({"metadata": {"name": "workflow-apiserver-left-behind", "labels": labels}, "spec": spec});
    hands::create(&cluster, &here("v1", "pods", ""), &pod).await;
    cluster
        .until(|contents| {
            let pod = &contents[&format!("/pods/{NAMESPACE}/workflow-apiserver-left-behind")];
            pod["status"]["containerStatuses"][0]["ready"] == true
        })
        .await;
    told.note("requests happen to reach the good ones");
    let mut output = run(&cluster, "status").await;
    while !output.stderr.contains("1 check failed") {
        output = run(&cluster, "status").await;
    }
    told.add("status", &output);
    told.check("status-one-bad-replica");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_are_missing_are_told_apart() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    let server = format!("system:serviceaccount:{NAMESPACE}:workflow-apiserver");
    let rights = [
        "create tokenreviews.authentication.k8s.io",
        "watch configmaps",
        "list namespaces",
        "watch mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "watch secrets",
    ];
    for right in rights {
        cluster.refuse_to(&server, right);
    }
    told.note("the server has lost all rights but to ask who may do what");
    told.run(&cluster, "status", 1).await;
    cluster.allow_all();
    cluster.refuse("get secrets");
    told.note("whoever asks may not get secrets");
    told.run(&cluster, "status", 0).await;
    cluster.refuse("* *");
    told.note("whoever asks may do nothing");
    told.run(&cluster, "status", 0).await;
    told.check("status-rights");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_hangs_because_of_workflows_is_named() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    hands::create(&cluster, "/api/v1/namespaces", &json!({"metadata": {"name": "hangs"}})).await;
    cluster.leave_unanswered(Some("Get \"URL\": EOF"));
    until_told(&cluster, "EOF").await;
    delete(&cluster, "/api/v1/namespaces/hangs").await;
    let hangs =
        |found: &Value| found["status"]["conditions"][0]["type"] == "NamespaceDeletionDiscoveryFailure";
    cluster.until(|contents| contents.get("/namespaces/hangs").is_some_and(hangs)).await;
    told.run(&cluster, "status", 1).await;
    told.check("status-namespace");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_does_not_run_says_why() {
    let states = [
        (Trouble::NoImage, "ImagePullBackOff"),
        (
            Trouble::Crash(vec!["starting".to_owned(), "error: the store is locked".to_owned()]),
            "CrashLoopBackOff",
        ),
        (Trouble::Unready, "Running"),
        (
            Trouble::Quota(
                "exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4".to_owned(),
            ),
            "FailedCreate",
        ),
        (Trouble::NoNode("0/1 nodes are available: 1 Insufficient memory.".to_owned()), "Unschedulable"),
    ];
    let cluster = installed().await;
    let mut told = Transcript::new();
    for (trouble, sign) in states {
        told.note(&format!("{trouble:?}"));
        cluster.trouble(trouble);
        let stamp = json!({"spec": {"template": {"metadata": {"annotations": {"restarted": sign}}}}});
        patch(&cluster, &deployment(), &stamp).await;
        cluster.until(|contents| shows(contents, sign)).await;
        told.run(&cluster, "status", 1).await;
    }
    told.check("status-pods");
}

/// Tells whether the pods that are there now have come to a state, and the API with them.
fn shows(contents: &std::collections::BTreeMap<String, Value>, sign: &str) -> bool {
    let named = |prefix: &'static str| {
        contents.iter().filter(move |(key, _)| key.starts_with(prefix)).map(|(_, object)| object)
    };
    let restarted = |object: &&Value| object["metadata"]["annotations"]["restarted"] == sign;
    let pods: Vec<_> = named("/pods/").collect();
    let says = |pod: &&Value| pod["status"].to_string().contains(sign);
    let set = || {
        let conditions = |deployment: &Value| deployment["status"]["conditions"].to_string().contains(sign);
        pods.is_empty() && named("apps/deployments/").any(conditions)
    };
    let unavailable = named("apiregistration.k8s.io/apiservices/")
        .all(|it| it["status"]["conditions"][0]["status"] == "False");
    unavailable && (set() || !pods.is_empty() && pods.iter().all(|pod| restarted(pod) && says(pod)))
}
