//! The servers of stores that several servers share, as the tests of the backends start them.
#![allow(dead_code, reason = "the tests of the backends use all of it")]

#[path = "../../embedded-server/tests/etcd/server.rs"]
pub(crate) mod etcd;
#[path = "../../embedded-server/tests/postgres/server.rs"]
pub(crate) mod postgres;
