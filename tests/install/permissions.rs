//! Who may not do everything.

use std::collections::BTreeSet;

use super::standin::Cluster;
use super::transcript::Transcript;
use super::{changes, lasting};

/// Returns the types of all that an installation writes.
async fn written() -> BTreeSet<String> {
    let cluster = Cluster::start().await;
    cluster.run("install --wait=false").await.expect(0);
    cluster.journal().into_iter().map(|entry| entry.ask.resource).collect()
}

/// Returns all that an installation takes: verb and resource.
async fn needed() -> Vec<(&'static str, String)> {
    let written = written().await.into_iter();
    let applied =
        written.flat_map(|resource| ["get", "create", "patch"].map(|verb| (verb, resource.clone())));
    let watched = ["pods", "replicasets.apps"].map(|resource| ("list", resource.to_owned()));
    applied.chain(watched).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_permission_that_is_missing_is_named_and_nothing_is_changed() {
    let cluster = Cluster::start().await;
    let before = lasting(&cluster).await;
    let mut told = Transcript::new();
    for (verb, resource) in needed().await {
        cluster.refuse(&format!("{verb} {resource}"));
        told.note(&format!("whoever asks may not {verb} {resource}"));
        let output = told.run(&cluster, "install", 1).await;
        let named = format!("the permission to {verb} {resource} in the ");
        assert!(output.stderr.contains(&named), "{verb} {resource}: {}", output.stderr);
        assert_eq!(changes(&cluster), Vec::<String>::new(), "{verb} {resource}");
        cluster.allow_all();
    }
    cluster.refuse("* *");
    told.note("whoever asks may do nothing");
    told.run(&cluster, "install", 1).await;
    assert_eq!(lasting(&cluster).await, before);
    told.check("install-permissions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_only_nice_to_see_is_not_asked_for() {
    let cluster = Cluster::start().await;
    for rule in ["list events", "get configmaps", "list workflows.workflow.example.com"] {
        cluster.refuse(rule);
    }
    cluster.run("install").await.expect(0);
}
