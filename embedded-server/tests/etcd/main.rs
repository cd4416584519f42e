//! The etcd backend on real servers, which `make test` installs and this program starts, in directories of their own.
//!
//! ```text
//! make test-etcd
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "names are written where they are used: `key(1)`")]

mod compaction;
mod faults;
mod gateway;
mod neighbours;
mod promises;
mod relay;
mod secured;
mod server;
mod tools;
