//! The stand-in itself: that it is a cluster, as far as others rely on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "mod.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod standin;
mod tests;
