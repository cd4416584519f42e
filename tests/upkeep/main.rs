//! What is said of an installation in a real cluster when something in it is broken on purpose, and that nothing is left
//! of it, nor stuck, when it is removed.
//!
//! Needs the cluster that `KUBECONFIG` leads to, as an administrator, with the image `WFCTL_E2E_IMAGE` in it, and `kubectl`.
//! Installs into `workflow-system`, so the tests take turns, and nothing else may use an installation there meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cluster;
mod status;
mod uninstall;
