//! The server in the cluster, installed once for all tests.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use crate::PATIENCE;
use crate::kubectl::Kubectl;

const NAMESPACE: &str = "workflow-system";

/// Installs the server, unless a test did already, and waits until requests through the cluster reach it.
pub(crate) fn installed() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(install);
}

fn install() {
    let admin = Kubectl::admin();
    admin.ok_with("apply --server-side --force-conflicts -f -", &manifests());
    let system = admin.to_namespace(NAMESPACE);
    system.ok("rollout status deployment/workflow-apiserver --timeout=5m");
    admin.ok("wait --for=condition=Available apiservice/v1alpha1.workflow.example.com --timeout=3m");
    let deadline = Instant::now() + PATIENCE;
    while !admin.succeeds("get --raw /apis/workflow.example.com/v1alpha1/workflows?limit=1") {
        assert!(Instant::now() < deadline, "requests through the cluster reach the server");
    }
}

fn manifests() -> String {
    let image = std::env::var("WFCTL_E2E_IMAGE").expect("WFCTL_E2E_IMAGE names an image in the cluster");
    let mut export =
        vec!["install", "--export", "--include-secrets", "--namespace", NAMESPACE, "--image", &image];
    let storage = std::env::var("WFCTL_E2E_STORAGE").unwrap_or_default();
    if !storage.is_empty() {
        export.extend(["--replicas", "2", "--storage", &storage]);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_wfctl")).args(export).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
