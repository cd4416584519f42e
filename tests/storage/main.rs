//! `wfctl storage` as a process of its own, on thousands of objects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod round_trip;
mod shared;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use embedded_server::codec;
use embedded_server::meta::Resource;
use embedded_server::storage::{Backend, Key, Prefix, Sled, SledOptions, Snapshot, Write};
use embedded_server::workflow::Workflow;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use support::Lines;

const MANY: usize = 10_000;
const KILLS: usize = 3;
const RESOURCE: &str = "workflows.workflow.example.com";

fn open(directory: &Path) -> Sled {
    Sled::open(directory, SledOptions::default()).unwrap()
}

/// Makes a store of so many Workflows.
async fn fill(directory: &Path, count: usize) -> Snapshot {
    let store = open(directory);
    let created = stream::iter(0..count).map(|number| {
        let store = &store;
        async move {
            let name = format!("w{number:05}");
            let key = Prefix::of_resource(&Workflow::DESCRIPTOR).object("default", &name);
            store.commit(&key, Write::Create(workflow(&name).into())).await.unwrap();
        }
    });
    created.buffer_unordered(256).collect::<()>().await;
    everything(store).await
}

/// Returns a Workflow as a server stores it, with all that others than its author have written into it.
fn workflow(name: &str) -> Vec<u8> {
    let manager = |manager: &str, subresource: Option<&str>, fields: &str| {
        let mut entry = json!({
            "manager": manager, "operation": "Update", "apiVersion": "workflow.example.com/v1alpha1",
            "time": "2024-01-15T10:00:01Z", "fieldsType": "FieldsV1", "fieldsV1": {fields: {}},
        });
        entry["subresource"] = json!(subresource);
        entry
    };
    let object: Workflow = serde_json::from_value(json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": format!("uid-of-{name}"),
            "generation": 3,
            "creationTimestamp": "2024-01-15T10:00:00Z",
            "labels": {"of": name},
            "finalizers": ["example.com/kept"],
            "managedFields": [manager("kubectl", None, "f:spec"), manager("operator", Some("status"), "f:status")],
        },
        "spec": {"steps": [{"name": "build", "image": "golang:1.26", "command": ["make", "-j4", "zażółć\u{0}"]}]},
        "status": {"phase": "Running", "startTime": "2024-01-15T10:00:02Z"},
    }))
    .unwrap();
    codec::encode(&object).unwrap()
}

/// Returns what a store holds, and closes it.
async fn everything(store: Sled) -> Snapshot {
    let snapshot = store.list(&Prefix::all()).await.unwrap();
    store.close().await;
    snapshot
}

async fn stored(directory: &Path) -> Vec<(String, bytes::Bytes)> {
    let items = everything(open(directory)).await.items.into_iter();
    items.map(|item| (item.key.to_string(), item.value)).collect()
}

fn url(directory: &Path) -> String {
    format!("sled:{}", directory.display())
}

fn wfctl(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
    command.arg("storage").args(words).env_clear().stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    wfctl(words).output().unwrap()
}

#[track_caller]
fn succeeds(words: &[&str]) -> String {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(words: &[&str]) -> String {
    let output = run(words);
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn kill_once_it_copies(migrate: &[&str]) {
    let mut process = wfctl(migrate).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = Lines::of(process.stderr.take().unwrap());
    log.wait_for(|line| line.starts_with("Copying objects: "));
    process.kill().unwrap();
    process.wait().unwrap();
}

#[tokio::test]
async fn a_migration_that_is_killed_goes_on_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (from, to) = (home.path().join("from"), home.path().join("to"));
    let before = fill(&from, MANY).await;
    let (source, destination) = (url(&from), url(&to));
    let migrate = ["migrate", "--from", &source, "--to", &destination];
    for _ in 0..KILLS {
        kill_once_it_copies(&migrate);
        let export = run(&["export", &destination]);
        let told = String::from_utf8_lossy(&export.stderr);
        // A busy machine may let a migration be done before it is killed.
        if export.status.success() {
            break;
        }
        assert!(told.contains("the store holds half of a migration"), "{told}");
    }
    let done = run(&migrate);
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() || told.contains("the destination holds 10000 objects already"), "{told}");
    let report: Value = serde_json::from_str(&succeeds(&["check", &destination, "-o", "json"])).unwrap();
    let counted = json!([{"resource": RESOURCE, "objects": MANY, "damaged": 0}]);
    assert_eq!((&report["resources"], &report["damage"]), (&counted, &Value::Array(Vec::new())));
    let after = everything(open(&from)).await;
    assert_eq!((after.revision, &after.items), (before.revision, &before.items));
    let items = before.items.into_iter().map(|item| (item.key.to_string(), item.value));
    assert_eq!(stored(&to).await, items.collect::<Vec<_>>());
    assert!(fails(&migrate).contains("the destination holds 10000 objects already"));
}

#[tokio::test]
async fn an_export_is_imported_elsewhere_and_is_the_same_export() {
    let home = tempfile::tempdir().unwrap();
    let (from, to) = (home.path().join("from"), home.path().join("to"));
    fill(&from, MANY).await;
    let file = home.path().join("workflows.jsonl");
    let (source, destination, file) = (url(&from), url(&to), file.to_str().unwrap());
    succeeds(&["export", &source, "-o", file]);
    succeeds(&["import", &destination, file]);
    assert_eq!(stored(&to).await, stored(&from).await);
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(succeeds(&["export", &destination]), written);
    assert_eq!(written.lines().count(), 1 + MANY);
    succeeds(&["import", &destination, file]);
}

#[tokio::test]
async fn a_store_that_a_server_holds_open_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let (used, other) = (home.path().join("used"), home.path().join("other"));
    let server = open(&used);
    let (used, other) = (url(&used), url(&other));
    for words in
        [vec!["check", &used], vec!["export", &used], vec!["migrate", "--from", &used, "--to", &other]]
    {
        let told = fails(&words);
        assert!(told.contains("is locked by another process"), "{told}");
        assert!(told.contains("hint: stop the server that uses it"), "{told}");
    }
    drop(server);
    succeeds(&["check", &used]);
}

#[tokio::test]
async fn no_server_takes_a_store_that_is_half_full() {
    let home = tempfile::tempdir().unwrap();
    let store = open(&home.path().join("half"));
    let key = Key::from_stored("storage.workflow.example.com/migrations/current");
    store.commit(&key, Write::Create("{}".into())).await.unwrap();
    store.close().await;
    drop(store);
    let serve = ["serve", "--dev", "--secure-port", "0", "--storage", "sled:half"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
    let output = command.args(serve).current_dir(home.path()).env_clear().output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("error: the store holds half of a migration"), "{told}");
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn what_is_damaged_is_named_and_neither_exported_nor_overlooked() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let key = Prefix::of_resource(&Workflow::DESCRIPTOR).object("default", "a");
    store.commit(&key, Write::Create("{\"half".into())).await.unwrap();
    store.close().await;
    drop(store);
    let url = url(home.path());
    let output = run(&["check", &url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("workflow.example.com/workflows/default/a\n"));
    assert!(fails(&["export", &url]).contains("hint: wfctl storage check tells all that is damaged"));
}
