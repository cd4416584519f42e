//! Several servers on one shared store, as processes of their own: clients that talk to any of them see one server,
//! whatever happens to the servers, to the store, and to the network between them.
//!
//! ```text
//! make test-replicas
//! WFCTL_TEST_LONG=true make test-replicas
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what a test says is shown when it fails")]

mod away;
mod counter;
#[path = "../../embedded-server/tests/etcd/server.rs"]
#[allow(dead_code, reason = "the tests of the backend use all of it")]
mod etcd;
mod faults;
mod fleet;
mod follower;
mod fresh;
mod history;
mod informer;
mod linearizable;
#[path = "../../embedded-server/tests/postgres/server.rs"]
#[allow(dead_code, reason = "the tests of the backend use all of it")]
mod postgres;
#[path = "../../embedded-server/tests/etcd/relay.rs"]
#[allow(dead_code, reason = "the tests of the backend use all of it")]
mod relay;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod turns;
mod workers;

/// Returns how often to do something: many times when much time may be taken.
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("WFCTL_TEST_LONG").is_some() { long } else { short }
}
