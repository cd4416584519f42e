//! A real kubectl on a real server: what people type, and what they read.
//!
//! These tests need a kubectl, 1.20 or later, and run when asked for:
//!
//! ```text
//! cargo test --test kubectl -- --ignored
//! ```
//!
//! `KUBECTL` names the program, else it is the `kubectl` of the `PATH`. `KUBECTLS` names more of them, separated
//! by colons: every test then runs with each. What an old kubectl cannot do is in [`support::Feature`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod absent;
mod reading;
mod refused;
mod scale;
mod session;
#[path = "../support/mod.rs"]
mod support;
mod waiting;
mod walkthrough;
mod writing;

/// The Workflow of the walkthrough.
const EXAMPLE: &str = "\
apiVersion: workflow.example.com/v1alpha1
kind: Workflow
metadata:
  name: example-workflow
  namespace: default
spec:
  steps:
  - name: build
    image: golang:1.21
    command: [\"go\", \"build\", \"./...\"]
  - name: test
    image: golang:1.21
    command: [\"go\", \"test\", \"./...\"]
  timeout: 30m
";

/// Returns the manifest of a Workflow of one step, with labels such as `tier: front`.
fn workflow(name: &str, labels: &str) -> String {
    format!(
        "---\n\
         apiVersion: workflow.example.com/v1alpha1\n\
         kind: Workflow\n\
         metadata: {{name: {name}, labels: {{{labels}}}}}\n\
         spec: {{steps: [{{name: build, image: 'golang:1.21'}}]}}\n"
    )
}
