//! Workflows that move from a directory into a store that servers share, and back, killed on each way.

use std::path::Path;
use std::process::Stdio;

use embedded_server::storage::Snapshot;
use serde_json::Value;

use super::shared::{etcd, postgres};
use super::support::Lines;
use super::{everything, fails, fill, open, stored, succeeds, url, wfctl};

/// How many Workflows move; enough that progress is told of on the way.
fn many() -> usize {
    if std::env::var_os("WFCTL_TEST_LONG").is_some() { 100_000 } else { 3_000 }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn workflows_come_back_from_postgres_as_they_went() {
    let server = postgres::Server::start(None);
    come_back_as_they_went(&server.url()).await;
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn workflows_come_back_from_etcd_as_they_went() {
    let server = etcd::Server::start(&[]);
    come_back_as_they_went(&format!("etcd://{}/moved", server.address)).await;
}

async fn come_back_as_they_went(there: &str) {
    let home = tempfile::tempdir().unwrap();
    let (from, back) = (home.path().join("from"), home.path().join("back"));
    let before = fill(&from, many()).await;
    migrate(&url(&from), there);
    check_untouched(&from, &before).await;
    let moved = report(there);
    assert_eq!(moved["resources"][0]["objects"], many());
    migrate(there, &url(&back));
    assert_eq!(report(there), moved, "the source is only read");
    let items = before.items.into_iter().map(|item| (item.key.to_string(), item.value));
    let items: Vec<_> = items.collect();
    assert!(stored(&back).await == items, "what came back is, byte for byte, what went");
}

/// Migrates, but for the first time no further than to the middle.
fn migrate(from: &str, to: &str) {
    let migrate = ["migrate", "--from", from, "--to", to];
    let mut process = wfctl(&migrate).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = Lines::of(process.stderr.take().unwrap());
    let some = format!(" of {}", many());
    log.wait_for(|line| line.ends_with(&some) && !line.ends_with(&format!(" 0{some}")));
    process.kill().unwrap();
    // A busy machine may let a migration be done before it is killed.
    if !process.wait().unwrap().success() {
        assert!(fails(&["export", to]).contains("the store holds half of a migration"));
        succeeds(&migrate);
    }
}

async fn check_untouched(directory: &Path, before: &Snapshot) {
    let after = everything(open(directory)).await;
    assert_eq!(after.revision, before.revision);
    assert!(after.items == before.items, "the source is only read");
}

/// Returns what is found in a store, all of it sound.
fn report(store: &str) -> Value {
    serde_json::from_str(&succeeds(&["check", store, "-o", "json"])).unwrap()
}
