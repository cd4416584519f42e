//! Certificates are replaced: the real program, against a cluster in this process whose pods are the real program again
//! and whose clock a test may move.
//!
//! Rotations wait for a second here where they otherwise wait for half a minute. `src/rotation/tests.rs` holds what
//! they decide, in no time at all; here is what processes, sockets and access rules add to that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod abort;
mod clock;
#[path = "../support/golden.rs"]
mod golden;
mod installation;
mod job;
mod killed;
mod meddling;
mod replicas;
mod rescue;
mod running;
#[path = "../standin/mod.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod standin;
mod transcript;
mod whole;
