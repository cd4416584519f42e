//! Who may not do everything.

use std::collections::BTreeSet;

use super::standin::Cluster;
use super::{changes, lasting};

/// Returns the types of all that an installation writes.
async fn written() -> BTreeSet<String> {
    let cluster = Cluster::start().await;
    cluster.run("install --wait=false").await.expect(0);
    cluster.journal().into_iter().map(|entry| entry.ask.resource).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_permission_that_is_missing_is_named_and_nothing_is_changed() {
    let cluster = Cluster::start().await;
    let before = lasting(&cluster).await;
    for resource in written().await {
        for verb in ["create", "patch"] {
            cluster.refuse(&format!("{verb} {resource}"));
            let output = cluster.run("install").await.expect(1);
            let plural = resource.split('.').next().unwrap();
            let named = output.stderr.contains(verb) && output.stderr.contains(plural);
            assert!(named, "{verb} {resource}: {}", output.stderr);
            assert_eq!(changes(&cluster), Vec::<String>::new(), "{verb} {resource}");
            cluster.allow_all();
        }
    }
    assert_eq!(lasting(&cluster).await, before);
}
