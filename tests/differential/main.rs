//! The same requests to a server of the Kubernetes project and to this server have to come to the same answers.
//!
//! `topics/` holds the requests. Each topic names its references: the types of a kube-apiserver, or of Kubernetes' own
//! sample-apiserver, that they were sent to when the answers were recorded into `recordings/`. The tests replay the
//! requests against a server in this process and compare. Where the answers differ on purpose, `accepted.yaml` says why.
//!
//! `make record-differential` records anew. CONTRIBUTING.md tells how to add a request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accepted;
mod answer;
mod compare;
mod crd;
mod files;
mod normalize;
mod reference;
mod replay;
mod sample;
mod scenario;
mod seen;
mod server;
mod target;
mod template;
mod text;
mod wardle;
