//! The commands that work on a cluster, from beginning to end: the real program against a cluster in this process,
//! whose pods are the real program again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cert_manager;
mod clashes;
mod completion;
#[path = "../../embedded-server/tests/etcd/server.rs"]
#[allow(dead_code, reason = "the tests of the backend use all of it")]
mod etcd;
#[path = "../support/golden.rs"]
mod golden;
mod hands;
mod health;
mod interruption;
mod permissions;
mod pods;
mod registration;
mod removal;
mod secured;
#[path = "../standin/mod.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod standin;
mod story;
mod transcript;
mod troubles;
mod upgrades;
mod words;

use std::collections::BTreeMap;

use serde_json::Value;

use self::standin::Cluster;

const NAMESPACE: &str = "workflow-system";

/// Returns what is stored, but for what goes on by itself.
async fn lasting(cluster: &Cluster) -> BTreeMap<String, Value> {
    let mut contents = cluster.contents().await;
    contents.retain(|key, _| !key.starts_with("/events/"));
    contents
}

/// Returns the requests that were to change something and were not refused, each as it reads.
fn changes(cluster: &Cluster) -> Vec<String> {
    let journal = cluster.journal().into_iter();
    journal.filter(|entry| !entry.dry_run && entry.code < 400).map(|entry| entry.ask.to_string()).collect()
}
