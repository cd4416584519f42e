//! The clients that others wrote, on a real server: what each keeps of it is what a list shows, through
//! connections that break and a server that is killed, leaves and has forgotten.
//!
//! Each follows the server while a thousand writes are made, and comes to it through a [`relay`] that the test
//! can cut. Those in Rust are a part of `cargo test`. The others need programs and packages, and run when asked
//! for:
//!
//! ```text
//! make test-clients
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what a test says is shown when it fails")]

mod controller;
mod follower;
mod kube_rs;
mod kubectl;
mod node;
mod picture;
mod program;
mod python;
mod relay;
mod selection;
mod stage;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod writers;
