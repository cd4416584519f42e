//! `wfctl install` in a real cluster: from nothing, again, interrupted, refused, broken.
//!
//! Needs the cluster that `KUBECONFIG` leads to, as an administrator, with the image `WFCTL_E2E_IMAGE` in it. There is one
//! API in a cluster: so the tests take turns, and take away what is installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod broken;
#[path = "../e2e/kubectl.rs"]
#[allow(dead_code, reason = "other test programs do more with it")]
mod kubectl;
#[path = "../support/lines.rs"]
#[allow(dead_code, reason = "other test programs read to the end")]
mod lines;
mod refused;
mod repeated;
mod wfctl;

use std::time::Duration;

/// How long anything may take; controllers of a cluster take their time.
const PATIENCE: Duration = Duration::from_secs(180);
