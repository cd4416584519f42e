//! Runs that are stopped, and gone on with by others.

use tokio::process::Command;

use super::NAMESPACE;
use super::standin::{Cluster, Output};
use super::transcript::Transcript;

/// Runs a command until a request that comes after `spared` others like it, and stops it there with SIGINT; returns
/// nothing where there was no such request, and so the command came to its end.
async fn stopped_at(cluster: &Cluster, rule: &str, spared: usize, command: &str) -> Option<Output> {
    let mut grip = cluster.hold(rule, spared);
    let child = cluster.wfctl(command.split(' ')).spawn().unwrap();
    let id = child.id().unwrap();
    let ended = tokio::spawn(Output::of(child));
    let mut ended = std::pin::pin!(ended);
    tokio::select! {
        _ = grip.reached() => {}
        output = &mut ended => {
            output.unwrap().expect(0);
            return None;
        }
    }
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await;
    assert!(kill.unwrap().success());
    let output = ended.await.unwrap().expect(130);
    grip.release();
    Some(output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_goes_on_after_an_interruption_before_any_write() {
    let cluster = Cluster::start().await;
    let mut spared = 0;
    while let Some(output) = stopped_at(&cluster, "patch *", spared, "install").await {
        assert!(output.stderr.contains("run wfctl install again"), "{}", output.stderr);
        spared += 1;
    }
    assert!(spared > 20, "only {spared} writes were made");
    cluster.run("status").await.expect(0);
    let deployment = format!("apps/deployments/{NAMESPACE}/workflow-apiserver");
    assert_eq!(cluster.contents().await[&deployment]["status"]["readyReplicas"], 1);
}

/// Requests that each stage of an installation makes, and how many like it come before.
const STAGES: [(&str, &str, usize); 8] = [
    ("looking at the cluster", "get namespaces", 0),
    ("checking what the cluster would take", "get clusterroles.rbac.authorization.k8s.io", 0),
    ("making the namespace", "patch namespaces", 0),
    ("making certificates", "patch secrets workflow-apiserver-ca", 0),
    ("applying the objects", "patch deployments.apps", 0),
    ("waiting for the servers to run", "list pods", 0),
    ("telling kube-apiserver whom to trust", "patch apiservices.apiregistration.k8s.io", 1),
    ("proving that the API works", "list workflows.workflow.example.com", 0),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interruption_says_what_was_being_done() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    for (doing, rule, spared) in STAGES {
        told.note(&format!("SIGINT while {doing}"));
        let output = stopped_at(&cluster, rule, spared, "install").await.unwrap();
        assert!(output.stderr.contains(&format!("stopped by a signal while {doing}")), "{}", output.stderr);
        told.add("install", &output);
    }
    told.run(&cluster, "install", 0).await;
    told.check("install-interrupted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uninstallation_goes_on_after_any_interruption() {
    let cluster = Cluster::start().await;
    let before: Vec<_> = super::lasting(&cluster).await.into_keys().collect();
    cluster.run("install").await.expect(0);
    let mut told = Transcript::new();
    let command = "uninstall --yes --purge";
    while let Some(output) = stopped_at(&cluster, "delete *", 3, command).await {
        told.add(command, &output);
    }
    assert_eq!(super::lasting(&cluster).await.into_keys().collect::<Vec<_>>(), before);
    told.check("uninstall-interrupted");
}
