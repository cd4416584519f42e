//! The installed server in a real cluster: behind its aggregation layer, its permissions, its garbage collector.
//!
//! Needs the cluster that `KUBECONFIG` leads to, as an administrator, with the image `WFCTL_E2E_IMAGE` in it: the
//! server is installed there and stays. Each test works in namespaces of its own and takes them away.
//!
//! With `WFCTL_E2E_STORAGE`, two servers are installed that share this storage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod clients;
mod front_proxy;
mod garbage;
mod installation;
mod kubectl;
#[path = "../support/lines.rs"]
#[allow(dead_code, reason = "other test programs read to the end")]
mod lines;
mod namespace;
mod namespaces;
#[path = "../support/pki.rs"]
#[allow(dead_code, reason = "other test programs issue other certificates")]
mod pki;
mod rolling;
mod rotate;
mod session;

use std::time::Duration;

use serde_json::{Value, json};

/// How long anything may take; controllers of a cluster take their time.
const PATIENCE: Duration = Duration::from_secs(180);

/// The Workflow of the documentation.
const EXAMPLE: &str = include_str!("../../templates/example-workflow.yaml");

fn workflow(name: &str) -> Value {
    json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"steps": [{"name": "build", "image": "golang:1.21"}]},
    })
}
