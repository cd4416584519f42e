//! `wfctl serve` in a cluster: the real binary between a stand-in for kube-apiserver and those who ask.
//!
//! The stand-in answers as a test wants it to, which a real cluster does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod certificate;
mod configuration;
mod flags;
mod identity;
mod leaving;
#[path = "../support/lines.rs"]
#[allow(dead_code, reason = "other test programs read to the end")]
mod lines;
mod namespaces;
#[path = "../support/pki.rs"]
mod pki;
mod rotation;
mod smuggling;
mod support;
mod webhooks;

use std::time::Duration;

/// How long anything may take that should happen at once; long, for machines that have much to do.
const PATIENCE: Duration = Duration::from_secs(60);
