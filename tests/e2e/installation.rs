//! The server in the cluster, installed once for all tests.

use std::process::Command;
use std::sync::OnceLock;

/// Installs the server, unless a test did already; that ends when requests through the cluster reach it.
pub(crate) fn installed() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(install);
}

fn install() {
    let image = std::env::var("WFCTL_E2E_IMAGE").expect("WFCTL_E2E_IMAGE names an image in the cluster");
    let mut arguments = vec!["install", "--image", &image];
    let storage = std::env::var("WFCTL_E2E_STORAGE").unwrap_or_default();
    if !storage.is_empty() {
        arguments.extend(["--replicas", "2", "--storage", &storage]);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_wfctl")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
